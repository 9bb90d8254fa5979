"""Objects of a forest, held in columns, and the light views by which they are read.

Whatever is concluded from several objects together stands in :mod:`core.directory.forest`.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property

import msgspec

from core.directory import decode, flags, guids, sids
from core.directory.columns import Numbers, Values
from core.directory.decode import Change
from core.directory.descriptors import Descriptor
from core.directory.raw import Collection
from core.model import Place

_FOREIGN = "foreignsecurityprincipal"
MANAGED: frozenset[str] = frozenset(
    {
        "msds-managedserviceaccount",
        "msds-groupmanagedserviceaccount",
        "msds-delegatedmanagedserviceaccount",
    }
)
"""Classes of the accounts whose password the directory keeps."""
GONE = -1
"""Descriptor of an object that came without one."""
SPOILT = -2
"""Descriptor that could not be read."""

_OF_EACH = frozenset({"ntsecuritydescriptor", "useraccountcontrol"})
"""Attributes that are hidden where they are not there."""


class Domain(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One domain of the forest, read or only named by its configuration."""

    index: int
    dn: str
    name: str
    """DNS name, lower case."""
    netbios: str = ""
    sid: str = ""
    """``S-1-5-21-…``; empty where its head could not be read."""
    is_root: bool = False
    is_read: bool = True
    """False: no snapshot holds it."""

    def rid(self, rid: int) -> str:
        """Give the SID of one of its accounts; empty where its own is not known."""
        return f"{self.sid}-{rid}" if self.sid else ""


