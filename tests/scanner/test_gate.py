"""The gate: asked before anything is opened, and shut at one word."""

import os
import socket
import time
from datetime import UTC, datetime, timedelta

import pytest
import trio
import trio.testing

from core.errors import OutOfScope, Unanswered
from core.inventory import Limits
from core.model import Intensity, Status
from inventories.scope import Segment
from scanner import gate as gate_module
from scanner.gate import Gate, Shut, Waits
from scanner.pace import NotNow, keys_of
from scanner.target import Target
from tests.scanner.sweeping import LIFTED, Grant, OpenScope, run_of, utc
from tests.servers.real import free_port

_HERE = Target(establishment="e", ip="127.0.0.1")


async def _listening(ip: str = "127.0.0.1") -> tuple[trio.SocketListener, int]:
    listener = (await trio.open_tcp_listeners(0, host=ip))[0]
    return listener, listener.socket.getsockname()[1]


def test_dials_what_the_scope_grants_and_holds_a_slot() -> None:
    async def main() -> None:
        scope = OpenScope()
        gate = Gate(scope, LIFTED)
        listener, port = await _listening()
        named = Target(establishment="e", ip="127.0.0.1", hostname="portail.chu.example")
        async with await gate.dial(named, port, timeout_s=2) as stream:
            peer = await listener.accept()
            await peer.send_all(b"hello")
            assert await stream.receive() == b"hello"
            assert gate.slots.used(keys_of(4, 0x7F000001)[1]) == 1
            assert scope.asked[0] == ("127.0.0.1", "portail.chu.example")
        assert gate.slots.used(keys_of(4, 0x7F000001)[1]) == 0
        assert gate.half_open == 0
        assert gate.counts()["e"].attempts == 1
        assert gate.counts()["e"].connections == 1
        await peer.aclose()
        await listener.aclose()

    trio.run(main)


def test_says_what_the_target_did() -> None:
    async def main() -> None:
        gate = Gate(OpenScope(), LIFTED)
        with pytest.raises(Unanswered) as caught:
            await gate.dial(_HERE, free_port())
        assert caught.value.status is Status.REFUSED
        assert gate.counts()["e"].attempts == 1, "a refusal is an answer: not asked again"

    trio.run(main)


def test_silence_is_tried_again_and_counted() -> None:
    # A listener whose queue is full answers nothing more: Linux drops the SYN.
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        time.sleep(0.1)

        async def main() -> None:
            gate = Gate(OpenScope(), LIFTED)
            gate.waits.learn(keys_of(4, 0x7F000001)[0], 0.001)
            with pytest.raises(Unanswered) as caught:
                await gate.dial(_HERE, port, attempts=2)
            assert caught.value.status is Status.TIMEOUT
            assert gate.counts()["e"].attempts == 2
            assert gate.half_open == 0

        started = time.perf_counter()
        trio.run(main)
        assert 0.55 < time.perf_counter() - started < 3
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize(
    "ip",
    [
        "127.1",
        "0x7f000001",
        "127.0.0.1.",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::FFFF:7f00:1",
        "::0001",
    ],
)
def test_odd_spellings_are_not_dialled(ip: str) -> None:
    async def main() -> None:
        gate = Gate(OpenScope(), LIFTED)
        with pytest.raises(OutOfScope):
            await gate.dial(Target(establishment="e", ip=ip), 80)
        assert gate.pace.taken == 0

    trio.run(main)


