"""The sweep: every pair one status, nothing lost, nothing twice, whatever happens meanwhile."""

import errno
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
import trio

from core.errors import OutOfScope, StoreError
from core.inventory import Limits
from core.model import Status
from scanner import discovery
from scanner.discovery import BlockState, ConnectEngine, Opened, SweepState
from scanner.gate import Gate
from scanner.space import BLOCK_PAIRS, SILENT_ONCE, Space, code_of
from tests.scanner.sweeping import LIFTED, MemoryLedger, OpenScope, run_of, sweep

_BASE = "127.30.0.0"


@asynccontextmanager
async def services(*places: tuple[str, int]) -> AsyncIterator[list[str]]:
    """Listen at these places; gives what is accepted."""
    accepted: list[str] = []

    async def serve(stream: trio.SocketStream) -> None:
        accepted.append(stream.socket.getsockname()[0])
        with suppress(trio.BrokenResourceError):
            await stream.send_all(b"hello")
            await stream.receive_some()
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        for ip, port in places:
            listeners = await trio.open_tcp_listeners(port, host=ip)
            nursery.start_soon(trio.serve_listeners, serve, listeners)
        yield accepted
        nursery.cancel_scope.cancel()


def _ports(count: int) -> list[int]:
    return list(range(21_000, 21_000 + count))


def test_finds_what_is_open_and_gives_each_pair_one_status() -> None:
    async def main() -> None:
        space = Space([run_of(_BASE, 32), run_of("127.31.0.0", 3)], _ports(50), 5)
        ledger, found = MemoryLedger(), list[Opened]()
        gate = Gate(OpenScope(), LIFTED)
        async with services(("127.30.0.7", 21_003), ("127.31.0.2", 21_049)) as accepted:
            progress = await sweep(space, ledger, gate=gate, found=found)
            await trio.sleep(0.05)
        assert {(each.target.ip, each.port) for each in found} == {
            ("127.30.0.7", 21_003),
            ("127.31.0.2", 21_049),
        }
        assert sorted(accepted) == ["127.30.0.7", "127.31.0.2"], "one connection each"
        assert progress.done == progress.total == progress.attempts == space.size
        assert Counter(ledger.statuses().values()) == {
            Status.OPEN: 2,
            Status.REFUSED: space.size - 2,
        }
        assert set(ledger.finished) == {0}
        assert set(ledger.opened) == {each.index for each in found}
        assert gate.half_open == 0
        assert not gate.slots._used

    trio.run(main)


def test_hands_over_the_connection_itself() -> None:
    async def main() -> None:
        space = Space([run_of("127.30.0.7")], [21_003], 5)
        found: list[Opened] = []
        async with services(("127.30.0.7", 21_003)):
            await sweep(space, MemoryLedger(), found=found, close=False)
            stream = found[0].stream
            assert stream is not None
            assert stream.is_open
            assert await stream.listen(1) == b"hello"
            await stream.aclose()

    trio.run(main)


def test_several_blocks_go_through() -> None:
    async def main() -> None:
        space = Space([run_of(_BASE, 1_400)], _ports(50), 9)
        ledger, found = MemoryLedger(), list[Opened]()
        places = {(f"127.30.{step % 5}.{step + 1}", 21_000 + step) for step in range(20)}
        async with services(*places):
            await sweep(space, ledger, found=found)
        assert ledger.finished == {0, 1}
        assert len(ledger.codes[1]) == space.size - BLOCK_PAIRS
        assert {(each.target.ip, each.port) for each in found} == places
        assert all(ledger.statuses().values())

    trio.run(main)


