"""Self-relative security descriptors (MS-DTYP 2.4.6), read within bounds and told where unreadable.

What cannot be read is ``None`` with a reason; nothing is raised. Equal ACEs are one object: a
forest has few distinct ones, and what is concluded from one is remembered by its identity.
"""

import functools
import struct

import msgspec

from core.directory import guids, sids

_HEAD = struct.Struct("<BBHIIII")
_ACL = struct.Struct("<BBHHH")
_ACE = struct.Struct("<BBH")
_MOST_BYTES = 1 << 18
"""An attribute of Active Directory holds 64 KiB of ACL at most: an ACL's size is 16 bits."""
_MOST_ACES = 8_192
_SELF_RELATIVE = 0x8000

DACL_PRESENT = 0x0004
DACL_PROTECTED = 0x1000
DACL_AUTO_INHERITED = 0x0400

ALLOWED = 0
DENIED = 1
ALLOWED_OBJECT = 5
DENIED_OBJECT = 6
ALLOWED_CALLBACK = 9
DENIED_CALLBACK = 10
ALLOWED_CALLBACK_OBJECT = 11
DENIED_CALLBACK_OBJECT = 12

_OBJECT = frozenset(
    {ALLOWED_OBJECT, DENIED_OBJECT, ALLOWED_CALLBACK_OBJECT, DENIED_CALLBACK_OBJECT}
)
_KNOWN = frozenset({ALLOWED, DENIED, ALLOWED_CALLBACK, DENIED_CALLBACK}) | _OBJECT
_ALLOWS = frozenset({ALLOWED, ALLOWED_OBJECT, ALLOWED_CALLBACK, ALLOWED_CALLBACK_OBJECT})
_CALLBACK = frozenset(
    {ALLOWED_CALLBACK, DENIED_CALLBACK, ALLOWED_CALLBACK_OBJECT, DENIED_CALLBACK_OBJECT}
)
_TYPE_PRESENT = 0x1
_INHERITED_TYPE_PRESENT = 0x2

OBJECT_INHERIT = 0x01
CONTAINER_INHERIT = 0x02
NO_PROPAGATE = 0x04
INHERIT_ONLY = 0x08
INHERITED = 0x10

CREATE_CHILD = 0x1
DELETE_CHILD = 0x2
LIST_CONTENTS = 0x4
WRITE_SELF = 0x8
READ_PROPERTY = 0x10
WRITE_PROPERTY = 0x20
DELETE_TREE = 0x40
LIST_OBJECT = 0x80
CONTROL_ACCESS = 0x100
DELETE = 0x10000
READ_CONTROL = 0x20000
WRITE_DAC = 0x40000
WRITE_OWNER = 0x80000
FULL_CONTROL = 0xF01FF
GENERIC_ALL = 0x10000000
GENERIC_EXECUTE = 0x20000000
GENERIC_WRITE = 0x40000000
GENERIC_READ = 0x80000000
_GENERIC = (
    (GENERIC_ALL, FULL_CONTROL),
    (GENERIC_WRITE, READ_CONTROL | WRITE_SELF | WRITE_PROPERTY),
    (GENERIC_READ, READ_CONTROL | READ_PROPERTY | LIST_CONTENTS | LIST_OBJECT),
    (GENERIC_EXECUTE, READ_CONTROL | LIST_CONTENTS),
)


