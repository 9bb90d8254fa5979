"""The BER (X.690) of LDAP messages that a collection sends and reads (RFC 4511): bounded, total.

Reading raises :class:`core.errors.Unanswered` (``protocol-error``) on anything else than LDAP, and
nothing else. Only definite lengths and one-byte tags exist in LDAP (RFC 4511 5.1).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, NoReturn

from core.errors import Unanswered
from core.model import Status

MOST_BYTES = 32 << 20
"""Of one message: the largest of Active Directory carry 5,000 values, or descriptors of 64 KiB."""
_MOST_ATTRIBUTES = 4_096
_MOST_VALUES = 200_000
_LONGEST_NAME = 256
_LONGEST_DN = 8_192
_LONGEST_TEXT = 512
_LENGTH_BYTES = 4
_DEEPEST = 16
_LONGEST_FILTER = 1 << 16

ENTRY, DONE, REFERENCE, EXTENDED = 0x64, 0x65, 0x73, 0x78
"""Tags of what a server answers to a search, and of its notice of disconnection."""
BASE, ONE_LEVEL, SUBTREE = 0, 1, 2

_BOOLEAN, _INTEGER, _OCTETS, _ENUMERATED, _SEQUENCE, _SET = 0x01, 0x02, 0x04, 0x0A, 0x30, 0x31
_SEARCH, _ABANDON, _CONTROLS, _REFERRALS = 0x63, 0x50, 0xA0, 0xA3
PAGED = "1.2.840.113556.1.4.319"
SD_FLAGS = "1.2.840.113556.1.4.801"
DOMAIN_SCOPE = "1.2.840.113556.1.4.1339"

_FILTER_TOKENS = {
    ">": 0xA5,
    "<": 0xA6,
    "~": 0xA8,
}


class Control(NamedTuple):
    """One control of a request (RFC 4511 4.1.11)."""

    oid: str
    is_critical: bool
    value: bytes | None = None


class Envelope(NamedTuple):
    """One message, opened: where its operation and its controls lie in the bytes."""

    number: int
    tag: int
    start: int
    end: int
    controls: int
    """Offset of what follows the operation; the end of the message when there is nothing."""


class Entry(NamedTuple):
    """One object of an answer; lower-case attribute names, with their options."""

    dn: str
    attributes: dict[str, tuple[bytes, ...]]


class Result(NamedTuple):
    """The end of an answer (RFC 4511 4.1.9)."""

    code: int
    message: str
    cookie: bytes
    """Of the paged results control; empty: there is no next page."""
    total: int
    """What the server believes the whole answer holds; 0: it does not say."""
    oid: str = ""
    """Of an extended response."""


def search(
    number: int,
    base: str,
    filter_: bytes,
    attributes: Sequence[str],
    *,
    scope: int = SUBTREE,
    time_limit_s: int = 0,
    controls: Iterable[Control] = (),
) -> bytes:
    """Give a SearchRequest; aliases are never dereferenced."""
    operation = _tlv(
        _SEARCH,
        _tlv(_OCTETS, base.encode()),
        _integer(scope, _ENUMERATED),
        _integer(0, _ENUMERATED),
        _integer(0),
        _integer(time_limit_s),
        b"\x01\x01\x00",
        filter_,
        _tlv(_SEQUENCE, *(_tlv(_OCTETS, name.encode()) for name in attributes)),
    )
    return _message(number, operation, controls)


def abandon(number: int, abandoned: int) -> bytes:
    """Give an AbandonRequest for the message of that number."""
    return _message(number, _integer(abandoned, _ABANDON), ())


def paged(size: int, cookie: bytes) -> Control:
    """Give the control that asks for one page (RFC 2696)."""
    value = _tlv(_SEQUENCE, _integer(size), _tlv(_OCTETS, cookie))
    return Control(PAGED, is_critical=True, value=value)


def sd_flags(flags: int) -> Control:
    """Give the control that says which parts of descriptors are wanted ([MS-ADTS] 3.1.1.3.4.1.11).

    Owner 1, group 2, DACL 4. Without it Active Directory gives an ordinary account no descriptor at
    all, for it may not read the SACL.
    """
    return Control(SD_FLAGS, is_critical=True, value=_tlv(_SEQUENCE, _integer(flags)))


def domain_scope() -> Control:
    """Give the control that asks for no referrals."""
    return Control(DOMAIN_SCOPE, is_critical=False)


def compile_filter(text: str) -> bytes:
    """Give a filter of RFC 4515 in BER; raises ``ValueError`` on anything else, or too deep."""
    if len(text) > _LONGEST_FILTER:
        raise ValueError("the filter is too long")
    encoded, at = _filter(text, 0, _DEEPEST)
    if at != len(text):
        raise ValueError(f"what follows the filter at {at}")
    return encoded


def escape(value: str | bytes) -> str:
    """Give a value as it is written in a filter: whatever is special is escaped."""
    raw = value.encode() if isinstance(value, str) else value
    return "".join(chr(one) if _is_plain(one) else f"\\{one:02x}" for one in raw)


def message_size(data: bytes | bytearray, at: int) -> int:
    """Give the whole size of the message that begins there; 0: more bytes are needed to tell."""
    have = len(data) - at
    if have < 2:
        return 0
    if data[at] != _SEQUENCE:
        _malformed("not a message")
    first = data[at + 1]
    if first < 0x80:
        return 2 + first
    width = first & 0x7F
    if not 1 <= width <= _LENGTH_BYTES:
        _malformed("length")
    if have < 2 + width:
        return 0
    size = 2 + width + int.from_bytes(data[at + 2 : at + 2 + width], "big")
    if size > MOST_BYTES:
        _malformed("message too long")
    return size


def open_message(data: bytes) -> Envelope:
    """Read the frame of one whole message."""
    tag, start, end = _header(data, 0, len(data))
    if tag != _SEQUENCE or end != len(data):
        _malformed("not a message")
    tag, first, last = _header(data, start, end)
    if tag != _INTEGER:
        _malformed("no message number")
    number = _number(data, first, last)
    tag, first, operation_end = _header(data, last, end)
    return Envelope(number, tag, first, operation_end, operation_end)


def read_entry(data: bytes, envelope: Envelope, names: dict[bytes, str] | None = None) -> Entry:
    """Read a SearchResultEntry.

    ``names`` remembers how attribute names are written, from one entry to the next; those that it
    gives as empty are passed over.
    """
    tag, first, last = _header(data, envelope.start, envelope.end)
    if tag != _OCTETS or last - first > _LONGEST_DN:
        _malformed("object name")
    dn = data[first:last].decode(errors="backslashreplace")
    tag, at, end = _header(data, last, envelope.end)
    if tag != _SEQUENCE or end != envelope.end:
        _malformed("attributes")
    known = {} if names is None else names
    attributes: dict[str, tuple[bytes, ...]] = {}
    try:
        while at < end:
            # Short headers by hand: this is where a collection spends its time.
            if data[at] != _SEQUENCE:
                _malformed("attribute")
            size = data[at + 1]
            if size < 0x80:
                first = at + 2
                after = first + size
                if after > end:
                    _malformed("cut short")
            else:
                _, first, after = _header(data, at, end)
            at = after
            size = data[first + 1]
            if data[first] != _OCTETS or size >= 0x80:
                tag, here, last = _header(data, first, after)
                if tag != _OCTETS or last - here > _LONGEST_NAME:
                    _malformed("attribute name")
            else:
                here = first + 2
                last = here + size
            raw = data[here:last]
            key = known.get(raw)
            if key is None:
                key = raw.decode("ascii", errors="backslashreplace").lower()
                if len(known) < _MOST_ATTRIBUTES:
                    known[raw] = key
            if data[last] != _SET:
                _malformed("values")
            size = data[last + 1]
            if size < 0x80:
                here = last + 2
                last = here + size
            else:
                _, here, last = _header(data, last, after)
            if last != after:
                _malformed("values")
            if key:
                if key in attributes or len(attributes) == _MOST_ATTRIBUTES:
                    _malformed("attributes")
                attributes[key] = _values(data, here, last)
    except IndexError:
        _malformed("cut short")
    return Entry(dn, attributes)


def _values(data: bytes, at: int, end: int) -> tuple[bytes, ...]:
    values: list[bytes] = []
    while at < end:
        if data[at] != _OCTETS:
            _malformed("value")
        size = data[at + 1]
        if size < 0x80:
            first = at + 2
            at = first + size
            if at > end:
                _malformed("cut short")
        else:
            _, first, at = _header(data, at, end)
        values.append(data[first:at])
        if len(values) > _MOST_VALUES:
            _malformed("values")
    return tuple(values)


def read_result(data: bytes, envelope: Envelope) -> Result:
    """Read a SearchResultDone or an ExtendedResponse, with its paged results control."""
    tag, first, last = _header(data, envelope.start, envelope.end)
    if tag != _ENUMERATED:
        _malformed("result code")
    code = _number(data, first, last)
    tag, first, last = _header(data, last, envelope.end)
    if tag != _OCTETS:
        _malformed("matched name")
    tag, first, last = _header(data, last, envelope.end)
    if tag != _OCTETS:
        _malformed("diagnostic")
    message = data[first : min(last, first + _LONGEST_TEXT)].decode(errors="backslashreplace")
    oid = ""
    while last < envelope.end:
        tag, first, last = _header(data, last, envelope.end)
        if tag == 0x8A:
            oid = data[first : min(last, first + _LONGEST_NAME)].decode(errors="backslashreplace")
        elif tag not in {_REFERRALS, 0x8B}:
            _malformed("result")
    cookie, total = b"", 0
    if envelope.controls < len(data):
        cookie, total = _page(data, envelope.controls)
    return Result(code, message, cookie, total, oid)


def _page(data: bytes, at: int) -> tuple[bytes, int]:
    tag, at, end = _header(data, at, len(data))
    if tag != _CONTROLS or end != len(data):
        _malformed("controls")
    found = (b"", 0)
    count = 0
    while at < end:
        count += 1
        tag, first, at = _header(data, at, end)
        if tag != _SEQUENCE or count > _MOST_ATTRIBUTES:
            _malformed("control")
        tag, start, last = _header(data, first, at)
        if tag != _OCTETS:
            _malformed("control")
        oid = data[start:last]
        while last < at:
            tag, start, last = _header(data, last, at)
            if tag == _OCTETS and oid == PAGED.encode():
                found = _cookie(data, start, last)
    return found


def _cookie(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    tag, at, last = _header(data, at, end)
    if tag != _SEQUENCE or last != end:
        _malformed("page")
    tag, first, last = _header(data, at, end)
    if tag != _INTEGER:
        _malformed("page")
    total = _number(data, first, last)
    tag, first, last = _header(data, last, end)
    if tag != _OCTETS or last != end:
        _malformed("page")
    return data[first:last], max(total, 0)


def _header(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Give the tag of the element there, where its content begins and where it ends."""
    if at + 2 > end:
        _malformed("cut short")
    tag, size = data[at], data[at + 1]
    at += 2
    if size >= 0x80:
        width = size & 0x7F
        if not 1 <= width <= _LENGTH_BYTES or at + width > end:
            _malformed("length")
        size = int.from_bytes(data[at : at + width], "big")
        at += width
    if at + size > end:
        _malformed("cut short")
    return tag, at, at + size


