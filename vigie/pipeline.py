"""The way of the data, on one screen: inventory → targets → observations → findings → store.

Stages run at the same time and meet through bounded channels; one nursery owns them all.

    resolve, hunt names, then domains and their mail ─┐
    name servers in a mandate ────────────────────────┤
    in profile passive, sources ──────────────────────┤
    discover ─→ open ports ─→ identify × n ────────────┼─→ seen ─→ judge ─→ facts ─→ keep
    then ask over UDP, one question a port ───────────┤                    (the one writer)
    then what each name is shown, and mail servers ───┘

What is folded from the whole (hosts, shared keys) is judged when the stages have ended.
"""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import trio

from core.errors import OutOfScope
from core.knowledge.domains import load_domain_facts
from core.knowledge.mail import load_mail_facts
from core.model import Confidence, Place, Status, Transport
from core.observations.base import Attempt, Observation
from core.observations.host import ControlsTried
from core.observations.hygiene import WebHygiene
from core.observations.name import NameSeen
from core.observations.passive import PassiveAnswer
from core.observations.service import Service
from core.observations.site import SitesSeen
from core.observations.tls import TlsService
from core.store.store import Run, Store
from scanner.datagram_sweep import Answered, sweep_datagrams
from scanner.datagrams import PATIENCE_S
from scanner.discovery import ConnectEngine, Opened
from scanner.domains import ask_domains
from scanner.identify import identify, is_mute
from scanner.questions import Reply, ask_port
from scanner.sites import KINDS as SITES_READ
from scanner.sites import Host, hosts_of, look_at_sites
from scanner.space import Space, code_of
from scanner.target import Target
from vigie.candidates import candidate_spaces
from vigie.coverage import UDP_SPACES, asked_over_udp, named_spaces, udp_space
from vigie.feeds import Known
from vigie.ipv6 import try_candidates
from vigie.job import Job, utc_now
from vigie.judging import Bug, fold_hosts, fold_run, fold_web, judge
from vigie.mail import look_at_mail
from vigie.naming import Naming, ask_servers
from vigie.parity import fold_parity, told_by_sweep
from vigie.passive import ask_sources, is_passive
from vigie.recorder import Facts, place_of
from vigie.reporting import stored_facts
from vigie.services import network_asker, passive_sources

_IDENTIFIERS = 64
"""Services measured at the same time; each host keeps its own cap at the gate."""
_FOLDED = ("service", "tls", "controls", "name", "web-hygiene", "sites")
"""Kinds of observation that folds read."""
_LOOK_S = 0.05
_NAMES_FIRST_S = 1.0
"""Nothing is identified before the names are known: a good resolver needs less than this."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one service or name gave."""

    observations: tuple[Observation, ...]
    done: Place | None = None
    stored: trio.Event | None = None
    """Set when this, and all that was told before it, is written."""


async def scan(job: Job) -> None:
    """Run one exposure scan to its end, or until it is cancelled; what was measured is kept."""
    found_in, found = trio.open_memory_channel[Opened](0)
    seen_in, seen = trio.open_memory_channel[_Seen](64)
    facts_in, facts = trio.open_memory_channel[Facts](256)
    naming, identified = Naming(job), trio.Event()
    swept, tried = trio.Event(), trio.Event()
    async with trio.open_nursery() as stages:
        stages.start_soon(_name, naming, seen_in.clone())
        stages.start_soon(_discover, job, naming, found_in, seen_in.clone(), swept, tried)
        stages.start_soon(_ask_datagrams, job, seen_in.clone(), swept, tried)
        stages.start_soon(_ask_servers, job, naming, seen_in.clone())
        stages.start_soon(_ask_domains, job, naming, seen_in.clone(), identified)
        if is_passive(job.run):
            stages.start_soon(_ask_sources, job, naming, seen_in.clone())
        stages.start_soon(_identify_all, job, found, seen_in.clone(), identified)
        stages.start_soon(_look_at_sites, job, seen_in.clone(), identified)
        stages.start_soon(_judge, job, naming, seen, facts_in)
        stages.start_soon(job.recorder.write_all, facts)
        # Each stage holds its own end: when the last one is done, the channel after it ends.
        seen_in.close()


