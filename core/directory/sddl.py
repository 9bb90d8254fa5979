"""Security descriptors as text (MS-DTYP 2.5.1): in the schema, in tests, in proofs."""

import re
from collections.abc import Callable

import msgspec

from core.directory import guids, sids
from core.directory.descriptors import (
    ALLOWED,
    ALLOWED_CALLBACK,
    ALLOWED_CALLBACK_OBJECT,
    ALLOWED_OBJECT,
    CONTROL_ACCESS,
    CREATE_CHILD,
    DACL_AUTO_INHERITED,
    DACL_PROTECTED,
    DELETE,
    DELETE_CHILD,
    DELETE_TREE,
    DENIED,
    DENIED_CALLBACK,
    DENIED_CALLBACK_OBJECT,
    DENIED_OBJECT,
    FULL_CONTROL,
    GENERIC_ALL,
    GENERIC_EXECUTE,
    GENERIC_READ,
    GENERIC_WRITE,
    LIST_CONTENTS,
    LIST_OBJECT,
    READ_CONTROL,
    READ_PROPERTY,
    WRITE_DAC,
    WRITE_OWNER,
    WRITE_PROPERTY,
    WRITE_SELF,
    Ace,
    Descriptor,
    mapped,
)

_AUTO_INHERIT_REQUIRED = 0x0100
_MOST_CHARACTERS = 1 << 18

_KINDS = {
    "A": ALLOWED,
    "D": DENIED,
    "OA": ALLOWED_OBJECT,
    "OD": DENIED_OBJECT,
    "XA": ALLOWED_CALLBACK,
    "XD": DENIED_CALLBACK,
    "ZA": ALLOWED_CALLBACK_OBJECT,
    "ZD": DENIED_CALLBACK_OBJECT,
}
_KIND_NAMES = {kind: name for name, kind in _KINDS.items()}
_FLAGS = {"OI": 0x01, "CI": 0x02, "NP": 0x04, "IO": 0x08, "ID": 0x10, "SA": 0x40, "FA": 0x80}
_RIGHTS = {
    "GA": GENERIC_ALL,
    "GR": GENERIC_READ,
    "GW": GENERIC_WRITE,
    "GX": GENERIC_EXECUTE,
    "RC": READ_CONTROL,
    "SD": DELETE,
    "WD": WRITE_DAC,
    "WO": WRITE_OWNER,
    "RP": READ_PROPERTY,
    "WP": WRITE_PROPERTY,
    "CC": CREATE_CHILD,
    "DC": DELETE_CHILD,
    "LC": LIST_CONTENTS,
    "SW": WRITE_SELF,
    "LO": LIST_OBJECT,
    "DT": DELETE_TREE,
    "CR": CONTROL_ACCESS,
    "FA": 0x1F01FF,
}
_SHOWN_RIGHTS = ("CC", "DC", "LC", "SW", "RP", "WP", "DT", "LO", "CR", "SD", "RC", "WD", "WO")
_SHOWN_GENERIC = ("GA", "GX", "GW", "GR")

FIXED: dict[str, str] = {
    "AN": sids.ANONYMOUS,
    "AO": sids.ACCOUNT_OPERATORS,
    "AU": sids.AUTHENTICATED_USERS,
    "BA": sids.ADMINISTRATORS,
    "BG": sids.GUESTS,
    "BO": sids.BACKUP_OPERATORS,
    "BU": sids.USERS,
    "CG": sids.CREATOR_GROUP,
    "CO": sids.CREATOR_OWNER,
    "ED": sids.ENTERPRISE_CONTROLLERS,
    "IU": "S-1-5-4",
    "LS": "S-1-5-19",
    "NO": "S-1-5-32-556",
    "NS": "S-1-5-20",
    "NU": sids.NETWORK,
    "OW": sids.OWNER_RIGHTS,
    "PO": sids.PRINT_OPERATORS,
    "PS": sids.SELF,
    "RD": "S-1-5-32-555",
    "RE": sids.REPLICATOR,
    "RU": sids.PRE_WINDOWS_2000,
    "SO": sids.SERVER_OPERATORS,
    "SU": "S-1-5-6",
    "SY": sids.SYSTEM,
    "WD": sids.EVERYONE,
}
"""Aliases of the same identifier everywhere."""
OF_DOMAIN: dict[str, int] = {
    "CA": sids.CERT_PUBLISHERS,
    "CN": sids.CLONEABLE_CONTROLLERS,
    "DA": sids.DOMAIN_ADMINS,
    "DC": sids.DOMAIN_COMPUTERS,
    "DD": sids.DOMAIN_CONTROLLERS,
    "DG": sids.DOMAIN_GUESTS,
    "DU": sids.DOMAIN_USERS,
    "KA": sids.KEY_ADMINS,
    "LA": sids.ADMINISTRATOR,
    "LG": sids.GUEST,
    "PA": sids.POLICY_CREATOR_OWNERS,
    "RS": sids.RAS_SERVERS,
}
"""Aliases of a domain."""
OF_ROOT: dict[str, int] = {
    "EA": sids.ENTERPRISE_ADMINS,
    "EK": sids.ENTERPRISE_KEY_ADMINS,
    "RO": sids.ENTERPRISE_READ_ONLY_CONTROLLERS,
    "SA": sids.SCHEMA_ADMINS,
}
"""Aliases of the root domain of the forest."""
_FIXED_NAMES = {sid: name for name, sid in FIXED.items()}

