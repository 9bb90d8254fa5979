"""A forest as checks read it: they ask, and what several objects mean together is computed once.

**Objects.** ``forest.users``, ``.computers`` (controllers included), ``.servers`` (Windows servers
that are no controllers), ``.managed`` (sMSA, gMSA, dMSA), ``.groups``, ``.gpos``, ``.trusts``,
``.templates``, ``.enrollment_services``; any other by class:
``forest.of("msds-passwordsettings")``; the quick way to a rare attribute:
``forest.having("sidhistory")``. All of the forest, deleted ones left out. One of them:
``forest.by_dn(dn)``, ``.by_sid(sid, domain)``, ``.by_guid(guid)``, ``.account(domain,
sids.KRBTGT)``, ``.head(domain)``, ``.children(entry)``, ``.under(dn)``. ``forest.domains`` (root
first), ``entry.domain`` (``None`` in the configuration).

**Entries** (:class:`~core.directory.objects.Entry`) are compared and hashed by identity. Any
attribute, lower case: ``entry.text("description")``, ``.texts``, ``.number``, ``.flag``,
``.moment`` (UTC, FILETIME or generalized time), ``.span`` (durations), ``.raw`` (bytes),
``.linked("managedby")`` (entries), ``.sids("sidhistory")``, ``.has``, ``.changes("member")``
(replication metadata). Common: ``.dn .sid .rid .name .kind .classes .created .changed .descriptor
.uac .is_enabled .is_user .is_computer .is_managed .is_group .spns .password_set .last_logon
.encryption .primary_group``. Bits: :mod:`core.directory.flags`. Ages are counted from
``forest.at``.

**Groups.** ``forest.members_of(group)`` (direct, primary group included), ``.everyone_in(group)``
(nested), ``.groups_of(entry)``, ``.group_loops``. **Privileged**: ``entry in forest.privileged``,
``.privileged.users``, ``.enabled_users``, ``.accounts``, ``.groups``, ``.counted``,
``.via[entry]``. **Controllers**: ``forest.controllers`` (``.account .is_read_only .is_entra
.server .settings .site``), ``forest.is_controller(entry)``.

**Rights.** ``forest.rights_on(entry)`` gives who may do what
(:class:`~core.directory.rights.Held`); ``forest.rights.trustees(descriptor, mask, guid)`` answers
for a mask of your own. The points on permissions ask ``forest.controllers_of(*targets, level=1)``:
who controls them without being expected to, one :class:`~core.directory.paths.Control` per trustee
and target, with the shortest path. ``forest.paths.path_from(entry)`` and ``.leading()`` go to
``forest.tier0``.

**Delegation and policies.** ``forest.spn_targets(spn)``, ``.allowed_to_act_on(entry)``,
``.password_readers(gmsa)``; ``forest.gpos_on(entry)``, ``.links.of(place)``, ``.links.every()``;
``forest.policy_of(user)``, ``.is_hardened(user)``; ``forest.certificates`` (AD CS);
``forest.trust_of(entry)``, ``forest.zones``, ``forest.dns_names.answer(host)``;
``forest.heuristic(8)`` (dSHeuristics);
``forest.schema`` (GUIDs, LAPS); ``forest.partition_heads``.

**Not read.** ``forest.unread("domain", "user", "pwdlastset", domain=domain)`` gives a reason when
the part was not read whole, else ``""``: yield ``NotMeasured(forest.place(domain), reason)`` then,
and whenever an object that must exist (krbtgt…) is not there (reason ``"hidden: krbtgt"``). Asked
about ``"group"`` or ``"member"`` it also tells a privileged or built-in group with a member that
was not read (``forest.absent_from(group)``), or whose members were refused.

**Where.** ``forest.place(domain)``, or ``forest.place()`` for the forest: one ``Flagged`` per
place.
"""

from collections.abc import Iterable
from functools import cached_property

from core.directory import sids
from core.directory.adcs import CertificateServices
from core.directory.controllers import Controller, find_controllers
from core.directory.delegation import Hosts, allowed_to_act
from core.directory.graph import Graph
from core.directory.groups import Membership, Privileged, find_privileged, is_controller
from core.directory.links import Link, Links
from core.directory.names import Names
from core.directory.objects import Domain, Entry, Objects
from core.directory.paths import Control, Controls, Paths
from core.directory.policies import Policies, Policy
from core.directory.rights import NO_RIGHT, Held, Right, Rights
from core.directory.schema import Schema
from core.directory.trusts import Trust, read_trust
from core.directory.zones import Zone, find_zones

