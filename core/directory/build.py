"""From what was collected to a :class:`~core.directory.forest.Directory`, in one pass."""

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable

from core.directory import decode, flags, sids
from core.directory.columns import Numbers, Values
from core.directory.descriptors import Descriptor, Reader, Unreadable
from core.directory.forest import Directory
from core.directory.objects import GONE, SPOILT, Domain, Tables
from core.directory.raw import Collection, Context, RawObject

_UNKEPT = frozenset({"distinguishedname", "objectsid", "ntsecuritydescriptor", "objectclass"})
_DOMAIN_ZONES = "dc=domaindnszones,"


def build(
    snapshots: Iterable[tuple[Collection, Iterable[RawObject]]], *, establishment: str = ""
) -> Directory:
    """Build the model of a forest; raises ``ValueError`` when there is no snapshot at all.

    Several snapshots make one forest: an object read twice (the configuration is in each) is kept
    as the first one has it. The objects are read once and not kept.
    """
    return Directory(tables_of(snapshots, establishment=establishment))


def tables_of(
    snapshots: Iterable[tuple[Collection, Iterable[RawObject]]], *, establishment: str = ""
) -> Tables:
    """Give the columns of :func:`build` alone."""
    filling = _Filling()
    heads: list[Collection] = []
    for collection, objects in snapshots:
        heads.append(collection)
        filling.take(collection, objects)
    if not heads:
        raise ValueError("no snapshot")
    return filling.tables(establishment, tuple(heads))


