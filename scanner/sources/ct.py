"""Certificate transparency: names that authorities certified, read from what logs publish. Pure.

Two kinds of front: a search by domain that answers as crt.sh does (https://crt.sh,
``?q=%25.domain&output=json``), and a log itself (RFC 6962, 4). A log cannot be searched: its last
entries alone are read, and whatever is under our domains is kept.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Collection, Iterable, Iterator

import msgspec
from cryptography import x509

from scanner.found import NameFound
from scanner.tls.certificates import UNREADABLE, quietly

MOST_NAMES = 50_000
"""Of one domain."""
_LONGEST_ENTRY = 1 << 20
"""Bytes of one row: a certificate of a hundred names takes a few kilobytes."""
_LONGEST_NAME = 255
_MOST_SANS = 2_000

# An object whose values are no objects: crt.sh gives no other. Possessive: linear on any bytes.
_ROW = re.compile(rb'\{(?:[^{}"]++|"(?:[^"\\]++|\\.)*+")*+\}', re.DOTALL)
_BETWEEN = re.compile(rb"[\s,]*+")


class _Row(msgspec.Struct):
    name_value: str = ""
    common_name: str | None = None


class CtAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What transparency gave of one domain."""

    names: tuple[NameFound, ...] = ()
    why: str = ""
    """Reason id where it was not gone through, or not wholly; names may stand beside it."""


class SearchReader:
    """Reads the JSON of a search, piece by piece: what came before a cut is kept.

    Of a row, its certificate may have expired: the name may live on.
    """

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.names: dict[str, None] = {}
        self.rows = 0
        self.unread = 0
        """Rows that were none."""
        self.is_whole = False
        """The list came to its end."""
        self.is_nonsense = False
        """What came is no list of rows."""
        self.is_full = False
        """There were more names than are kept."""
        self._left = bytearray()
        self._begun = False

    def take(self, part: bytes) -> bool:
        """Read on; nothing begins anew, as a second try does. False: no more is wanted."""
        if not part:
            self._left.clear()
            self._begun = self.is_whole = self.is_nonsense = False
            return True
        self._left += part
        return self._read()

    def _read(self) -> bool:
        left = self._left
        at = 0
        if not self._begun:
            at = len(left) - len(left.lstrip(b"\xef\xbb\xbf \t\r\n"))
            if at == len(left):
                return True
            if not left.startswith(b"[", at):
                self.is_nonsense = True
                return False
            self._begun = True
            at += 1
        while True:
            between = _BETWEEN.match(left, at)
            at = between.end() if between else at
            if at >= len(left):
                break
            if left.startswith(b"]", at):
                self.is_whole = True
                return False
            row = _ROW.match(left, at)
            if row is None:
                if not left.startswith(b"{", at) or len(left) - at > _LONGEST_ENTRY:
                    self.is_nonsense = True
                    return False
                break
            self._row(row[0])
            if len(self.names) >= MOST_NAMES:
                self.is_full = True
                return False
            at = row.end()
        del left[:at]
        return True

    def _row(self, text: bytes) -> None:
        self.rows += 1
        try:
            row = msgspec.json.decode(text, type=_Row)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.unread += 1
            return
        for line in (*row.name_value.split("\n"), row.common_name or ""):
            if (name := _under(line, self.domain)) is not None:
                self.names[name] = None


def _under(text: str, domain: str) -> str | None:
    """Give a name of the domain, as it is written; of a mail address, the part after « @ »."""
    name = text.rpartition("@")[2].strip().rstrip(".").lower()
    if len(name) > _LONGEST_NAME or not name.endswith(domain):
        return None
    return name if name == domain or name[-len(domain) - 1] == "." else None


def found(names: Iterable[str]) -> tuple[NameFound, ...]:
    """Give candidates."""
    return tuple(NameFound(name, "ct") for name in names)


class _TreeHead(msgspec.Struct):
    tree_size: int


class _Entry(msgspec.Struct):
    leaf_input: str
    extra_data: str = ""


class _Entries(msgspec.Struct):
    entries: list[_Entry]


def read_tree_size(body: bytes) -> int | None:
    """Give how many entries a log holds (RFC 6962, 4.3); ``None`` when the answer is none."""
    try:
        size = msgspec.json.decode(body, type=_TreeHead).tree_size
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return size if 0 <= size < 1 << 53 else None


def read_entries(body: bytes, most: int) -> list[tuple[str, ...]] | None:
    """Give the names of each entry (RFC 6962, 4.6), at most so many; ``None`` for no answer.

    An entry that cannot be read has no names.
    """
    try:
        entries = msgspec.json.decode(body, type=_Entries).entries
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    with quietly():
        return [tuple(_names(one)) for one in entries[:most]]


def _names(entry: _Entry) -> Iterator[str]:
    try:
        leaf = b64decode(entry.leaf_input, validate=True)
        extra = b64decode(entry.extra_data, validate=True)
    except (NotBase64, ValueError):
        return
    der = _certificate(leaf, extra)
    if der is None:
        return
    try:
        certificate = x509.load_der_x509_certificate(der)
        yield from _certified(certificate)
    except UNREADABLE:
        return


def _certificate(leaf: bytes, extra: bytes) -> bytes | None:
    """Give the certificate of an entry, or its pre-certificate (RFC 6962, 3.1, 3.4)."""
    if len(leaf) < 12 or leaf[:2] != b"\x00\x00":
        return None
    match leaf[10:12]:
        case b"\x00\x00":
            return _vector(leaf[12:])
        case b"\x00\x01":
            # The leaf holds the part to be signed alone; the pre-certificate itself stands beside.
            return _vector(extra)
        case _:
            return None


def _vector(data: bytes) -> bytes | None:
    """Give the first ``opaque<1..2^24-1>`` of some bytes."""
    size = int.from_bytes(data[:3], "big")
    return data[3 : 3 + size] if len(data) >= 3 + size and size else None


def _certified(certificate: x509.Certificate) -> Iterator[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        yield from names.get_values_for_type(x509.DNSName)[:_MOST_SANS]
    except x509.ExtensionNotFound:
        pass
    for attribute in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
        if isinstance(attribute.value, str):
            yield attribute.value


def under_any(names: Iterable[str], domains: Collection[str]) -> Iterator[tuple[str, str]]:
    """Give (domain, name) for the names that stand under one of the domains."""
    for text in names:
        labels = text.rpartition("@")[2].strip().rstrip(".").lower().split(".")
        for start in range(len(labels)):
            domain = ".".join(labels[start:])
            if domain in domains and (name := _under(text, domain)) is not None:
                yield domain, name
