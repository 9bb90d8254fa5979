"""One exposure scan, assembled: what it may do, what it works with, where it stands."""

import secrets
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address

import msgspec
import trio

from checks.registry import by_id
from core.errors import OutOfScope
from core.facts import Facts
from core.inventory import Inventory
from core.knowledge.load import load_knowledge
from core.model import Intensity, Judged, Place, Transport
from core.observations.domain import DomainSeen
from core.observations.host import ControlsTried
from core.observations.name import NameSeen, NamesHunted
from core.observations.registration import Registration
from core.observations.service import Service
from core.observations.zone_server import ZoneServer
from core.store.store import Plan, Run, Store
from inventories.hostnames import suffixes
from inventories.scope import Scope
from scanner.asking_names import NameAsker
from scanner.controls import HIGHEST, LOWEST, PORTS_TRIED, Controlled, Controls
from scanner.discovery import TELLING, ConnectEngine, Opened, Progress
from scanner.dns_client import DnsClient
from scanner.domains import DomainAsked, to_ask
from scanner.gate import Gate
from scanner.identify import Ask, names_first
from scanner.leftovers import ask_nmap
from scanner.pace import keys_of
from scanner.questions import Question, askable
from scanner.sentinel import Sentinels
from scanner.space import Space
from scanner.target import Target
from scanner.tls.revocation import Asker
from vigie import __version__
from vigie.config import Settings
from vigie.coverage import main_space, scope_of, udp_space
from vigie.feeds import Known
from vigie.progress import Journal, Screen
from vigie.recorder import Recorder
from vigie.reporting import claims_of, facts_of, names_by_address
from vigie.services import resolver, revocation_asker
from vigie.tls_roots import read_roots

_OF_DOMAIN = DomainSeen | NamesHunted | Registration | ZoneServer
STOP_POLL_S = 1.0
"""How soon ``vigie stop`` is heard of."""


def utc_now() -> datetime:
    """Give the time, UTC."""
    return datetime.now(UTC)


def plan_run(
    inventory: Inventory,
    *,
    profile: Intensity | None,
    establishments: Sequence[str],
    tcp_ports: Sequence[int],
    udp_ports: Sequence[int] = (),
    retest: Sequence[str] = (),
    targets: Sequence[str] = (),
) -> Run:
    """Give a new run, not yet stored.

    Of ``udp_ports``, those that no probe knows how to ask are planned as never asked.
    """
    knowledge = load_knowledge()
    udp = sorted(set(udp_ports))
    started = utc_now()
    allowed = [mandate.intensity for mandate in inventory.mandates]
    effective = min(profile or Intensity.STANDARD, max(allowed, default=Intensity.PASSIVE))
    return Run(
        id=f"{started:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        kind="exposure",
        ght=inventory.ght.id,
        profile=effective.value,
        started_at=started,
        finished_at=None,
        complete=False,
        vigie_version=__version__,
        plan=Plan(
            seed=secrets.randbits(48),
            tcp_ports=tuple(sorted(set(tcp_ports))),
            udp_ports=tuple(port for port in udp if askable(port, knowledge)),
            udp_unasked=tuple(port for port in udp if not askable(port, knowledge)),
            establishments=tuple(establishments),
            profile=profile.value if profile else None,
            retest=tuple(retest),
            targets=tuple(targets),
        ),
        inventory=inventory,
    )


