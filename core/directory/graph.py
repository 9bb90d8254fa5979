"""What gives control of what: the edges of the control graph, each found when it is asked for.

A node is a number: the row of an object, for control of it; ``len(objects)`` more, for the power to
link a GPO there; beyond, a principal that no object of the forest holds.
"""

import enum
from collections.abc import Callable, Iterator

from core.directory import sids
from core.directory.controllers import Controller
from core.directory.delegation import Hosts, allowed_to_act
from core.directory.groups import Membership, Privileged
from core.directory.links import Links
from core.directory.objects import MANAGED, Domain, Entry, Objects
from core.directory.rights import Right, Rights

OWNING = Right.OWNER | Right.GENERIC_ALL | Right.WRITE_DAC | Right.WRITE_OWNER
"""What gives all the rest, on an object of any class."""

GRAVE: Right = (
    OWNING
    | Right.GENERIC_WRITE
    | Right.ALL_EXTENDED
    | Right.FORCE_PASSWORD
    | Right.WRITE_MEMBER
    | Right.WRITE_KEY_CREDENTIAL
    | Right.WRITE_RBCD
    | Right.WRITE_GPLINK
    | Right.WRITE_GPC_PATH
    | Right.READ_LAPS
    | Right.WRITE_GMSA_READERS
)
"""Rights to be used at once (level 1 of the points on permissions); DCSync is told by itself."""
DANGEROUS: Right = (
    GRAVE
    | Right.SELF_MEMBER
    | Right.CREATE_DMSA
    | Right.WRITE_DMSA_LINK
    | Right.INSTALL_REPLICA
    | Right.WRITE_SPN
    | Right.WRITE_ALT_IDENTITY
    | Right.WRITE_UAC
    | Right.WRITE_DELEGATE_TO
    | Right.WRITE_MANAGED_BY
    | Right.WRITE_SCRIPT_PATH
    | Right.VALIDATED_SPN
    | Right.MIGRATE_SID_HISTORY
    | Right.CREATE_CHILD
    | Right.CREATE_ACCOUNT
    | Right.DELETE
    | Right.DELETE_CHILD
)
"""Every potentially dangerous right (level 2)."""

_ACCOUNTS = frozenset({"user", "inetorgperson", "computer", *MANAGED})
_OF_ACCOUNT = (
    OWNING
    | Right.GENERIC_WRITE
    | Right.ALL_EXTENDED
    | Right.FORCE_PASSWORD
    | Right.WRITE_KEY_CREDENTIAL
    | Right.WRITE_RBCD
    | Right.READ_LAPS
    | Right.WRITE_GMSA_READERS
    | Right.WRITE_DMSA_LINK
)
_TAKING: dict[str, int] = {
    **dict.fromkeys(_ACCOUNTS, int(_OF_ACCOUNT)),
    "group": int(OWNING | Right.GENERIC_WRITE | Right.WRITE_MEMBER | Right.SELF_MEMBER),
    "grouppolicycontainer": int(OWNING | Right.GENERIC_WRITE | Right.WRITE_GPC_PATH),
    "organizationalunit": int(OWNING | Right.CREATE_DMSA),
    "domaindns": int(OWNING | Right.ALL_EXTENDED),
    "pkicertificatetemplate": int(OWNING | Right.GENERIC_WRITE | Right.WRITE_SOME),
    "pkienrollmentservice": int(OWNING | Right.GENERIC_WRITE | Right.WRITE_SOME),
    "certificationauthority": int(OWNING | Right.GENERIC_WRITE | Right.WRITE_SOME),
}
"""What takes an object of a class, in one step and whatever it holds."""
_STRONGEST: dict[int, Right] = {int(one): one for one in Right}
_LINKING = int(Right.WRITE_GPLINK | Right.GENERIC_WRITE)

TRUSTED: frozenset[str] = frozenset(
    {sids.SYSTEM, sids.ENTERPRISE_CONTROLLERS, sids.SELF, sids.CREATOR_OWNER, sids.CREATOR_GROUP}
)
"""Principals that are of the system itself."""


class Edge(enum.Enum):
    """How one thing gives control of another, besides the rights of :class:`Right`."""

    MEMBER = "member"
    CONTAINS = "contains"
    """What is granted on a container is handed down to what lies in it."""
    ADMIN_SD_HOLDER = "admin-sd-holder"
    """Its rights are copied to the protected accounts."""
    GPO_APPLIES = "gpo-applies"
    GPO_LINK = "gpo-link"
    """May link a GPO above it."""
    DELEGATES_TO = "delegates-to"
    """Constrained delegation to one of its services."""
    ACTS_FOR = "acts-for"
    """Resource-based constrained delegation."""
    READS_PASSWORD = "reads-password"  # noqa: S105 - of a managed account
    SID_HISTORY = "sid-history"
    MANAGED_BY = "managed-by"
    """Local administrator of a read-only controller."""
    UNCONSTRAINED = "unconstrained"
    """Unconstrained delegation: it keeps the tickets of whoever comes, controllers included."""
    DCSYNC = "dcsync"
    """May ask for the passwords of the whole domain."""
    ENROLS = "enrols"
    """May obtain a certificate in anyone's name."""