def test_nothing_is_sent_without_a_permit_of_enough_intensity() -> None:
    async def main() -> None:
        told: list[tuple[str, str]] = []
        scope = OpenScope()
        gate = Gate(scope, LIFTED, journal=lambda event, detail: told.append((event, detail)))
        scope.refusals["127.0.0.1"] = OutOfScope("127.0.0.1", "third-party")
        with pytest.raises(OutOfScope) as refused:
            await gate.dial(_HERE, 80)
        assert refused.value.reason == "third-party"
        scope.refusals.clear()
        scope.grant = Grant(intensity=Intensity.PASSIVE)
        with pytest.raises(OutOfScope) as weak:
            await gate.dial(_HERE, 80)
        assert weak.value.reason == "intensity"
        scope.grant = Grant(intensity=Intensity.DISCREET)
        with pytest.raises(OutOfScope):
            await gate.dial(_HERE, 80, needs=Intensity.STANDARD)
        assert gate.pace.taken == 0
        assert gate.counts()["e"].refused_here == 3
        assert [event for event, _ in told] == ["refused"] * 3

    trio.run(main)


def test_a_permit_is_asked_again_after_the_wait() -> None:
    async def main() -> None:
        scope = OpenScope()
        gate = Gate(
            scope,
            Limits(
                packets_per_second=5,
                packets_per_second_per_prefix24=5,
                packets_per_second_per_host=5,
            ),
        )
        port = free_port()
        with pytest.raises(Unanswered):
            await gate.dial(_HERE, port)
        async with trio.open_nursery() as nursery:

            async def refused() -> None:
                with pytest.raises(OutOfScope):
                    await gate.dial(_HERE, port)

            nursery.start_soon(refused)
            await trio.testing.wait_all_tasks_blocked()
            scope.refusals["127.0.0.1"] = OutOfScope("127.0.0.1", "out-of-window")
        assert gate.counts()["e"].attempts == 1

    trio.run(main)


def test_medical_hosts_get_one_connection_at_a_time() -> None:
    async def main() -> None:
        scope = OpenScope()
        scope.grant = Grant(medical=True)
        gate = Gate(scope, LIFTED)
        listener, port = await _listening()
        order: list[str] = []

        async def second() -> None:
            async with await gate.dial(_HERE, port):
                order.append("second")

        async with trio.open_nursery() as nursery:
            stream = await gate.dial(_HERE, port)
            await stream.listen(0.01)
            nursery.start_soon(second)
            await trio.sleep(0.1)
            order.append("first closes")
            await stream.aclose()
        assert order == ["first closes", "second"]
        await listener.aclose()

    trio.run(main)


def test_hold_cuts_streams_and_refuses_until_lifted() -> None:
    async def main() -> None:
        told: list[str] = []
        gate = Gate(OpenScope(), LIFTED, journal=lambda event, _detail: told.append(event))
        listener, port = await _listening()
        stream = await gate.dial(_HERE, port)
        peer = await listener.accept()

        async def reading() -> None:
            with pytest.raises(Unanswered) as cut:
                await stream.receive()
            assert cut.value.status is Status.UNDETERMINED
            assert cut.value.detail == "stopped"

        async with trio.open_nursery() as nursery:
            nursery.start_soon(reading)
            await trio.testing.wait_all_tasks_blocked()
            gate.hold(["other"])
            assert stream.is_open
            gate.hold(["e"])
        assert not stream.is_open
        assert gate.slots.used(0x7F000001) == 0
        with pytest.raises(trio.BrokenResourceError):
            await peer.receive_some()
        with pytest.raises(OutOfScope):
            await gate.dial(_HERE, port)
        door = gate.doors([run_of("127.0.0.1")])[0]
        assert isinstance(gate.refusal(door, trio.current_time()), Shut)
        gate.lift()
        assert gate.refusal(door, trio.current_time()) is None
        async with await gate.dial(_HERE, port) as again:
            assert again.is_open
        assert told == ["hold", "hold", "refused", "lift"]
        await peer.aclose()
        await listener.aclose()

    trio.run(main)