@dataclass(kw_only=True)
class Job:
    """A run at work: what the stages share. Made by :func:`assemble`."""

    run: Run
    store: Store
    scope: Scope
    """With the addresses of excluded, medical and hosted names already learnt."""
    gate: Gate
    space: Space
    """The mandated ranges × the ports."""
    facts: Facts
    recorder: Recorder
    journal: Journal
    screen: Screen
    sentinels: Sentinels
    resolver: DnsClient | None
    asker: NameAsker | None
    """Asks the resolvers each question once in the run."""
    settings: Settings
    wait: bool | None
    """``True``: wait for windows; ``False``: end when one closes; ``None``: pause once begun."""
    egress_filtered: frozenset[int] = frozenset()
    """Ports that the canary did not see."""
    pending: list[Opened] = field(default_factory=list[Opened])
    """Open ports that an interrupted run had not identified."""
    roots: tuple[bytes, ...] = ()
    """DER of the authorities that the inventory adds."""
    revocation: Asker | None = None
    """Asks the listed authorities about certificates."""
    everywhere: set[str] = field(default_factory=set[str])
    """Addresses that accept on every port, as their control ports told."""
    engine: ConnectEngine | None = None
    is_sweeping: bool = False
    """The engine's progress is not in ``swept`` yet."""
    swept: int = 0
    asked: Progress = field(default_factory=Progress)
    """Of all that is asked over UDP."""
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Address → mandated names that lead to it."""
    written: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Those of them that the inventory writes: a port is identified under one of these, the same
    at each run, however soon other names are found."""
    mute: Counter[str] = field(default_factory=Counter[str])
    """Open ports that never said a word, by address."""
    seen_names: list[NameSeen] = field(default_factory=list[NameSeen])
    _below: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Addresses that names found told to be those of excluded or medical ones."""
    names_known: trio.Event = field(default_factory=trio.Event)
    unfinished: set[str] = field(default_factory=set[str])
    """Reasons why planned work was not done."""
    reopens_at: datetime | None = None
    """When an open port may be asked that a window, closed meanwhile, left pending."""
    is_interrupted: bool = False
    """By Ctrl-C or SIGTERM."""
    stopped: trio.Event = field(default_factory=trio.Event)
    """Set by ``vigie stop`` when it holds everything that this run may contact."""

    def names_to_resolve(self) -> list[tuple[str, str]]:
        """Give (establishment, name) for the names of the inventory not resolved yet, sorted."""
        known = {seen.name for seen in self.seen_names}
        wanted = {(owner, domain) for domain, owner in self.scope.domains()}
        for domain, owner in self.scope.domains():
            wanted.update((owner, name) for name in self.scope.names_under(domain))
        wanted.update((one.establishment, one.name) for one in self.scope.named_targets())
        return sorted((owner, name) for owner, name in wanted if name not in known)

    def domains_to_hunt(self) -> list[tuple[str, str]]:
        """Give the (domain, establishment) pairs whose names were not looked for yet."""
        if not self.run.inventory.names.enumerate:
            return []
        return self._left_of("names-hunted")

    def domains_to_ask(self) -> list[DomainAsked]:
        """Give the mandated domains not asked about yet, with the names that do not exist."""
        missing = [seen.name for seen in self.seen_names if seen.error == "NXDOMAIN"]
        left = dict(self._left_of("domain"))
        known = {domain for domain, _ in self.scope.domains() if domain not in left}
        led = [seen for seen in self.seen_names if seen.addresses]
        aliased = [(seen.name, target) for seen in led for target in seen.chain]
        return to_ask(self.scope.domains(), missing, known, aliased)

    def domains_of_servers(self) -> list[tuple[str, str]]:
        """Give the (domain, establishment) pairs whose name servers were not asked yet."""
        return self._left_of("zone-server")

    def domains_registered(self) -> list[tuple[str, str]]:
        """Give the (domain, establishment) pairs whose registration was not asked for yet."""
        return self._left_of("registration")

    def _left_of(self, kind: str) -> list[tuple[str, str]]:
        """Give the mandated domains of which no such observation is stored; none in a retest."""
        if self.run.plan.retest:
            return []
        stored = self.store.observations(self.run.id, kinds=(kind,))
        told = {seen.domain for seen in stored if isinstance(seen, _OF_DOMAIN)}
        wanted = self.run.plan.targets
        return [
            (domain, owner)
            for domain, owner in self.scope.domains()
            if domain not in told and (not wanted or domain in wanted)
        ]

    def know_names(self) -> None:
        """Let checks know of the names learnt so far."""
        self.facts = msgspec.structs.replace(self.facts, names=names_by_address(self.seen_names))

    def learn(self, seen: NameSeen) -> None:
        """Take note of where a name leads."""
        self.seen_names.append(seen)
        self._spare(seen)
        for address in seen.in_scope:
            self.names[address].add(seen.name)
            if "inventory" in seen.found_by:
                self.written[address].add(seen.name)

    def _spare(self, seen: NameSeen) -> None:
        """Close, or spare, the addresses of a name found below one that is excluded or medical."""
        above = self.scope.names_to_learn().intersection(suffixes(seen.name))
        addresses = {_usual(one) for one in seen.addresses}
        if not above or all((one, name) in self._below for one in addresses for name in above):
            return
        self._below.update((one, name) for one in addresses for name in above)
        before = self.scope
        self.scope = before.knowing({seen.name: sorted(addresses)})
        shut = {one for one in addresses if self.scope.is_excluded(one)}
        alone = {one for one in addresses if _is_medical(self.scope, one, None)}
        spared = sorted(one for one in shut if not before.is_excluded(one))
        self.gate.learn(self.scope, spared=spared, alone=sorted(alone))

    def ask(self, opened: Opened) -> Ask:
        """Give what may be asked at an open port; raises ``OutOfScope`` when nothing may now."""
        target, port = opened.target, opened.port
        permit = self.scope.permit(target.ip, hostname=target.hostname, at=utc_now())
        target = msgspec.structs.replace(target, medical=permit.medical)
        return Ask(
            target=target,
            port=port,
            intensity=permit.intensity,
            names=self._names(target),
            dial=lambda: self.gate.dial(target, port),
            in_scope=lambda host, _port: self._follows(target, host),
            knowledge=self.facts.knowledge,
            operator=self.run.inventory.services.operator,
            now=utc_now,
            leftover=self._leftover(target, port, permit.intensity),
            mute_ports=lambda: self.mute[target.ip],
            everywhere=lambda: port not in TELLING and self._answers_everywhere(target),
            roots=self.roots,
            revocation=self.revocation,
            names_apart=target.hostname is None and not self.run.plan.retest,
        )

    def ask_as(self, target: Target, port: int, name: str | None) -> Ask:
        """Give what may be asked at a port under one name; ``None``: as the bare address.

        Raises ``OutOfScope`` when nothing may now.
        """
        named = msgspec.structs.replace(target, hostname=name or target.ip)
        ask = self.ask(Opened(index=-1, target=named, port=port, stream=None))
        return ask if name else replace(ask, names=())

    def question(self, target: Target, port: int) -> Question:
        """Give what may be asked at a UDP port; raises ``OutOfScope`` when nothing may now."""
        permit = self.scope.permit(target.ip, hostname=target.hostname, at=utc_now())
        target = msgspec.structs.replace(target, medical=permit.medical)
        return Question(
            target=target,
            port=port,
            intensity=permit.intensity,
            names=self._names(target),
            exchange=lambda any_port, spend: self.gate.exchange(
                target, port, any_port=any_port, spend=spend
            ),
            in_scope=lambda host, _port: self._follows(target, host),
            knowledge=self.facts.knowledge,
            operator=self.run.inventory.services.operator,
            now=utc_now,
            roots=self.roots,
        )

    def _names(self, target: Target) -> tuple[str, ...]:
        names = {target.hostname} if target.hostname else self.written.get(target.ip, set())
        return names_first([name for name in names if name])

    def _leftover(
        self, target: Target, port: int, intensity: Intensity
    ) -> Callable[[Place], Awaitable[Service | None]] | None:
        """nmap, in profile deep alone; never on medical addresses (quiet ports never get there)."""
        if intensity < Intensity.DEEP or target.medical:
            return None
        return lambda place: ask_nmap(self.gate, target, port, place, utc_now)

    def _follows(self, target: Target, host: str) -> bool:
        """Whether a redirect may be followed: to the same address, under a name mandated there."""
        if host not in {target.ip, target.hostname} and host not in self.names.get(target.ip, ()):
            return False
        name = target.hostname if host == target.ip else host
        return self.scope.allows(target.ip, hostname=name, at=utc_now())

    def _answers_everywhere(self, target: Target) -> bool:
        if target.ip in self.everywhere:
            return True
        return self.engine is not None and target in self.engine.progress.everywhere

    def controls(self, told: Callable[[ControlsTried], Awaitable[None]]) -> Controls:
        """Give what puts hosts to the test on ports that nobody serves."""
        knowledge = self.facts.knowledge
        listed = {one.port for one in knowledge.ports} | set(self.run.plan.tcp_ports)
        quiet = {port for port in range(LOWEST, HIGHEST + 1) if knowledge.is_quiet(port)}

        async def tell(seen: Controlled) -> None:
            if seen.answers_everywhere:
                self.everywhere.add(seen.target.ip)
            place = Place(establishment=seen.target.establishment, ip=seen.target.ip)
            await told(
                ControlsTried(place=place, at=utc_now(), tried=seen.tried, accepted=seen.accepted)
            )

        return Controls(self.gate.dial, avoid=listed | quiet, told=tell)

    def refused(self, why: OutOfScope) -> None:
        """Take note of an open port that could not be asked."""
        self.unfinished.add(why.reason)
        if why.reason == "out-of-window" and why.next_opening is not None:
            self.reopens_at = min(self.reopens_at or why.next_opening, why.next_opening)

    def take_up(self) -> None:
        """Go on where the run stood: its open ports, and who witnesses for each prefix."""
        self.reopens_at = None
        self.unfinished.discard("out-of-window")
        self.swept = 0
        self.asked = Progress()
        self.pending.clear()
        _take_up(self)

    def told(self, one: Judged) -> None:
        """Show one verdict on the screen."""
        self.screen.judged(one, by_id()[one.check].criticality)

    def bug(self, where: str, trace: str) -> None:
        """Keep the trace of a fault of ours; the scan goes on without that part."""
        self.journal.note("bug", where=where, trace=trace)
        self.unfinished.add("bug")

    async def watch_stops(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Obey ``vigie stop`` within a second or so, whoever says it, on whichever machine.

        Has started once what was said before is obeyed.
        """
        mine = {one.establishment for one in self.scope.segments(utc_now())}
        mine |= {one.establishment for one in self.scope.named_targets()}
        held = await self._obey_stops(mine, set())
        task_status.started()
        while not self.stopped.is_set():
            await trio.sleep(STOP_POLL_S)
            held = await self._obey_stops(mine, held)

    async def _obey_stops(self, mine: set[str], held: set[str]) -> set[str]:
        # One store may serve several groups: what is stopped elsewhere changes nothing here.
        now_held = (mine | {"*"}) & await trio.to_thread.run_sync(self.store.held)
        if now_held - held:
            self.journal.note("stop", establishments=sorted(now_held))
            self.gate.hold(None if "*" in now_held else now_held)
            self.unfinished.add("interrupted")
        if held - now_held:
            self.gate.lift()
            if now_held:
                self.gate.hold(None if "*" in now_held else now_held)
        if "*" in now_held or (mine and mine <= now_held):
            self.stopped.set()
        return now_held

    async def show_progress(self) -> None:
        """Refresh the screen twice a second."""
        while True:
            self.screen.refresh()
            await trio.sleep(0.5)


