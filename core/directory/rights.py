"""Who may do what to an object: effective rights, from descriptors (MS-ADTS 5.1.3.3).

Entries count in their order, a refusal only for what comes after it. Those that are for children
alone, or for objects of another class, are passed over. A callback entry grants under a condition
that we do not evaluate: what it grants is told apart. A trustee is judged by itself: whoever is in
one group that is refused *and* in another that is allowed is seen as allowed.
"""

import enum
from collections.abc import Callable

import msgspec

from core.directory import guids, sids
from core.directory.descriptors import (
    CONTROL_ACCESS,
    CREATE_CHILD,
    DELETE,
    DELETE_CHILD,
    DELETE_TREE,
    FULL_CONTROL,
    INHERIT_ONLY,
    READ_PROPERTY,
    WRITE_DAC,
    WRITE_OWNER,
    WRITE_PROPERTY,
    WRITE_SELF,
    Ace,
    Descriptor,
)
from core.directory.objects import Entry, Objects
from core.directory.schema import Schema


class Right(enum.IntFlag):
    """What someone may do to an object; the first ones, the more they give."""

    OWNER = 1 << 0
    """Owns it, which gives the right to change its rights."""
    GENERIC_ALL = 1 << 1
    WRITE_DAC = 1 << 2
    WRITE_OWNER = 1 << 3
    GENERIC_WRITE = 1 << 4
    """Every property."""
    ALL_EXTENDED = 1 << 5
    """Every extended right: its password reset, replication, enrolment…"""
    FORCE_PASSWORD = 1 << 6
    WRITE_MEMBER = 1 << 7
    GET_CHANGES = 1 << 8
    GET_CHANGES_ALL = 1 << 9
    """With the one before, passwords of the whole domain (DCSync)."""
    WRITE_KEY_CREDENTIAL = 1 << 10
    WRITE_RBCD = 1 << 11
    WRITE_GPLINK = 1 << 12
    WRITE_GPC_PATH = 1 << 13
    READ_LAPS = 1 << 14
    WRITE_GMSA_READERS = 1 << 15
    SELF_MEMBER = 1 << 16
    """May put itself in the group."""
    CREATE_DMSA = 1 << 17
    WRITE_DMSA_LINK = 1 << 18
    INSTALL_REPLICA = 1 << 19
    WRITE_SPN = 1 << 20
    WRITE_ALT_IDENTITY = 1 << 21
    WRITE_UAC = 1 << 22
    WRITE_DELEGATE_TO = 1 << 23
    WRITE_MANAGED_BY = 1 << 24
    WRITE_SCRIPT_PATH = 1 << 25
    VALIDATED_SPN = 1 << 26
    MIGRATE_SID_HISTORY = 1 << 27
    MANAGE_TOPOLOGY = 1 << 28
    REANIMATE = 1 << 29
    WEAKEN_PASSWORDS = 1 << 30
    """Unexpire-Password, Update-Password-Not-Required-Bit, reversible storage."""
    CREATE_CHILD = 1 << 31
    """Children of every class."""
    CREATE_ACCOUNT = 1 << 32
    """Users, machines, groups or managed accounts, by name or among every class."""
    CREATE_SOME = 1 << 33
    """Children of some class."""
    DELETE = 1 << 34
    DELETE_CHILD = 1 << 35
    WRITE_SOME = 1 << 36
    """Some property at least."""
    ENROLL = 1 << 37
    AUTO_ENROLL = 1 << 38
    READ_SOME = 1 << 39
    """Some property at least, to read."""
    READ_ALL = 1 << 40
    GET_CHANGES_FILTERED = 1 << 41
    REPLICATE = 1 << 42
    """DS-Replication-Synchronize."""
    READ_PICTURE = 1 << 43
    """thumbnailPhoto of a contact: on those of AD FS, the key that protects its signing keys."""


NO_RIGHT = Right(0)


class Held(msgspec.Struct, frozen=True, eq=False):
    """What one trustee may do to one object."""

    trustee: str
    """SID."""
    rights: Right
    if_met: Right = NO_RIGHT
    """What a callback entry gives, and nothing else does."""


class _Question(msgspec.Struct, frozen=True, eq=False):
    right: int
    bits: int
    """Any of them answers."""
    types: frozenset[str]
    """GUIDs by which an entry may name it, besides none."""
    any_type: bool = False
    """An entry for whatever GUID answers."""
    are_apart: bool = False
    """The types are several things, one of which is enough: to refuse one refuses no other."""