async def _name(naming: Naming, seen: trio.MemorySendChannel[_Seen]) -> None:
    """Resolve the mandated names and look for more; contact nothing."""
    async with seen:
        await naming.run(partial(_tell, seen))


async def _tell(seen: trio.MemorySendChannel[_Seen], told: Sequence[Observation]) -> None:
    await seen.send(_Seen(tuple(told)))


async def _ask_servers(job: Job, naming: Naming, seen: trio.MemorySendChannel[_Seen]) -> None:
    """Ask the name servers that a mandate covers about their zones."""
    async with seen:
        await job.names_known.wait()
        await ask_servers(job, naming, partial(_tell, seen))


async def _ask_domains(
    job: Job, naming: Naming, seen: trio.MemorySendChannel[_Seen], identified: trio.Event
) -> None:
    """Ask the resolvers about the mandated domains, then mail servers that a mandate covers."""
    async with seen:
        # A name found, whose alias leads nowhere, is a fault of its domain.
        await naming.settled.wait()
        if job.asker is not None and (domains := job.domains_to_ask()):
            facts, mail = load_domain_facts(), load_mail_facts()
            tell = partial(_tell, seen)
            try:
                await ask_domains(
                    domains,
                    tell,
                    asker=job.asker,
                    facts=facts,
                    mail=mail,
                    now=utc_now,
                    asn_of=network_asker(job.run.inventory, job.asker),
                )
            except Exception:
                job.bug("domains", traceback.format_exc())
        told = trio.Event()
        await seen.send(_Seen((), stored=told))
        await told.wait()
        await identified.wait()
        try:
            await look_at_mail(job, partial(_tell, seen))
        except Exception:
            job.bug("mail servers", traceback.format_exc())
        try:
            await naming.ask_registries(partial(_tell, seen))
        except Exception:
            job.bug("registries", traceback.format_exc())


async def _ask_sources(job: Job, naming: Naming, seen: trio.MemorySendChannel[_Seen]) -> None:
    """In profile passive, ask others what they saw; nothing goes to a target."""
    why = "" if job.facts.claims else "not-configured"
    async with seen:
        await job.names_known.wait()
        async for told in ask_sources(job, passive_sources(job.run.inventory)):
            naming.read(told)
            why = "" if any(isinstance(one, PassiveAnswer) for one in told) else why
            await seen.send(_Seen(tuple(told)))
    naming.over("passive", why)


async def _discover(
    job: Job,
    naming: Naming,
    found: trio.MemorySendChannel[Opened],
    seen: trio.MemorySendChannel[_Seen],
    swept: trio.Event,
    tried: trio.Event,
) -> None:
    """Sweep the mandated ranges, then names hosted elsewhere, then what only names lead to."""

    async def told(controls: ControlsTried) -> None:
        await seen.send(_Seen((controls,)))

    async with found, seen:
        for unit in job.pending:
            await found.send(unit)
        with trio.move_on_after(_NAMES_FIRST_S):
            await job.names_known.wait()
        engine = job.engine = ConnectEngine(
            job.gate, sentinels=job.sentinels, controls=job.controls(told)
        )
        for number, space in [(0, job.space)] if job.space.size else []:
            await _sweep(job, engine, number, space, found)
        await job.names_known.wait()
        elsewhere = named_spaces(job.run, job.scope, job.seen_names)
        for number, (space, _) in enumerate(elsewhere, start=1):
            await _sweep(job, engine, number, space, found)
        swept.set()
        # What was identified names more, in its certificates; names lead to more addresses.
        while found.statistics().tasks_waiting_receive < _IDENTIFIERS:  # noqa: ASYNC110
            await trio.sleep(_LOOK_S)
        naming.over("certificate")
        await naming.settled.wait()
        await try_candidates(job, lambda number, space: _sweep(job, engine, number, space, found))
    tried.set()