_OF_GROUPS = frozenset({"group", "member"})
_FIRST_OF_OURS = 1_000
"""Lower RIDs are of what every domain has."""


class Directory(Objects):
    """One forest, frozen: nothing of it changes but what is remembered."""

    # Objects, by what they are.

    @cached_property
    def users(self) -> tuple[Entry, ...]:
        """Accounts of people and services, disabled ones included; no machine, trust or gMSA."""
        return tuple(one for one in self.of("user") if one.is_user)

    @cached_property
    def computers(self) -> tuple[Entry, ...]:
        """Accounts of machines, controllers included."""
        return tuple(one for one in self.of("computer") if one.is_computer)

    @cached_property
    def servers(self) -> tuple[Entry, ...]:
        """Machines whose system says « Server » and that are no controllers."""
        return tuple(
            one
            for one in self.computers
            if "server" in one.operating_system.lower() and not self.is_controller(one)
        )

    @cached_property
    def managed(self) -> tuple[Entry, ...]:
        """Managed service accounts: sMSA, gMSA, dMSA."""
        return tuple(
            one
            for one in self.of(
                "msds-managedserviceaccount",
                "msds-groupmanagedserviceaccount",
                "msds-delegatedmanagedserviceaccount",
            )
            if one.is_managed
        )

    @property
    def groups(self) -> tuple[Entry, ...]:
        """Groups, distribution ones included."""
        return self.of("group")

    @property
    def gpos(self) -> tuple[Entry, ...]:
        """Group policy objects."""
        return self.of("grouppolicycontainer")

    @property
    def trusts(self) -> tuple[Entry, ...]:
        """trustedDomain objects."""
        return self.of("trusteddomain")

    def trust_of(self, entry: Entry) -> Trust:
        """Give a trustedDomain object decoded."""
        return read_trust(self, entry)

    @cached_property
    def zones(self) -> tuple[Zone, ...]:
        """DNS zones that the directory holds."""
        return find_zones(self)

    @cached_property
    def dns_names(self) -> Names:
        """What these zones answer."""
        return Names(self, self.zones)

    @cached_property
    def deleted(self) -> tuple[Entry, ...]:
        """Objects that were deleted and can still be read."""
        return tuple(self.entry(row) for row in sorted(self.deleted_rows))

    @cached_property
    def readable(self) -> tuple[tuple[Entry, str], ...]:
        """Objects with an attribute made for a password that the account of the audit may read."""
        told = (one for each in self.collections for one in each.readable or ())
        found = ((self.by_dn(one.dn), one.attribute) for one in dict.fromkeys(told))
        return tuple((entry, name) for entry, name in found if entry is not None)

    @property
    def templates(self) -> tuple[Entry, ...]:
        """Certificate templates."""
        return self.of("pkicertificatetemplate")

    @property
    def enrollment_services(self) -> tuple[Entry, ...]:
        """Certification authorities that enrol."""
        return self.of("pkienrollmentservice")

    # Groups.

    @cached_property
    def membership(self) -> Membership:
        """Who belongs to what, by row."""
        return Membership(self)

    def members_of(self, group: Entry) -> tuple[Entry, ...]:
        """Give the direct members, those by primary group included.

        Those that were not collected are in :meth:`absent_from`.
        """
        return tuple(map(self.entry, self.membership.members(group.row)))

    def absent_from(self, group: Entry) -> tuple[str, ...]:
        """Give the DNs of direct members that were not collected."""
        return self.membership.absent(group.row)

    def everyone_in(self, *groups: Entry) -> frozenset[Entry]:
        """Give everything in these groups, nested groups and what they hold included."""
        found = self.membership.all_members(one.row for one in groups)
        return frozenset(map(self.entry, found))

    def groups_of(self, entry: Entry) -> frozenset[Entry]:
        """Give every group that it is in, through any nesting."""
        return frozenset(map(self.entry, self.membership.all_groups(entry.row)))

    @property
    def group_loops(self) -> tuple[tuple[Entry, ...], ...]:
        """Groups that contain one another."""
        return self.membership.loops

    @cached_property
    def privileged(self) -> Privileged:
        """Privileged accounts and groups, by ANSSI's definition."""
        return find_privileged(self, self.membership)

    @cached_property
    def policies(self) -> Policies:
        """Password policies."""
        return Policies(self, self.membership)

    def policy_of(self, account: Entry) -> Policy:
        """Give the password policy that decides for an account."""
        return self.policies.of(account)

    def is_hardened(self, account: Entry) -> bool:
        """Whether ANSSI tolerates an SPN, or no pre-authentication, on it (PSO and AES alone)."""
        return self.policies.is_hardened(account)

    def unread(self, kind: str, *what: str, domain: Domain | None = None) -> str:
        """Give why a question cannot be answered, as :meth:`Objects.unread` does.

        A question about groups cannot either where a privileged or built-in one has a member that
        was not collected, or refuses its members: nobody knows what they are.
        """
        why = super().unread(kind, *what, domain=domain)
        if why or kind != "domain" or not _OF_GROUPS & {one.lower() for one in what}:
            return why
        meant = self.domains if domain is None else (domain,)
        absent = next((self._absent[one] for one in meant if one in self._absent), "")
        return f"hidden: {absent}" if absent else ""

    @cached_property
    def _absent(self) -> dict[Domain, str]:
        """Domain → what is not known of the groups that checks rely on.

        DN of a member that was not collected, or of a group whose members were refused.
        """
        built_in = (one for one in self.groups if (one.rid or _FIRST_OF_OURS) < _FIRST_OF_OURS)
        dns_admins = (one for one in self.groups if one.name.lower() == "dnsadmins")
        found: dict[Domain, str] = {}
        for group in (*self.privileged.groups, *built_in, *dns_admins):
            if group.domain is not None:
                for dn in self.absent_from(group)[:1]:
                    found.setdefault(group.domain, dn)
                if self._is_closed(group, group.domain):
                    found.setdefault(group.domain, f"{group.dn} (member)")
        return found

    def _is_closed(self, group: Entry, domain: Domain) -> bool:
        """Whether who read a domain was refused the members of a group: it looks empty then."""
        if group.has("member") or group.descriptor is None:
            return False
        readers = {
            one.account_sid
            for one in self.collections
            if any(context.dn.lower() == domain.dn.lower() for context in one.contexts)
        }
        return any(
            self.by_sid(one) is not None
            and not self.rights.may_read(one, group.descriptor, "member", "group")
            for one in readers
        )

    # Controllers.

    @cached_property
    def controllers(self) -> tuple[Controller, ...]:
        """Domain controllers, read-only ones and the Entra object included."""
        return find_controllers(self)

    def is_controller(self, entry: Entry) -> bool:
        """Whether an account is a controller's."""
        return is_controller(entry)

    # Rights.

    @cached_property
    def schema(self) -> Schema:
        """The live schema."""
        return Schema(self)

    @cached_property
    def rights(self) -> Rights:
        """Who may do what."""
        tokens: dict[str, frozenset[str]] = {}

        def token(sid: str) -> frozenset[str]:
            found = tokens.get(sid)
            if found is None:
                entry = self.by_sid(sid)
                rows = self.membership.all_groups(entry.row) if entry is not None else set[int]()
                found = tokens[sid] = frozenset(self.sids[row] for row in rows)
            return found

        return Rights(self, self.schema, token)

    def rights_on(self, entry: Entry) -> tuple[Held, ...]:
        """Give what each trustee may do to an object; nothing where its descriptor is hidden."""
        return self.rights.on(entry)

    # Certificates, delegation, policies, paths.

    @cached_property
    def certificates(self) -> CertificateServices:
        """Certificate services (AD CS)."""
        return CertificateServices(self, self.rights)

    @cached_property
    def hosts(self) -> Hosts:
        """Host names to accounts."""
        return Hosts(self, self.controllers)

    def spn_targets(self, spn: str) -> tuple[Entry, ...]:
        """Give the accounts that a service name leads to, by any name of their host."""
        return self.hosts.targets(spn)

    def allowed_to_act_on(self, entry: Entry) -> tuple[str, ...]:
        """Give the SIDs that may act for anyone on it (RBCD)."""
        return allowed_to_act(entry, "msds-allowedtoactonbehalfofotheridentity") or ()

    def password_readers(self, entry: Entry) -> tuple[str, ...]:
        """Give the SIDs that may read the password of a gMSA."""
        return allowed_to_act(entry, "msds-groupmsamembership") or ()

    @cached_property
    def links(self) -> Links:
        """Links of group policy."""
        return Links(self)

    def gpos_on(self, entry: Entry) -> tuple[Link, ...]:
        """Give the links whose GPO reaches an object, a controller's site included."""
        controller = self._controller_of.get(entry)
        return self.links.reaching(entry, controller.site if controller is not None else None)

    @cached_property
    def _controller_of(self) -> dict[Entry, Controller]:
        return {one.account: one for one in self.controllers}

    @cached_property
    def graph(self) -> Graph:
        """What gives control of what."""
        return Graph(
            self,
            self.membership,
            self.rights,
            self.links,
            self.hosts,
            self.privileged,
            self.controllers,
            lambda: frozenset(one for _, who in self.certificates.in_anyones_name() for one in who),
        )

    @cached_property
    def tier0(self) -> frozenset[Entry]:
        """What controls the forest: the privileged, the controllers, and what makes either."""
        found: set[Entry] = set(self.privileged.via)
        found.update(one.account for one in self.controllers if not one.is_entra)
        for domain in self.domains:
            found.update(
                one
                for one in (
                    self.head(domain),
                    self.krbtgt(domain),
                    self.in_system(domain, "CN=AdminSDHolder"),
                    self.by_dn(f"OU=Domain Controllers,{domain.dn}"),
                )
                if one is not None
            )
        found.update(one for one in self.of("configuration", "dmd", "mskds-provrootkey", "secret"))
        found.update(one for one in self.groups if one.name.lower() == "dnsadmins")
        found.update(
            one
            for one in self.of("certificationauthority")
            # What lies in AIA only helps to build a chain; Cert Publishers write it by default.
            if one.name == "NTAuthCertificates"
            or ",cn=certification authorities," in one.dn.lower()
        )
        for service in self.enrollment_services:
            found.add(service)
            host = service.text("dnshostname")
            found.update(self.hosts.targets(f"HOST/{host}") if host else ())
        found.update(one for one in self.templates if self.certificates.publishing(one))
        return frozenset(found)

    @cached_property
    def paths(self) -> Paths:
        """Shortest paths to tier 0."""
        return Paths(self.graph, sorted(self.tier0, key=lambda one: one.row))

    @cached_property
    def controls(self) -> Controls:
        """Who controls what, besides those expected to."""
        return Controls(
            self,
            self.graph,
            self.rights,
            self.membership,
            self.privileged,
            lambda: self.heuristic(29) == "1",
        )

    def controllers_of(
        self,
        *targets: Entry,
        level: int = 1,
        besides: Iterable[str] = (),
        more: Right = NO_RIGHT,
        only: Right | None = None,
    ) -> tuple[Control, ...]:
        """Give who controls these targets without being expected to (:meth:`Controls.of`)."""
        return self.controls.of(targets, level=level, besides=besides, more=more, only=only)

    # Settings of the whole forest.

    @cached_property
    def configuration_dn(self) -> str:
        """DN of the configuration."""
        return self._of_kind("configuration") or f"CN=Configuration,{self.root.dn}"

    @cached_property
    def schema_dn(self) -> str:
        """DN of the schema."""
        return self._of_kind("schema") or f"CN=Schema,{self.configuration_dn}"

    @cached_property
    def partition_heads(self) -> tuple[Entry, ...]:
        """Heads of every naming context that was read: domains, configuration, schema, DNS."""
        dns = dict.fromkeys(
            context.dn.lower() for one in self.collections for context in one.contexts
        )
        found = (self.by_dn(dn) for dn in dns)
        return tuple(one for one in found if one is not None)

    def _of_kind(self, kind: str) -> str:
        found = (
            context.dn
            for collection in self.collections
            for context in collection.contexts
            if context.kind == kind
        )
        return next(found, "")

    def in_configuration(self, path: str) -> Entry | None:
        """Give an object by its path in the configuration (``CN=Partitions``)."""
        return self.by_dn(f"{path},{self.configuration_dn}")

    def in_system(self, domain: Domain, path: str) -> Entry | None:
        """Give an object by its path in a domain's System container (``CN=AdminSDHolder``)."""
        return self.by_dn(f"{path},CN=System,{domain.dn}")

    @property
    def directory_service(self) -> Entry | None:
        """The object that holds dSHeuristics and tombstoneLifetime."""
        return self.in_configuration("CN=Directory Service,CN=Windows NT,CN=Services")

    def heuristic(self, position: int) -> str:
        """Give one character of dSHeuristics, counted from 1; ``0`` where it is too short."""
        service = self.directory_service
        text = service.text("dsheuristics") if service is not None else ""
        return text[position - 1] if 0 < position <= len(text) else "0"

    def krbtgt(self, domain: Domain) -> Entry | None:
        """Give a domain's krbtgt account."""
        return self.account(domain, sids.KRBTGT)
