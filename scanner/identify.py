"""From an open port to what stands behind it: listen first, then ask as little as possible.

The order is data of the probes: what was heard decides; then the probes whose port it is; then
TLS; then the few hellos that are harmless to a stranger. The connection that discovery opened
serves first.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import trio

from core.errors import Unanswered
from core.knowledge.model import Knowledge
from core.model import Confidence, Intensity, Place, Status, Transport
from core.observations.base import Attempt, Observation
from core.observations.hygiene import WebHygiene
from core.observations.product import ProductSeen
from core.observations.service import Service
from core.observations.tls import Certificate
from scanner.hygiene import trusted_for
from scanner.probes.registry import stream_probes
from scanner.products import name_service
from scanner.stream import Stream
from scanner.target import Target
from scanner.tls.assess import Knock, assess, knock, knock_plainly
from scanner.tls.certificates import read_certificate
from scanner.tls.revocation import Asker
from scanner.visit import Measured, Probe, Visit

_LISTEN_S = 1.0
"""A greeting comes within one round trip and some work; hospitals' links stay under 300 ms."""
_LISTEN_LONG_S = 5.0
"""Where the server is known to speak first: greet delays and reverse look-ups take seconds."""
_LISTEN_QUIET_S = 2.0
"""Where nothing is ever sent: most devices do not greet, and a host lends one slot at a time."""
_DEAD_STEPS = 3
"""Hellos met with silence or a cut before we stop asking."""
_MUTE_PORTS = 3
"""Open ports of one host that never said a word, from which one silence a port is enough."""
_NAMES_TRIED = 4
"""Names offered to a server that refuses those it does not know."""
_IMPATIENT_S = 2.0
"""Wait for an answer where an earlier hello of ours met silence: slow servers answered that one."""
_REQUESTS = {Intensity.DISCREET: 4, Intensity.STANDARD: 12, Intensity.DEEP: 12}
"""HTTP requests per service (CONTRACT.md)."""
_MTA_STS = "mta-sts."
"""RFC 8461, 3.3."""
_DICOM_TLS = frozenset({2762})
"""PS3.15 B.1: DICOM inside TLS from the first byte."""
_TLS_LIKELY = frozenset(
    {443, 465, 541, 563, 636, 853, 943, 989, 990, 992, 993, 994, 995, 2083, 2087, 2096, 2376, 3269}
    | {4172, 4433, 4443, 5001, 5061, 5480, 5986, 6443, 6568, 7070, 7071, 8006, 8443, 8531, 8834}
    | {8883, 9401, 9443, 10250, 10443, 60443}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One open port to identify, with what is allowed there."""

    target: Target
    port: int
    intensity: Intensity
    names: tuple[str, ...]
    dial: Callable[[], Awaitable[Stream]]
    """A fresh connection through the gate."""
    in_scope: Callable[[str, int], bool]
    knowledge: Knowledge
    operator: str
    now: Callable[[], datetime]
    service_s: float = 60.0
    """Time budget of the whole service: a tarpit costs this much, once."""
    leftover: Callable[[Place], Awaitable[Service | None]] | None = None
    """Asks another tool about what nothing here recognised; ``None``: not allowed."""
    mute_ports: Callable[[], int] = lambda: 0
    """How many open ports of this address met every hello with silence so far."""
    roots: tuple[bytes, ...] = ()
    """DER of authorities trusted beside the public ones."""
    revocation: Asker | None = None
    """Asks authorities whether a certificate was revoked; ``None``: not allowed."""
    everywhere: Callable[[], bool] = lambda: False
    """Whether this address turned out to answer on every port: it is then not asked further."""
    names_apart: bool = False
    """The other names are looked at each for itself, later: TLS is asked about one name alone."""


async def identify(ask: Ask, opened: Stream | None, *, sent: int = 0) -> tuple[Observation, ...]:
    """Give one ``Service``, what its probe measured, and one ``Attempt`` per probe tried.

    ``sent`` requests went there before. Raises :class:`core.errors.OutOfScope` when the mandate or
    the window ends meanwhile.
    """
    work = _Work(ask, opened)
    allowed = work.requests_left
    work.requests_left = max(0, allowed - sent)
    if ask.everywhere():
        work.attempted("identify", Status.GAVE_UP, "answers-everywhere")
        await work.close()
        return work.outcome()
    try:
        with trio.move_on_after(ask.service_s) as budget:
            await work.run()
    finally:
        # Whatever ends it, a stop or Ctrl-C too, no connection outlives it.
        await work.close()
    if budget.cancelled_caught:
        work.attempted("identify", Status.GAVE_UP, "time budget of the service spent")
    if any(one.status is Status.OUT_OF_WINDOW for one in work.attempts):
        # The window closed under a read: asking again says when it reopens, or goes on if it did.
        return await identify(ask, await ask.dial(), sent=allowed - work.requests_left)
    return work.outcome()


async def assess_site(
    ask: Ask, *, inside_tls: bool, is_web: bool, with_tls: bool, requests: int
) -> tuple[Observation, ...]:
    """Measure a port known already, under the one name of ``ask``: its pages, its TLS, or both.

    ``requests`` were sent for this site before. Raises :class:`core.errors.OutOfScope` when the
    mandate or the window ends meanwhile.
    """
    work = _Work(ask, None)
    work.requests_left = max(0, work.requests_left - requests)
    try:
        with trio.move_on_after(ask.service_s) as budget:
            await work.run_known(inside_tls=inside_tls, is_web=is_web, with_tls=with_tls)
    finally:
        await work.close()
    if budget.cancelled_caught:
        work.attempted("identify", Status.GAVE_UP, "time budget of the service spent")
    told = work.outcome()
    return told if work.service is not None else told[1:]


@dataclass(slots=True)
class _Work:
    ask: Ask
    first: Stream | None
    """The connection in hand, not yet used for a hello."""
    service: Service | None = None
    seen: list[Observation] = field(default_factory=list[Observation])
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    connections: int = 1
    last: Stream | None = None
    tls: Knock | None = None
    heard: bytes = b""
    is_open: bool = True
    spoke: bool = False
    """Something was sent to a quiet port: an association to a DICOM one."""
    dead: int = 0
    """Hellos met with silence or a cut."""
    requests_left: int = 0
    leaf: Certificate | None = None
    """Of the service, as the first TLS hello brought it."""

    def __post_init__(self) -> None:
        self.requests_left = _REQUESTS.get(self.ask.intensity, 0)
        called = {self.ask.target.hostname or "", *self.ask.names}
        if any(name.startswith(_MTA_STS) for name in called):
            # Its policy is asked for later, by the stage about mail.
            self.requests_left = max(0, self.requests_left - 1)

    @property
    def place(self) -> Place:
        target = self.ask.target
        return Place(
            establishment=target.establishment,
            ip=target.ip,
            port=self.ask.port,
            transport=Transport.TCP,
            hostname=target.hostname,
        )

    def attempted(self, probe: str, status: Status, detail: str = "") -> None:
        if all(one.probe != probe for one in self.attempts):
            self.attempts.append(
                Attempt(
                    place=self.place, at=self.ask.now(), probe=probe, status=status, detail=detail
                )
            )

    def outcome(self) -> tuple[Observation, ...]:
        if not self.is_open:
            # Nothing accepted a connection (a port retested, or closed since): no service to tell.
            return tuple(self.attempts)
        service, products = self._named(self.service or self._unknown())
        return (service, *self.seen, *products, *self.attempts)

    def _named(self, service: Service) -> tuple[Service, tuple[ProductSeen, ...]]:
        """Tell the product of what is no web page; the web probe told that of its own."""
        if service.protocol in {"http", "sstp"}:
            return service, ()
        return name_service(
            service,
            self.ask.knowledge.products,
            subject=self.leaf.subject if self.leaf else "",
            issuer=self.leaf.issuer if self.leaf else "",
        )

    async def close(self) -> None:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
            await self._close_all()

    async def _close_all(self) -> None:
        for stream in (self.first, self.last):
            if stream is not None:
                await stream.aclose()
        self.first = None

    async def run(self) -> None:
        quiet = self.ask.knowledge.is_quiet(self.ask.port)
        try:
            await self._listen(quiet=quiet)
        except Unanswered as answer:
            self.attempted("listen", answer.status, answer.detail)
            self.first = None
            if quiet or not self.is_open:
                return
        if quiet:
            await self._associate()
            return
        await self._ladder(inside_tls=False)
        if self.tls is not None:
            await self._assess_tls()
        elif self.service is None and self.ask.leftover is not None:
            await self._close_all()
            self.service = await self.ask.leftover(self.place)
            self.attempted("nmap", Status.OK if self.service else Status.UNDETERMINED)

    async def run_known(self, *, inside_tls: bool, is_web: bool, with_tls: bool) -> None:
        """Say nothing but what the known protocols of a port need."""
        web = next(one for one in stream_probes() if one.name == "http")
        try:
            if inside_tls and not await self._knock():
                return
            if is_web:
                await self._try(web, inside_tls=inside_tls)
        except Unanswered as answer:
            self.attempted("http-tls" if self.tls else "http", answer.status, answer.detail)
        if self.tls is not None and with_tls:
            await self._assess_tls()

    async def _listen(self, *, quiet: bool) -> None:
        if self.first is None or not self.first.is_open:
            # Discovery's own connection proves an open port even when the gate took it back.
            self.is_open = self.first is not None
            self.first = await self._again()
            self.is_open = True
        greets = any(one.server_first and self.ask.port in one.ports for one in stream_probes())
        wait_s = _LISTEN_LONG_S if greets else _LISTEN_QUIET_S if quiet else _LISTEN_S
        self.heard = await self.first.listen(wait_s)

    async def _associate(self) -> None:
        """On a DICOM port that said nothing, ask for the association that DICOM is made of.

        Nothing else is ever sent to a quiet port, and nothing at all to one marked medical.
        """
        fact = self.ask.knowledge.quiet_fact(self.ask.port)
        own = (
            next((one for one in stream_probes() if one.name == fact.quiet), None) if fact else None
        )
        if own is None or self.heard or self.ask.target.medical:
            return
        if own.needs > self.ask.intensity:
            self.attempted(own.name, Status.UNDETERMINED, "intensity")
            return
        self.spoke = True
        inside_tls = self.ask.port in _DICOM_TLS
        try:
            if not inside_tls or await self._knock():
                await self._try(own, inside_tls=inside_tls)
        except Unanswered as answer:
            self.attempted(own.name, answer.status, answer.detail)

    async def _ladder(self, *, inside_tls: bool) -> None:
        """Try probe after probe until one knows the service."""
        waiting = self._steps(inside_tls=inside_tls)
        limit = 2 if self.ask.intensity <= Intensity.DISCREET else 99
        tried = 0
        while (
            waiting and self.dead < self._patience() and tried < limit and not self.ask.everywhere()
        ):
            step = waiting.pop(0)
            tried += 1
            try:
                if step is None:
                    if await self._knock():
                        await self._inside_tls()
                        return
                elif await self._try(step, inside_tls=inside_tls):
                    return
            except Unanswered as answer:
                self.attempted(step.name if step else "tls", answer.status, answer.detail)
                silent = answer.status in {
                    Status.TIMEOUT,
                    Status.RESET,
                    Status.REFUSED,
                    Status.FILTERED,
                }
                self.dead += silent and not (self.last and self.last.heard)
                if answer.status is Status.RATE_LIMITED:
                    # Each further attempt would only feed what shuts us out.
                    self.dead = _DEAD_STEPS
            said = bytes(self.last.heard) if self.last else b""
            waiting.sort(key=lambda probe: not (probe and said and probe.recognises(said)))
        if waiting and tried == limit:
            self.attempted("identify", Status.UNDETERMINED, "intensity")

    def _patience(self) -> int:
        return _DEAD_STEPS if self.ask.mute_ports() < _MUTE_PORTS else 1

    def _steps(self, *, inside_tls: bool) -> list[Probe | None]:
        """Give the probes worth trying, best first; ``None`` stands for TLS."""
        probes = [probe for probe in stream_probes() if probe.needs <= self.ask.intensity]
        if inside_tls:
            probes = [probe for probe in probes if probe.in_tls]
        if self.heard:
            known = [probe for probe in probes if probe.recognises(self.heard)]
            if known:
                return list[Probe | None](known)
        mute = [probe for probe in probes if not probe.server_first]
        own = [probe for probe in mute if self.ask.port in probe.ports]
        strangers = [probe for probe in mute if probe.rank is not None and probe not in own]
        if self.heard:
            # It spoke a tongue nobody knows: no stranger's hello is owed to it.
            return list[Probe | None](own)
        if inside_tls:
            return [*own, *strangers]
        if self.ask.port in _TLS_LIKELY:
            return [None, *own, *strangers]
        return [*own, None, *strangers]

    async def _dial(self) -> Stream:
        if self.first is not None:
            stream, self.first = self.first, None
        else:
            stream = await self._again()
            self.connections += 1
        if self.dead or self._patience() == 1:
            stream.timeout_s = min(stream.timeout_s, _IMPATIENT_S)
        self.last = stream
        return stream

    async def _again(self) -> Stream:
        """Connect once more; silence where one was accepted before is a limit or a ban."""
        try:
            return await self.ask.dial()
        except Unanswered as answer:
            if answer.status is Status.TIMEOUT and self.is_open:
                told = f"silent after {self.connections} connections"
                raise Unanswered(Status.RATE_LIMITED, told) from answer
            raise

    async def _try(self, probe: Probe, *, inside_tls: bool) -> bool:
        visit = self._visit(inside_tls=inside_tls)
        try:
            measured = await probe.measure(visit)
        finally:
            # One cap for the service, whoever asks and however often.
            self.requests_left = visit.requests_left
        if measured is None:
            self.attempted(probe.name, Status.PROTOCOL_ERROR)
            return False
        self._take(probe, measured, inside_tls=inside_tls)
        return True

    def _take(self, probe: Probe, measured: Measured, *, inside_tls: bool) -> None:
        self.service = measured.service
        self.seen.extend(measured.seen)
        self.attempted(f"{probe.name}-tls" if inside_tls else probe.name, Status.OK)

    def _visit(self, *, inside_tls: bool) -> Visit:
        async def dial(server_name: str | None) -> Stream:
            stream = await self._dial()
            if not inside_tls or self.tls is None or stream is self.tls.stream:
                return stream
            again = await knock(stream, server_name or self.tls.server_name)
            if again.stream is None:
                raise Unanswered(Status.RESET, "TLS accepted once, refused the second time")
            self.last = again.stream
            return again.stream

        leaf = self.leaf if inside_tls else None
        return Visit(
            place=self.place,
            intensity=self.ask.intensity,
            medical=self.ask.target.medical,
            names=self.ask.names,
            heard=self.heard,
            inside_tls=inside_tls,
            dial=dial,
            in_scope=self.ask.in_scope,
            now=self.ask.now,
            knowledge=self.ask.knowledge,
            operator=self.ask.operator,
            requests_left=self.requests_left,
            roots=self.ask.roots,
            revocation=self.ask.revocation,
            tls_subject=leaf.subject if leaf else "",
            tls_issuer=leaf.issuer if leaf else "",
        )

    async def _knock(self) -> bool:
        """Say one TLS hello with the best name known; with the next ones while it wants another."""
        tls = await self._first_knock(self.ask.names[0] if self.ask.names else None)
        for name in self.ask.names[1:_NAMES_TRIED]:
            if not tls.name_refused:
                break
            tls = await knock(await self._dial(), name)
        if not tls.is_tls:
            self.attempted("tls", Status.PROTOCOL_ERROR)
            return False
        self.tls = tls
        self.leaf = read_certificate(tls.handshake.chain[0]) if tls.handshake.chain else None
        self.first = tls.stream
        self.attempted("tls", Status.OK)
        return True

    async def _first_knock(self, name: str | None) -> Knock:
        try:
            return await knock(await self._dial(), name)
        except Unanswered as cut:
            if cut.status is not Status.RESET or self.ask.intensity <= Intensity.DISCREET:
                raise
        # Old stacks cut hellos that are too long or too new for them, and answer others.
        return await knock_plainly(await self._dial(), name)

    async def _inside_tls(self) -> None:
        """Look for a protocol inside the tunnel; TLS alone is a fact already."""
        if self.first is None:
            return
        try:
            self.heard = await self.first.listen(_LISTEN_S)
        except Unanswered as answer:
            self.attempted("listen-tls", answer.status, answer.detail)
            self.first, self.heard = None, b""
            return
        await self._ladder(inside_tls=True)

    async def _assess_tls(self) -> None:
        assert self.tls is not None
        try:
            seen = await assess(
                self.tls,
                self._dial_fresh,
                place=self.place,
                names=self._names_shown(self.tls),
                intensity=self.ask.intensity,
                now=self.ask.now,
                medical=self.ask.target.medical,
                roots=self.ask.roots,
                revocation=self.ask.revocation,
            )
        except Unanswered as answer:
            self.attempted("tls-assess", answer.status, answer.detail)
        else:
            portal, product = False, ""
            if self.service is not None:
                portal, product = self.service.portal, self.service.product or ""
            self.seen = [
                trusted_for(one, seen) if isinstance(one, WebHygiene) else one for one in self.seen
            ]
            self.seen.append(msgspec.structs.replace(seen, portal=portal, product=product))

    def _names_shown(self, knocked: Knock) -> tuple[str, ...]:
        if self.ask.names_apart and knocked.server_name is not None:
            return (knocked.server_name,)
        return self.ask.names

    async def _dial_fresh(self) -> Stream:
        if self.first is not None:
            await self.first.aclose()
            self.first = None
        return await self._dial()

    def _unknown(self) -> Service:
        protocol, confidence = "unknown", Confidence.TENTATIVE
        evidence: list[str] = []
        heard = self.heard[:512]
        if heard:
            evidence.append(f"banner: {_printable(heard[:120])}")
            # A greeting that stopped there names its protocol, when one alone claims it.
            claims = [
                one.name for one in stream_probes() if one.server_first and one.recognises(heard)
            ]
            if len(claims) == 1:
                protocol, confidence = claims[0], Confidence.FIRM
        if self.tls is not None:
            evidence.append("TLS")
        quiet = self.ask.knowledge.quiet_fact(self.ask.port)
        if quiet:
            sent = "" if self.spoke else "TX 0, "
            evidence.append(f"{quiet.service}: {sent}RX {len(self.heard)}")
        return Service(
            place=self.place,
            at=self.ask.now(),
            protocol=protocol,
            tls=self.tls is not None,
            confidence=confidence,
            evidence=tuple(evidence),
            quiet=quiet is not None and not self.spoke,
            banner=heard.decode("latin-1"),
        )


def _printable(data: bytes) -> str:
    text = data.decode("latin-1")
    return "".join(char if " " <= char <= "~" else f"\\x{ord(char):02x}" for char in text)


def is_mute(seen: Sequence[Observation]) -> bool:
    """Whether an open port met every hello with silence."""
    attempts = [one.status for one in seen if isinstance(one, Attempt)]
    return bool(attempts) and set(attempts) == {Status.TIMEOUT}


def names_first(names: Sequence[str]) -> tuple[str, ...]:
    """Order names for SNI: the most specific first, then alphabetically; stable across runs."""
    return tuple(sorted(set(names), key=lambda name: (-name.count("."), name)))