async def _ask_datagrams(
    job: Job, seen: trio.MemorySendChannel[_Seen], swept: trio.Event, tried: trio.Event
) -> None:
    """Ask UDP ports, once the sweep no longer needs the rates for itself."""
    told_in, told = trio.open_memory_channel[Answered](0)
    async with seen, trio.open_nursery() as nursery:
        await swept.wait()
        nursery.start_soon(_tell_answers, job, told, seen)
        async with told_in:
            elsewhere = named_spaces(job.run, job.scope, job.seen_names)
            main = enumerate([job.space, *(space for space, _ in elsewhere)])
            for number, space in asked_over_udp(main, ()):
                await _sweep_datagrams(job, number, space, told_in)
            await tried.wait()
            chosen = candidate_spaces(job.store, job.run, job.scope)
            for number, space in asked_over_udp((), chosen):
                await _sweep_datagrams(job, number, space, told_in)


async def _sweep_datagrams(
    job: Job, number: int, space: Space, told_in: trio.MemorySendChannel[Answered]
) -> None:
    await sweep_datagrams(
        job.gate,
        udp_space(space, job.run),
        job.recorder.ledger(UDP_SPACES + number),
        partial(reply_of, job),
        told_in,
        # As many as may be sent while one silence is waited for.
        at_once=int(job.run.inventory.limits.packets_per_second * PATIENCE_S),
        progress=job.asked,
        state=await job.recorder.state(UDP_SPACES + number),
        wait=job.wait is not False,
    )


async def _tell_answers(
    job: Job, told: trio.MemoryReceiveChannel[Answered], seen: trio.MemorySendChannel[_Seen]
) -> None:
    async with told:
        async for one in told:
            job.screen.opened()
            await seen.send(_Seen(one.observations, done=place_of(one.opened)))


async def reply_of(job: Job, target: Target, port: int) -> Reply:
    """Ask one UDP port; a fault of ours costs that port alone."""
    try:
        return await ask_port(job.question(target, port))
    except OutOfScope:
        raise
    except Exception:
        job.bug(f"udp {target.ip} {port}", traceback.format_exc())
        return Reply(code=code_of(Status.UNDETERMINED))


async def _identify_all(
    job: Job,
    found: trio.MemoryReceiveChannel[Opened],
    seen: trio.MemorySendChannel[_Seen],
    identified: trio.Event,
) -> None:
    """Tell what stands behind every open port, and when all are told and stored."""
    async with seen:
        async with found, trio.open_nursery() as nursery:
            for _ in range(_IDENTIFIERS):
                nursery.start_soon(_identify, job, found.clone(), seen.clone())
        await seen.send(_Seen((), stored=identified))


async def _look_at_sites(
    job: Job, seen: trio.MemorySendChannel[_Seen], identified: trio.Event
) -> None:
    """Look at what web and TLS ports show to each name that leads there."""
    async with seen:
        await identified.wait()
        if job.run.plan.retest:
            return
        stored = job.store.observations(job.run.id, kinds=SITES_READ)
        limiter = trio.CapacityLimiter(_IDENTIFIERS)

        async def look(host: Host) -> None:
            async with limiter:
                try:
                    await look_at_sites(host, job.ask_as, partial(_tell, seen))
                except OutOfScope as refused:
                    job.refused(refused)
                except Exception:
                    job.bug(f"sites {host.ip}", traceback.format_exc())

        async with trio.open_nursery() as looking:
            for host in hosts_of(stored, job.seen_names):
                looking.start_soon(look, host)


