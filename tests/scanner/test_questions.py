"""One UDP port, asked by the probes that know it: how it ends, and what is told of it."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

import pytest
import trio

from core.errors import OutOfScope, Unanswered
from core.knowledge.load import load_knowledge
from core.model import Confidence, Intensity, Status, Transport
from core.observations.base import Attempt
from core.observations.service import Service
from scanner.datagrams import Datagrams
from scanner.gate import Gate
from scanner.lines import recognised
from scanner.probes.registry import datagram_probes, stream_probes
from scanner.questions import Question, Reply, ask_port, askable
from scanner.space import DATAGRAM_NOT_ALLOWED, DATAGRAM_SILENT, UNTRIED, code_of
from scanner.target import Target
from scanner.visit import Measured, Probe, Visit
from tests.scanner.sweeping import LIFTED, OpenScope
from tests.servers.real import free_port
from tests.servers.udp import mute, udp_service

_KNOWLEDGE = load_knowledge()
Measure = Callable[[Visit], Awaitable[Measured | None]]


def saying(word: bytes, *, asks: int = 1, patience_s: float = 0.2) -> Measure:
    """Give a probe that knows a service by the word that it answers."""

    async def measure(visit: Visit) -> Measured | None:
        answer = b""
        async with visit.exchange() as udp:
            for _ in range(asks):
                (answer,) = await udp.ask(b"who? " + word, patience_s=patience_s)
        if answer != word:
            return None
        return Measured(service=recognised(visit, word.decode(), udp.heard))

    return measure


def asked(
    port: int,
    *probes: Measure,
    intensity: Intensity = Intensity.STANDARD,
    gate: Gate | None = None,
    needs: Intensity = Intensity.DISCREET,
    service_s: float = 60,
) -> Reply:
    target = Target(establishment="e", ip="127.0.0.1")
    through = gate or Gate(OpenScope(), LIFTED)
    known = tuple(
        Probe(
            name=f"p{number}", ports=(port,), transport=Transport.UDP, measure=measure, needs=needs
        )
        for number, measure in enumerate(probes)
    )

    def exchange(
        any_port: bool, spend: Callable[[], None]
    ) -> AbstractAsyncContextManager[Datagrams]:
        return through.exchange(target, port, any_port=any_port, spend=spend)

    question = Question(
        target=target,
        port=port,
        intensity=intensity,
        names=(),
        exchange=exchange,
        in_scope=lambda _host, _port: False,
        knowledge=_KNOWLEDGE,
        operator="",
        now=lambda: datetime.now(UTC),
        service_s=service_s,
        probes=lambda: known,
    )
    return trio.run(ask_port, question)


def attempts(reply: Reply) -> list[tuple[str, Status]]:
    return [(one.probe, one.status) for one in reply.observations if isinstance(one, Attempt)]


def service(reply: Reply) -> Service | None:
    return next((one for one in reply.observations if isinstance(one, Service)), None)


def test_a_known_service_is_open_and_asked_no_further() -> None:
    with udp_service(lambda _: [b"one"]) as (port, heard):
        reply = asked(port, saying(b"one", patience_s=10), saying(b"two"))
    assert reply.is_open
    found = service(reply)
    assert found is not None
    assert found.protocol == "one"
    assert found.place.transport is Transport.UDP
    assert attempts(reply) == [("p0", Status.OK)]
    assert len(heard) == 1


def test_the_next_probe_is_tried_after_silence_and_after_a_stranger() -> None:
    def only_two(question: bytes) -> Sequence[bytes]:
        return [b"two"] if b"two" in question or b"what" in question else []

    with udp_service(only_two) as (port, heard):
        told = saying(b"what", patience_s=10), saying(b"two", patience_s=10)
        reply = asked(port, saying(b"one"), *told)
    found = service(reply)
    assert found is not None
    assert found.protocol == "two"
    assert attempts(reply) == [
        ("p0", Status.UNDETERMINED),
        ("p1", Status.PROTOCOL_ERROR),
        ("p2", Status.OK),
    ]
    assert len(heard) == 4


@pytest.mark.parametrize("answer", [b"something else", b"", bytes(65_507)])
def test_an_answer_that_no_probe_knows_is_an_open_port(answer: bytes) -> None:
    with udp_service(lambda _: [answer]) as (port, _):
        reply = asked(port, saying(b"one", patience_s=10))
    assert reply.is_open
    found = service(reply)
    assert found is not None
    assert (found.protocol, found.confidence) == ("unknown", Confidence.TENTATIVE)
    assert found.banner == answer[:512].decode("latin-1")


def test_silence_is_undetermined_never_closed() -> None:
    with udp_service(mute) as (port, heard):
        reply = asked(port, saying(b"one"), saying(b"two"))
    assert reply.code == DATAGRAM_SILENT
    assert service(reply) is None
    assert set(attempts(reply)) == {("p0", Status.UNDETERMINED), ("p1", Status.UNDETERMINED)}
    assert len(heard) == 4


def test_a_refusal_ends_it_at_once() -> None:
    reply = asked(free_port(), saying(b"one"), saying(b"two"))
    assert reply.code == code_of(Status.REFUSED)
    assert attempts(reply) == [("p0", Status.REFUSED)]


def test_what_needs_more_intensity_is_not_asked() -> None:
    with udp_service(mute) as (port, heard):
        reply = asked(port, saying(b"one"), intensity=Intensity.DISCREET, needs=Intensity.STANDARD)
    assert reply.code == DATAGRAM_NOT_ALLOWED
    assert heard == []


def test_discreet_tries_two_probes_and_eight_datagrams() -> None:
    with udp_service(mute) as (port, heard):
        asked(port, *[saying(b"x")] * 5, intensity=Intensity.DISCREET)
    assert len(heard) == 4
    with udp_service(lambda _: [b"more?"]) as (port, heard):
        reply = asked(port, saying(b"x", asks=50, patience_s=10), intensity=Intensity.DISCREET)
    assert len(heard) == 8
    assert reply.is_open
    assert attempts(reply) == [("p0", Status.GAVE_UP)]


def test_standard_sends_24_datagrams_at_most_whoever_asks() -> None:
    with udp_service(lambda _: [b"more?"]) as (port, heard):
        asked(port, *[saying(b"x", asks=10, patience_s=10)] * 5)
    assert len(heard) == 24


def test_quiet_ports_are_never_asked() -> None:
    reply = asked(47_808, saying(b"one"))
    assert reply.code == DATAGRAM_NOT_ALLOWED
    assert not askable(47_808, _KNOWLEDGE)
    assert not askable(502, _KNOWLEDGE), "Modbus, over UDP as over TCP"
    assert askable(123, _KNOWLEDGE)
    assert not askable(50_000, _KNOWLEDGE)


def test_a_drip_is_bounded_by_the_budget_of_the_port() -> None:
    async def endless(visit: Visit) -> Measured | None:
        async with visit.exchange() as udp:
            await udp.ask(b"?", patience_s=600)
        return None

    with udp_service(mute) as (port, _):
        reply = asked(port, endless, service_s=0.3)
    assert reply.code == DATAGRAM_SILENT
    assert attempts(reply) == [("identify", Status.GAVE_UP)]


def test_where_nothing_could_be_sent_the_port_is_left_for_later() -> None:
    async def no_room(_visit: Visit) -> Measured | None:
        raise Unanswered(Status.UNDETERMINED, "this machine: too many open files")

    assert asked(free_port(), no_room).code == UNTRIED


def test_a_stop_leaves_it_for_later() -> None:
    gate = Gate(OpenScope(), LIFTED)

    async def stopped(visit: Visit) -> Measured | None:
        async with visit.exchange() as udp, trio.open_nursery() as nursery:
            nursery.start_soon(udp.ask, b"?")
            await trio.sleep(0.05)
            gate.hold()
        return None

    async def flat(visit: Visit) -> Measured | None:
        try:
            return await stopped(visit)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    with udp_service(mute) as (port, _), pytest.raises(OutOfScope, match="interrupted"):
        asked(port, flat, gate=gate)


def test_each_probe_stands_on_one_side() -> None:
    udp = {one.name for one in datagram_probes()}
    assert {"ntp", "dtls"} <= udp
    assert not udp & {one.name for one in stream_probes()}
    for one in datagram_probes():
        assert one.ports, one.name
        assert not any(map(_KNOWLEDGE.is_quiet, one.ports)), one.name
        assert set(one.ports) & set(_KNOWLEDGE.default_udp()), f"{one.name} is never asked"