Label = Right | Edge
Source = tuple[int, Label]


class Graph:
    """Edges by their end: who controls a node in one step."""

    def __init__(
        self,
        objects: Objects,
        membership: Membership,
        rights: Rights,
        links: Links,
        hosts: Hosts,
        privileged: Privileged,
        controllers: tuple[Controller, ...],
        enrolling: Callable[[], frozenset[str]],
    ) -> None:
        self._objects = objects
        self._membership = membership
        self._rights = rights
        self._links = links
        self._privileged = privileged
        self._controllers = {one.account.row: one for one in controllers}
        self._hosts = hosts
        self._enrolling = enrolling
        """Gives the trustees that may enrol in anyone's name."""
        self.count = len(objects)
        self._outside: dict[str, int] = {}
        self._outside_sids: list[str] = []
        self._nodes: dict[tuple[str, int], int] = {}
        self._ready = False
        self._delegating: dict[int, list[int]] = {}
        self._histories: dict[str, list[int]] = {}
        self._unconstrained: dict[int, list[int]] = {}

    # Nodes.

    def node(self, sid: str, domain: Domain | None) -> int:
        """Give the node of a principal; ``domain`` says whose Administrators… are meant."""
        key = (sid, domain.index if domain is not None else 0)
        found = self._nodes.get(key)
        if found is None:
            entry = self._objects.by_sid(sid, domain or self._objects.root)
            if entry is None:
                entry = self._objects.by_sid(sid)
            found = self._nodes[key] = (
                self._outer(sid) if entry is None or entry.is_foreign else entry.row
            )
        return found

    def node_of(self, entry: Entry) -> int:
        """Give the node of an object; of what it stands for, for a foreign principal."""
        return self._outer(entry.sid) if entry.is_foreign and entry.sid else entry.row

    def entry(self, node: int) -> Entry | None:
        """Give the object of a node; ``None`` for a principal that has none."""
        if node < self.count:
            return self._objects.entry(node)
        return self._objects.entry(node - self.count) if node < 2 * self.count else None

    def sid(self, node: int) -> str:
        """Give the SID of a node; empty for what is no principal."""
        if node < self.count:
            return self._objects.sids[node]
        return "" if node < 2 * self.count else self._outside_sids[node - 2 * self.count]

    def _outer(self, sid: str) -> int:
        found = self._outside.get(sid)
        if found is None:
            found = self._outside[sid] = 2 * self.count + len(self._outside_sids)
            self._outside_sids.append(sid)
        return found

    # Edges.

    def by_rights(self, row: int, wanted: int) -> Iterator[Source]:
        """Give who holds one of these rights on an object, with the strongest of them."""
        domain = self._objects.domain_at(row)
        for trustee, bits, _ in self._rights.granted(row):
            held = bits & wanted
            if held and trustee not in TRUSTED:
                yield self.node(trustee, domain), _STRONGEST[held & -held]

    def by_conditions(self, row: int, wanted: int) -> Iterator[int]:
        """Give who holds one of these rights on an object under a condition, and none without."""
        domain = self._objects.domain_at(row)
        for trustee, bits, under in self._rights.granted(row):
            if under & wanted and not bits & wanted and trustee not in TRUSTED:
                yield self.node(trustee, domain)

    def members(self, row: int) -> Iterator[Source]:
        """Give the members of a group."""
        for member in self._membership.members(row):
            yield self.node_of(self._objects.entry(member)), Edge.MEMBER

    def absent(self, node: int) -> tuple[str, ...]:
        """Give the DNs of members that were not collected, where the node is a group."""
        return self._membership.absent(node) if node < self.count else ()

    def dcsync(self, row: int) -> Iterator[Source]:
        """Give who may replicate secrets: both rights, in one hand or through two groups."""
        objects, domain = self._objects, self._objects.domain_at(row)
        granted = self._rights.granted(row)
        some = {one for one, bits, _ in granted if bits & Right.GET_CHANGES}
        for trustee, bits, _ in granted:
            if not bits & Right.GET_CHANGES_ALL or trustee in TRUSTED:
                continue
            node = self.node(trustee, domain)
            if trustee in some:
                yield node, Edge.DCSYNC
                continue
            if node >= self.count:
                continue
            for member in (node, *sorted(self._membership.all_members((node,)))):
                above = self._membership.all_groups(member)
                if any(objects.sids[one] in some for one in above):
                    yield self.node_of(objects.entry(member)), Edge.DCSYNC

    def managers(self, row: int) -> Iterator[Source]:
        """Give who administers a read-only controller locally."""
        controller = self._controllers.get(row)
        if controller is not None and controller.is_read_only:
            for one in controller.account.linked("managedby"):
                yield self.node_of(one), Edge.MANAGED_BY

    def sources(self, node: int) -> Iterator[Source]:
        """Give everything that gives control of a node in one step."""
        if node >= 2 * self.count:
            return
        if node >= self.count:
            row = node - self.count
            yield row, Edge.GPO_LINK
            yield from self.by_rights(row, _LINKING)
            return
        row = node
        classes = self._objects.classes[row]
        kind = classes[-1] if classes else ""
        yield from self.by_rights(row, _TAKING.get(kind, int(OWNING)))
        if kind == "group":
            yield from self.members(row)
        elif kind in _ACCOUNTS:
            yield from self._of_account(row)
        elif kind == "domaindns":
            yield from self._of_domain(row)
        yield from self._handed_down(row)
        yield from self._histories_of(row)

    def _handed_down(self, row: int) -> Iterator[Source]:
        descriptor = self._objects.descriptor_at(row)
        if row in self._privileged.rows:
            domain = self._objects.domain_at(row)
            if domain is not None:
                holder = self._objects.by_dn(f"CN=AdminSDHolder,CN=System,{domain.dn}")
                if holder is not None and holder.row != row:
                    yield holder.row, Edge.ADMIN_SD_HOLDER
        if descriptor is not None and descriptor.is_protected:
            return
        above = self._objects.parents[row]
        # A partition begins anew: nothing is handed down across it.
        if above >= 0 and self._objects.context_row(above) == self._objects.context_row(row):
            yield above, Edge.CONTAINS

    def _of_account(self, row: int) -> Iterator[Source]:
        self._prepare()
        entry = self._objects.entry(row)
        domain = entry.domain
        controller = self._controllers.get(row)
        site = controller.site if controller is not None else None
        for link in self._links.reaching(entry, site):
            if link.gpo is not None:
                yield link.gpo.row, Edge.GPO_APPLIES
        for place in self._linkable(entry):
            yield self.count + place, Edge.GPO_LINK
        if site is not None:
            yield self.count + site.row, Edge.GPO_LINK
        for source in self._delegating.get(row, ()):
            yield source, Edge.DELEGATES_TO
        for sid in allowed_to_act(entry, "msds-allowedtoactonbehalfofotheridentity") or ():
            if sid not in TRUSTED:
                yield self.node(sid, domain), Edge.ACTS_FOR
        for sid in allowed_to_act(entry, "msds-groupmsamembership") or ():
            if sid not in TRUSTED:
                yield self.node(sid, domain), Edge.READS_PASSWORD
        yield from self.managers(row)

    def _of_domain(self, row: int) -> Iterator[Source]:
        self._prepare()
        domain = self._objects.domain_at(row)
        yield from self.dcsync(row)
        if domain is None or self._objects.dns[row].lower() != domain.dn.lower():
            return
        for source in self._unconstrained.get(domain.index, ()):
            yield source, Edge.UNCONSTRAINED
        for sid in self._enrolling():
            if sid not in TRUSTED:
                yield self.node(sid, domain), Edge.ENROLS

    def _histories_of(self, row: int) -> Iterator[Source]:
        self._prepare()
        for source in self._histories.get(self._objects.sids[row], ()):
            if source != row:
                yield source, Edge.SID_HISTORY

    def _linkable(self, entry: Entry) -> Iterator[int]:
        at = self._objects.parents[entry.row]
        while at >= 0:
            classes = self._objects.classes[at]
            if classes and classes[-1] in ("organizationalunit", "domaindns"):
                yield at
            at = self._objects.parents[at]

    def _prepare(self) -> None:
        """Turn around what is written at the other end."""
        if self._ready:
            return
        self._ready = True
        objects = self._objects
        for entry in objects.having("msds-allowedtodelegateto"):
            if entry.is_enabled:
                for spn in entry.texts("msds-allowedtodelegateto"):
                    for target in self._hosts.targets(spn):
                        held = self._delegating.setdefault(target.row, [])
                        if entry.row not in held:
                            held.append(entry.row)
        for entry in objects.having("sidhistory"):
            for sid in entry.sids("sidhistory"):
                self._histories.setdefault(sid, []).append(entry.row)
        for row in objects.unconstrained:
            domain = objects.domain_at(row)
            if domain is not None and row not in self._controllers:
                self._unconstrained.setdefault(domain.index, []).append(row)