_SID = r"(?:S-1-[0-9A-Za-z-]+|[A-Za-z]{2})"
_HEAD = re.compile(
    rf"(?:O:(?P<owner>{_SID}))?(?:G:(?P<group>{_SID}))?(?:D:(?P<dacl>.*?))?(?:S:.*)?", re.DOTALL
)
_SACL = re.compile(r"S:(?=[PARI]*(?:\(|$))")


class BadSddl(ValueError):
    """The text is no descriptor; the message says where."""


def parse(text: str, *, domain: str = "", root: str = "") -> Descriptor:
    """Give the descriptor that a text says; raises :class:`BadSddl`.

    ``domain`` and ``root`` are the SIDs that aliases such as ``DA`` and ``EA`` are relative to; the
    second defaults to the first. A SACL is passed over.
    """
    if len(text) > _MOST_CHARACTERS:
        raise BadSddl("too long")
    text = "".join(text.split()) if "(X" not in text and "(Z" not in text else text.strip()
    sid_of = _Names(domain, root or domain).sid
    cut = _SACL.search(text)
    if cut is not None:
        text = text[: cut.start()]
    match = _HEAD.fullmatch(text)
    if match is None:
        raise BadSddl(text[:40])
    owner = sid_of(match["owner"]) if match["owner"] else ""
    group = sid_of(match["group"]) if match["group"] else ""
    if match["dacl"] is None:
        return Descriptor(owner, group, 0, (), has_dacl=False)
    flags, control = re.match(r"[A-Z_]*", match["dacl"]), 0
    head = flags[0] if flags else ""
    body = match["dacl"][len(head) :]
    if head == "NO_ACCESS_CONTROL":
        return Descriptor(owner, group, 0, (), is_null_dacl=True)
    while head:
        for name, bit in (
            ("AI", DACL_AUTO_INHERITED),
            ("AR", _AUTO_INHERIT_REQUIRED),
            ("P", DACL_PROTECTED),
        ):
            if head.startswith(name):
                control |= bit
                head = head.removeprefix(name)
                break
        else:
            raise BadSddl(f"D:{head[:20]}")
    aces = tuple(_ace(one, sid_of) for one in _split(body))
    return Descriptor(owner, group, control, aces)


def show_ace(ace: Ace) -> str:
    """Give one entry as text; trustees of a domain as their SID."""
    if ace.is_unknown:
        return f"(0x{ace.kind:x})"
    flags = "".join(name for name, bit in _FLAGS.items() if ace.flags & bit)
    parts = [
        _KIND_NAMES[ace.kind],
        flags,
        _shown_rights(ace.mask),
        ace.object_type,
        ace.inherited_type,
        _FIXED_NAMES.get(ace.trustee, ace.trustee),
    ]
    if ace.is_conditional:
        parts.append(f"#{ace.condition.hex()}")
    return f"({';'.join(parts)})"


