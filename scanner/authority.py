"""The name servers of the mandated domains, asked directly where a mandate covers their address.

What is asked of a server, in all: the SOA and NS of each of its zones, how it proves absence, one
name that is none of its own, the same over TCP, and from ``standard`` up one zone transfer a zone.
The name that is not its own is the root (``. SOA`` with RD): it is nobody's, every server that
resolves knows it already or asks a root server once, and it is never what authority alone answers.
How much an open resolver amplifies is not measured: that would take larger answers for nothing.

A server outside every mandate is named with the reason, never contacted.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import trio
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from core.errors import OutOfScope, Unanswered
from core.model import Intensity, Place, Status, Transport
from core.observations.base import Observation
from core.observations.zone_server import Delegation, DnsServer, Transfer, Walk, ZoneServer
from scanner.asking_names import NameAsker, host_of
from scanner.datagrams import STOPPED
from scanner.found import NameFound
from scanner.gate import Boundary, Gate
from scanner.target import Target
from scanner.zone_wire import (
    Query,
    Transferred,
    code_of,
    denial_of,
    is_made_up,
    is_newer,
    just_after,
    next_after,
    query,
    records,
    resolved_root,
    serial_of,
)

_AT_ONCE = 16
"""Zones in work; a server is asked one thing at a time."""
_MOST_SERVERS = 16
_MOST_RECORDS = 5_000
"""Of one transfer: what shows that it is open, and the names of a large hospital."""
_TRANSFER_S = 30.0
_MOST_WALKED = 1_000
"""Names of one walk: at the default rate of 20 a second for a host, under a minute."""
_WALK_S = 300.0
_ANSWERS = 4
"""Datagrams read for one question: a forged one before the true one does not hide it."""
_AGAIN_S = 10.0
"""Wait before a difference of serials is asked about again: a NOTIFY takes a second or so."""
_LATER = frozenset({"out-of-window", "interrupted"})
"""Reasons that pass: what they forbid stays to be asked."""
_OF_ZONE: tuple[str, ...] = ("answer", "serial", "name_servers", "transfer", "denial")


async def ask_authorities(
    domains: Sequence[tuple[str, str]],
    tell: Callable[[tuple[Observation, ...]], Awaitable[None]],
    *,
    asker: NameAsker,
    gate: Gate,
    scope: Boundary,
    offer: Callable[[NameFound], Awaitable[None]],
    now: Callable[[], datetime],
    refused: Callable[[OutOfScope], None] = lambda _refused: None,
    port: int = 53,
    again_s: float = _AGAIN_S,
) -> None:
    """Tell one ``ZoneServer`` per domain and address, one ``DnsServer`` per address in a mandate.

    ``domains`` are (domain, establishment) pairs. ``offer`` gets the names that a transfer or a
    walk gives. A domain whose servers may not be asked just now (window, stop) is not told at all:
    ``refused`` gets why, and it stays to be asked.
    """
    work = _Work(
        asker=asker,
        gate=gate,
        scope=scope,
        offer=offer,
        now=now,
        port=port,
        again_s=again_s,
        known=frozenset(domain for domain, _ in domains),
    )
    limiter = trio.CapacityLimiter(_AT_ONCE)
    zones: list[_Zone] = []

    async def find(domain: str, establishment: str) -> None:
        async with limiter:
            zone = await work.find(domain, establishment)
        if zone is not None:
            zones.append(zone)

    async def ask(zone: _Zone) -> None:
        async with limiter:
            try:
                told = await work.ask(zone)
            except OutOfScope as later:
                refused(later)
                return
        await tell(told)

    async with trio.open_nursery() as finding:
        for domain, establishment in domains:
            finding.start_soon(find, domain, establishment)
    # Known whole before the first packet: a server tells at once under which names it is listed.
    async with trio.open_nursery() as asking:
        for zone in sorted(zones, key=lambda one: one.domain):
            asking.start_soon(ask, zone)


@dataclass(slots=True)
class _Machine:
    """One address at which name servers are listed, and what was learnt of it."""

    work: "_Work"
    target: Target
    intensity: Intensity
    hosts: set[str] = field(default_factory=set[str])
    lock: trio.Lock = field(default_factory=trio.Lock)
    zones_left: int = 0
    """Zones of this run not yet asked there: it is told after the last one."""
    is_known: bool = False
    is_authoritative: bool = False
    offers_recursion: bool | None = None
    resolves: bool | None = None
    has_edns: bool | None = None
    has_tcp: bool | None = None
    has_udp: bool | None = None
    why: dict[str, str] = field(default_factory=dict[str, str])

    async def ask(
        self, name: str | dns.name.Name, kind: str, *, recurse: bool = False, signed: bool = False
    ) -> dns.message.Message:
        """Ask over UDP, over TCP where UDP does not serve; raises ``Unanswered``."""
        if self.has_udp is not False:
            try:
                told = await self._over_udp(name, kind, recurse=recurse, signed=signed)
            except Unanswered as ended:
                is_silent = ended.status in {Status.REFUSED, Status.FILTERED, Status.UNDETERMINED}
                if self.has_udp or not is_silent:
                    raise
                told = await self._instead(ended, query(name, kind, recurse=recurse, signed=signed))
                self.has_udp = False
                return told
            self.has_udp = True
            if not told.flags & dns.flags.TC:
                return told
        return await self.over_tcp(query(name, kind, recurse=recurse, signed=signed))

    async def _instead(self, ended: Unanswered, asked: Query) -> dns.message.Message:
        """Ask over TCP what UDP left without an answer; the graver silence is the one told."""
        try:
            return await self.over_tcp(asked)
        except Unanswered as also:
            if ended.status is also.status is Status.REFUSED:
                raise
            if ended.status is Status.REFUSED:
                raise also from ended
            raise ended from also

    async def _over_udp(
        self, name: str | dns.name.Name, kind: str, *, recurse: bool, signed: bool
    ) -> dns.message.Message:
        if self.has_edns is not False:
            asked = query(name, kind, recurse=recurse, signed=signed)
            try:
                told = await self._exchange(asked, tries=2)
            except Unanswered as ended:
                if ended.status is not Status.UNDETERMINED or self.has_edns:
                    raise
            else:
                if told.edns >= 0:
                    self.has_edns = True
                    return told
                if told.rcode() not in {dns.rcode.FORMERR, dns.rcode.NOTIMP}:
                    self.has_edns = bool(self.has_edns)
                    return told
        plain = query(name, kind, recurse=recurse, edns=False)
        told = await self._exchange(plain, tries=2 if self.has_edns is False else 1)
        if self.has_edns is None:
            self.has_edns = False
        return told

    async def _exchange(self, asked: Query, *, tries: int) -> dns.message.Message:
        work = self.work
        async with work.gate.exchange(self.target, work.port) as datagrams:
            try:
                got = await datagrams.ask(
                    asked.wire,
                    answers=_ANSWERS,
                    is_whole=lambda those: asked.reads(those[-1]) is not None,
                    tries=tries,
                )
            except Unanswered as ended:
                raise self._not_now(ended) from ended
        told = asked.reads(got[-1])
        if told is None:
            raise Unanswered(Status.PROTOCOL_ERROR)
        return told

    async def over_tcp(self, asked: Query) -> dns.message.Message:
        """Ask over a connection of its own; raises ``Unanswered``."""
        work = self.work
        try:
            async with await work.gate.dial(self.target, work.port) as stream:
                await stream.send(len(asked.wire).to_bytes(2, "big") + asked.wire)
                size = int.from_bytes(await stream.receive_exactly(2), "big")
                told = asked.reads(await stream.receive_exactly(size))
        except Unanswered as ended:
            if ended.status in {Status.REFUSED, Status.RESET}:
                self.has_tcp = bool(self.has_tcp)
            raise self._not_now(ended) from ended
        if told is None:
            raise Unanswered(Status.PROTOCOL_ERROR)
        self.has_tcp = True
        return told

    async def transfer(self, zone: dns.name.Name) -> Transferred:
        """Ask once for the whole zone and read a bounded part; raises ``Unanswered``."""
        work = self.work
        asked = query(zone, "AXFR", edns=False)
        read = Transferred(zone=zone, query=asked)
        try:
            async with await work.gate.dial(
                self.target, work.port, needs=Intensity.STANDARD
            ) as stream:
                with trio.move_on_after(_TRANSFER_S) as waited:
                    await stream.send(len(asked.wire).to_bytes(2, "big") + asked.wire)
                    wants_more = True
                    while wants_more:
                        size = int.from_bytes(await stream.receive_exactly(2), "big")
                        wire = await stream.receive_exactly(size)
                        wants_more = read.take(wire, _MOST_RECORDS)
                        # Reading a message takes its time; others have theirs.
                        await trio.lowlevel.checkpoint()
                if waited.cancelled_caught:
                    read.fault = "bounded"
        except Unanswered as ended:
            if not read.is_open:
                raise self._not_now(ended) from ended
            read.fault = "bounded" if ended.status is Status.GAVE_UP else "cut"
        return read

    def _not_now(self, ended: Unanswered) -> Unanswered:
        """Raise instead when it is we who may not go on; else give what the server did."""
        if ended.detail == STOPPED or ended.detail == "stopped":
            raise OutOfScope(self.target.ip, "interrupted") from ended
        if ended.status is Status.OUT_OF_WINDOW:
            raise OutOfScope(self.target.ip, "out-of-window") from ended
        return ended

    async def learn(self) -> None:
        """Ask what does not depend on the zone, after the first question about one."""
        try:
            told = await self.ask(".", "SOA", recurse=True)
        except Unanswered as ended:
            self.why |= dict.fromkeys(("offers_recursion", "resolves"), _why(ended))
        else:
            self.offers_recursion = bool(told.flags & dns.flags.RA)
            self.resolves = resolved_root(told)
        if self.has_tcp is None:
            try:
                await self.over_tcp(query(".", "SOA"))
            except Unanswered as ended:
                if self.has_tcp is None:
                    self.why["has_tcp"] = _why(ended)
        self.is_known = True

    def seen(self) -> DnsServer:
        """Give what was learnt."""
        if self.has_udp is None:
            self.why.setdefault("has_udp", "undetermined")
        if self.has_edns is None:
            self.why.setdefault("has_edns", self.why.get("has_udp", "undetermined"))
        return DnsServer(
            place=Place(
                establishment=self.target.establishment,
                ip=self.target.ip,
                port=self.work.port,
                transport=Transport.UDP,
                hostname=self.target.hostname,
            ),
            at=self.work.now(),
            hosts=tuple(sorted(self.hosts)),
            offers_recursion=self.offers_recursion,
            resolves=self.resolves,
            is_authoritative=self.is_authoritative,
            has_edns=self.has_edns,
            has_tcp=self.has_tcp,
            has_udp=self.has_udp,
            why=dict(self.why),
        )


@dataclass(kw_only=True, slots=True)
class _Server:
    """One zone at one address, being asked."""

    host: str
    ip: str
    is_listed: bool = True
    machine: _Machine | None
    """``None``: nothing may be sent there, for the reason in ``why``."""
    later: OutOfScope | None = None
    """What ended the asking, and passes."""
    why: dict[str, str] = field(default_factory=dict[str, str])
    answer: str | None = None
    told: str = ""
    serial: int | None = None
    name_servers: tuple[str, ...] | None = None
    transfer: Transfer | None = None
    denial: str | None = None
    walk: Walk | None = None
    delegations: list[Delegation] = field(default_factory=list[Delegation])


@dataclass(slots=True)
class _Zone:
    """One mandated domain that is a zone."""

    domain: str
    establishment: str
    servers: list[_Server] = field(default_factory=list[_Server])
    resolved: tuple[str, ...] = ()
    why: str = ""
    """Reason id when its servers could not be learnt."""
    newest: _Server | None = None
    is_lasting: bool = False

    @property
    def name(self) -> dns.name.Name:
        return dns.name.from_text(self.domain)


@dataclass(kw_only=True, slots=True)
class _Work:
    asker: NameAsker
    gate: Gate
    scope: Boundary
    offer: Callable[[NameFound], Awaitable[None]]
    now: Callable[[], datetime]
    port: int
    again_s: float
    known: frozenset[str]
    machines: dict[str, _Machine] = field(default_factory=dict[str, _Machine])

    # What the declared resolvers tell.

    async def find(self, domain: str, establishment: str) -> _Zone | None:
        """Give a zone with its servers; ``None`` for a domain that is no zone of its own."""
        zone = _Zone(domain=domain, establishment=establishment)
        if await self.asker.lies():
            # Addresses given for names that do not exist would pass for servers of the zone.
            zone.why = "resolver-lies"
            return zone
        said = await self.asker.ask(domain, "NS")
        if said.why:
            # Signatures that do not hold must not hide the servers that would show why.
            said = await self.asker.ask_unchecked(domain, "NS")
        if said.why:
            zone.why = said.why
            return zone
        if said.chain or not said.exists:
            return None
        hosts = _hosts(said.records)
        if not hosts:
            return None
        zone.resolved = hosts
        primary = [one for one in await self._primary(domain) if one not in hosts]
        for host in (*hosts[:_MOST_SERVERS], *primary):
            for kind in ("A", "AAAA"):
                found = await self.asker.ask(host, kind)
                if found.why:
                    found = await self.asker.ask_unchecked(host, kind)
                those = (one.address for one in found.records if isinstance(one, A | AAAA))
                for address in sorted(set(those))[:_MOST_SERVERS]:
                    self._add(zone, host, address)
        return zone

    async def _primary(self, domain: str) -> list[str]:
        """Give the host that the zone names as its primary; it may stand behind those listed."""
        said = await self.asker.ask(domain, "SOA")
        named = [host_of(one.mname) for one in said.records if isinstance(one, SOA)]
        return [one for one in named if one != "."]

    def _add(self, zone: _Zone, host: str, address: str) -> None:
        """Note one address of a server of the zone, and whether it may be asked."""
        ip = ipaddress.ip_address(address).compressed
        is_listed = host in zone.resolved
        try:
            permit = self.scope.permit(ip, hostname=host, at=self.now())
        except OutOfScope as outside:
            # A primary that nobody is told of is only asked where a mandate has it.
            if is_listed and all(one.ip != ip for one in zone.servers):
                why = dict.fromkeys(_OF_ZONE, outside.reason)
                zone.servers.append(_Server(host=host, ip=ip, machine=None, why=why))
            return
        machine = self.machines.get(ip)
        if machine is None:
            machine = self.machines[ip] = _Machine(
                work=self,
                target=Target(
                    establishment=permit.establishment,
                    ip=ip,
                    hostname=self._needed(ip, host),
                    medical=permit.medical,
                ),
                intensity=permit.intensity,
            )
        machine.hosts.add(host)
        if all(one.ip != ip for one in zone.servers):
            zone.servers.append(_Server(host=host, ip=ip, machine=machine, is_listed=is_listed))
            machine.zones_left += 1

    def _needed(self, ip: str, host: str) -> str | None:
        """Give the name when it is the name alone that opens the address."""
        try:
            self.scope.permit(ip, hostname=None, at=self.now())
        except OutOfScope:
            return host
        return None

    # What the servers tell.

    async def ask(self, zone: _Zone) -> tuple[Observation, ...]:
        """Give what is known of a zone; raises ``OutOfScope`` when it must be asked later."""
        if any(reason in _LATER for one in zone.servers for reason in one.why.values()):
            shut = next(one for one in zone.servers if _LATER & set(one.why.values()))
            raise OutOfScope(shut.ip, next(iter(_LATER & set(shut.why.values()))))
        new: list[_Machine] = []
        async with trio.open_nursery() as asking:
            for server in zone.servers:
                if server.machine is not None:
                    asking.start_soon(self._ask_server, zone, server, server.machine, new)
        for server in zone.servers:
            if server.later is not None:
                raise server.later
        await self._compare(zone)
        await self._walk(zone)
        return (*(one.seen() for one in new), *self._seen(zone))

    async def _ask_server(
        self, zone: _Zone, server: _Server, machine: _Machine, new: list[_Machine]
    ) -> None:
        async with machine.lock:
            try:
                await self._ask_zone(zone, server, machine)
                if not machine.is_known and server.answer not in {None, "closed"}:
                    await machine.learn()
            except OutOfScope as refused:
                if refused.reason in _LATER:
                    server.later = refused
                for name in _OF_ZONE:
                    if getattr(server, name) is None:
                        server.why.setdefault(name, refused.reason)
            machine.zones_left -= 1
            if machine.is_known and not machine.zones_left:
                new.append(machine)

    async def _ask_zone(self, zone: _Zone, server: _Server, machine: _Machine) -> None:
        try:
            told = await machine.ask(zone.name, "SOA")
        except Unanswered as ended:
            if ended.status is Status.REFUSED:
                server.answer, server.told = "closed", ended.detail
                server.why = dict.fromkeys(_OF_ZONE[1:], "refused")
            else:
                server.why = dict.fromkeys(_OF_ZONE, _why(ended))
            return
        server.answer, server.told = _answer(told, zone.name), code_of(told)
        if server.answer != "authoritative":
            server.why = dict.fromkeys(_OF_ZONE[1:], "not-offered")
            return
        machine.is_authoritative = True
        server.serial = serial_of(told, zone.name)
        await self._ask_inside(zone, server, machine)
        await self._transfer(zone, server, machine)

    async def _ask_inside(self, zone: _Zone, server: _Server, machine: _Machine) -> None:
        try:
            told = await machine.ask(zone.name, "NS")
        except Unanswered as ended:
            server.why["name_servers"] = _why(ended)
        else:
            server.name_servers = _hosts(records(told.answer, zone.name, dns.rdatatype.NS))
        try:
            told = await machine.ask(zone.name, "NSEC", signed=True)
        except Unanswered as ended:
            server.why["denial"] = _why(ended)
        else:
            server.denial = denial_of(told, zone.name).way
        for child in self._children(zone.domain):
            delegation = await self._delegation(machine, child)
            if delegation is not None:
                server.delegations.append(delegation)

    def _children(self, domain: str) -> list[str]:
        """Give the mandated domains right below one, no other between them."""
        below = sorted(one for one in self.known if one.endswith(f".{domain}"))
        return [
            one
            for one in below
            if not any(one.endswith(f".{other}") for other in below if other != one)
        ][:_MOST_SERVERS]

    async def _delegation(self, machine: _Machine, child: str) -> Delegation | None:
        """Give what a server of the zone above tells of one below it, and what is in force."""
        name = dns.name.from_text(child)
        try:
            told = await machine.ask(name, "NS")
        except Unanswered:
            return None
        listed = _hosts(records(told.authority, name, dns.rdatatype.NS))
        if told.flags & dns.flags.AA or not listed:
            # It serves both, or the name below is no zone of its own.
            return None
        said = await self.asker.ask(child, "NS")
        if said.why:
            return None
        glue: dict[str, tuple[str, ...]] = {}
        in_force: dict[str, tuple[str, ...]] = {}
        for host in listed:
            owner = dns.name.from_text(host)
            if not owner.is_subdomain(name):
                continue
            found = [
                one
                for kind in (dns.rdatatype.A, dns.rdatatype.AAAA)
                for one in records(told.additional, owner, kind)
            ]
            glue[host] = _addresses(found)
            known: list[dns.rdata.Rdata] = []
            for kind in ("A", "AAAA"):
                answer = await self.asker.ask(host, kind)
                if answer.why:
                    return None
                known += answer.records
            in_force[host] = _addresses(known)
        return Delegation(
            child=child,
            servers=listed,
            resolved=_hosts(said.records),
            glue=glue,
            resolved_glue=in_force,
        )

    async def _transfer(self, zone: _Zone, server: _Server, machine: _Machine) -> None:
        if machine.intensity < Intensity.STANDARD:
            server.why["transfer"] = "intensity"
            return
        try:
            read = await machine.transfer(zone.name)
        except Unanswered as ended:
            if ended.status in {Status.REFUSED, Status.RESET}:
                # Whoever closes to a stranger gives him nothing.
                server.transfer = Transfer(is_open=False, told=ended.status.value)
            else:
                server.why["transfer"] = _why(ended)
            return
        server.transfer = Transfer(
            is_open=read.is_open,
            records=read.records,
            names=len(read.names),
            is_whole=read.is_whole,
            told=read.fault,
        )
        if read.is_open:
            await self._offer(read.names, "transfer")

    async def _compare(self, zone: _Zone) -> None:
        """Find the newest serial; a difference is asked about a second time."""
        self._note_newest(zone)
        if not _differing(zone):
            return
        await trio.sleep(self.again_s)
        for server in zone.servers:
            if server.machine is not None and server.serial is not None:
                async with server.machine.lock:
                    try:
                        told = await server.machine.ask(zone.name, "SOA")
                    except Unanswered:
                        continue
                server.serial = serial_of(told, zone.name) or server.serial
        self._note_newest(zone)
        zone.is_lasting = bool(_differing(zone))

    def _note_newest(self, zone: _Zone) -> None:
        zone.newest = None
        for server in zone.servers:
            if server.serial is not None and (
                zone.newest is None or is_newer(server.serial, zone.newest.serial or 0)
            ):
                zone.newest = server

    async def _walk(self, zone: _Zone) -> None:
        """Follow the names of a zone through the first of its servers that lets it be done."""
        if any(one.transfer is not None and one.transfer.is_whole for one in zone.servers):
            # All of them are known already.
            return
        for server in zone.servers:
            machine = server.machine
            if machine is None or server.denial != "nsec":
                continue
            if machine.intensity < Intensity.STANDARD:
                continue
            async with machine.lock:
                names, end = await self._walked(machine, zone.name)
            server.walk = Walk(names=len(names), end=end)
            await self._offer(names, "nsec")
            return

    async def _walked(
        self, machine: _Machine, zone: dns.name.Name
    ) -> tuple[list[dns.name.Name], str]:
        """Give the names that own an NSEC of their own, and how it ended."""
        names: list[dns.name.Name] = []
        name = zone
        with trio.move_on_after(_WALK_S):
            while len(names) < _MOST_WALKED:
                try:
                    after = await self._after(machine, name, zone)
                except Unanswered:
                    return names, "broken"
                if after is None:
                    # A name that a record announced and that owns none was made up.
                    return names, "broken" if name == zone else "lies"
                if name != zone:
                    names.append(name)
                if after == zone:
                    return names, "whole"
                if is_made_up(name, after) or after <= name:
                    return names, "lies"
                name = after
        return names, "bounded"

    async def _after(
        self, machine: _Machine, name: dns.name.Name, zone: dns.name.Name
    ) -> dns.name.Name | None:
        told = await machine.ask(name, "NSEC", signed=True)
        after = next_after(told, name, zone)
        if after is not None or name == zone:
            return after
        # Of a zone delegated below, only the proof that a neighbour is missing shows the record.
        beside = just_after(name)
        if beside is None:
            return None
        return next_after(await machine.ask(beside, "A", signed=True), name, zone)

    async def _offer(self, names: Sequence[dns.name.Name] | set[dns.name.Name], way: str) -> None:
        for name in sorted(names):
            await self.offer(NameFound(name.to_text(omit_final_dot=True), way))

    def _seen(self, zone: _Zone) -> tuple[Observation, ...]:
        if zone.why:
            place = Place(establishment=zone.establishment, hostname=zone.domain)
            nobody = _Server(host="", ip="", machine=None, why=dict.fromkeys(_OF_ZONE, zone.why))
            return (self._told(zone, nobody, place),)
        return tuple(
            self._told(
                zone,
                server,
                Place(
                    establishment=zone.establishment,
                    ip=server.ip,
                    port=self.port,
                    transport=Transport.UDP,
                    hostname=zone.domain,
                ),
            )
            for server in zone.servers
        )

    def _told(self, zone: _Zone, server: _Server, place: Place) -> ZoneServer:
        newest = zone.newest
        return ZoneServer(
            place=place,
            at=self.now(),
            domain=zone.domain,
            host=server.host,
            is_listed=server.is_listed,
            answer=server.answer,
            told=server.told,
            serial=server.serial,
            newest=newest.serial if newest else None,
            newest_at=newest.ip if newest else "",
            is_lasting=zone.is_lasting,
            name_servers=server.name_servers,
            resolved=zone.resolved,
            transfer=server.transfer,
            denial=server.denial,
            walk=server.walk,
            below=tuple(self._children(zone.domain)),
            delegations=tuple(server.delegations),
            why=server.why,
        )


def _hosts(found: Iterable[dns.rdata.Rdata]) -> tuple[str, ...]:
    """Give the servers that NS records name, sorted."""
    those = {host_of(one.target) for one in found if isinstance(one, NS)}
    return tuple(sorted(those))[: 2 * _MOST_SERVERS]


def _addresses(found: Iterable[dns.rdata.Rdata]) -> tuple[str, ...]:
    those = {one.address for one in found if isinstance(one, A | AAAA)}
    return tuple(sorted(those))[:_MOST_SERVERS]


def _differing(zone: _Zone) -> set[int]:
    serials = {one.serial for one in zone.servers if one.serial is not None}
    return serials if len(serials) > 1 else set()


def _answer(told: dns.message.Message, zone: dns.name.Name) -> str:
    """Say what a server is to a zone by its answer to the zone's SOA."""
    code = told.rcode()
    if code == dns.rcode.NOERROR:
        is_own = told.flags & dns.flags.AA and serial_of(told, zone) is not None
        return "authoritative" if is_own else "not-authoritative"
    known = {
        dns.rcode.REFUSED: "refused",
        dns.rcode.SERVFAIL: "failed",
        dns.rcode.NXDOMAIN: "denied",
    }
    return known.get(dns.rcode.Rcode(code), "error")


def _why(ended: Unanswered) -> str:
    """Give the reason id of what a server did instead of answering."""
    return ended.status.value