class _Filling:
    def __init__(self) -> None:
        self._dns: list[str] = []
        self._rows: dict[str, int] = {}
        self._contexts = array("I")
        self._known: list[Context] = []
        self._classes: list[tuple[str, ...]] = []
        self._chains: dict[tuple[bytes, ...], tuple[str, ...]] = {}
        self._sids: list[str] = []
        self._numbers: dict[str, Numbers] = {}
        self._values: dict[str, Values] = {}
        self._ids = array("i")
        self._descriptors: list[Descriptor] = []
        self._digests: dict[bytes, int] = {}
        self._reader = Reader()
        self._deleted: set[int] = set()
        self._nonsense: Counter[str] = Counter()

    def take(self, collection: Collection, objects: Iterable[RawObject]) -> None:
        first = len(self._known)
        unknown = Context(dn="", kind="other")
        self._known += [*collection.contexts, unknown]
        last = len(self._known) - 1
        for one in objects:
            key = one.dn.lower()
            # Without a name an object would lie above all the others, itself included.
            if not key or key in self._rows:
                continue
            row = self._rows[key] = len(self._dns)
            self._dns.append(one.dn)
            at = first + one.context
            self._contexts.append(at if first <= at < last else last)
            self._object(row, one.attributes)

    def _object(self, row: int, attributes: dict[str, tuple[bytes, ...]]) -> None:
        values = attributes.get("objectclass", ())
        chain = self._chains.get(values)
        if chain is None:
            chain = tuple(decode.text_of(one).lower() for one in values)
            self._chains[values] = chain
        self._classes.append(chain)
        values = attributes.get("objectsid", ())
        self._sids.append(self._reader.sid(values[0]) if values else "")
        values = attributes.get("ntsecuritydescriptor", ())
        self._ids.append(self._descriptor(values[0]) if values else GONE)
        for name, values in attributes.items():
            if name in _UNKEPT or not values:
                continue
            if name in decode.TYPED:
                self._number(row, name, values[0])
                continue
            column = self._values.get(name)
            if column is None:
                column = self._values[name] = Values()
            column.add(row, values)
        if decode.boolean(next(iter(attributes.get("isdeleted", ())), b"")):
            self._deleted.add(row)

    def _number(self, row: int, name: str, value: bytes) -> None:
        found = decode.seconds_of(value) if name in decode.TIMES else decode.number(value)
        if found is None:
            self._nonsense[name] += 1
            return
        column = self._numbers.get(name)
        if column is None:
            column = self._numbers[name] = Numbers()
        column.add(row, found)

    def _descriptor(self, data: bytes) -> int:
        # The bytes themselves would weigh more than all the rest.
        digest = hashlib.blake2b(data, digest_size=16).digest()
        at = self._digests.get(digest)
        if at is None:
            read = self._reader.read(data)
            if isinstance(read, Unreadable):
                self._nonsense["ntsecuritydescriptor"] += 1
                at = SPOILT
            else:
                at = len(self._descriptors)
                self._descriptors.append(read)
            self._digests[digest] = at
        return at

    def tables(self, establishment: str, heads: tuple[Collection, ...]) -> Tables:
        count = len(self._dns)
        for numbers in self._numbers.values():
            numbers.freeze(count)
        for values in self._values.values():
            values.freeze(count)
        domains = self._domains(heads)
        index = {one.dn.lower(): one.index for one in domains}
        return Tables(
            establishment=establishment,
            collections=heads,
            domains=domains,
            dns=self._dns,
            rows=self._rows,
            contexts=self._contexts,
            context_kinds=[one.kind for one in self._known],
            context_domains=[
                index.get(one.dn.lower().removeprefix(_DOMAIN_ZONES), -1) for one in self._known
            ],
            classes=self._classes,
            sids=self._sids,
            numbers=self._numbers,
            values=self._values,
            descriptor_ids=self._ids,
            descriptors=self._descriptors,
            deleted=frozenset(self._deleted),
            nonsense=self._nonsense,
        )

    def _domains(self, heads: tuple[Collection, ...]) -> tuple[Domain, ...]:
        """Give the domains that the configuration names, and those read all the same."""
        read = [one.dn for one in self._known if one.kind == "domain"]
        held = {one.lower() for one in read}
        named: dict[str, tuple[str, str, str]] = {}
        for row, classes in enumerate(self._classes):
            if "crossref" not in classes:
                continue
            bits = self._number_of(row, "systemflags") or 0
            if bits & flags.NTDS_CROSS_REF == flags.NTDS_CROSS_REF:
                dn = self._text(row, "ncname")
                named[dn.lower()] = (dn, self._text(row, "dnsroot"), self._text(row, "netbiosname"))
        for dn in read:
            named.setdefault(dn.lower(), (dn, _dns_name(dn), ""))
        named.pop("", None)
        root = heads[0].root_dn.lower()
        if root and root not in named:
            named[root] = (heads[0].root_dn, heads[0].forest, "")
        ordered = sorted(named, key=lambda dn: (dn != root, dn.count(","), dn))
        found: list[Domain] = []
        for index, key in enumerate(ordered):
            dn, name, netbios = named[key]
            at = self._rows.get(key, -1)
            found.append(
                Domain(
                    index=index,
                    dn=dn,
                    name=(name or _dns_name(dn)).lower(),
                    netbios=netbios,
                    sid=(self._sids[at] if at >= 0 else "") or self._guessed_sid(key),
                    is_root=key == root,
                    is_read=key in held,
                )
            )
        if not found:
            # A file that names no domain is a forest of one, unread.
            name = heads[0].forest.lower()
            found.append(Domain(index=0, dn="", name=name, is_root=True, is_read=False))
        return tuple(found)

    def _guessed_sid(self, domain: str) -> str:
        """Give the SID of a domain whose head was hidden: that of its own accounts."""
        tail = f",{domain}"
        told: Counter[str] = Counter()
        for key, row in self._rows.items():
            if key.endswith(tail) and "foreignsecurityprincipal" not in self._classes[row]:
                told[sids.domain_of(self._sids[row])] += 1
        told.pop("", None)
        return told.most_common(1)[0][0] if told else ""

    def _number_of(self, row: int, name: str) -> int | None:
        column = self._numbers.get(name)
        return column.get(row) if column is not None else None

    def _text(self, row: int, name: str) -> str:
        column = self._values.get(name)
        values = column.get(row) if column is not None else ()
        return decode.text_of(values[0]) if values else ""


def _dns_name(dn: str) -> str:
    parts = [one.partition("=") for one in dn.split(",")]
    return ".".join(value for name, _, value in parts if name.strip().lower() == "dc")