def assemble(
    run: Run,
    store: Store,
    *,
    settings: Settings,
    journal: Journal,
    wait: bool | None,
    learnt: Sequence[NameSeen] = (),
    egress_filtered: Collection[int] = (),
    known: Known | None = None,
) -> Job:
    """Give a job that is ready to run; nothing is sent yet."""
    scope = scope_of(run, learnt)
    known = known or Known(knowledge=load_knowledge())
    knowledge = known.knowledge
    gate = Gate(
        scope,
        run.inventory.limits,
        journal=lambda event, detail: journal.note(event, detail=detail),
        is_quiet=knowledge.is_quiet,
    )
    space = main_space(run, scope)
    total = space.size + udp_space(space, run).size
    quiet = frozenset(port for port in run.plan.tcp_ports if knowledge.is_quiet(port))
    asked = resolver(run.inventory)
    job = Job(
        run=run,
        store=store,
        scope=scope,
        gate=gate,
        space=space,
        facts=facts_of(run, claims=claims_of(store, run), known=known),
        recorder=Recorder(store, run),
        journal=journal,
        screen=Screen(settings, journal, total=total, done=lambda: _done(job)),
        sentinels=Sentinels(gate.dial, avoid_ports=quiet),
        resolver=asked,
        asker=NameAsker(asked) if asked else None,
        settings=settings,
        wait=wait,
        egress_filtered=frozenset(egress_filtered),
        roots=read_roots(run.inventory.tls.roots),
        revocation=revocation_asker(run.inventory),
    )
    for seen in learnt:
        job.learn(seen)
    job.take_up()
    return job


