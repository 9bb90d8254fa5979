"""Every address × UDP port once: spread, resumed, stopped, cut short."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import trio
import trio.testing

from core.errors import OutOfScope
from core.model import Status, Transport
from scanner.datagram_sweep import Answered, sweep_datagrams
from scanner.discovery import BlockState, Opened, Progress, SweepState
from scanner.gate import Gate
from scanner.questions import Reply
from scanner.space import DATAGRAM_SILENT, UNTRIED, Space, code_of
from scanner.target import Target
from tests.scanner.sweeping import LIFTED, MemoryLedger, OpenScope, run_of

_OPEN, _REFUSED = code_of(Status.OPEN), code_of(Status.REFUSED)
_PORTS = (123, 161, 500)
Ask = Callable[[Target, int], Awaitable[Reply]]


class Lab:
    """A gate that opens nothing, and what was asked through it."""

    def __init__(self) -> None:
        self.scope = OpenScope()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.gate = Gate(self.scope, LIFTED, now=self._clock)
        self.ledger = MemoryLedger()
        self.asked: list[tuple[str, int]] = []
        self.told: list[Answered] = []
        self.progress = Progress()

    def _clock(self) -> datetime:
        return self.now + timedelta(seconds=trio.current_time())

    async def ask(self, target: Target, port: int) -> Reply:
        """Port 123 answers, 161 refuses, 500 is silent."""
        self.asked.append((target.ip, port))
        await trio.sleep(0.01)
        return Reply(code={123: _OPEN, 161: _REFUSED}.get(port, DATAGRAM_SILENT))

    async def sweep(
        self,
        space: Space,
        *,
        ask: Ask | None = None,
        at_once: int = 16,
        state: SweepState | None = None,
        wait: bool = True,
    ) -> None:
        """Sweep to the end with a reader."""
        send, receive = trio.open_memory_channel[Answered](0)

        async def read() -> None:
            async for one in receive:
                assert one.opened.index in self.ledger.opened, "its unit is saved before"
                self.told.append(one)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            async with send:
                await sweep_datagrams(
                    self.gate,
                    space,
                    self.ledger,
                    ask or self.ask,
                    send,
                    at_once=at_once,
                    progress=self.progress,
                    state=state,
                    wait=wait,
                )


def small(count: int = 8) -> Space:
    return Space([run_of("127.0.0.1", count)], _PORTS, 7)


def run(main: Callable[[], Awaitable[None]]) -> None:
    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_every_pair_is_asked_once_and_what_answers_is_told() -> None:
    lab, space = Lab(), small()
    run(lambda: lab.sweep(space))
    assert Counter(lab.asked) == Counter(
        (f"127.0.0.{last}", port) for last in range(1, 9) for port in _PORTS
    )
    ended = lab.ledger.by_pair(space)
    assert {status for (_, port), status in ended.items() if port == 500} == {Status.UNDETERMINED}
    assert {status for (_, port), status in ended.items() if port == 161} == {Status.REFUSED}
    assert lab.ledger.finished == {0}
    assert {(one.opened.target.ip, one.opened.port) for one in lab.told} == {
        (f"127.0.0.{last}", 123) for last in range(1, 9)
    }
    assert {one.opened.transport for one in lab.told} == {Transport.UDP}
    assert (lab.progress.done, lab.progress.open) == (24, 8)


@pytest.mark.slow
def test_several_blocks_are_walked() -> None:
    lab, space = Lab(), Space([run_of("10.0.0.0", 400)], range(1, 401), 3)

    async def ask(target: Target, port: int) -> Reply:
        lab.asked.append((target.ip, port))
        await trio.lowlevel.checkpoint()
        return Reply(code=_REFUSED)

    assert space.blocks == 3
    run(lambda: lab.sweep(space, ask=ask, at_once=500))
    assert len(set(lab.asked)) == len(lab.asked) == space.size
    assert lab.ledger.finished == {0, 1, 2}
    assert lab.progress.done == space.size


def test_one_host_keeps_a_connection_free_and_a_medical_one_a_single_question() -> None:
    lab = Lab()
    lab.gate = Gate(lab.scope, type(LIFTED)(connections_per_host=4))
    segments = [run_of("127.0.0.1"), run_of("127.0.0.2", medical=True)]
    space = Space(segments, range(1_000, 1_060), 7)
    busy: Counter[str] = Counter()
    most: Counter[str] = Counter()

    async def ask(target: Target, _port: int) -> Reply:
        busy[target.ip] += 1
        most[target.ip] = max(most[target.ip], busy[target.ip])
        await trio.sleep(0.02)
        busy[target.ip] -= 1
        return Reply(code=DATAGRAM_SILENT)

    run(lambda: lab.sweep(space, ask=ask, at_once=64))
    assert most == {"127.0.0.1": 3, "127.0.0.2": 1}
    assert UNTRIED not in lab.ledger.codes[0]


@pytest.mark.parametrize("seed", range(4))
def test_cut_short_and_resumed_nothing_is_lost_nor_asked_twice(seed: int) -> None:
    lab, space, chance = Lab(), small(100), random.Random(seed)
    finished: set[tuple[str, int]] = set()
    rounds = 0

    async def ask(target: Target, port: int) -> Reply:
        assert (target.ip, port) not in finished
        reply = await lab.ask(target, port)
        finished.add((target.ip, port))
        return reply

    async def life() -> None:
        with trio.move_on_after(chance.uniform(0.005, 0.12)):
            state = SweepState(
                finished=frozenset(lab.ledger.finished),
                partial=[one for one in lab.ledger.codes if one not in lab.ledger.finished],
            )
            await lab.sweep(space, ask=ask, at_once=8, state=state)

    while lab.ledger.finished != {0}:
        rounds += 1
        assert rounds < 500
        run(life)
        # What was saved is what was done: a resume starts there.
        saved = {pair for pair, status in lab.ledger.by_pair(space).items() if status}
        assert len(saved) == len(finished)
    assert rounds > 1
    assert len(lab.ledger.opened) == 100


def test_a_resume_skips_what_is_finished() -> None:
    lab, space = Lab(), small()
    run(lambda: lab.sweep(space))
    before = len(lab.asked)
    run(lambda: lab.sweep(space, state=SweepState(finished={0})))
    assert len(lab.asked) == before
    assert lab.progress.done == 48


def _shut(lab: Lab, ip: str, *, seconds: float) -> OutOfScope:
    return OutOfScope(ip, "out-of-window", next_opening=lab.now + timedelta(seconds=seconds))


class _Windowed(OpenScope):
    """Shut for one address until a moment of trio's clock."""

    def __init__(self, lab: Lab, opens_s: float) -> None:
        super().__init__()
        self._lab = lab
        self._opens_s = opens_s

    def permit(self, ip: str, *, hostname: str | None, at: datetime) -> "object":  # type: ignore[override]
        if ip == "127.0.0.1" and (at - self._lab.now).total_seconds() < self._opens_s:
            raise _shut(self._lab, ip, seconds=self._opens_s)
        return super().permit(ip, hostname=hostname, at=at)