_ACCOUNTS = frozenset(
    {
        "user",
        "inetorgperson",
        "computer",
        "msds-managedserviceaccount",
        "msds-groupmanagedserviceaccount",
        "msds-delegatedmanagedserviceaccount",
    }
)
_HEADS = frozenset({"domaindns", "configuration", "dmd"})
_LINKABLE = frozenset({"domaindns", "organizationalunit", "site"})
_CREATABLE = (
    "user",
    "inetorgperson",
    "computer",
    "group",
    "msds-managedserviceaccount",
    "msds-groupmanagedserviceaccount",
    "msds-delegatedmanagedserviceaccount",
)
_DMSA = "msds-delegatedmanagedserviceaccount"
_PSEUDO = frozenset({sids.SELF, sids.CREATOR_OWNER, sids.CREATOR_GROUP})
_EVERY_ACCOUNT = frozenset({sids.EVERYONE, sids.AUTHENTICATED_USERS})

_NOT_FOR = -1
"""Of an entry that does not concern objects of a class."""
_GENERIC_ALL = int(Right.GENERIC_ALL)
_OWNER = int(Right.OWNER)

Granted = tuple[tuple[str, int, int], ...]
"""Of each trustee: what it may do, and what it may do under a condition."""


class Rights:
    """Effective rights, each distinct descriptor judged once per class."""

    def __init__(
        self, objects: Objects, schema: Schema, token: Callable[[str], frozenset[str]]
    ) -> None:
        self._objects = objects
        self._schema = schema
        self._token = token
        """Gives every SID that a trustee holds besides its own."""
        self._questions: dict[str, tuple[_Question, ...]] = {}
        self._bits: dict[tuple[Ace, str], int] = {}
        self._known: dict[tuple[int, str], Granted] = {}
        self._triples: dict[tuple[str, int, int], tuple[str, int, int]] = {}

    def on(self, entry: Entry) -> tuple[Held, ...]:
        """Give what each trustee may do to an object; nothing where its descriptor is hidden."""
        return tuple(
            Held(trustee, Right(bits), Right(under))
            for trustee, bits, under in self.granted(entry.row)
        )

    def granted(self, row: int) -> Granted:
        """Give the same as bare numbers."""
        at = self._objects.descriptor_ids[row]
        if at < 0:
            return ()
        classes = self._objects.classes[row]
        kind = classes[-1] if classes else ""
        found = self._known.get((at, kind))
        if found is None:
            found = self._judge(self._objects.descriptors[at], kind)
            self._known[at, kind] = found
        return found

    def of(self, descriptor: Descriptor, kind: str) -> tuple[Held, ...]:
        """Give the same of a descriptor that stands alone, as of an object of this class."""
        return tuple(
            Held(trustee, Right(bits), Right(under))
            for trustee, bits, under in self._judge(descriptor, kind)
        )

    def trustees(
        self, descriptor: Descriptor, mask: int, *types: str, kind: str = ""
    ) -> tuple[str, ...]:
        """Give who has all of an access mask, for one of these GUIDs or for all; owners apart."""
        allowed: dict[str, int] = {}
        denied: dict[str, int] = {}
        if descriptor.is_null_dacl:
            return (sids.EVERYONE,)
        own = self._schema.classes.get(kind, "")
        for ace in descriptor.aces:
            if not self._is_for(ace, own) or ace.is_conditional:
                continue
            if ace.object_type and ace.object_type not in types and ace.object_type != own:
                continue
            if ace.denies:
                denied[ace.trustee] = denied.get(ace.trustee, 0) | ace.rights
            else:
                left = ace.rights & ~self._refused(ace.trustee, denied)
                allowed[ace.trustee] = allowed.get(ace.trustee, 0) | left
        return tuple(one for one, bits in allowed.items() if bits & mask == mask)

    def may_read(self, trustee: str, descriptor: Descriptor, attribute: str, kind: str) -> bool:
        """Whether an account may read an attribute: the first entry that says so decides.

        Entries under a condition are left out.
        """
        if descriptor.is_null_dacl:
            return True
        token = {trustee, *_EVERY_ACCOUNT}
        token.update(*map(self._token, tuple(token)))
        own = self._schema.classes.get(kind, "")
        types = self._schema.granting(attribute) | {own, ""}
        for ace in descriptor.aces:
            if (
                ace.trustee in token
                and ace.rights & READ_PROPERTY
                and self._is_for(ace, own)
                and not ace.is_conditional
                and ace.object_type in types
            ):
                return ace.allows
        return False

    def _judge(self, descriptor: Descriptor, kind: str) -> Granted:
        if descriptor.is_null_dacl:
            every = 0
            for question in self._of_class(kind):
                every |= question.right
            return ((sids.EVERYONE, every & ~_OWNER, 0),)
        own = self._schema.classes.get(kind, "")
        granted: dict[str, int] = {}
        under: dict[str, int] = {}
        denied: dict[str, int] = {}
        known = self._bits
        for ace in descriptor.aces:
            bits = known.get((ace, kind))
            if bits is None:
                bits = self._answers(ace, kind, own) if self._is_for(ace, own) else _NOT_FOR
                known[ace, kind] = bits
            if bits == _NOT_FOR:
                continue
            trustee = ace.trustee
            if not bits:
                # The mere presence of this one replaces what an owner may do by nature.
                if trustee == sids.OWNER_RIGHTS:
                    granted.setdefault(trustee, 0)
                continue
            if ace.denies:
                # A refusal under a condition may not hold: it is not counted on.
                if not ace.is_conditional:
                    denied[trustee] = denied.get(trustee, 0) | bits
                if trustee == sids.OWNER_RIGHTS:
                    granted.setdefault(trustee, 0)
                continue
            if trustee in _PSEUDO:
                continue
            if denied:
                bits &= ~self._refused(trustee, denied)
            into = under if ace.is_conditional else granted
            into[trustee] = into.get(trustee, 0) | bits
        if descriptor.owner:
            limited = sids.OWNER_RIGHTS in granted or sids.OWNER_RIGHTS in under
            gives = granted.get(sids.OWNER_RIGHTS, 0) if limited else _OWNER
            granted[descriptor.owner] = granted.get(descriptor.owner, 0) | gives
        granted.pop(sids.OWNER_RIGHTS, None)
        under.pop(sids.OWNER_RIGHTS, None)
        found: list[tuple[str, int, int]] = []
        for one in {**granted, **under}:
            bits = granted.get(one, 0)
            triple = (one, bits, under.get(one, 0) & ~bits)
            if triple[1] or triple[2]:
                # Few are distinct, and a forest asks for many.
                found.append(self._triples.setdefault(triple, triple))
        return tuple(found)

    @staticmethod
    def _is_for(ace: Ace, own: str) -> bool:
        if ace.flags & INHERIT_ONLY or ace.is_unknown:
            return False
        return not ace.inherited_type or not own or ace.inherited_type == own

    def _refused(self, trustee: str, denied: dict[str, int]) -> int:
        found = denied.get(trustee, 0)
        others = denied.keys() - {trustee}
        if others:
            held = self._token(trustee) | _EVERY_ACCOUNT
            for one in others & held:
                found |= denied[one]
        return found

    def _answers(self, ace: Ace, kind: str, own: str) -> int:
        """Give the rights that an entry grants, or refuses, on objects of a class."""
        mask, guid = ace.rights, ace.object_type
        found = 0
        for question in self._of_class(kind):
            right = question.right
            if right == _GENERIC_ALL:
                whole = mask & FULL_CONTROL
                if (not guid or guid == own) and (
                    whole == FULL_CONTROL if ace.allows else whole != 0
                ):
                    found |= right
                continue
            if not mask & question.bits:
                continue
            # To name the class of the object is to name all of it, but for children.
            names_all = not guid or (
                guid == own and not question.bits & (CREATE_CHILD | DELETE_CHILD)
            )
            if (
                names_all
                or (guid in question.types and (ace.allows or not question.are_apart))
                or (question.any_type and ace.allows)
            ):
                found |= right
        return found

    def _of_class(self, kind: str) -> tuple[_Question, ...]:
        found = self._questions.get(kind)
        if found is None:
            found = self._questions[kind] = tuple(_questions(kind, self._schema))
        return found


