"""The TLS assessment of chosen services, without a sweep: same scope, same gate, same judgement."""

from collections.abc import Sequence
from dataclasses import dataclass

import trio

from checks._shared.grade import Grade, grade
from core.errors import OutOfScope, Unanswered, UsageError
from core.inventory import Inventory
from core.model import Judged, Language, Place, Status, Transport, Wording
from core.observations.base import Attempt
from core.observations.name import NameSeen
from core.observations.tls import TlsService
from core.store.store import Store
from inventories.addresses import Misspelt, parse_address
from scanner.discovery import Opened
from scanner.identify import Ask, names_first
from scanner.names import resolve_names
from scanner.probes.registry import stream_probes
from scanner.stream import Stream
from scanner.target import Target
from scanner.tls.assess import assess
from scanner.visit import Probe, Visit
from vigie.config import Settings
from vigie.coverage import scope_of
from vigie.execution import learn_names
from vigie.job import Job, assemble, plan_run, utc_now
from vigie.judging import judge
from vigie.progress import Journal

STARTTLS = ("ftp", "imap", "ldap", "mssql", "mysql", "pop3", "postgresql", "rdp", "smtp")
"""Protocols whose probe opens the way to TLS."""
_HTTPS = 443


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One service as it was asked for."""

    host: str
    """As typed: address or name."""
    port: int
    starttls: str
    """Empty: TLS from the first byte."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessed:
    """What came of one endpoint at one address."""

    place: Place
    starttls: str
    status: Status
    """``ok``: TLS answered."""
    detail: str
    seen: TlsService | None
    judged: tuple[Judged, ...]
    grade: Grade | None


_UNREAD = Wording(
    "« {text} » ne se lit pas ; écrire HÔTE ou HÔTE:PORT, port de 1 à 65535",
    "“{text}” cannot be read; write HOST or HOST:PORT, port 1 to 65535",
)


def endpoint(text: str, starttls: str | None, language: Language) -> Endpoint:
    """Read ``HOST[:PORT]``; raises :class:`core.errors.UsageError`.

    Without a port, that of the protocol; without a protocol, that of the port.
    """
    host, port = _split(text, language)
    if starttls is None:
        usual = {one: probe.name for probe in _openers() for one in probe.ports}
        starttls = usual.get(port, "") if port else ""
    if not port:
        port = _opener(starttls).ports[0] if starttls else _HTTPS
    return Endpoint(host=host, port=port, starttls=starttls)


def _split(text: str, language: Language) -> tuple[str, int]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        said = rest.removeprefix(":")
    elif text.count(":") > 1:
        host, said = text, ""
    else:
        host, _, said = text.partition(":")
    port = int(said) if len(said) < 6 and said.isascii() and said.isdigit() else 0
    if not host or (said and not 0 < port < 65_536) or text.endswith(":"):
        raise UsageError(_UNREAD.say(language, {"text": text}))
    return host.rstrip(".").lower(), port


def _openers() -> tuple[Probe, ...]:
    return tuple(probe for probe in stream_probes() if probe.name in STARTTLS)


def _opener(protocol: str) -> Probe:
    return next(probe for probe in _openers() if probe.name == protocol)


async def assess_alone(
    inventory: Inventory,
    asked: Sequence[Endpoint],
    store: Store,
    settings: Settings,
    *,
    sni: str | None = None,
) -> list[Assessed]:
    """Measure and judge each endpoint at each of its mandated addresses, in the order asked.

    Raises :class:`core.errors.OutOfScope` before anything is sent when one of them is refused, or
    when a stop or the end of a window comes meanwhile.
    """
    run = plan_run(inventory, profile=None, establishments=(), tcp_ports=())
    held = store.held()
    if held & {"*"} or {one.id for one in inventory.establishments} <= held:
        raise OutOfScope(inventory.ght.id, "stopped")
    scope = scope_of(run)
    closing = sorted(scope.names_to_learn())
    learnt = await learn_names(run, scope, closing, settings) if closing else []
    journal = Journal(settings.state() / "tls.log", settings)
    try:
        job = assemble(run, store, settings=settings, journal=journal, wait=False, learnt=learnt)
        await _learn_names(job, asked)
        work = [(one, target) for one in asked for target in _targets(job, one, settings)]
        found: list[Assessed | None] = [None] * len(work)

        async def measure(at: int) -> None:
            one, target = work[at]
            found[at] = await _measured(job, one, target, sni)

        async with trio.open_nursery() as watch:
            await watch.start(job.watch_stops)
            async with trio.open_nursery() as measuring:
                for at in range(len(work)):
                    measuring.start_soon(measure, at)
            watch.cancel_scope.cancel()
        for establishment, counted in job.gate.counts().items():
            journal.note("sent", establishment=establishment, connections=counted.connections)
    finally:
        journal.close()
    return [one for one in found if one is not None]