def show(descriptor: Descriptor) -> str:
    """Give a descriptor as text."""
    text = ""
    if descriptor.owner:
        text += f"O:{_FIXED_NAMES.get(descriptor.owner, descriptor.owner)}"
    if descriptor.group:
        text += f"G:{_FIXED_NAMES.get(descriptor.group, descriptor.group)}"
    if not descriptor.has_dacl:
        return text
    if descriptor.is_null_dacl:
        return f"{text}D:NO_ACCESS_CONTROL"
    for name, bit in (
        ("P", DACL_PROTECTED),
        ("AR", _AUTO_INHERIT_REQUIRED),
        ("AI", DACL_AUTO_INHERITED),
    ):
        if descriptor.control & bit:
            text += name if "D:" in text else f"D:{name}"
    if "D:" not in text:
        text += "D:"
    return text + "".join(map(show_ace, descriptor.aces))


class _Names(msgspec.Struct, frozen=True):
    domain: str
    root: str

    def sid(self, name: str) -> str:
        upper = name.upper()
        if upper.startswith("S-"):
            if not sids.is_sid(upper):
                raise BadSddl(name)
            return upper
        if upper in FIXED:
            return FIXED[upper]
        for rids, base in ((OF_DOMAIN, self.domain), (OF_ROOT, self.root)):
            if upper in rids:
                if not base:
                    raise BadSddl(f"{name}: of no known domain")
                return f"{base}-{rids[upper]}"
        raise BadSddl(name)


def _split(body: str) -> list[str]:
    """Give what stands between the outer parentheses: a condition has some of its own."""
    found: list[str] = []
    depth = start = 0
    for at, character in enumerate(body):
        if character == "(":
            depth += 1
            if depth == 1:
                start = at + 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                found.append(body[start:at])
            if depth < 0:
                break
        elif depth == 0:
            raise BadSddl(body[at : at + 20])
    if depth != 0:
        raise BadSddl("unbalanced parentheses")
    return found


def _ace(text: str, sid_of: Callable[[str], str]) -> Ace:
    parts = text.split(";", 6)
    if len(parts) < 6 or parts[0].upper() not in _KINDS:
        raise BadSddl(text[:40])
    kind = _KINDS[parts[0].upper()]
    mask = _mask(parts[2].upper())
    types = [_guid(one) for one in parts[3:5]]
    if any(types) and kind in (ALLOWED, DENIED, ALLOWED_CALLBACK, DENIED_CALLBACK):
        raise BadSddl(text[:40])
    condition = b""
    if len(parts) == 7:
        condition = _condition(parts[6])
    elif kind in (
        ALLOWED_CALLBACK,
        DENIED_CALLBACK,
        ALLOWED_CALLBACK_OBJECT,
        DENIED_CALLBACK_OBJECT,
    ):
        raise BadSddl(text[:40])
    return Ace(
        kind, _pairs(parts[1].upper(), _FLAGS), mask, sid_of(parts[5]), types[0], types[1],
        mapped(mask), condition,
    )  # fmt: skip


def _guid(text: str) -> str:
    if not text:
        return ""
    if not guids.is_guid(text):
        raise BadSddl(text[:40])
    return text.strip("{}").lower()


def _condition(text: str) -> bytes:
    """Give the bytes of a condition: as shown by us, or one that is never parsed (« artx »)."""
    if text.startswith("#"):
        try:
            return bytes.fromhex(text[1:])
        except ValueError:
            raise BadSddl(text[:40]) from None
    kept = b"artx" + text.encode()
    return kept + bytes(-len(kept) % 4)


def _mask(text: str) -> int:
    if text.startswith("0X"):
        try:
            mask = int(text, 16)
        except ValueError:
            raise BadSddl(text[:40]) from None
    elif text.isdigit() and len(text) < 12:
        mask = int(text)
    else:
        mask = _pairs(text, _RIGHTS)
    if mask >= 1 << 32:
        raise BadSddl(text[:40])
    return mask


def _pairs(text: str, known: dict[str, int]) -> int:
    found = 0
    for at in range(0, len(text), 2):
        pair = text[at : at + 2]
        if pair not in known:
            raise BadSddl(text[:40])
        found |= known[pair]
    return found


def _shown_rights(mask: int) -> str:
    left, text = mask, ""
    for name in (*_SHOWN_GENERIC, *_SHOWN_RIGHTS):
        if mask & _RIGHTS[name]:
            text += name
            left &= ~_RIGHTS[name]
    return f"0x{mask:x}" if left else text


def rights_of(mask: int) -> str:
    """Give an access mask as letters, ``GA`` for full control."""
    return "GA" if mapped(mask) & FULL_CONTROL == FULL_CONTROL else _shown_rights(mask)
