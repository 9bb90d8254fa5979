"""Numbers of IKE and what they stand for, and who sends which vendor identifier: data beside."""

import base64
import functools
import re
import tomllib
from importlib.resources import files

import msgspec


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Diffie-Hellman group."""

    name: str
    bits: int
    """Of the prime, or of the curve."""

    @property
    def is_modp(self) -> bool:
        """Whether it is over a prime field; else a curve."""
        return self.name.startswith("MODP-")


class Vendor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One vendor identifier that is publicly known."""

    begins: str
    """Its first bytes, in lower case hex."""
    name: str
    means: str
    """``maker`` or ``feature``."""
    source: str
    md5_of: str = ""
    """Text whose MD5 digest it begins with, or is a beginning of."""
    text: str = ""
    """What it reads as, where it is a text."""
    confidence: str = "high"

    def __post_init__(self) -> None:
        if self.means not in {"maker", "feature"}:
            raise ValueError(f"means {self.means}")
        bytes.fromhex(self.begins)


class V1Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values of the attributes of RFC 2409 appendix A, and notify types of RFC 2408 §3.14.1."""

    encryption: dict[int, str]
    hash: dict[int, str]
    authentication: dict[int, str]
    notify: dict[int, str]


class V2Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Transform ids of RFC 7296 §3.3.2 by type, and notify types of §3.10.1."""

    encryption: dict[int, str]
    prf: dict[int, str]
    integrity: dict[int, str]
    notify: dict[int, str]


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of ``names.toml``."""

    schema: int
    groups: dict[int, Group]
    v1: V1Names
    v2: V2Names
    vendors: tuple[Vendor, ...]


@functools.cache
def load_names() -> Names:
    """Give the tables; raises ``ValueError`` when the file does not fit."""
    text = (files("scanner.ike") / "names.toml").read_text(encoding="utf-8")
    try:
        # The keys of TOML tables are text: numbers among them are told by strict being off.
        return msgspec.convert(tomllib.loads(text), Names, strict=False)
    except msgspec.ValidationError as fault:
        raise ValueError(f"scanner/ike/names.toml: {fault}") from fault


def named(table: dict[int, str], number: int) -> str:
    """Give the name of a number; the number itself when it has none."""
    return table.get(number, str(number))


def group_name(number: int) -> str:
    """Give the name of a Diffie-Hellman group; ``group 40`` when it has none here."""
    group = load_names().groups.get(number)
    return group.name if group else f"group {number}"


def vendor_of(identifier: bytes) -> Vendor | None:
    """Give what is known of a vendor identifier: the longest beginning that fits."""
    told = identifier.hex()
    fitting = (one for one in load_names().vendors if told.startswith(one.begins))
    return max(fitting, key=lambda one: len(one.begins), default=None)


_TEXT = re.compile(rb"[ -~]{8,96}\Z")
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4}){2,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")
_TEXT_CHARACTERS = 64


def text_of(identifier: bytes) -> str:
    """Give the text that a vendor identifier is, or ends with; Base64 of text is read too."""
    found = _TEXT.search(identifier[-96:])
    if found is None:
        return ""
    text = found[0]
    if _BASE64.fullmatch(text):
        inside = base64.b64decode(text)
        if _TEXT.fullmatch(inside):
            text = inside
    return text.decode("ascii")[:_TEXT_CHARACTERS].strip()