async def _identify(
    job: Job, found: trio.MemoryReceiveChannel[Opened], seen: trio.MemorySendChannel[_Seen]
) -> None:
    """Tell what stands behind each open port."""
    async with found, seen:
        async for opened in found:
            place = place_of(opened)
            job.screen.opened()
            # The name of a virtual host must be known before its address is asked.
            await job.names_known.wait()
            try:
                if opened.transport is Transport.UDP:
                    question = job.question(opened.target, opened.port)
                    observations = (await ask_port(question)).observations
                else:
                    observations = await identify(job.ask(opened), opened.stream)
            except OutOfScope as refused:
                if job.scope.is_excluded(opened.target.ip):
                    # A name found meanwhile told whose it is: nobody will ask it.
                    await seen.send(_Seen(_not_identified(place, "out-of-scope"), done=place))
                    continue
                # Left pending: the next window, or a resume in it, takes it up again.
                job.refused(refused)
                continue
            except Exception:
                job.bug(f"identify {place.key()}", traceback.format_exc())
                observations = _not_identified(place, "bug")
            job.mute[opened.target.ip] += is_mute(observations)
            await seen.send(_Seen(observations, done=place))


async def _judge(
    job: Job,
    naming: Naming,
    seen: trio.MemoryReceiveChannel[_Seen],
    facts: trio.MemorySendChannel[Facts],
) -> None:
    """Judge each observation by the checks that read its family."""
    async with seen, facts:
        async for one in seen:
            naming.read(one.observations)
            await facts.send(_judged(job, one.observations, one.done, one.stored))


async def _sweep(
    job: Job,
    engine: ConnectEngine,
    number: int,
    space: Space,
    found: trio.MemorySendChannel[Opened],
) -> None:
    job.is_sweeping = True
    progress = await engine.sweep(
        space,
        job.recorder.ledger(number),
        found,
        state=await job.recorder.state(number),
        egress_filtered=job.egress_filtered,
        wait=job.wait is not False,
    )
    job.is_sweeping = False
    job.swept += progress.done


def _judged(
    job: Job,
    observations: tuple[Observation, ...],
    done: Place | None = None,
    stored: trio.Event | None = None,
) -> Facts:
    verdicts = tuple(one for seen in observations for one in judge(seen, job.facts, job.bug))
    for one in verdicts:
        job.told(one)
    return Facts(observations=observations, judged=verdicts, done=done, stored=stored)


def _not_identified(place: Place, why: str) -> tuple[Observation, ...]:
    at = utc_now()
    return (
        Service(place=place, at=at, protocol="unknown", confidence=Confidence.TENTATIVE),
        Attempt(place=place, at=at, probe="identify", status=Status.UNDETERMINED, detail=why),
    )


async def fold(job: Job) -> None:
    """Judge what only the whole tells, in the place of what an earlier try of this run folded."""
    services: list[Service] = []
    encrypted: list[TlsService] = []
    controls: list[ControlsTried] = []
    names: list[NameSeen] = []
    kept: list[WebHygiene] = []
    sites: list[SitesSeen] = []
    for seen in job.store.observations(job.run.id, kinds=_FOLDED):
        if isinstance(seen, Service):
            services.append(seen)
        elif isinstance(seen, ControlsTried):
            controls.append(seen)
        elif isinstance(seen, TlsService):
            encrypted.append(seen)
        elif isinstance(seen, NameSeen):
            names.append(seen)
        elif isinstance(seen, WebHygiene):
            kept.append(seen)
        elif isinstance(seen, SitesSeen):
            sites.append(seen)
    at = max((seen.at for seen in services), default=job.run.started_at)
    hosts = fold_hosts(services, len(job.run.plan.tcp_ports), at, controls)
    ports = job.run.plan.tcp_ports
    told = told_by_sweep(job.store, job.run, names)
    parity = fold_parity(names, services, job.everywhere, ports, told, at)
    folds = (*hosts, *fold_run(encrypted, at), *parity, *fold_web(kept, sites, services))
    await job.recorder.replace(("host", "run", "parity", "plain-web"), [_judged(job, folds)])


def rejudge_run(store: Store, run: Run, bug: Bug, known: Known) -> None:
    """Judge the stored observations of a run again, with the checks of today; nothing is sent."""
    facts = stored_facts(store, run, known)
    place = Place(establishment=run.inventory.establishments[0].id)
    store.keep(run, observations=[known.used(place, utc_now())], replacing=("feeds",))
    store.drop_verdicts(run)
    for seen in store.observations(run.id):
        store.keep(run, judged=judge(seen, facts, bug))