class Ace(msgspec.Struct, frozen=True, eq=False):
    """One entry of a DACL. Equal entries read by one :class:`Reader` are one object."""

    kind: int
    """Type byte; ``unknown`` says whether we know what it means."""
    flags: int
    mask: int
    """As stored; :attr:`rights` has the generic bits mapped."""
    trustee: str
    """SID; empty for an entry of an unknown type."""
    object_type: str = ""
    """GUID of the right, property, set or class; empty: all of them."""
    inherited_type: str = ""
    """GUID of the class of objects that it is for; empty: any."""
    rights: int = 0
    condition: bytes = b""
    """What follows the SID of a callback entry, as it is; never evaluated."""

    @property
    def allows(self) -> bool:
        """Whether it grants; an unknown type neither grants nor denies."""
        return self.kind in _ALLOWS

    @property
    def denies(self) -> bool:
        """Whether it refuses."""
        return self.kind in _KNOWN and self.kind not in _ALLOWS

    @property
    def is_unknown(self) -> bool:
        """Whether its type is none of those that grant or refuse."""
        return self.kind not in _KNOWN

    @property
    def is_conditional(self) -> bool:
        """Whether it holds only where a condition, which we do not evaluate, is met."""
        return self.kind in _CALLBACK

    @property
    def is_inherited(self) -> bool:
        """Whether it came from a parent."""
        return bool(self.flags & INHERITED)

    @property
    def is_inherit_only(self) -> bool:
        """Whether it is for children alone."""
        return bool(self.flags & INHERIT_ONLY)

    @property
    def is_inheritable(self) -> bool:
        """Whether children get it; every object of a directory is a container."""
        return bool(self.flags & CONTAINER_INHERIT)


class Descriptor(msgspec.Struct, frozen=True, eq=False):
    """One security descriptor."""

    owner: str
    """SID; empty when not told."""
    group: str
    control: int
    aces: tuple[Ace, ...]
    has_dacl: bool = True
    """False: the DACL was not told."""
    is_null_dacl: bool = False
    """A DACL that is said to be there and is not: everyone may do everything."""

    @property
    def is_protected(self) -> bool:
        """Whether nothing is inherited from above."""
        return bool(self.control & DACL_PROTECTED)


class Unreadable(msgspec.Struct, frozen=True):
    """Bytes that are no descriptor, and why."""

    why: str


class Reader:
    """Reads descriptors, keeping one object per distinct ACE and SID."""

    def __init__(self) -> None:
        self._aces: dict[bytes, Ace | None] = {}
        self._sids: dict[bytes, str] = {}
        self._guids: dict[bytes, str] = {}

    def read(self, data: bytes) -> Descriptor | Unreadable:
        """Read one descriptor."""
        if len(data) > _MOST_BYTES:
            return Unreadable("too long")
        if len(data) < _HEAD.size:
            return Unreadable("too short")
        revision, _, control, owner_at, group_at, _, dacl_at = _HEAD.unpack_from(data)
        if revision != 1 or not control & _SELF_RELATIVE:
            return Unreadable("not a self-relative descriptor")
        owner, group = self._sid_at(data, owner_at), self._sid_at(data, group_at)
        if owner is None or group is None:
            return Unreadable("bad owner or group")
        if not control & DACL_PRESENT:
            return Descriptor(owner, group, control, (), has_dacl=False)
        if dacl_at == 0:
            return Descriptor(owner, group, control, (), is_null_dacl=True)
        aces = self._acl(data, dacl_at)
        if aces is None:
            return Unreadable("bad access list")
        return Descriptor(owner, group, control, aces)

    def sid(self, data: bytes) -> str:
        """Give a binary SID as text, one object for equal ones; empty for what is none."""
        found = self._sids.get(data)
        if found is None:
            found = sids.from_bytes(data) or ""
            self._sids[data] = found
        return found

    def _sid_at(self, data: bytes, at: int) -> str | None:
        if at == 0:
            return ""
        if at + 8 > len(data):
            return None
        return self.sid(data[at : at + 8 + 4 * data[at + 1]]) or None

    def _acl(self, data: bytes, at: int) -> tuple[Ace, ...] | None:
        if at + _ACL.size > len(data):
            return None
        _, _, size, count, _ = _ACL.unpack_from(data, at)
        end = at + size
        if size < _ACL.size or end > len(data) or count > _MOST_ACES:
            return None
        found: list[Ace] = []
        at += _ACL.size
        known = self._aces
        for _ in range(count):
            if at + 4 > end:
                return None
            size = data[at + 2] | data[at + 3] << 8
            if size < 4 or at + size > end:
                return None
            slab = data[at : at + size]
            if slab in known:
                ace = known[slab]
            else:
                ace = known[slab] = self._ace(slab)
            if ace is None:
                return None
            found.append(ace)
            at += size
        return tuple(found)

    def _ace(self, slab: bytes) -> Ace | None:
        kind, flags, _ = _ACE.unpack_from(slab)
        if kind not in _KNOWN:
            return Ace(kind, flags, 0, "", condition=slab[4:])
        if len(slab) < 8:
            return None
        mask = int.from_bytes(slab[4:8], "little")
        at = 8
        types = ["", ""]
        if kind in _OBJECT:
            if len(slab) < 12:
                return None
            present = int.from_bytes(slab[8:12], "little")
            at = 12
            for place, bit in enumerate((_TYPE_PRESENT, _INHERITED_TYPE_PRESENT)):
                if present & bit:
                    found = self._guid(slab[at : at + 16])
                    if not found:
                        return None
                    types[place] = found
                    at += 16
        if at + 8 > len(slab):
            return None
        end = at + 8 + 4 * slab[at + 1]
        trustee = self.sid(slab[at:end]) if end <= len(slab) else ""
        if not trustee:
            return None
        return Ace(
            kind, flags, mask, trustee, types[0], types[1], mapped(mask),
            slab[end:] if kind in _CALLBACK else b"",
        )  # fmt: skip

    def _guid(self, data: bytes) -> str:
        found = self._guids.get(data)
        if found is None:
            found = guids.from_bytes(data) or ""
            self._guids[data] = found
        return found