class Entry:
    """One object. Views are made once each, so that they compare and hash by identity.

    Attribute names are lower case. What is absent and what is hidden look alike: see
    :meth:`Objects.unread`.
    """

    __slots__ = ("forest", "row")

    def __init__(self, forest: "Objects", row: int) -> None:
        self.forest = forest
        self.row = row

    def __repr__(self) -> str:
        return f"<Entry {self.dn}>"

    # Attributes, of whatever kind.

    def has(self, attribute: str) -> bool:
        """Whether the attribute came, with a value that makes sense."""
        return self.forest.has(self.row, attribute)

    def raw(self, attribute: str) -> tuple[bytes, ...]:
        """Give the values as they came; not for those of :data:`core.directory.decode.TYPED`."""
        return self.forest.raw(self.row, attribute)

    def text(self, attribute: str) -> str:
        """Give the first value as text; empty where there is none."""
        values = self.forest.raw(self.row, attribute)
        return decode.text_of(values[0]) if values else ""

    def texts(self, attribute: str) -> tuple[str, ...]:
        """Give every value as text."""
        return tuple(map(decode.text_of, self.forest.raw(self.row, attribute)))

    def number(self, attribute: str) -> int | None:
        """Give an integer, a FILETIME as its count of ticks."""
        return self.forest.number(self.row, attribute)

    def flag(self, attribute: str) -> bool | None:
        """Give a boolean."""
        values = self.forest.raw(self.row, attribute)
        return decode.boolean(values[0]) if values else None

    def moment(self, attribute: str) -> datetime | None:
        """Give a date, in UTC; ``None`` for « never » and for 0 too (see :meth:`number`)."""
        found = self.forest.number(self.row, attribute)
        if attribute in decode.TIMES:
            return decode.from_seconds(found)
        return decode.moment_of(found)

    def span(self, attribute: str) -> timedelta | None:
        """Give a duration (``maxpwdage``…); ``None`` for 0 and « for ever » too."""
        return decode.span_of(self.forest.number(self.row, attribute))

    def linked(self, attribute: str) -> "tuple[Entry, ...]":
        """Give the objects that its DNs name, a binary part or none; those not read left out."""
        found = (
            self.forest.by_dn(decode.binary_dn(value))
            for value in map(decode.text_of, self.forest.raw(self.row, attribute))
        )
        return tuple(one for one in found if one is not None)

    def sids(self, attribute: str) -> tuple[str, ...]:
        """Give binary SIDs as text; what is none is left out."""
        found = map(sids.from_bytes, self.forest.raw(self.row, attribute))
        return tuple(one for one in found if one is not None)

    def changes(self, attribute: str = "") -> tuple[Change, ...]:
        """Give what replication metadata say, of one attribute or of all, the latest first."""
        told = (
            decode.change(value)
            for name in ("msds-replattributemetadata", "msds-replvaluemetadata")
            for value in self.forest.raw(self.row, name)
        )
        found = [one for one in told if one is not None and attribute in ("", one.attribute)]
        return tuple(sorted(found, key=lambda one: one.at or decode.EPOCH, reverse=True))

    # What nearly every object has.

    @property
    def dn(self) -> str:
        """Distinguished name."""
        return self.forest.dns[self.row]

    @property
    def kind(self) -> str:
        """Most specific class, lower case; empty where hidden."""
        classes = self.forest.classes[self.row]
        return classes[-1] if classes else ""

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class, from the most general."""
        return self.forest.classes[self.row]

    @property
    def sid(self) -> str:
        """SID; empty for what has none."""
        return self.forest.sids[self.row]

    @property
    def rid(self) -> int | None:
        """Last part of the SID."""
        return sids.rid_of(self.forest.sids[self.row])

    @property
    def guid(self) -> str:
        """objectGUID as text."""
        values = self.forest.raw(self.row, "objectguid")
        return (guids.from_bytes(values[0]) or "") if values else ""

    @property
    def name(self) -> str:
        """sAMAccountName, or the first part of the DN."""
        return self.text("samaccountname") or self.text("name") or decode.first_part(self.dn)

    @property
    def domain(self) -> Domain | None:
        """Domain that it lies in; ``None`` in the configuration and the schema."""
        return self.forest.domain_at(self.row)

    @property
    def parent(self) -> "Entry | None":
        """The object above it."""
        return self.forest.by_dn(decode.parent_of(self.dn))

    @property
    def created(self) -> datetime | None:
        """whenCreated."""
        return decode.from_seconds(self.forest.number(self.row, "whencreated"))

    @property
    def changed(self) -> datetime | None:
        """whenChanged, of the controller that was asked."""
        return decode.from_seconds(self.forest.number(self.row, "whenchanged"))

    @property
    def descriptor(self) -> Descriptor | None:
        """Security descriptor; ``None`` where it was hidden or unreadable."""
        return self.forest.descriptor_at(self.row)

    @property
    def is_deleted(self) -> bool:
        """Whether it lies among the deleted objects."""
        return self.row in self.forest.deleted_rows

    # Accounts and groups.

    @property
    def is_user(self) -> bool:
        """Whether it is the account of a person or a service: no computer, trust or managed one."""
        kind = self.forest.number(self.row, "samaccounttype")
        if kind is None:
            return self.kind in ("user", "inetorgperson")
        return kind == flags.PERSON

    @property
    def is_managed(self) -> bool:
        """Whether it is an sMSA, a gMSA or a dMSA."""
        return self.kind in MANAGED

    @property
    def is_computer(self) -> bool:
        """Whether it is the account of a machine, controllers included, managed ones not."""
        if self.kind in MANAGED:
            return False
        kind = self.forest.number(self.row, "samaccounttype")
        return self.kind == "computer" if kind is None else kind == flags.MACHINE

    @property
    def is_group(self) -> bool:
        """Whether it is a group."""
        return self.kind == "group"

    @property
    def is_foreign(self) -> bool:
        """Whether it stands for a principal of elsewhere."""
        return self.kind == _FOREIGN

    @property
    def is_account(self) -> bool:
        """Whether something logs in with it."""
        return self.is_user or self.is_computer or self.is_managed

    @property
    def uac(self) -> int:
        """userAccountControl (bits in :mod:`core.directory.flags`); 0 where hidden."""
        return self.forest.number(self.row, "useraccountcontrol") or 0

    @property
    def is_enabled(self) -> bool:
        """Whether it may log in; an account whose flags are hidden counts as one that may."""
        return not (self.forest.number(self.row, "useraccountcontrol") or 0) & flags.DISABLED

    @property
    def spns(self) -> tuple[str, ...]:
        """servicePrincipalName."""
        return self.texts("serviceprincipalname")

    @property
    def password_set(self) -> datetime | None:
        """pwdLastSet; ``None`` for « must change » too (``number("pwdlastset") == 0``)."""
        return decode.moment_of(self.forest.number(self.row, "pwdlastset"))

    @property
    def last_logon(self) -> datetime | None:
        """lastLogonTimestamp: replicated, up to 14 days late; ``None``: never, as far as known."""
        return decode.moment_of(self.forest.number(self.row, "lastlogontimestamp"))

    @property
    def encryption(self) -> int:
        """msDS-SupportedEncryptionTypes; 0 where not set."""
        return self.forest.number(self.row, "msds-supportedencryptiontypes") or 0

    @property
    def primary_group(self) -> int | None:
        """primaryGroupID."""
        return self.forest.number(self.row, "primarygroupid")

    @property
    def operating_system(self) -> str:
        """operatingSystem."""
        return self.text("operatingsystem")


class Tables(msgspec.Struct, kw_only=True):
    """What :mod:`core.directory.build` fills."""

    establishment: str
    collections: tuple[Collection, ...]
    domains: tuple[Domain, ...]
    dns: list[str]
    rows: dict[str, int]
    """Lower-case DN → row."""
    contexts: "array[int]"
    """Of each row: index in ``context_kinds`` and ``context_domains``."""
    context_kinds: list[str]
    context_domains: list[int]
    """Index of a domain, or -1."""
    classes: list[tuple[str, ...]]
    sids: list[str]
    numbers: dict[str, Numbers]
    values: dict[str, Values]
    descriptor_ids: "array[int]"
    descriptors: list[Descriptor]
    deleted: frozenset[int]
    nonsense: Counter[str]
    """Attribute → values that made no sense and were dropped."""


class Objects:
    """Every object read, with the indexes that need no judgement."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.establishment = tables.establishment
        self.collections = tables.collections
        """Heads of the snapshots, the first one first."""
        self.domains = tables.domains
        """Every domain that the configuration names, the root first."""
        self.dns: Sequence[str] = tables.dns
        self.classes: Sequence[tuple[str, ...]] = tables.classes
        self.sids: Sequence[str] = tables.sids
        self.descriptors: Sequence[Descriptor] = tables.descriptors
        """Each distinct one, once."""
        self.descriptor_ids: Sequence[int] = tables.descriptor_ids
        """Of each row: index in :attr:`descriptors`, ``GONE`` or ``SPOILT``."""
        self.deleted_rows = tables.deleted
        self.nonsense = tables.nonsense
        self._views = tuple(Entry(self, row) for row in range(len(tables.dns)))

    # Where and when.

    @property
    def name(self) -> str:
        """DNS name of the forest."""
        return self.collections[0].forest.lower()

    @property
    def at(self) -> datetime:
        """When the reading began, in UTC: ages are counted from it."""
        return min(one.started_at for one in self.collections)

    @property
    def root(self) -> Domain:
        """Root domain of the forest."""
        return self.domains[0]

    def place(self, domain: Domain | None = None) -> Place:
        """Give the place of a verdict: a domain, or the forest."""
        return Place(
            establishment=self.establishment,
            forest=self.name,
            domain=domain.name if domain is not None else None,
        )

    # Rows: for the modules beside this one.

    def __len__(self) -> int:
        return len(self._views)

    def entry(self, row: int) -> Entry:
        """Give the view of a row."""
        return self._views[row]

    def has(self, row: int, attribute: str) -> bool:
        """Whether a row has an attribute."""
        if attribute in decode.TYPED:
            return self.number(row, attribute) is not None
        return bool(self.raw(row, attribute))

    def raw(self, row: int, attribute: str) -> tuple[bytes, ...]:
        """Give values of a row."""
        column = self._tables.values.get(attribute)
        return column.get(row) if column is not None else ()

    def number(self, row: int, attribute: str) -> int | None:
        """Give an integer of a row."""
        column = self._tables.numbers.get(attribute)
        if column is not None:
            return column.get(row)
        values = self.raw(row, attribute)
        return decode.number(values[0]) if values else None

    def descriptor_at(self, row: int) -> Descriptor | None:
        """Give the descriptor of a row."""
        at = self._tables.descriptor_ids[row]
        return self._tables.descriptors[at] if at >= 0 else None

    def domain_at(self, row: int) -> Domain | None:
        """Give the domain of a row."""
        at = self._tables.context_domains[self._tables.contexts[row]]
        return self.domains[at] if at >= 0 else None

    def context_at(self, row: int) -> str:
        """Give the kind of the naming context of a row."""
        return self._tables.context_kinds[self._tables.contexts[row]]

    def context_row(self, row: int) -> int:
        """Give the naming context of a row, as a number."""
        return self._tables.contexts[row]

    @property
    def unconstrained(self) -> Iterator[int]:
        """Rows of the accounts trusted for unconstrained delegation that may log in."""
        column = self._tables.numbers.get("useraccountcontrol")
        for row in column.rows if column is not None else ():
            bits = self.number(row, "useraccountcontrol") or 0
            if bits & flags.UNCONSTRAINED and not bits & flags.DISABLED:
                yield row

    def column(self, attribute: str) -> Iterator[tuple[int, tuple[bytes, ...]]]:
        """Give each row that has an attribute, and its values; not of :data:`decode.TYPED`."""
        column = self._tables.values.get(attribute)
        return column.items() if column is not None else iter(())

    # Lookups.

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every object, the deleted included."""
        return self._views

    @cached_property
    def _by_class(self) -> dict[str, tuple[Entry, ...]]:
        found: dict[tuple[str, ...], list[Entry]] = {}
        for row, classes in enumerate(self.classes):
            if row not in self.deleted_rows:
                found.setdefault(classes, []).append(self._views[row])
        merged: dict[str, list[Entry]] = {}
        for classes, entries in found.items():
            for one in set(classes):
                merged.setdefault(one, []).extend(entries)
        return {one: tuple(entries) for one, entries in merged.items()}

    def of(self, *classes: str) -> tuple[Entry, ...]:
        """Give the objects of these classes (lower case) or of classes under them, not deleted."""
        if len(classes) == 1:
            return self._by_class.get(classes[0], ())
        found = {one: None for name in classes for one in self._by_class.get(name, ())}
        return tuple(found)

    def having(self, attribute: str) -> Iterator[Entry]:
        """Give the objects that have an attribute, not deleted: the quick way to a rare one."""
        column = self._tables.numbers.get(attribute) or self._tables.values.get(attribute)
        if column is None:
            return
        for row in column.rows:
            if row not in self.deleted_rows:
                yield self._views[row]

    def by_dn(self, dn: str) -> Entry | None:
        """Give the object of a DN, in any case."""
        row = self._tables.rows.get(dn.lower())
        return self._views[row] if row is not None else None

    @cached_property
    def _by_sid(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for row, sid in enumerate(self.sids):
            if not sid or row in self.deleted_rows:
                continue
            held = found.setdefault(sid, row)
            # A foreign principal gives way to the object it stands for, and one that the
            # configuration lists to the one that groups have as a member.
            if held != row and self._views[held].is_foreign:
                is_real = not self._views[row].is_foreign
                if is_real or (self.domain_at(held) is None and self.domain_at(row) is not None):
                    found[sid] = row
        return found

    @cached_property
    def _by_local_sid(self) -> dict[tuple[int, str], int]:
        return {
            (domain.index, sid): row
            for row, sid in enumerate(self.sids)
            if sid and not sid.startswith("S-1-5-21-") and row not in self.deleted_rows
            for domain in (self.domain_at(row),)
            if domain is not None
        }

    def by_sid(self, sid: str, domain: Domain | None = None) -> Entry | None:
        """Give the object of a SID. ``domain`` says whose Administrators, Users… are meant."""
        if domain is not None and not sid.startswith("S-1-5-21-"):
            row = self._by_local_sid.get((domain.index, sid))
            return self._views[row] if row is not None else None
        row = self._by_sid.get(sid)
        return self._views[row] if row is not None else None

    @cached_property
    def _by_guid(self) -> dict[bytes, int]:
        return {values[0]: row for row, values in self.column("objectguid") if values}

    def by_guid(self, guid: str) -> Entry | None:
        """Give the object of a GUID in text."""
        row = self._by_guid.get(guids.to_bytes(guid)) if guids.is_guid(guid) else None
        return self._views[row] if row is not None else None

    def head(self, domain: Domain) -> Entry | None:
        """Give the object at the head of a domain."""
        return self.by_dn(domain.dn)

    def account(self, domain: Domain, rid: int) -> Entry | None:
        """Give a domain's own account or group by its RID (:mod:`core.directory.sids`)."""
        return self.by_sid(domain.rid(rid)) if domain.sid else None

    @cached_property
    def _children(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for row, parent in enumerate(self.parents):
            if parent >= 0:
                found.setdefault(parent, []).append(row)
        return found

    @cached_property
    def parents(self) -> "array[int]":
        """Of each row: the row above it, or -1."""
        rows = self._tables.rows
        return array("i", (rows.get(decode.parent_of(dn).lower(), -1) for dn in self.dns))

    def children(self, entry: Entry) -> tuple[Entry, ...]:
        """Give the objects right under one."""
        return tuple(self._views[row] for row in self._children.get(entry.row, ()))

    def under(self, dn: str, *, within: Iterable[Entry] | None = None) -> tuple[Entry, ...]:
        """Give the objects anywhere under a DN, that one left out, among ``within`` or all."""
        tail = f",{dn.lower()}"
        every = self._views if within is None else within
        return tuple(one for one in every if one.dn.lower().endswith(tail))

    def name_of(self, sid: str, domain: Domain | None = None) -> str:
        """Give a principal as a person reads it: ``CHU\\name``, a fixed name, or the SID."""
        entry = self.by_sid(sid, domain) or self.by_sid(sid)
        if entry is None or entry.is_foreign:
            return sids.NAMES.get(sid, sid)
        home = entry.domain
        if home is None or not home.netbios:
            return entry.name
        return f"{home.netbios}\\{entry.name}"

    # What was not read.

    def unread(self, kind: str, *what: str, domain: Domain | None = None) -> str:
        """Give why a question about a part of the forest cannot be answered; empty when it can.

        ``kind`` is one of :attr:`core.directory.raw.Context.kind`; ``what`` names the classes and
        attributes asked about; ``domain`` narrows to one. A reason of :mod:`core.reasons`. Asked
        about ``"ntsecuritydescriptor"`` or ``"useraccountcontrol"``, which every object or account
        has, it also tells one, of the classes asked about, that came without.
        """
        meant = [one for one in self.domains if domain is None or one is domain]
        if kind == "domain":
            for one in meant:
                if not one.is_read:
                    return f"not-collected: {one.name}"
            if any(one.is_root for one in meant) and self._why_unnamed:
                return self._why_unnamed
        wanted = {one.lower() for one in what}
        dns = {one.dn.lower() for one in meant}
        seen = False
        for collection in self.collections:
            for context in collection.contexts:
                if context.kind != kind:
                    continue
                if domain is not None and not _lies_in(context.dn.lower(), dns):
                    continue
                seen = True
                if not context.is_whole:
                    return context.why or "snapshot-cut"
                for gap in collection.unread:
                    if gap.context.lower() == context.dn.lower() and (
                        not gap.what or gap.what.lower() in wanted
                    ):
                        return gap.why
        if not seen:
            return f"not-collected: {kind}"
        return self._hidden(kind, wanted, meant if kind == "domain" else None)

    def _hidden(self, kind: str, wanted: set[str], domains: Sequence[Domain] | None) -> str:
        """Give why what each object of its class has did not come with some of them."""
        classes = wanted & self._by_class.keys()
        for attribute in _OF_EACH & wanted:
            for one in self._lacking[attribute]:
                if (
                    self.context_at(one.row) == kind
                    and (domains is None or one.domain in domains)
                    and (not classes or not classes.isdisjoint(one.classes))
                ):
                    is_spoilt = self.descriptor_ids[one.row] == SPOILT
                    reason = "protocol-error" if is_spoilt else "hidden"
                    return f"{reason}: {one.dn} ({attribute})"
        return ""

    @cached_property
    def _lacking(self) -> dict[str, tuple[Entry, ...]]:
        """Attribute that each object of its class has → those that came without it."""
        held = [one for one in self._views if one.row not in self.deleted_rows]
        return {
            "ntsecuritydescriptor": tuple(one for one in held if one.descriptor is None),
            "useraccountcontrol": tuple(
                one for one in held if one.is_account and not one.has("useraccountcontrol")
            ),
        }

    @cached_property
    def _why_unnamed(self) -> str:
        """Why there may be domains of which nothing is known; told of the root, where all look."""
        found = [
            next((gap.why for gap in one.unread if gap.what.lower() == "crossref"), "")
            for one in self.collections
        ]
        # One snapshot that read them is enough.
        return found[0] if found and all(found) else ""


def _lies_in(dn: str, heads: set[str]) -> bool:
    return dn in heads or any(dn.endswith(f",{head}") for head in heads)
