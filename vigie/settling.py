"""What a run proves to be gone, told as it ends; all else stays as it was.

A finding is missed when the run asked its exact question again and was answered « no »:

- a fact of the family that its check reads was seen at the same place, and the check said nothing;
- the same site, zone or registration was judged at another place of this run, and is sound there;
- what stands at the port is for sure something else, or no longer shows what was recognised;
- the port refused us, or fell silent though our access lets it out and its prefix still answers;
- the name no longer exists or leads elsewhere, a name server is no longer one of the zone's;
- in a directory, the point was evaluated wholly, and passed.

What was left out, limited, banned, filtered on our side or not asked for proves nothing. An
incomplete run proves nothing at all; a retest speaks for its own findings alone; a check that is
no longer in the catalogue answers nothing, and its findings stay until a person settles them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address

import msgspec

from checks.registry import Check, by_id
from core.directory.forest import Directory
from core.knowledge.load import load_knowledge
from core.levels import Confirmations, load_levels
from core.life import Absence
from core.model import Confidence, Place, Status, Transport, fingerprint
from core.observations.base import Attempt, Observation
from core.observations.codec import decode, kind
from core.observations.directory import DirectoryAudited
from core.observations.domain import DomainSeen
from core.observations.egress import EgressSeen
from core.observations.host import HostSeen
from core.observations.mail_policy import MailPolicy
from core.observations.name import NameSeen
from core.observations.registration import Registration
from core.observations.run import RunSeen
from core.observations.service import Service
from core.observations.site import SitesSeen
from core.observations.tls import TlsService
from core.observations.zone_server import ZoneServer
from core.store.life import Lives, Unanswered
from core.store.store import Run, Store
from scanner.pace import keys_of
from scanner.space import BLOCK_PAIRS, DATAGRAM_SILENT, Space, code_of
from vigie.candidates import candidate_spaces
from vigie.coverage import UDP_SPACES, asked_over_udp, scope_of, swept_spaces, udp_space

_READ_WHOLE = frozenset(
    kind(family)
    for family in (
        Attempt,
        DirectoryAudited,
        DomainSeen,
        EgressSeen,
        HostSeen,
        MailPolicy,
        NameSeen,
        Registration,
        Service,
        SitesSeen,
        ZoneServer,
    )
)
"""Kinds of which more than the place is read."""
_NO_ADDRESS = "no address"
_GONE = frozenset({"NXDOMAIN", _NO_ADDRESS})
"""Said of a name by resolvers that answered."""
_SPEAKS: Mapping[str, frozenset[str]] = {
    "ssh": frozenset({"ssh"}),
    "rdp": frozenset({"rdp"}),
    "smb": frozenset({"smb"}),
    "ftp": frozenset({"ftp"}),
    "vnc": frozenset({"vnc"}),
    "x11": frozenset({"x11"}),
    "dicom": frozenset({"dicom"}),
    "mail": frozenset({"smtp", "imap", "pop3"}),
    "web-hygiene": frozenset({"http"}),
    "plain-web": frozenset({"http"}),
    "sites": frozenset({"http"}),
    "ike": frozenset({"ike"}),
    "ipmi": frozenset({"ipmi"}),
    "vpn": frozenset({"pptp", "l2tp", "openvpn", "sstp", "wireguard"}),
    "database": frozenset(
        {
            "postgresql",
            "mysql",
            "redis",
            "memcached",
            "mongodb",
            "mssql",
            "oracle",
            "elasticsearch",
            "couchdb",
            "cassandra",
            "ldap",
        }
    ),
    "tls": frozenset({"smtp", "imap", "pop3", "ftp", "ldap", "rdp", "postgresql", "mysql", "xmpp"}),
}
"""Kind of observation → protocols behind which its absence says nothing: the probe failed."""
_SHOWN = frozenset({"product", "fhir", "front"})
"""Kinds that tell what a service shows of itself: not shown any more, it may still be there."""
_SILENT = frozenset({code_of(Status.TIMEOUT), code_of(Status.FILTERED)})
_ALL_OF_A_HOST = 40
"""Ports below which a whole host is not judged anew."""


def end(store: Store, run: Run, *, at: datetime, complete: bool) -> None:
    """End a run: in one transaction, with what it proves to be gone. Expire what is over, too."""
    store.end_run(run.id, at=at, complete=complete, absences=missed(store, run) if complete else {})
    Lives(store).expire(at)


def missed(store: Store, run: Run) -> dict[str, Absence]:
    """Give what a complete run proves to be gone, by fingerprint."""
    waiting = [
        one
        for one in Lives(store).unanswered(
            run.id,
            run.ght,
            only=run.plan.retest or None,
            establishments=run.plan.establishments,
        )
        if one.check in by_id()
    ]
    if not waiting:
        return {}
    settler = _Settler(store, run, waiting)
    return {one.fingerprint: told for one in waiting if (told := settler.absence(one)) is not None}


class _Placed(msgspec.Struct, frozen=True):
    """What is read of most observations."""

    place: Place


_placed = msgspec.json.Decoder(_Placed)


@dataclass(slots=True)
class _Facts:
    """What a run saw, as far as absences are read from it."""

    places: dict[str, set[Place]] = field(default_factory=lambda: defaultdict(set))
    services: dict[Place, Service] = field(default_factory=dict[Place, Service])
    refused: set[Place] = field(default_factory=set[Place])
    """Ports that refused a retest."""
    sites: dict[Place, SitesSeen] = field(default_factory=dict[Place, SitesSeen])
    names: dict[str, NameSeen] = field(default_factory=dict[str, NameSeen])
    zones: dict[str, DomainSeen] = field(default_factory=dict[str, DomainSeen])
    told_at: dict[tuple[str, Place], str] = field(default_factory=dict[tuple[str, Place], str])
    children: set[Place] = field(default_factory=set[Place])
    """Delegated domains, at the server above them that told of them."""
    transfers: set[Place] = field(default_factory=set[Place])
    """Where a zone transfer was asked for, and answered."""
    without_mail: set[Place] = field(default_factory=set[Place])
    egress: EgressSeen | None = None
    forest: DirectoryAudited | None = None

    def read(self, kind_: str, body: str) -> None:
        """Take note of one observation."""
        if kind_ not in _READ_WHOLE:
            self.places[kind_].add(_placed.decode(body).place)
            return
        seen = decode(body)
        place = seen.place
        match seen:
            case Service():
                self.services[place] = seen
                return
            case Attempt(probe="identify", status=Status.REFUSED):
                self.refused.add(place)
                return
            case HostSeen(tried_tcp=tried) if tried < _ALL_OF_A_HOST:
                return
            case NameSeen():
                other = self.names.get(seen.name)
                if other is None or (other.error and not seen.error):
                    self.names[seen.name] = seen
                if seen.error:
                    return
            case SitesSeen():
                self.sites[place] = seen
            case DomainSeen():
                self.zones[seen.domain] = seen
                self._told(kind_, seen, seen.told_at)
            case Registration():
                self._told(kind_, seen, seen.told_at)
            case ZoneServer():
                self.children.update(_named(place, one.child) for one in seen.delegations)
                if seen.transfer is not None:
                    self.transfers.add(msgspec.structs.replace(place, transport=Transport.TCP))
            case MailPolicy(mx=()):
                self.without_mail.add(place)
            case EgressSeen():
                self.egress = seen
            case DirectoryAudited():
                self.forest = seen
            case _:
                pass
        self.places[kind_].add(place)

    def _told(self, kind_: str, seen: Observation, at: str) -> None:
        if at:
            self.told_at[kind_, seen.place] = at


class _Settler:
    """Answers, finding by finding, whether a run missed it."""

    def __init__(self, store: Store, run: Run, waiting: Iterable[Unanswered]) -> None:
        self._store = store
        self._run = run
        self._needs: Confirmations = load_levels().confirmations
        self._facts = _Facts()
        self._verdicts = store.answered(run.id)
        for kind_, body in store.bodies(run.id, _kinds(waiting)):
            self._facts.read(kind_, body)
        self._codes = (
            {}
            if run.plan.retest or run.kind != "exposure"
            else _swept(store, run, self._facts.names, _spots(waiting, run.plan.tcp_ports))
        )
        self._alive = {
            _prefix(unit.place.ip)
            for unit in store.units(run.id)
            if unit.place.ip and unit.place.transport is not Transport.UDP
        }
        self._class = {
            (fact.port, fact.transport) for fact in load_knowledge().ports if fact.egress
        }

    def absence(self, one: Unanswered) -> Absence | None:
        """Give the absence that the run proves; ``None``: it was not measured."""
        check = by_id()[one.check]
        told = self._of_directory(one) if check.reads is Directory else self._of_network(one, check)
        if told is None:
            return None
        why, needed = told
        return Absence(run=self._run.id, at=self._run.started_at, needed=needed, why=why)

    # directories

    def _of_directory(self, one: Unanswered) -> tuple[str, int] | None:
        forest = self._facts.forest
        place = one.place
        if forest is None or place.forest != forest.place.forest:
            return None
        if place.domain is not None and place.domain not in forest.domains:
            return None
        for point in forest.points:
            if point.check == one.check:
                # Failed elsewhere in the forest, and evaluated wholly: sound here.
                is_whole = point.status != "not_evaluated" and not point.why
                return ("measured-clean", self._needs.certain) if is_whole else None
        return None

    # the network

    def _of_network(self, one: Unanswered, check: Check[Observation]) -> tuple[str, int] | None:
        kinds = [kind(family) for family in check.families]
        sure = self._needs.unsure if one.confidence is Confidence.TENTATIVE else self._needs.certain
        for place in self._same(one.place, kinds):
            if place != one.place and fingerprint(one.check, place) in self._verdicts:
                # The same thing, told at another place, is at fault there, or was not measured.
                return None
            if self._is_judged(one.check, kinds, place):
                return "measured-clean", sure
        if "run" in kinds:
            return self._shared(one, sure)
        if "mail-hosts" in kinds and one.place in self._facts.without_mail:
            return "measured-clean", sure
        return (
            self._of_name(one.place, kinds)
            or self._of_service(one.place, kinds, sure)
            or self._of_port(one.place)
        )

    def _same(self, place: Place, kinds: Iterable[str]) -> Iterator[Place]:
        """Give the place, then the one at which this run judged the same thing."""
        for kind_ in kinds:
            if (elsewhere := self._facts.told_at.get((kind_, place))) is not None:
                yield _named(place, elsewhere)
                return
        yield place
        if place.hostname and place.port:
            sites = self._facts.sites.get(_named(place, None))
            for number, site in enumerate(sites.sites if sites else ()):
                if place.hostname in site.names and (number == 0 or site.assessed_as):
                    yield _named(place, site.assessed_as)

    def _is_judged(self, check: str, kinds: Iterable[str], place: Place) -> bool:
        facts = self._facts
        if check == "dns.glue-mismatch":
            return place in facts.children
        if check == "dns.zone-transfer":
            return place in facts.transfers
        for kind_ in kinds:
            if kind_ == "service":
                seen = facts.services.get(place)
                if seen is not None and seen.protocol != "unknown" and not _is_faceless(seen):
                    return True
            elif kind_ == "sites":
                sites = facts.sites.get(_named(place, None))
                if sites and any(place.hostname in site.names for site in sites.sites):
                    return True
            elif place in facts.places[kind_]:
                # A run is folded by establishment; what a host shows of a port, by host.
                return True
        return False

    def _of_name(self, place: Place, kinds: Iterable[str]) -> tuple[str, int] | None:
        facts = self._facts
        if {"zone-server", "dns-server"} & set(kinds):
            zones = [
                zone
                for zone in facts.zones.values()
                if zone.place.establishment == place.establishment
            ]
            servers = [zone.name_servers for zone in zones if not zone.told_at]
            if not servers or any(listed is None for listed in servers):
                return None
            listed = {
                address for some in servers for host in some or () for address in host.addresses
            }
            # A machine whose addresses did not resolve may be the one.
            if any(not host.addresses for some in servers for host in some or ()):
                return None
            return None if place.ip in listed else ("name-gone", self._needs.gone)
        named = facts.names.get(place.hostname or "")
        if named is None:
            return None
        if "registration" in kinds:
            # A name that lapsed leaves the DNS too: its registry alone tells.
            return None
        if named.error == _NO_ADDRESS and place.ip is None and "name" not in kinds:
            # A domain needs no address of its own to have mail and name servers.
            return None
        if named.error in _GONE:
            return "name-gone", self._needs.gone
        if named.error or place.ip is None:
            return None
        if place.ip not in named.addresses:
            return "name-gone", self._needs.gone
        if "parity" in kinds and all(":" in address for address in named.addresses):
            return "name-gone", self._needs.gone
        return None

    def _of_service(self, place: Place, kinds: Iterable[str], sure: int) -> tuple[str, int] | None:
        seen = self._facts.services.get(place) or self._facts.services.get(_named(place, None))
        if seen is None or seen.protocol == "unknown" or seen.confidence is Confidence.TENTATIVE:
            return None
        for kind_ in kinds:
            if kind_ == "service":
                # Recognised by what it showed, and shown no longer: it may be behind that page.
                return "unrecognised", self._needs.unrecognised
            if kind_ == "host" and place.port is not None:
                return "measured-clean", sure
            if kind_ in _SHOWN or (kind_ == "database" and seen.protocol == "http"):
                return "unrecognised", self._needs.unrecognised
            speaks = _SPEAKS.get(kind_)
            if speaks is None or seen.protocol in speaks or (kind_ == "tls" and seen.tls):
                return None
        return "replaced", self._needs.replaced

    def _of_port(self, place: Place) -> tuple[str, int] | None:
        if place.ip is None:
            return None
        if _named(place, None) in self._facts.refused or place in self._facts.refused:
            return "port-refused", self._needs.refused
        if place.port is None:
            ports = self._run.plan.tcp_ports
            if len(ports) < _ALL_OF_A_HOST:
                return None
            told = [self._of_pair(place.ip, port, Transport.TCP, place) for port in ports]
            if not told or any(one is None for one in told):
                return None
            known = [one for one in told if one is not None]
            return min(known, key=lambda one: one[1])
        return self._of_pair(place.ip, place.port, place.transport or Transport.TCP, place)

    def _of_pair(
        self, ip: str, port: int, transport: Transport, place: Place
    ) -> tuple[str, int] | None:
        code = self._codes.get((place.establishment, ip, port, transport))
        egress = self._facts.egress
        if code is None or (egress is not None and port in egress.filtered):
            return None
        if code == code_of(Status.REFUSED):
            return "port-refused", self._needs.refused
        is_udp = transport is Transport.UDP
        if code not in ({DATAGRAM_SILENT} | _SILENT if is_udp else _SILENT):
            return None
        if (port, transport) in self._class:
            # No canary speaks UDP.
            reached = egress is not None and egress.has_canary and port in egress.reached
            if is_udp or not reached:
                return None
        if _prefix(ip) not in self._alive:
            return None
        return "port-silent", self._needs.udp_silent if is_udp else self._needs.silent

    # keys

    def _shared(self, one: Unanswered, sure: int) -> tuple[str, int] | None:
        """A key is shared no more when every place that shared it was measured again, or closed."""
        if not self._is_answered(one.place):
            return None
        is_known = False
        for _, body in self._store.bodies(one.last_run, ["run"]):
            before = decode(body)
            if not isinstance(before, RunSeen):
                continue
            groups = [key.places for key in before.shared_keys]
            groups += [(*key.sslv2, *key.others) for key in before.borrowed_keys]
            for places in groups:
                if one.place not in places:
                    continue
                is_known = True
                if not all(map(self._is_answered, places)):
                    return None
        # Whoever else had it may be told no more: of a run that was purged.
        return ("measured-clean", sure) if is_known else None

    def _is_answered(self, place: Place) -> bool:
        if place in self._facts.places[kind(TlsService)]:
            return True
        told = self._of_service(place, [kind(TlsService)], 1) or self._of_port(place)
        return told is not None and told[1] == 1


def _is_faceless(seen: Service) -> bool:
    """Whether a web page that nothing is recognised in came: what stood there may be behind it."""
    return seen.protocol == "http" and seen.product is None


def _named(place: Place, name: str | None) -> Place:
    return msgspec.structs.replace(place, hostname=name)


def _kinds(waiting: Iterable[Unanswered]) -> list[str]:
    wanted = {"service", "attempt", "sites", "name", "domain", "egress", "mail-policy", "tls"}
    for one in waiting:
        check = by_id()[one.check]
        if check.reads is Directory:
            wanted.add(kind(DirectoryAudited))
        else:
            wanted.update(kind(family) for family in check.families)
    return sorted(wanted)


def _prefix(ip: str) -> int:
    address = ip_address(ip)
    return keys_of(address.version, int(address))[0]


_Spot = tuple[str, str, int, Transport]
"""Establishment, address, port, transport."""


def _spots(waiting: Iterable[Unanswered], tcp_ports: tuple[int, ...]) -> set[_Spot]:
    """Give the pairs whose statuses may tell something."""
    found: set[_Spot] = set()
    for one in waiting:
        place = one.place
        if place.ip is None:
            continue
        transport = place.transport or Transport.TCP
        ports = tcp_ports if place.port is None else (place.port,)
        found.update((place.establishment, place.ip, port, transport) for port in ports)
        if "run" in {kind(each) for each in by_id()[one.check].families}:
            found.add((place.establishment, place.ip, place.port or 0, Transport.TCP))
    return found


def _swept(
    store: Store, run: Run, names: Mapping[str, NameSeen], spots: set[_Spot]
) -> dict[_Spot, int]:
    """Give the codes that the sweep left for some pairs; each block is read once."""
    scope = scope_of(run, names.values())
    main = list(swept_spaces(store, run, scope, names.values()))
    chosen = list(candidate_spaces(store, run, scope))
    over_udp = [
        (UDP_SPACES + number, udp_space(space, run))
        for number, space in asked_over_udp(
            [one for one in main if one[0] not in {number for number, _, _ in chosen}], chosen
        )
    ]
    found: dict[_Spot, int] = {}
    for transport, spaces in ((Transport.TCP, main), (Transport.UDP, over_udp)):
        mine = [one for one in spots if one[3] is transport]
        for number, space in spaces:
            found.update(_codes(store, run, number, space, mine))
    return found


def _codes(
    store: Store, run: Run, number: int, space: Space, spots: Iterable[_Spot]
) -> Iterator[tuple[_Spot, int]]:
    by_block: dict[int, list[tuple[int, _Spot]]] = defaultdict(list)
    ports = set(space.ports)
    for spot in spots:
        if spot[2] not in ports:
            continue
        address = ip_address(spot[1])
        try:
            index = space.index_of(address.version, int(address), spot[2])
        except KeyError:
            continue
        if space.segments[space.pair(index)[3]].establishment == spot[0]:
            by_block[index // BLOCK_PAIRS].append((index % BLOCK_PAIRS, spot))
    for block, wanted in by_block.items():
        codes = store.sweep_block(run.id, number, block)
        for offset, spot in wanted if codes else ():
            if codes is not None and offset < len(codes):
                yield spot, codes[offset]