def _number(data: bytes, first: int, last: int) -> int:
    if not 1 <= last - first <= 8:
        _malformed("integer")
    return int.from_bytes(data[first:last], "big", signed=True)


def _message(number: int, operation: bytes, controls: Iterable[Control]) -> bytes:
    encoded = [
        _tlv(
            _SEQUENCE,
            _tlv(_OCTETS, one.oid.encode()),
            b"\x01\x01\xff" if one.is_critical else b"",
            b"" if one.value is None else _tlv(_OCTETS, one.value),
        )
        for one in controls
    ]
    tail = _tlv(_CONTROLS, *encoded) if encoded else b""
    return _tlv(_SEQUENCE, _integer(number), operation, tail)


def _tlv(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _integer(value: int, tag: int = _INTEGER) -> bytes:
    return _tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _filter(text: str, at: int, deeper: int) -> tuple[bytes, int]:
    if text[at : at + 1] != "(" or not deeper:
        raise ValueError(f"a filter was expected at {at}")
    kind = text[at + 1 : at + 2]
    if kind in {"&", "|"}:
        parts: list[bytes] = []
        at += 2
        while text[at : at + 1] == "(":
            part, at = _filter(text, at, deeper - 1)
            parts.append(part)
        encoded = _tlv(0xA0 if kind == "&" else 0xA1, *parts)
    elif kind == "!":
        part, at = _filter(text, at + 2, deeper - 1)
        encoded = _tlv(0xA2, part)
    else:
        end = text.find(")", at)
        if end < 0:
            raise ValueError("the filter is cut short")
        encoded, at = _item(text[at + 1 : end]), end
    if text[at : at + 1] != ")":
        raise ValueError(f"a closing bracket was expected at {at}")
    return encoded, at + 1


def _item(text: str) -> bytes:
    left, sign, right = text.partition("=")
    if not sign or not left or "(" in right:
        raise ValueError("a condition was expected")
    if left.endswith(":"):
        name, _, rule = left[:-1].partition(":")
        parts = [_tlv(0x81, _name(rule))] if rule else []
        parts += [_tlv(0x82, _name(name)), _tlv(0x83, _unescape(right))]
        return _tlv(0xA9, *parts)
    if left[-1] in _FILTER_TOKENS:
        return _tlv(_FILTER_TOKENS[left[-1]], _tlv_name(left[:-1]), _tlv(_OCTETS, _unescape(right)))
    if right == "*":
        return _tlv(0x87, _name(left))
    if "*" not in right:
        return _tlv(0xA3, _tlv_name(left), _tlv(_OCTETS, _unescape(right)))
    first, *middle, last = right.split("*")
    if not all(middle):
        raise ValueError("two stars follow each other")
    pieces = [_tlv(0x80, _unescape(first))] if first else []
    pieces += [_tlv(0x81, _unescape(one)) for one in middle]
    pieces += [_tlv(0x82, _unescape(last))] if last else []
    return _tlv(0xA4, _tlv_name(left), _tlv(_SEQUENCE, *pieces))


def _tlv_name(name: str) -> bytes:
    return _tlv(_OCTETS, _name(name))


def _name(name: str) -> bytes:
    if not name or not all(one.isascii() and (one.isalnum() or one in "-.;") for one in name):
        raise ValueError("an attribute name was expected")
    return name.encode()


def _unescape(text: str) -> bytes:
    first, *rest = text.split("\\")
    out = bytearray(first.encode())
    for one in rest:
        code = one[:2]
        if len(code) != 2 or not all(digit in "0123456789abcdefABCDEF" for digit in code):
            raise ValueError("two hexadecimal digits were expected")
        out += bytes((int(code, 16),)) + one[2:].encode()
    return bytes(out)


def _is_plain(byte: int) -> bool:
    return 0x20 < byte < 0x7F and byte not in b"*()\\"


def _malformed(what: str) -> NoReturn:
    raise Unanswered(Status.PROTOCOL_ERROR, what)