async def _learn_names(job: Job, asked: Sequence[Endpoint]) -> None:
    """Ask the declared resolvers for the names asked for, and for those of the inventory."""
    if job.resolver is None:
        return
    wanted = dict.fromkeys(job.names_to_resolve())
    owner = job.run.inventory.establishments[0].id
    known = {name for _, name in wanted}
    wanted |= {(owner, one.host): None for one in asked if one.host not in known and _is_name(one)}

    async def tell(seen: NameSeen) -> None:
        job.learn(seen)

    await resolve_names(list(wanted), tell, resolver=job.resolver, scope=job.scope, now=utc_now)


def _is_name(one: Endpoint) -> bool:
    try:
        parse_address(one.host)
    except Misspelt:
        return True
    return False


def _targets(job: Job, one: Endpoint, settings: Settings) -> list[Target]:
    """Give what may be dialled for an endpoint; raises ``OutOfScope`` when nothing may."""
    if not _is_name(one):
        return [_permitted(job, str(parse_address(one.host)), None)]
    if not job.scope.may_resolve(one.host):
        raise OutOfScope(one.host, "out-of-scope")
    if job.resolver is None:
        raise UsageError(
            settings.say(
                f"{one.host} : [services] ne donne aucun résolveur pour en connaître l'adresse ; "
                "ajoutez « resolvers », ou donnez l'adresse et --sni",
                f"{one.host}: [services] names no resolver to learn its address; add resolvers, or "
                "give the address and --sni",
            )
        )
    addresses = [ip for seen in job.seen_names if seen.name == one.host for ip in seen.addresses]
    if not addresses:
        raise UsageError(settings.say(f"{one.host} : nom sans adresse", f"{one.host}: no address"))
    found: list[Target] = []
    refused: OutOfScope | None = None
    for ip in dict.fromkeys(addresses):
        try:
            found.append(_permitted(job, ip, one.host))
        except OutOfScope as error:
            refused = error
    if not found and refused is not None:
        raise refused
    return found


def _permitted(job: Job, ip: str, name: str | None) -> Target:
    """Give the target of an address, for any name where its range is mandated, else for one."""
    try:
        permit = job.scope.permit(ip, at=utc_now())
    except OutOfScope:
        if name is None:
            raise
        permit = job.scope.permit(ip, hostname=name, at=utc_now())
        return Target(
            establishment=permit.establishment, ip=ip, hostname=name, medical=permit.medical
        )
    return Target(establishment=permit.establishment, ip=ip, medical=permit.medical)


async def _measured(job: Job, one: Endpoint, target: Target, sni: str | None) -> Assessed:
    ask = job.ask(Opened(index=0, target=target, port=one.port, stream=None))
    names = ask.names
    if _is_name(one):
        names = (one.host, *(name for name in names if name != one.host))
    if sni is not None:
        names = (sni,)
    place = Place(
        establishment=target.establishment,
        ip=target.ip,
        port=one.port,
        transport=Transport.TCP,
        hostname=target.hostname,
    )
    status, detail, seen = Status.GAVE_UP, "", None
    if ask.knowledge.is_quiet(one.port):
        status, detail = Status.OUT_OF_SCOPE, "quiet-port"
    else:
        with trio.move_on_after(ask.service_s):
            try:
                if one.starttls:
                    status, detail, seen = await _behind(ask, place, names, one.starttls)
                else:
                    seen = await assess(
                        None,
                        ask.dial,
                        place=place,
                        names=names,
                        intensity=ask.intensity,
                        now=utc_now,
                        medical=target.medical,
                        thorough=True,
                        roots=ask.roots,
                        revocation=ask.revocation,
                    )
                    status = Status.OK
            except Unanswered as answer:
                status, detail = answer.status, answer.detail
    judged = tuple(judge(seen, job.facts, job.bug)) if seen is not None else ()
    return Assessed(
        place=place,
        starttls=one.starttls,
        status=status,
        detail=detail,
        seen=seen,
        judged=judged,
        grade=grade(judged) if seen is not None else None,
    )


async def _behind(
    ask: Ask, place: Place, names: tuple[str, ...], protocol: str
) -> tuple[Status, str, TlsService | None]:
    """Let the protocol's own probe open the way; give what TLS showed behind it."""

    async def dial(_server_name: str | None) -> Stream:
        return await ask.dial()

    probe = _opener(protocol)
    visit = Visit(
        place=place,
        intensity=ask.intensity,
        medical=ask.target.medical,
        names=names_first(names) if len(names) > 1 else names,
        heard=b"",
        inside_tls=False,
        dial=dial,
        in_scope=ask.in_scope,
        now=utc_now,
        knowledge=ask.knowledge,
        operator=ask.operator,
        roots=ask.roots,
        revocation=ask.revocation,
    )
    measured = await probe.measure(visit)
    if measured is None:
        return Status.PROTOCOL_ERROR, f"not {protocol}", None
    for one in measured.seen:
        if isinstance(one, TlsService):
            return Status.OK, "", one
    for one in measured.seen:
        if isinstance(one, Attempt):
            return one.status, one.detail, None
    return Status.REFUSED, "TLS is not offered", None