def _asked(
    right: Right,
    bits: int,
    types: frozenset[str],
    *,
    any_type: bool = False,
    are_apart: bool = False,
) -> _Question:
    # Bare numbers: the operators of an enumeration cost ten times theirs.
    return _Question(int(right), bits, types, any_type, are_apart)


def _questions(kind: str, schema: Schema) -> list[_Question]:
    """Give what is asked of the descriptor of an object of a class."""
    none: frozenset[str] = frozenset()

    def attribute(right: Right, name: str) -> _Question:
        return _asked(right, WRITE_PROPERTY, schema.granting(name))

    def extended(right: Right, *names: str) -> _Question:
        types = frozenset(schema.rights[one] for one in names)
        return _asked(right, CONTROL_ACCESS, types, are_apart=len(types) > 1)

    creatable = frozenset(schema.classes[one] for one in _CREATABLE)
    found = [
        _asked(Right.GENERIC_ALL, FULL_CONTROL, none),
        _asked(Right.WRITE_DAC, WRITE_DAC, none),
        _asked(Right.WRITE_OWNER, WRITE_OWNER, none),
        _asked(Right.GENERIC_WRITE, WRITE_PROPERTY, none),
        _asked(Right.ALL_EXTENDED, CONTROL_ACCESS, none),
        _asked(Right.WRITE_SOME, WRITE_PROPERTY, none, any_type=True),
        _asked(Right.READ_SOME, READ_PROPERTY, none, any_type=True),
        _asked(Right.READ_ALL, READ_PROPERTY, none),
        _asked(Right.DELETE, DELETE | DELETE_TREE, none),
        _asked(Right.DELETE_CHILD, DELETE_CHILD, none, any_type=True),
        _asked(Right.CREATE_CHILD, CREATE_CHILD, none),
        _asked(Right.CREATE_ACCOUNT, CREATE_CHILD, creatable, are_apart=True),
        _asked(Right.CREATE_SOME, CREATE_CHILD, none, any_type=True),
    ]
    if schema.has_class(_DMSA):
        dmsa = frozenset({schema.classes[_DMSA]})
        found.append(_asked(Right.CREATE_DMSA, CREATE_CHILD, dmsa))
    if kind in _ACCOUNTS:
        found += [
            extended(Right.FORCE_PASSWORD, "User-Force-Change-Password"),
            attribute(Right.WRITE_KEY_CREDENTIAL, "msds-keycredentiallink"),
            attribute(Right.WRITE_RBCD, "msds-allowedtoactonbehalfofotheridentity"),
            attribute(Right.WRITE_SPN, "serviceprincipalname"),
            attribute(Right.WRITE_ALT_IDENTITY, "altsecurityidentities"),
            attribute(Right.WRITE_UAC, "useraccountcontrol"),
            attribute(Right.WRITE_DELEGATE_TO, "msds-allowedtodelegateto"),
            attribute(Right.WRITE_SCRIPT_PATH, "scriptpath"),
            _asked(Right.VALIDATED_SPN, WRITE_SELF, frozenset({guids.VALIDATED["Validated-SPN"]})),
        ]
    if kind == "computer":
        found += [
            attribute(Right.WRITE_MANAGED_BY, "managedby"),
            _asked(Right.READ_LAPS, CONTROL_ACCESS, schema.laps_guids, are_apart=True),
        ]
    if kind in ("msds-groupmanagedserviceaccount", _DMSA):
        found.append(attribute(Right.WRITE_GMSA_READERS, "msds-groupmsamembership"))
    if kind == _DMSA:
        found.append(attribute(Right.WRITE_DMSA_LINK, "msds-managedaccountprecededbylink"))
    if kind == "group":
        found += [
            attribute(Right.WRITE_MEMBER, "member"),
            _asked(Right.SELF_MEMBER, WRITE_SELF, frozenset({guids.VALIDATED["Self-Membership"]})),
        ]
    if kind in _HEADS:
        found += [
            extended(Right.GET_CHANGES, "DS-Replication-Get-Changes"),
            extended(Right.GET_CHANGES_ALL, "DS-Replication-Get-Changes-All"),
            extended(Right.GET_CHANGES_FILTERED, "DS-Replication-Get-Changes-In-Filtered-Set"),
            extended(Right.REPLICATE, "DS-Replication-Synchronize"),
            extended(Right.MANAGE_TOPOLOGY, "DS-Replication-Manage-Topology"),
            extended(Right.INSTALL_REPLICA, "DS-Install-Replica"),
            extended(Right.REANIMATE, "Reanimate-Tombstones"),
            extended(Right.MIGRATE_SID_HISTORY, "Migrate-SID-History"),
            extended(
                Right.WEAKEN_PASSWORDS,
                "Unexpire-Password",
                "Update-Password-Not-Required-Bit",
                "Enable-Per-User-Reversibly-Encrypted-Password",
            ),
        ]
    if kind == "contact":
        found.append(_asked(Right.READ_PICTURE, READ_PROPERTY, schema.granting("thumbnailphoto")))
    if kind in _LINKABLE:
        found.append(attribute(Right.WRITE_GPLINK, "gplink"))
    if kind == "grouppolicycontainer":
        found.append(attribute(Right.WRITE_GPC_PATH, "gpcfilesyspath"))
    if kind in ("pkicertificatetemplate", "pkienrollmentservice"):
        found += [
            extended(Right.ENROLL, "Certificate-Enrollment"),
            extended(Right.AUTO_ENROLL, "Certificate-AutoEnrollment"),
        ]
    return found