def _usual(ip: str) -> str:
    """Give the usual spelling of a literal; of IPv4 inside IPv6, that of the IPv4 it is."""
    address = ip_address(ip)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).compressed


def _take_up(job: Job) -> None:
    for seen in job.store.observations(job.run.id, kinds=("controls",)):
        if isinstance(seen, ControlsTried) and len(seen.accepted) >= PORTS_TRIED and seen.place.ip:
            job.everywhere.add(seen.place.ip)
    pending = {unit.place for unit in job.store.units(job.run.id, pending_only=True)}
    for unit in job.store.units(job.run.id):
        place = unit.place
        assert place.ip is not None
        assert place.port is not None
        target = Target(
            establishment=place.establishment,
            ip=place.ip,
            hostname=place.hostname,
            medical=_is_medical(job.scope, place.ip, place.hostname),
        )
        if place in pending:
            transport = place.transport or Transport.TCP
            job.pending.append(
                Opened(index=0, target=target, port=place.port, stream=None, transport=transport)
            )
        elif place.transport is not Transport.UDP:
            address = ip_address(place.ip)
            prefix, _ = keys_of(address.version, int(address))
            job.sentinels.seen(prefix, target, place.port)


def _is_medical(scope: Scope, ip: str, hostname: str | None) -> bool:
    try:
        return scope.permit(ip, hostname=hostname, at=utc_now()).medical
    except OutOfScope:
        # Not allowed just now; when it is, the gate judges it again. Until then, spare it.
        return True


def _done(job: Job) -> int:
    sweeping = job.engine.progress.done if job.engine and job.is_sweeping else 0
    return job.swept + sweeping + job.asked.done