@pytest.mark.parametrize("wait", [True, False])
def test_a_closed_window_is_waited_for_or_told(wait: bool) -> None:
    lab = Lab()
    lab.gate = Gate(_Windowed(lab, 100), LIFTED, now=lab._clock)  # type: ignore[arg-type]
    space = Space([run_of("127.0.0.1"), run_of("127.0.0.2")], _PORTS, 7)
    at: dict[str, float] = {}

    async def ask(target: Target, port: int) -> Reply:
        at.setdefault(target.ip, trio.current_time())
        return await lab.ask(target, port)

    run(lambda: lab.sweep(space, ask=ask, wait=wait))
    assert at["127.0.0.2"] < 1
    if wait:
        assert 100 <= at["127.0.0.1"] < 140
        assert lab.ledger.finished == {0}
    else:
        assert "127.0.0.1" not in at
        ended = Counter(lab.ledger.statuses().values())
        assert ended[Status.OUT_OF_WINDOW] == 3


def test_out_of_scope_is_told_without_a_question() -> None:
    lab, space = Lab(), small(1)
    lab.scope.refusals["127.0.0.1"] = OutOfScope("127.0.0.1", "out-of-scope")
    run(lambda: lab.sweep(space))
    assert set(lab.ledger.statuses().values()) == {Status.OUT_OF_SCOPE}
    assert lab.asked == []


