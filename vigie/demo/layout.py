"""Where everything stands: addresses, names, and the ports that this machine lets us have."""

import errno
import ipaddress
import random
import socket
from dataclasses import dataclass

from core.knowledge.model import Knowledge
from vigie.demo.domains import DOMAINS, Domain
from vigie.demo.region import KINDS, DatagramSeat, Kind, Seat

DEFAULT_HOSTS = len(KINDS)
MOST_HOSTS = 254
_SHIFT = 20_000
NETWORK = "127.20"
"""First two bytes of every address; another one lets two regions live on one machine."""
RESOLVER_PORT = 20_053
REGISTRIES_PORT = 20_080


@dataclass(frozen=True, kw_only=True, slots=True)
class Hospital:
    """One establishment of the fake group, on a /24 of its own."""

    id: str
    name: str
    block: int
    """Third byte of its addresses."""


HOSPITALS = (
    Hospital(id="chu-montclair", name="CHU de Montclair", block=1),
    Hospital(id="ch-valbrune", name="Centre hospitalier de Valbrune", block=2),
    Hospital(id="ch-roquesec", name="Hôpital local de Roquesec", block=3),
)
_TURN = (0, 0, 1, 2)
"""Every fourth host goes to each small hospital, two to the large one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """One address."""

    ip: str
    hostname: str
    hospital: Hospital
    kind: Kind
    seats: tuple[tuple[int, Seat], ...]
    """Port really used, service."""
    datagrams: tuple[DatagramSeat, ...]
    first_of_kind: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """The whole."""

    network: str
    hosts: tuple[Host, ...]
    excluded: str
    """An address in the midst of the range that no scanner may touch."""
    lure: tuple[str, int]
    """Where redirects lead: outside the scope."""
    moved: dict[int, int]
    """Port of the default list → port used instead."""
    listed: tuple[int, ...]
    """The default list as it can be on this machine: what a scan has to try."""
    listed_udp: tuple[int, ...]
    """The same over UDP."""

    @property
    def resolver(self) -> tuple[str, int]:
        """Give the address and UDP port of the region's own resolver."""
        return f"{self.network}.255.53", RESOLVER_PORT

    @property
    def registries(self) -> tuple[str, int]:
        """Give the address and port of what knows certified names, and who holds addresses."""
        return f"{self.network}.255.80", REGISTRIES_PORT

    def holds_excluded(self, hospital: Hospital) -> bool:
        """Tell whether the excluded address lies in the range of this establishment."""
        return self.excluded.startswith(f"{self.network}.{hospital.block}.")

    def domains(self) -> tuple[Domain, ...]:
        """Give the domains of the establishments that have a host."""
        present = {host.hospital.id for host in self.hosts}
        return tuple(one for one in DOMAINS if one.hospital in present)

    def names(self) -> dict[str, str]:
        """Give every name of a host, those of its virtual sites too, with its address."""
        named = {host.hostname: host.ip for host in self.hosts}
        for host in self.hosts:
            if host.first_of_kind:
                for _, seat in host.seats:
                    for one in seat.virtuals:
                        named[f"{one.label}.{host.hospital.id}.example"] = host.ip
        return named

    @property
    def has_dns(self) -> bool:
        """Whether name servers can stand on their own port."""
        return 53 in self.listed

    def authorities(self) -> dict[str, Domain]:
        """Give the addresses of hosts that serve a zone, each with that domain."""
        names = {host.hostname: host.ip for host in self.hosts}
        serving = {f"{one.name_server}.{one.name}": one for one in self.domains()}
        return {names[name]: one for name, one in serving.items() if name in names and self.has_dns}

    def ranges(self, hospital: Hospital) -> tuple[str, ...]:
        """Give the used addresses of one establishment as the fewest CIDRs."""
        used = [host.ip for host in self.hosts if host.hospital is hospital]
        if self.holds_excluded(hospital):
            used.append(self.excluded)
        return tuple(map(str, ipaddress.collapse_addresses(map(ipaddress.IPv4Network, used))))


def unusable_ports(
    ports: tuple[int, ...],
    network: str = NETWORK,
    kind: socket.SocketKind = socket.SOCK_STREAM,
) -> frozenset[int]:
    """Give the ports that cannot be bound: privileged, or held by this machine on every address."""
    unusable: set[int] = set()
    for port in ports:
        with socket.socket(socket.AF_INET, kind) as trial:
            if kind is socket.SOCK_STREAM:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((f"{network}.255.254", port))
                if kind is socket.SOCK_STREAM:
                    trial.listen(1)
            except OSError as error:
                if error.errno not in {errno.EACCES, errno.EADDRINUSE}:
                    raise
                unusable.add(port)
    return frozenset(unusable)


def lay_out(
    hosts: int,
    knowledge: Knowledge,
    unusable: frozenset[int] = frozenset(),
    network: str = NETWORK,
    listed_udp: tuple[int, ...] = (),
) -> Region:
    """Give the region of that many hosts; the same for the same arguments."""
    default = knowledge.default_tcp()
    moved = {port: _elsewhere(port, knowledge, unusable) for port in default if port in unusable}
    listed = sorted({moved.get(port) or port for port in default} - unusable)
    kinds = list(KINDS[:hosts])
    shuffled = random.Random(20)  # noqa: S311 - the same region each time
    repeated = [kind for kind in KINDS if not kind.once]
    while len(kinds) < hosts:
        kinds += shuffled.sample(repeated, min(len(repeated), hosts - len(kinds)))
    used = [0] * len(HOSPITALS)
    seen: dict[str, int] = {}
    made: list[Host] = []
    for number, kind in enumerate(kinds):
        turn = _TURN[number % len(_TURN)]
        hospital = HOSPITALS[turn]
        used[turn] += 1
        seen[kind.name] = seen.get(kind.name, 0) + 1
        label = kind.name if seen[kind.name] == 1 else f"{kind.name}-{seen[kind.name]}"
        made.append(
            Host(
                ip=f"{network}.{hospital.block}.{used[turn]}",
                hostname=f"{label}.{hospital.id}.example",
                hospital=hospital,
                kind=kind,
                seats=tuple(
                    (port, seat) for seat in kind.seats if (port := moved.get(seat.port, seat.port))
                ),
                datagrams=tuple(seat for seat in kind.datagrams if seat.port in listed_udp),
                first_of_kind=seen[kind.name] == 1,
            )
        )
    return Region(
        network=network,
        hosts=tuple(made),
        excluded=f"{network}.{HOSPITALS[0].block}.{used[0] + 1}",
        lure=(f"{network}.250.1", moved.get(80) or 80),
        moved={port: other for port, other in moved.items() if other},
        listed=tuple(listed),
        listed_udp=listed_udp,
    )


def _elsewhere(port: int, knowledge: Knowledge, unusable: frozenset[int]) -> int:
    """Give the port used instead, 0 for none; a fragile device stays on a port of its kind."""
    if fact := knowledge.quiet_fact(port):
        others = [
            other
            for other in knowledge.default_tcp()
            if other >= 1_024
            and other not in unusable
            and (known := knowledge.quiet_fact(other))
            and known.quiet == fact.quiet
        ]
        # The last ones are nobody's own place in the region.
        return others[-1] if others else 0
    other = port + _SHIFT
    return other if other < 65_536 and not knowledge.is_quiet(other) else 0
