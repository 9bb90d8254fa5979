"""Values of a directory as types. What makes no sense is ``None``, never an exception."""

import re
import struct
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS = 10_000_000
NEVER = 0x7FFF_FFFF_FFFF_FFFF
_LOWEST = -(1 << 63)
_MOST_DIGITS = 20
_LAST_YEAR = 9_999
_ESCAPED = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)", re.DOTALL)
"""Octets of UTF-8, or one character, behind a backslash in a DN."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FILETIMES: frozenset[str] = _words(
    """accountexpires badpasswordtime lastlogoff lastlogon lastlogontimestamp lockouttime pwdlastset
    msds-lastsuccessfulinteractivelogontime msds-lastfailedinteractivelogontime
    ms-mcs-admpwdexpirationtime mslaps-passwordexpirationtime mskds-createtime
    mskds-usestarttime msds-userpasswordexpirytimecomputed"""
)
"""Attributes that count 100 ns since 1601 (MS-ADTS 2.2.4)."""
TIMES: frozenset[str] = frozenset({"whencreated", "whenchanged"})
"""Attributes in generalized time."""
NUMBERS: frozenset[str] = _words(
    """admincount badpwdcount codepage flags forcelogoff frsreplicasettype gpoptions grouptype
    instancetype lockoutduration lockoutobservationwindow lockoutthreshold logoncount maxpwdage
    minpwdage minpwdlength ms-ds-machineaccountquota msdfsr-flags msds-behavior-version
    msds-deletedobjectlifetime msds-keyversionnumber msds-lockoutduration
    msds-lockoutobservationwindow msds-lockoutthreshold msds-logontimesyncinterval
    msds-maximumpasswordage msds-minimumpasswordage msds-minimumpasswordlength
    msds-passwordhistorylength msds-passwordsettingsprecedence msds-secondarykrbtgtnumber
    msds-supportedencryptiontypes msds-user-account-control-computed msds-delegatedmsastate
    msds-managedpasswordinterval mspki-certificate-name-flag
    mspki-enrollment-flag mspki-minimal-key-size mspki-private-key-flag mspki-ra-signature
    mspki-template-minor-revision mspki-template-schema-version objectversion options
    primarygroupid pwdhistorylength pwdproperties revision rangelower rangeupper samaccounttype
    searchflags systemflags tombstonelifetime trustattributes trustdirection trusttype
    useraccountcontrol versionnumber"""
)
"""Attributes that are integers."""
TYPED: frozenset[str] = FILETIMES | TIMES | NUMBERS


def number(data: bytes) -> int | None:
    """Read an integer of 64 bits at most."""
    text = data[1:] if data[:1] == b"-" else data
    if not text.isdigit() or len(text) > _MOST_DIGITS:
        return None
    value = int(data)
    return value if _LOWEST <= value <= NEVER else None


def unsigned(value: int) -> int:
    """Give flags that the directory told as a signed 32-bit integer."""
    return value & 0xFFFF_FFFF


def moment_of(ticks: int | None) -> datetime | None:
    """Give the date of a FILETIME; ``None`` for 0 and « never », which are no dates."""
    if ticks is None or ticks <= 0 or ticks >= NEVER:
        return None
    try:
        return EPOCH + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return None


def ticks_of(moment: datetime) -> int:
    """Give a date as a FILETIME."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * _TICKS + since.microseconds * 10