def test_a_stream_ends_with_its_window() -> None:
    async def main() -> None:
        scope = OpenScope()
        now = utc(2026, 1, 1)
        started = trio.current_time()

        def clock() -> datetime:
            return now + timedelta(seconds=trio.current_time() - started)

        scope.grant = Grant(until=now + timedelta(seconds=0.4))
        gate = Gate(scope, LIFTED, now=clock)
        listener, port = await _listening()
        stream = await gate.dial(_HERE, port)
        with pytest.raises(Unanswered) as over:
            await stream.receive(timeout_s=5)
        assert over.value.status is Status.OUT_OF_WINDOW
        assert trio.current_time() - started < 2
        with pytest.raises(Unanswered):
            await stream.send(b"x")
        assert not stream.is_open
        await listener.aclose()

    trio.run(main)


def test_what_is_lent_is_taken_from_the_caps() -> None:
    async def main() -> None:
        scope = OpenScope()
        limits = Limits(
            packets_per_second=200,
            packets_per_second_per_prefix24=100,
            packets_per_second_per_host=20,
            connections_per_host=1,
        )
        gate = Gate(scope, limits)
        with pytest.raises(OutOfScope):
            async with gate.lend(_HERE, per_second=10):
                pass
        scope.grant = Grant(intensity=Intensity.DEEP)
        async with gate.lend(_HERE, per_second=10):
            await trio.sleep(1)
            assert not gate.slots.try_take(keys_of(4, 0x7F000001)[1], 1)
        assert 7 <= gate.pace.taken <= 12

        async def stopped() -> None:
            async with gate.lend(_HERE, per_second=10):
                gate.hold()
                await trio.sleep(5)

        with pytest.raises(OutOfScope), trio.fail_after(2):
            await stopped()
        assert gate.slots.used(keys_of(4, 0x7F000001)[1]) == 0

    trio.run(main)


def test_begin_asks_judges_paces_and_bounds() -> None:
    async def main() -> None:
        scope = OpenScope()
        limits = Limits(
            packets_per_second=1000,
            packets_per_second_per_prefix24=1000,
            packets_per_second_per_host=1000,
            connections_per_host=2,
        )
        gate = Gate(scope, limits)
        listener, port = await _listening()
        door = gate.doors([run_of("127.0.0.1", 2)])[0]
        address = 0x7F000001
        keys = keys_of(4, address)
        now = trio.current_time()
        first = gate.begin(door, address, port, *keys, now)
        second = gate.begin(door, address, port, *keys, now + 0.1)
        third = gate.begin(door, address, port, *keys, now + 0.2)
        assert isinstance(first, socket.socket)
        assert isinstance(second, socket.socket)
        assert isinstance(third, NotNow)
        assert third.key == address
        await trio.lowlevel.wait_writable(first)
        stream = gate.adopt(first, door, keys[1])
        gate.give_up(second, keys[1])
        assert not isinstance(stream, Status | Shut)
        assert stream.is_untouched
        assert gate.slots.used(address) == 1
        await stream.aclose()
        assert gate.slots.used(address) == 0
        with pytest.raises(ValueError, match="outside its segment"):
            gate.begin(door, address + 2, port, *keys_of(4, address + 2), now + 1)
        door.until = 0
        scope.refusals["127.0.0.1"] = OutOfScope("127.0.0.1", "out-of-scope")
        assert gate.begin(door, address, port, *keys, now + 1) is Status.OUT_OF_SCOPE
        door.until = 0
        opening = datetime.now(UTC) + timedelta(hours=1)
        scope.refusals["127.0.0.1"] = OutOfScope("127.0.0.1", "out-of-window", next_opening=opening)
        closed = gate.begin(door, address, port, *keys, now + 1)
        assert isinstance(closed, Shut)
        assert 3_000 < closed.when - now < 4_000
        await listener.aclose()

    trio.run(main)