def test_a_stop_of_one_establishment_goes_round_it() -> None:
    lab = Lab()
    segments = [run_of("127.0.0.1", 4, establishment="n"), run_of("127.0.1.1", establishment="s")]
    space = Space(segments, _PORTS, 7)
    lab.gate.hold(["s"])
    run(lambda: lab.sweep(space))
    assert {ip for ip, _ in lab.asked} == {f"127.0.0.{last}" for last in range(1, 5)}
    assert Counter(lab.ledger.statuses().values())[None] == 3
    assert lab.ledger.finished == set()
    lab.gate.lift()
    run(lambda: lab.sweep(space, state=SweepState(partial=[0])))
    assert lab.ledger.finished == {0}
    assert len(lab.asked) == len(set(lab.asked)) == space.size


def test_a_stop_of_everything_pauses() -> None:
    lab, space = Lab(), small(40)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lab.sweep, space)
            await trio.sleep(0.025)
            lab.gate.hold()
            await trio.sleep(0.05)
            held = len(lab.asked)
            await trio.sleep(30)
            assert len(lab.asked) == held < space.size
            lab.gate.lift()

    run(main)
    assert len(set(lab.asked)) == len(lab.asked) == space.size


def test_a_stop_in_the_middle_of_a_question_leaves_it_for_later() -> None:
    lab, space = Lab(), small(2)
    held = False

    async def ask(target: Target, port: int) -> Reply:
        nonlocal held
        if not held and port == 161:
            held = True
            lab.gate.hold()
            raise OutOfScope(target.ip, "interrupted")
        return await lab.ask(target, port)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: lab.sweep(space, ask=ask))
            await trio.sleep(5)
            lab.gate.lift()

    run(main)
    assert lab.ledger.finished == {0}
    assert len(lab.asked) == space.size


def test_what_finds_no_room_is_tried_again_then_left_undetermined() -> None:
    lab, space = Lab(), small(1)
    tries: Counter[int] = Counter()

    async def ask(_target: Target, port: int) -> Reply:
        tries[port] += 1
        await trio.lowlevel.checkpoint()
        return Reply(code=_REFUSED if port == 161 and tries[port] == 2 else UNTRIED)

    run(lambda: lab.sweep(space, ask=ask))
    assert tries == {123: 3, 161: 2, 500: 3}
    # Not « asked and silent »: a resume takes them up.
    assert Counter(lab.ledger.codes[0]) == {code_of(Status.UNDETERMINED): 2, _REFUSED: 1}


def test_a_ledger_that_fails_ends_the_sweep_with_its_error() -> None:
    class Broken(MemoryLedger):
        async def save(self, blocks: Sequence[BlockState], opened: Sequence[Opened]) -> None:
            await trio.lowlevel.checkpoint()
            raise OSError("disk full")

    lab = Lab()
    lab.ledger = Broken()

    async def main() -> None:
        send, receive = trio.open_memory_channel[Answered](10)
        async with send, receive:
            with pytest.raises(OSError, match="disk full"):
                await sweep_datagrams(
                    lab.gate,
                    small(),
                    lab.ledger,
                    lab.ask,
                    send,
                    at_once=4,
                    progress=lab.progress,
                )

    run(main)


def test_an_empty_space_is_done_at_once() -> None:
    lab = Lab()
    run(lambda: lab.sweep(Space([run_of("127.0.0.1")], (), 7)))
    assert lab.asked == []