def mapped(mask: int) -> int:
    """Give an access mask with its generic bits as the directory understands them."""
    for bit, means in _GENERIC:
        if mask & bit:
            mask |= means
    return mask & 0x0FFFFFFF


def encode(descriptor: Descriptor) -> bytes:
    """Give a descriptor as bytes: DACL, owner, group, in the order of Windows."""
    parts: list[bytes] = []
    at = _HEAD.size
    dacl_at = owner_at = group_at = 0
    if descriptor.has_dacl and not descriptor.is_null_dacl:
        aces = b"".join(map(_encoded, descriptor.aces))
        # Revision 4 is the one that admits entries with GUIDs.
        acl = _ACL.pack(4, 0, _ACL.size + len(aces), len(descriptor.aces), 0) + aces
        dacl_at, at = at, at + len(acl)
        parts.append(acl)
    if descriptor.owner:
        owner = sids.to_bytes(descriptor.owner)
        owner_at, at = at, at + len(owner)
        parts.append(owner)
    if descriptor.group:
        group_at = at
        parts.append(sids.to_bytes(descriptor.group))
    control = descriptor.control | _SELF_RELATIVE
    control = control | DACL_PRESENT if descriptor.has_dacl else control & ~DACL_PRESENT
    return _HEAD.pack(1, 0, control, owner_at, group_at, 0, dacl_at) + b"".join(parts)


@functools.lru_cache(maxsize=16_384)
def _encoded(ace: Ace) -> bytes:
    if ace.is_unknown:
        body = ace.condition
    else:
        body = ace.mask.to_bytes(4, "little")
        if ace.kind in _OBJECT:
            present = (_TYPE_PRESENT if ace.object_type else 0) | (
                _INHERITED_TYPE_PRESENT if ace.inherited_type else 0
            )
            body += present.to_bytes(4, "little")
            body += b"".join(
                guids.to_bytes(one) for one in (ace.object_type, ace.inherited_type) if one
            )
        body += sids.to_bytes(ace.trustee) + ace.condition
    body += bytes(-len(body) % 4)
    return _ACE.pack(ace.kind, ace.flags, _ACE.size + len(body)) + body