def test_a_slow_reader_pauses_the_sweep_and_loses_nothing() -> None:
    async def main() -> None:
        space = Space([run_of(_BASE, 250)], [21_003], 5)
        places = [(f"127.30.0.{step}", 21_003) for step in range(250)]
        gate = Gate(OpenScope(), LIFTED)
        engine = ConnectEngine(gate)
        send, receive = trio.open_memory_channel[Opened](0)
        async with services(*places) as accepted, trio.open_nursery() as nursery:

            async def go() -> None:
                await engine.sweep(space, MemoryLedger(), send)
                await send.aclose()

            nursery.start_soon(go)
            await trio.sleep(0.6)
            assert engine.progress.is_paused
            assert 64 <= len(accepted) < 250
            got = 0
            async for opened in receive:
                got += 1
                assert opened.stream is not None
                await opened.stream.aclose()
        assert got == 250

    # The batch of the first round may bring in more than what is handed at once: make it small.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(discovery, "_BATCH", 16)
        trio.run(main)


def test_a_host_that_accepts_everything_is_given_up() -> None:
    async def main() -> None:
        ports = _ports(200)
        space = Space([run_of("127.30.0.9")], ports, 5)
        ledger = MemoryLedger()
        limits = Limits(
            packets_per_second=10**6,
            packets_per_second_per_prefix24=10**6,
            packets_per_second_per_host=10**6,
            connections_per_host=4,
        )
        async with services(*(("127.30.0.9", port) for port in ports)):
            progress = await sweep(space, ledger, gate=Gate(OpenScope(), limits))
        assert [target.ip for target in progress.everywhere] == ["127.30.0.9"]
        counted = Counter(ledger.statuses().values())
        assert 40 <= counted[Status.OPEN] <= 50
        assert counted[Status.GAVE_UP] == 200 - counted[Status.OPEN]

    trio.run(main)


@asynccontextmanager
async def silent(ip: str, port: int) -> AsyncIterator[None]:
    """Make a port that answers nothing: a listener whose queue is full drops SYNs."""
    with socket.socket() as full:
        full.bind((ip, port))
        full.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex((ip, port))
        await trio.sleep(0.1)
        try:
            yield
        finally:
            for filler in fillers:
                filler.close()


def test_silence_is_tried_again() -> None:
    async def main() -> None:
        ledger = MemoryLedger()
        async with silent("127.30.0.5", 21_005):
            space = Space([run_of("127.30.0.5")], _ports(20), 5)
            progress = await sweep(space, ledger)
        statuses = ledger.by_pair(space)
        assert statuses[0x7F1E0005, 21_005] is Status.TIMEOUT
        assert Counter(statuses.values()) == {Status.REFUSED: 19, Status.TIMEOUT: 1}
        assert progress.attempts == 19 + 2, "a third time only where packets get lost"

    trio.run(main)


def test_silence_on_a_filtered_way_out_is_told_apart() -> None:
    async def main() -> None:
        ledger = MemoryLedger()
        async with silent("127.30.0.5", 21_005), silent("127.30.0.5", 21_006):
            space = Space([run_of("127.30.0.5")], [21_005, 21_006], 5)
            progress = await sweep(space, ledger, egress_filtered={21_005})
        statuses = ledger.by_pair(space)
        assert statuses[0x7F1E0005, 21_005] is Status.EGRESS_FILTERED
        assert statuses[0x7F1E0005, 21_006] is Status.TIMEOUT
        assert progress.attempts == 1 + 2

    trio.run(main)


def test_caps_hold_and_the_work_is_still_done() -> None:
    async def main() -> float:
        limits = Limits(
            packets_per_second=400,
            packets_per_second_per_prefix24=300,
            packets_per_second_per_host=100,
            connections_per_host=2,
        )
        space = Space([run_of(_BASE, 3), run_of("127.30.1.0", 3)], _ports(80), 5)
        ledger = MemoryLedger()
        started = trio.current_time()
        await sweep(space, ledger, gate=Gate(OpenScope(), limits))
        assert Counter(ledger.statuses().values()) == {Status.REFUSED: 480}
        return trio.current_time() - started

    took_s = trio.run(main)
    assert 1.1 < took_s < 2.5


