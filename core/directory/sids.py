"""Security identifiers, binary and text (MS-DTYP 2.4.2), and those that Windows fixes."""

import functools
import re
import struct

_TEXT = re.compile(r"S-1-(0x[0-9A-Fa-f]{1,12}|\d{1,15})((?:-\d{1,10}){0,15})", re.IGNORECASE)
_HEAD_BYTES = 8
_MOST_PARTS = 15

NOBODY = "S-1-0-0"
EVERYONE = "S-1-1-0"
CREATOR_OWNER = "S-1-3-0"
CREATOR_GROUP = "S-1-3-1"
OWNER_RIGHTS = "S-1-3-4"
NETWORK = "S-1-5-2"
ANONYMOUS = "S-1-5-7"
ENTERPRISE_CONTROLLERS = "S-1-5-9"
SELF = "S-1-5-10"
AUTHENTICATED_USERS = "S-1-5-11"
THIS_ORGANIZATION = "S-1-5-15"
SYSTEM = "S-1-5-18"
ADMINISTRATORS = "S-1-5-32-544"
USERS = "S-1-5-32-545"
GUESTS = "S-1-5-32-546"
ACCOUNT_OPERATORS = "S-1-5-32-548"
SERVER_OPERATORS = "S-1-5-32-549"
PRINT_OPERATORS = "S-1-5-32-550"
BACKUP_OPERATORS = "S-1-5-32-551"
REPLICATOR = "S-1-5-32-552"
PRE_WINDOWS_2000 = "S-1-5-32-554"
FOREST_TRUST_BUILDERS = "S-1-5-32-557"

ADMINISTRATOR = 500
GUEST = 501
KRBTGT = 502
DOMAIN_ADMINS = 512
DOMAIN_USERS = 513
DOMAIN_GUESTS = 514
DOMAIN_COMPUTERS = 515
DOMAIN_CONTROLLERS = 516
CERT_PUBLISHERS = 517
SCHEMA_ADMINS = 518
ENTERPRISE_ADMINS = 519
POLICY_CREATOR_OWNERS = 520
READ_ONLY_CONTROLLERS = 521
CLONEABLE_CONTROLLERS = 522
PROTECTED_USERS = 525
KEY_ADMINS = 526
ENTERPRISE_KEY_ADMINS = 527
ENTERPRISE_READ_ONLY_CONTROLLERS = 498
RAS_SERVERS = 553
ALLOWED_REPLICATION = 571
DENIED_REPLICATION = 572

NAMES: dict[str, str] = {
    NOBODY: "Nobody",
    EVERYONE: "Everyone",
    CREATOR_OWNER: "Creator Owner",
    CREATOR_GROUP: "Creator Group",
    OWNER_RIGHTS: "Owner Rights",
    NETWORK: "Network",
    "S-1-5-4": "Interactive",
    ANONYMOUS: "Anonymous Logon",
    ENTERPRISE_CONTROLLERS: "Enterprise Domain Controllers",
    SELF: "Self",
    AUTHENTICATED_USERS: "Authenticated Users",
    THIS_ORGANIZATION: "This Organization",
    SYSTEM: "System",
    "S-1-5-19": "Local Service",
    "S-1-5-20": "Network Service",
    ADMINISTRATORS: "Administrators",
    USERS: "Users",
    GUESTS: "Guests",
    ACCOUNT_OPERATORS: "Account Operators",
    SERVER_OPERATORS: "Server Operators",
    PRINT_OPERATORS: "Print Operators",
    BACKUP_OPERATORS: "Backup Operators",
    REPLICATOR: "Replicator",
    PRE_WINDOWS_2000: "Pre-Windows 2000 Compatible Access",
    "S-1-5-32-555": "Remote Desktop Users",
    "S-1-5-32-556": "Network Configuration Operators",
    FOREST_TRUST_BUILDERS: "Incoming Forest Trust Builders",
    "S-1-5-32-560": "Windows Authorization Access Group",
    "S-1-5-32-561": "Terminal Server License Servers",
    "S-1-5-32-562": "Distributed COM Users",
    "S-1-5-32-568": "IIS_IUSRS",
    "S-1-5-32-569": "Cryptographic Operators",
    "S-1-5-32-573": "Event Log Readers",
    "S-1-5-32-574": "Certificate Service DCOM Access",
    "S-1-5-32-578": "Hyper-V Administrators",
    "S-1-5-32-579": "Access Control Assistance Operators",
    "S-1-5-32-580": "Remote Management Users",
}
"""English names of the identifiers that no object may hold."""

BROAD: frozenset[str] = frozenset(
    {
        EVERYONE,
        NETWORK,
        ANONYMOUS,
        AUTHENTICATED_USERS,
        THIS_ORGANIZATION,
        USERS,
        GUESTS,
        PRE_WINDOWS_2000,
    }
)
"""Those that hold every account, or nearly."""

BROAD_RIDS: frozenset[int] = frozenset({DOMAIN_USERS, DOMAIN_GUESTS, DOMAIN_COMPUTERS})
"""The same, of a domain."""


def from_bytes(data: bytes) -> str | None:
    """Give a SID as text; ``None`` for anything else, bytes left over included."""
    if len(data) < _HEAD_BYTES or data[0] != 1 or data[1] > _MOST_PARTS:
        return None
    if len(data) != _HEAD_BYTES + 4 * data[1]:
        return None
    parts = struct.unpack_from(f"<{data[1]}I", data, _HEAD_BYTES)
    authority = int.from_bytes(data[2:8], "big")
    head = f"S-1-{authority}" if authority < 1 << 32 else f"S-1-0x{authority:012X}"
    return "-".join((head, *map(str, parts)))


@functools.lru_cache(maxsize=4_096)
def to_bytes(text: str) -> bytes:
    """Give a SID in binary; raises ``ValueError`` for what is none."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    authority = int(match[1], 16 if match[1][:2].lower() == "0x" else 10)
    parts = [int(part) for part in match[2].split("-")[1:]]
    if authority >= 1 << 48 or any(part >= 1 << 32 for part in parts):
        raise ValueError(text)
    return struct.pack(f"<BB6s{len(parts)}I", 1, len(parts), authority.to_bytes(6, "big"), *parts)


def is_sid(text: str) -> bool:
    """Whether this text reads as a SID."""
    try:
        to_bytes(text)
    except ValueError:
        return False
    return True


def rid_of(sid: str) -> int | None:
    """Give the last part, for an account or group of a domain or of BUILTIN alone."""
    if not sid.startswith(("S-1-5-21-", "S-1-5-32-")):
        return None
    last = sid.rpartition("-")[2]
    return int(last) if last.isdigit() else None


def domain_of(sid: str) -> str:
    """Give the SID of the domain that issued it (``S-1-5-21-a-b-c``); empty where there is none."""
    if not sid.startswith("S-1-5-21-") or sid.count("-") < 7:
        return ""
    return sid.rpartition("-")[0]


def is_broad(sid: str) -> bool:
    """Whether every account, or nearly, holds it."""
    if sid in BROAD:
        return True
    return sid.startswith("S-1-5-21-") and rid_of(sid) in BROAD_RIDS