def span_of(ticks: int | None) -> timedelta | None:
    """Give a duration, told as a negative count; ``None`` for 0 and for « for ever »."""
    if ticks is None or ticks >= 0 or ticks <= _LOWEST:
        return None
    return timedelta(microseconds=-ticks // 10)


def seconds_of(data: bytes) -> int | None:
    """Read a generalized time in UTC (``20260115210000.0Z``); seconds since 1970."""
    text = data.partition(b".")[0].removesuffix(b"Z")
    if len(text) != 14 or not text.isdigit() or not data.endswith(b"Z"):
        return None
    try:
        moment = datetime(
            int(text[:4]), int(text[4:6]), int(text[6:8]),
            int(text[8:10]), int(text[10:12]), min(int(text[12:14]), 59), tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        return None
    return int((moment - _UNIX).total_seconds())


def from_seconds(seconds: int | None) -> datetime | None:
    """Give the date of a count of seconds since 1970."""
    return None if seconds is None else _UNIX + timedelta(seconds=seconds)


def boolean(data: bytes) -> bool | None:
    """Read ``TRUE`` or ``FALSE``."""
    return {b"TRUE": True, b"FALSE": False}.get(data.upper())


def text_of(data: bytes) -> str:
    """Give text; bytes that are no UTF-8 are shown as such."""
    return data.decode("utf-8", "backslashreplace")


def parent_of(dn: str) -> str:
    """Give the DN one level up; empty at the top. A comma may be escaped (RFC 4514)."""
    at = dn.find(",")
    while at > 0:
        before = 0
        while dn[at - 1 - before] == "\\" and at - 1 - before > 0:
            before += 1
        if before % 2 == 0:
            return dn[at + 1 :]
        at = dn.find(",", at + 1)
    return ""


def first_part(dn: str) -> str:
    """Give the value of the first part of a DN, as it is without its escapes (RFC 4514)."""
    parent = parent_of(dn)
    head = dn[: len(dn) - len(parent) - 1] if parent else dn
    return _ESCAPED.sub(_unescaped, head.partition("=")[2])


def _unescaped(found: re.Match[str]) -> str:
    octets = found[1]
    return text_of(bytes.fromhex(octets.replace("\\", ""))) if octets else found[2]


def binary_dn(value: str) -> str:
    """Give the DN of a DN-with-binary or -string (``B:8:01020304:CN=…``); itself otherwise."""
    if value[:2] not in ("B:", "S:"):
        return value
    parts = value.split(":", 3)
    return parts[3] if len(parts) == 4 else ""


class Change(NamedTuple):
    """When an attribute, or one value of it, last changed, and where."""

    attribute: str
    """Lower-case LDAP name."""
    version: int
    at: datetime | None
    invocation: str = ""
    """GUID of the database it originated in."""
    server: str = ""
    """DN of the NTDS settings it originated on; empty when gone."""
    value: str = ""
    """DN, for one value of a linked attribute."""
    deleted_at: datetime | None = None


def change(data: bytes) -> Change | None:
    """Read one value of ``msDS-ReplAttributeMetaData`` or ``msDS-ReplValueMetaData`` (XML)."""
    text = text_of(data[:8_192])
    name, version = _tag(text, "pszAttributeName"), _tag(text, "dwVersion")
    if not name or not version.isascii() or not version.isdigit() or len(version) > 10:
        return None
    deleted = _iso(_tag(text, "ftimeDeleted"))
    return Change(
        name.lower(), int(version), _iso(_tag(text, "ftimeLastOriginatingChange")),
        _tag(text, "uuidLastOriginatingDsaInvocationID"), _tag(text, "pszLastOriginatingDsaDN"),
        _tag(text, "pszObjectDn"), deleted,
    )  # fmt: skip


def _tag(text: str, name: str) -> str:
    start = text.find(f"<{name}>")
    if start < 0:
        return ""
    start += len(name) + 2
    end = text.find(f"</{name}>", start)
    if end < 0:
        return ""
    found = text[start:end]
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'")):
        found = found.replace(entity, character)
    return found.replace("&amp;", "&")


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    # 1601 is how « never » is told.
    return moment if 1602 < moment.year < _LAST_YEAR else None


ALLOW_UPDATE = 0x2
"""Id of the zone property that says whether updates are taken (MS-DNSP 2.3.2.1.1)."""
UPDATE_OFF, UPDATE_UNSECURE, UPDATE_SECURE = 0, 1, 2


def dns_property(data: bytes) -> tuple[int, bytes] | None:
    """Read one ``dNSProperty``: its id and its data; ``None`` when cut short."""
    if len(data) < 20:
        return None
    length, _, _, _, which = struct.unpack_from("<IIIII", data)
    if length > len(data) - 20:
        return None
    return which, data[20 : 20 + length]