def test_what_the_scope_refuses_is_told_and_not_sent() -> None:
    async def main() -> None:
        scope = OpenScope()
        scope.refusals["127.31.0.0"] = OutOfScope("127.31.0.0", "third-party")
        scope.refusals["127.32.0.0"] = OutOfScope("127.32.0.0", "out-of-window")
        gate = Gate(scope, LIFTED)
        space = Space(
            [run_of(_BASE, 2), run_of("127.31.0.0", 2), run_of("127.32.0.0", 2)], _ports(10), 5
        )
        ledger = MemoryLedger()
        progress = await sweep(space, ledger, gate=gate)
        assert Counter(ledger.statuses().values()) == {
            Status.REFUSED: 20,
            Status.OUT_OF_SCOPE: 20,
            Status.OUT_OF_WINDOW: 20,
        }
        assert progress.attempts == 20

    trio.run(main)


@pytest.mark.parametrize("wait", [True, False])
def test_a_closed_window_pauses_or_ends(*, wait: bool) -> None:
    async def main() -> None:
        scope = OpenScope()
        opens = datetime.now(UTC) + timedelta(seconds=1)
        scope.refusals["127.31.0.0"] = OutOfScope("127.31.0.0", "out-of-window", next_opening=opens)
        space = Space([run_of(_BASE, 2), run_of("127.31.0.0", 2)], _ports(10), 5)
        ledger = MemoryLedger()
        async with trio.open_nursery() as nursery:

            async def open_later() -> None:
                await trio.sleep(1)
                scope.refusals.clear()

            nursery.start_soon(open_later)
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(discovery, "_PARKED_S", 0.3)
                await sweep(space, ledger, gate=Gate(scope, LIFTED), wait=wait)
        expected = {Status.REFUSED: 40} if wait else {Status.REFUSED: 20, Status.OUT_OF_WINDOW: 20}
        assert Counter(ledger.statuses().values()) == expected

    trio.run(main)


def test_a_stop_pauses_at_once_and_a_lift_goes_on() -> None:
    async def main() -> None:
        limits = Limits(
            packets_per_second=200,
            packets_per_second_per_prefix24=200,
            packets_per_second_per_host=200,
        )
        gate = Gate(OpenScope(), limits)
        engine = ConnectEngine(gate)
        space, ledger = Space([run_of(_BASE, 4)], _ports(40), 5), MemoryLedger()
        async with trio.open_nursery() as nursery:

            async def stop() -> None:
                await trio.sleep(0.3)
                gate.hold()
                sent = engine.progress.attempts
                with trio.fail_after(10):
                    while not engine.progress.is_paused:  # noqa: ASYNC110 - the engine tells nobody
                        await trio.sleep(0.02)
                await trio.sleep(0.8)
                assert engine.progress.attempts == sent
                assert 0 < sent < 160
                gate.lift()

            nursery.start_soon(stop)
            await sweep(space, ledger, engine=engine)
        assert Counter(ledger.statuses().values()) == {Status.REFUSED: 160}

    trio.run(main)


class _Killed(Exception):
    pass


class _Store(MemoryLedger):
    """Dies at a chosen save, before or after it is written."""

    def __init__(self, dies_at: int, *, after: bool) -> None:
        super().__init__()
        self.dies_at = dies_at
        self.after = after
        self.written: Counter[int] = Counter()

    async def save(self, blocks: Sequence[BlockState], opened: Sequence[Opened]) -> None:
        if self.saves >= self.dies_at and not self.after:
            raise _Killed
        await super().save(blocks, opened)
        if self.saves > self.dies_at:
            raise _Killed