def test_an_idle_connection_gives_way_to_a_dial() -> None:
    async def main() -> None:
        limits = Limits(
            packets_per_second=10**6,
            packets_per_second_per_prefix24=10**6,
            packets_per_second_per_host=10**6,
            connections_per_host=1,
        )
        gate = Gate(OpenScope(), limits)
        listener, port = await _listening()
        door = gate.doors([run_of("127.0.0.1")])[0]
        begun = gate.begin(door, 0x7F000001, port, *keys_of(4, 0x7F000001), trio.current_time())
        assert isinstance(begun, socket.socket)
        await trio.lowlevel.wait_writable(begun)
        idle = gate.adopt(begun, door, 0x7F000001)
        assert not isinstance(idle, Status | Shut)
        with trio.fail_after(2):
            async with await gate.dial(_HERE, port):
                assert not idle.is_open
        await listener.aclose()

    trio.run(main)


def test_this_machine_out_of_room_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        gate = Gate(OpenScope(), LIFTED)
        door = gate.doors([run_of("127.0.0.1")])[0]
        keys = keys_of(4, 0x7F000001)

        def no_room(*_: object) -> socket.socket:
            raise OSError(24, os.strerror(24))

        with monkeypatch.context() as patched:
            patched.setattr(socket, "socket", no_room)
            waits = [gate.begin(door, 0x7F000001, 9, *keys, 1e9 + step) for step in range(8)]
        assert all(isinstance(wait, NotNow) and wait.key is None for wait in waits)
        assert isinstance(waits[-1], NotNow)
        assert waits[-1].when - (1e9 + 7) == pytest.approx(1.0)
        assert gate.slots.used(0x7F000001) == 0
        assert gate.half_open == 0

    trio.run(main)


def test_a_connection_to_oneself_is_no_service() -> None:
    # A SYN whose source port is its destination port meets itself: an "open" port nobody serves.
    with socket.socket() as selfish:
        selfish.bind(("127.0.0.1", 0))
        selfish.connect(selfish.getsockname())
        assert gate_module._met_itself(selfish)


def test_waits_follow_the_round_trip_within_their_bounds() -> None:
    waits = Waits(size=3)
    assert waits.wait_s(1) == 0.95
    waits.learn(1, 0.001)
    assert waits.wait_s(1) == 0.3
    for _ in range(50):
        waits.learn(2, 0.4)
    assert 0.45 < waits.wait_s(2) < 0.6
    for _ in range(50):
        waits.learn(3, 3.0)
    assert waits.wait_s(3) == 0.95
    waits.learn(4, 0.01)
    assert len(waits) == 3
    assert waits.wait_s(1) == 0.95, "the oldest prefix was forgotten"


def test_an_address_learnt_to_be_spared_is_left_at_once() -> None:
    async def main() -> None:
        gate = Gate(OpenScope(), LIFTED)
        listener, port = await _listening()
        async with await gate.dial(_HERE, port, timeout_s=2) as stream:
            peer = await listener.accept()
            gate.learn(OpenScope(), spared=["127.0.0.1"], alone=["127.0.0.2"])
            with pytest.raises(Unanswered) as caught:
                await stream.receive()
            assert caught.value.status is Status.OUT_OF_SCOPE
            await peer.aclose()
        segment = Segment(
            version=4, first=0x7F000001, last=0x7F000002, establishment="e", medical=False
        )
        (door,) = gate.doors([segment])
        prefix, host = keys_of(4, 0x7F000001)
        now = trio.current_time()
        attempts = gate.counts()["e"].attempts
        told = gate.begin(door, 0x7F000001, port, prefix, host, now)
        assert told is Status.OUT_OF_SCOPE
        assert gate.counts()["e"].attempts == attempts, "not one packet"
        other = keys_of(4, 0x7F000002)[1]
        begun = gate.begin(door, 0x7F000002, port, prefix, other, now)
        assert isinstance(begun, socket.socket)
        held = gate.begin(door, 0x7F000002, port, prefix, other, now)
        assert isinstance(held, NotNow), "one connection at a time"
        gate.give_up(begun, other)
        await listener.aclose()

    trio.run(main)
