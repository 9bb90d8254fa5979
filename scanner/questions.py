"""What stands behind one UDP port: asked by the probes that know the port, never in the dark.

There is no connection to make first: the harmless first question of a probe is discovery too. An
answer proves that the port is open, an ICMP error that it is not; silence proves nothing.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import trio

from core.errors import OutOfScope, Unanswered
from core.knowledge.model import Knowledge
from core.model import Confidence, Intensity, Place, Status, Transport
from core.observations.base import Attempt, Observation
from core.observations.service import Service
from scanner.datagrams import STOPPED, Datagrams
from scanner.probes.registry import datagram_probes
from scanner.products import name_service
from scanner.space import DATAGRAM_NOT_ALLOWED, DATAGRAM_SILENT, UNTRIED, code_of
from scanner.stream import Stream
from scanner.target import Target
from scanner.visit import Probe, Visit

_DATAGRAMS = {Intensity.DISCREET: 8, Intensity.STANDARD: 24, Intensity.DEEP: 24}
"""Datagrams that one service may get, retries included, whoever asks."""
_PROBES = {Intensity.DISCREET: 2, Intensity.STANDARD: 99, Intensity.DEEP: 99}
_CLOSED = {Status.REFUSED, Status.FILTERED, Status.EGRESS_FILTERED}

Exchange = Callable[[bool, Callable[[], None]], AbstractAsyncContextManager[Datagrams]]
"""Opens a socket through the gate; takes ``any_port``, and what is called before each datagram."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One UDP port to ask, with what is allowed there."""

    target: Target
    port: int
    intensity: Intensity
    names: tuple[str, ...]
    exchange: Exchange
    in_scope: Callable[[str, int], bool]
    knowledge: Knowledge
    operator: str
    now: Callable[[], datetime]
    service_s: float = 60.0
    """Time budget of the whole port."""
    roots: tuple[bytes, ...] = ()
    """DER of authorities trusted beside the public ones."""
    probes: Callable[[], Sequence[Probe]] = datagram_probes

    @property
    def place(self) -> Place:
        """The place of the port."""
        return Place(
            establishment=self.target.establishment,
            ip=self.target.ip,
            port=self.port,
            transport=Transport.UDP,
            hostname=self.target.hostname,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What asking one port gave."""

    code: int
    """How the pair ends (:mod:`scanner.space`); ``UNTRIED``: nothing could be sent, ask later."""
    observations: tuple[Observation, ...] = ()
    """One ``Service`` and what its probe measured, if anything answered; an ``Attempt`` a probe."""

    @property
    def is_open(self) -> bool:
        """Whether something answered."""
        return self.code == code_of(Status.OPEN)


def askable(port: int, knowledge: Knowledge) -> bool:
    """Whether a probe knows what to ask there, and may."""
    return not knowledge.is_quiet(port) and any(port in one.ports for one in datagram_probes())


async def ask_port(question: Question) -> Reply:
    """Ask one port by each of its probes in turn, until one knows the service.

    Raises :class:`core.errors.OutOfScope` when the mandate or the window ends, or sending is
    stopped, before it is known how the pair ends.
    """
    work = _Work(question)
    if question.knowledge.is_quiet(question.port):
        work.attempted("identify", Status.UNDETERMINED, "quiet-port")
        return Reply(code=DATAGRAM_NOT_ALLOWED, observations=tuple(work.attempts))
    with trio.move_on_after(question.service_s) as budget:
        await work.run()
    if budget.cancelled_caught:
        work.attempted("identify", Status.GAVE_UP, "time budget of the service spent")
    if any(one.status is Status.OUT_OF_WINDOW for one in work.attempts):
        # The window closed under a wait: asking again says when it reopens, or goes on if it did.
        return await ask_port(question)
    return work.reply()


@dataclass(slots=True)
class _Work:
    question: Question
    service: Service | None = None
    seen: list[Observation] = field(default_factory=list[Observation])
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    exchanges: list[Datagrams] = field(default_factory=list[Datagrams])
    datagrams_left: int = 0

    def __post_init__(self) -> None:
        self.datagrams_left = _DATAGRAMS.get(self.question.intensity, 0)

    @property
    def heard(self) -> bytes:
        """What the port answered first."""
        return next((bytes(one.heard) for one in self.exchanges if one.heard), b"")

    def attempted(self, probe: str, status: Status, detail: str = "") -> None:
        self.attempts.append(
            Attempt(
                place=self.question.place,
                at=self.question.now(),
                probe=probe,
                status=status,
                detail=detail,
                connections=len(self.exchanges),
            )
        )

    async def run(self) -> None:
        port, intensity = self.question.port, self.question.intensity
        probes = [
            one for one in self.question.probes() if port in one.ports and one.needs <= intensity
        ]
        for probe in probes[: _PROBES.get(intensity, 0)]:
            try:
                if await self._try(probe):
                    return
            except Unanswered as answer:
                if answer.detail == STOPPED:
                    raise OutOfScope(self.question.target.ip, "interrupted") from answer
                self.attempted(probe.name, answer.status, answer.detail)
                if answer.status in _CLOSED or answer.status is Status.OUT_OF_WINDOW:
                    return

    async def _try(self, probe: Probe) -> bool:
        visit = self._visit()
        try:
            measured = await probe.measure(visit)
        finally:
            # One cap for the port, whoever asks and however often.
            self.datagrams_left = visit.datagrams_left
        if measured is None:
            self.attempted(probe.name, Status.PROTOCOL_ERROR)
            return False
        self.service = measured.service
        self.seen.extend(measured.seen)
        self.attempted(probe.name, Status.OK)
        return True

    def _visit(self) -> Visit:
        question = self.question

        async def dial(_server_name: str | None) -> Stream:
            raise ValueError("no connection over UDP")

        def spend() -> None:
            if made.datagrams_left <= 0:
                raise Unanswered(Status.GAVE_UP, "request-limit")
            made.datagrams_left -= 1

        @asynccontextmanager
        async def opened(any_port: bool) -> AsyncGenerator[Datagrams]:
            made.connections += 1
            async with question.exchange(any_port, spend) as exchange:
                self.exchanges.append(exchange)
                yield exchange

        made = Visit(
            place=question.place,
            intensity=question.intensity,
            medical=question.target.medical,
            names=question.names,
            heard=b"",
            inside_tls=False,
            dial=dial,
            in_scope=question.in_scope,
            now=question.now,
            knowledge=question.knowledge,
            operator=question.operator,
            requests_left=0,
            datagrams_left=self.datagrams_left,
            roots=question.roots,
            open_datagrams=opened,
        )
        return made

    def reply(self) -> Reply:
        if self.service is not None or any(one.received for one in self.exchanges):
            service, products = name_service(
                self.service or self._unknown(), self.question.knowledge.products
            )
            observations = (service, *self.seen, *products, *self.attempts)
            return Reply(code=code_of(Status.OPEN), observations=observations)
        return Reply(code=self._code(), observations=tuple(self.attempts))

    def _code(self) -> int:
        """Give how a port that said nothing ends."""
        if not self.attempts:
            return DATAGRAM_NOT_ALLOWED
        closed = next((one.status for one in self.attempts if one.status in _CLOSED), None)
        if closed is not None:
            return code_of(closed)
        if not any(one.sent for one in self.exchanges):
            # No room on this machine, or no connection left for the host: nothing was asked.
            return UNTRIED
        return DATAGRAM_SILENT

    def _unknown(self) -> Service:
        heard = self.heard[:512]
        return Service(
            place=self.question.place,
            at=self.question.now(),
            protocol="unknown",
            confidence=Confidence.TENTATIVE,
            evidence=(f"UDP RX {len(heard)}: {heard[:40].hex(' ')}",),
            banner=heard.decode("latin-1"),
        )