@pytest.mark.parametrize("seed", range(3))
def test_killed_and_resumed_it_ends_as_if_undisturbed(seed: int) -> None:
    rng = random.Random(seed)
    space = Space([run_of(_BASE, 700)], _ports(100), seed)
    places = [(f"127.30.{rng.randrange(2)}.{step}", 21_000 + step) for step in range(1, 12)]

    async def main() -> None:
        store = _Store(rng.randrange(1, 6), after=rng.random() < 0.5)
        handed: list[Opened] = []
        runs = 0
        async with services(*places):
            while True:
                runs += 1
                state = SweepState(
                    finished=frozenset(store.finished),
                    partial=sorted(set(store.codes) - store.finished),
                )
                engine = ConnectEngine(Gate(OpenScope(), LIFTED), save_every_s=0.05)
                progress = None
                try:
                    progress = await sweep(space, store, engine=engine, found=handed, state=state)
                except* _Killed:
                    # Of the killed run only what the store holds survives.
                    store.saves = 0
                    store.dies_at = rng.randrange(1, 12) if runs < 4 else 10**9
                if progress is not None:
                    break
        assert runs > 1
        assert progress.done == progress.total
        statuses = store.by_pair(space)
        assert len(statuses) == space.size
        opened = {pair for pair, status in statuses.items() if status is Status.OPEN}
        assert len(opened) == len(places)
        assert Counter(statuses.values()) == {
            Status.OPEN: len(places),
            Status.REFUSED: space.size - len(places),
        }
        # Each open pair is in the store: what was never handed over is a unit still to do there.
        assert {space.pair(index)[1:3] for index in store.opened} == opened

    trio.run(main)


def test_a_resume_goes_on_with_the_passes_where_they_were() -> None:
    async def main() -> None:
        space = Space([run_of("127.30.0.5")], _ports(20), 5)
        store = MemoryLedger()
        codes = bytearray([code_of(Status.REFUSED)] * 18 + [SILENT_ONCE, 0])
        store.codes[0] = bytes(codes)
        progress = await sweep(space, store, state=SweepState(partial=[0]))
        assert progress.attempts == 2
        assert progress.done == 20
        assert store.finished == {0}

    trio.run(main)


def test_a_full_disk_stops_the_sweep_with_its_own_error() -> None:
    class Full(MemoryLedger):
        async def save(self, blocks: Sequence[BlockState], opened: Sequence[Opened]) -> None:
            raise StoreError("disk full")

    async def main() -> None:
        gate = Gate(OpenScope(), LIFTED)
        send, _receive = trio.open_memory_channel[Opened](4)
        space = Space([run_of(_BASE, 250)], _ports(200), 5)
        with pytest.raises(StoreError, match="disk full"), trio.fail_after(10):
            await ConnectEngine(gate).sweep(space, Full(), send)
        assert gate.half_open == 0

    trio.run(main)


def test_cancelled_it_keeps_what_was_measured_and_leaves_nothing_open() -> None:
    async def main() -> None:
        limits = Limits(
            packets_per_second=500,
            packets_per_second_per_prefix24=500,
            packets_per_second_per_host=500,
        )
        gate = Gate(OpenScope(), limits)
        store = MemoryLedger()
        space = Space([run_of(_BASE, 250)], _ports(200), 5)
        engine = ConnectEngine(gate, save_every_s=60)
        with trio.move_on_after(0.5) as cut:
            await sweep(space, store, engine=engine)
        assert cut.cancelled_caught
        assert trio.current_time() - cut.deadline < 2
        counted = Counter(store.statuses().values())
        assert counted[Status.REFUSED] == engine.progress.done > 100
        assert not store.finished
        assert gate.half_open == 0
        assert not gate.slots._used

    trio.run(main)


def test_a_machine_without_ports_left_slows_down_and_loses_nothing() -> None:
    async def main() -> None:
        failures = iter([errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.EMFILE] * 5)
        connect = socket.socket.connect_ex

        class Scarce(socket.socket):
            def connect_ex(self, address: object) -> int:
                code = next(failures, None)
                return connect(self, address) if code is None else code  # type: ignore[arg-type]

        space, ledger = Space([run_of(_BASE, 8)], _ports(10), 5), MemoryLedger()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(socket, "socket", Scarce)
            await sweep(space, ledger)
        assert Counter(ledger.statuses().values()) == {Status.REFUSED: 80}

    trio.run(main)


def test_an_empty_space_ends_at_once() -> None:
    async def main() -> None:
        assert (await sweep(Space([], [80], 1), MemoryLedger())).done == 0

    trio.run(main)
