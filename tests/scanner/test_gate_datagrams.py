"""Datagrams at the gate: judged, counted, bounded as connections are, and shut at one word."""

from datetime import UTC, datetime, timedelta

import pytest
import trio

from core.errors import OutOfScope, Unanswered
from core.inventory import Limits
from core.model import Intensity, Status
from scanner.gate import Gate
from scanner.pace import keys_of
from scanner.target import Target
from tests.scanner.sweeping import LIFTED, Grant, OpenScope
from tests.servers.udp import Asked, mute, udp_service

_HERE = Target(establishment="e", ip="127.0.0.1")
_HOST = keys_of(4, 0x7F000001)[1]


def test_a_question_is_judged_counted_and_holds_one_of_the_hosts_connections() -> None:
    async def main(port: int) -> None:
        scope = OpenScope()
        gate = Gate(scope, LIFTED)
        named = Target(establishment="e", ip="127.0.0.1", hostname="vpn.chu.example")
        async with gate.exchange(named, port) as udp:
            assert gate.slots.used(_HOST) == 1
            assert await udp.ask(b"?") == (b"!",)
        assert gate.slots.used(_HOST) == 0
        assert set(scope.asked) == {("127.0.0.1", "vpn.chu.example")}
        counted = gate.counts()["e"]
        assert (counted.datagrams, counted.attempts, counted.connections) == (1, 0, 0)
        assert gate.pace.taken == 1

    with udp_service(lambda _: [b"!"]) as (port, _):
        trio.run(main, port)


@pytest.mark.parametrize("ip", ["127.1", "0x7f.1", "::ffff:127.0.0.1", "localhost", ""])
def test_no_odd_spelling_of_an_address_passes(ip: str) -> None:
    async def main() -> None:
        with pytest.raises(OutOfScope):
            async with Gate(OpenScope(), LIFTED).exchange(Target(establishment="e", ip=ip), 9):
                pass

    trio.run(main)


def test_nothing_is_sent_outside_the_scope_nor_below_the_needed_intensity() -> None:
    async def main(port: int) -> None:
        scope = OpenScope()
        gate = Gate(scope, LIFTED)
        scope.refusals["127.0.0.1"] = OutOfScope("127.0.0.1", "out-of-window")
        with pytest.raises(OutOfScope, match="out-of-window"):
            async with gate.exchange(_HERE, port):
                pass
        scope.refusals.clear()
        scope.grant = Grant(intensity=Intensity.DISCREET)
        with pytest.raises(OutOfScope, match="intensity"):
            async with gate.exchange(_HERE, port, needs=Intensity.STANDARD):
                pass
        async with gate.exchange(_HERE, port) as udp:
            # Refused from now on: the permit is asked for again before each datagram.
            scope.refusals["127.0.0.1"] = OutOfScope("127.0.0.1", "out-of-scope")
            with pytest.raises(OutOfScope, match="out-of-scope"):
                await udp.ask(b"?")
        assert gate.counts()["e"].datagrams == 0
        assert gate.counts()["e"].refused_here == 3

    with udp_service(mute) as (port, asked):
        trio.run(main, port)
    assert asked == []


def test_not_one_datagram_goes_to_a_quiet_port() -> None:
    async def main(port: int) -> None:
        gate = Gate(OpenScope(), LIFTED, is_quiet=lambda asked: asked == port)
        with pytest.raises(OutOfScope, match="quiet-port"):
            async with gate.exchange(_HERE, port):
                pass
        assert gate.slots.used(_HOST) == 0

    with udp_service(mute) as (port, asked):
        trio.run(main, port)
    assert asked == []


def test_a_farewell_does_not_go_to_a_quiet_port_either() -> None:
    async def main(port: int) -> None:
        gate = Gate(OpenScope(), LIFTED, is_quiet=lambda asked: asked != port)
        async with gate.exchange(_HERE, port, any_port=True) as udp:
            await udp.ask(b"?")
            await udp.tell(b"bye")
            assert udp.sent == 1

    with udp_service(lambda _: [b"!"], answers_from="127.0.0.1") as (port, asked):
        trio.run(main, port)
    assert asked.datagrams() == [b"?"]


@pytest.mark.parametrize("which", [None, ["e"]])
def test_a_stop_ends_every_wait_and_what_waits_its_turn(which: list[str] | None) -> None:
    async def main(port: int, heard: Asked) -> None:
        slow = Limits(
            packets_per_second=1, packets_per_second_per_prefix24=1, packets_per_second_per_host=1
        )
        gate = Gate(OpenScope(), slow)
        ended: list[str] = []

        async def ask() -> None:
            try:
                async with gate.exchange(_HERE, port, patience_s=60) as udp:
                    await udp.ask(b"?")
            except (Unanswered, OutOfScope) as why:
                ended.append(str(why))

        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                for _ in range(6):
                    nursery.start_soon(ask)
                while not heard:  # noqa: ASYNC110 - another thread hears
                    await trio.sleep(0.01)
                gate.hold(which)
        assert len(ended) == 6
        assert gate.counts()["e"].datagrams <= 2
        with pytest.raises(OutOfScope, match="interrupted"):
            async with gate.exchange(_HERE, port):
                pass
        gate.lift()
        async with gate.exchange(_HERE, port):
            pass
        assert gate.slots.used(_HOST) == 0

    with udp_service(mute) as (port, asked):
        trio.run(main, port, asked)
    assert len(asked) <= 2


def test_a_medical_host_is_asked_one_thing_at_a_time() -> None:
    async def main(port: int) -> None:
        gate = Gate(OpenScope(), LIFTED)
        frail = Target(establishment="e", ip="127.0.0.1", medical=True)
        most = 0

        async def ask() -> None:
            nonlocal most
            async with gate.exchange(frail, port) as udp:
                most = max(most, gate.slots.used(_HOST))
                await udp.ask(b"?")

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
        assert most == 1

    with udp_service(lambda _: [b"!"]) as (port, _):
        trio.run(main, port)


def test_the_end_of_the_window_ends_the_wait() -> None:
    async def main(port: int) -> None:
        scope = OpenScope()
        scope.grant = Grant(until=datetime.now(UTC) + timedelta(seconds=0.4))
        async with Gate(scope, LIFTED).exchange(_HERE, port, patience_s=60) as udp:
            with trio.fail_after(20), pytest.raises(Unanswered) as caught:
                await udp.ask(b"?")
        assert caught.value.status is Status.OUT_OF_WINDOW

    with udp_service(mute) as (port, asked):
        trio.run(main, port)
    assert len(asked) == 1


def test_ipv6_is_asked_too() -> None:
    async def main(port: int) -> None:
        there = Target(establishment="e", ip="::1")
        async with Gate(OpenScope(), LIFTED).exchange(there, port) as udp:
            assert await udp.ask(b"?") == (b"!",)

    with udp_service(lambda _: [b"!"], ip="::1") as (port, _):
        trio.run(main, port)
