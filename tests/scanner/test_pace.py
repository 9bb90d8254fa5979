"""The rates: no sliding second above the cap by more than 5 %, whoever asks."""

from collections import deque

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from core.inventory import Limits
from scanner.pace import Meter, NotNow, Pace, Slots, keys_of


def worst_second(times: list[float]) -> int:
    """Give the most events that any window of one second holds."""
    window: deque[float] = deque()
    worst = 0
    for at in times:
        window.append(at)
        while window[0] < at - 1.0 + 1e-9:
            window.popleft()
        worst = max(worst, len(window))
    return worst


@given(
    st.integers(1, 3_000),
    st.lists(st.floats(0, 0.3), min_size=1, max_size=60),
    st.floats(0, 0.02),
)
def test_no_second_holds_more_than_the_cap(
    rate: int, pauses: list[float], lateness_s: float
) -> None:
    meter = Meter(rate)
    now, sent = 1_000.0, list[float]()
    ends = now + 3
    turn = 0
    while now < ends and len(sent) < 4_000:
        ready = meter.ready_at(0)
        if ready <= now:
            meter.take(0, now)
            # The packet leaves a little after it was counted, never before.
            sent.append(now)
        else:
            now = ready + lateness_s * pauses[turn % len(pauses)]
            turn += 1
        if turn % 50 == 49:
            now += pauses[turn % len(pauses)]
    assert worst_second(sent) <= max(rate, int(rate * 1.05))


@given(st.integers(20, 5_000))
def test_the_cap_is_nearly_used(rate: int) -> None:
    meter = Meter(rate)
    now, sent = 0.0, 0
    while now < 2:
        meter.take(0, now)
        sent += 1
        now = max(now, meter.ready_at(0))
    assert sent >= 2 * rate * 0.97


def test_memory_is_bounded_by_what_is_under_way() -> None:
    pace = Pace(
        Limits(
            packets_per_second=10**6,
            packets_per_second_per_prefix24=10**6,
            packets_per_second_per_host=10**6,
        )
    )
    now = 0.0
    for host in range(200_000):
        assert pace.try_take(host >> 8, host, now) is None
        now += 1e-4
    assert len(pace._hosts) < 6_000


def test_discovery_is_told_what_it_waits_for() -> None:
    limits = Limits(
        packets_per_second=200, packets_per_second_per_prefix24=100, packets_per_second_per_host=20
    )
    pace = Pace(limits)
    prefix, host = keys_of(4, 0x0A000001)
    assert pace.try_take(prefix, host, 10.0) is None
    late = pace.try_take(prefix, host, 10.0)
    assert isinstance(late, NotNow)
    assert late.key == host
    assert late.when == pytest.approx(10.0 + 1.02 / 20)
    keys = [keys_of(4, 0x0A000002 + step) for step in range(6)]
    answers = [pace.try_take(*key, 10.0) for key in keys]
    assert [answer and answer.key for answer in answers].count(prefix) >= 3
    others = [pace.try_take(*keys_of(4, step << 8), 10.0) for step in range(10)]
    assert None in [answer.key for answer in others if answer is not None]


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**128 - 1))
def test_the_keys_of_both_versions_never_meet(four: int, six: int) -> None:
    keys = [*keys_of(4, four), *keys_of(6, six)]
    assert len(set(keys)) == 4


def test_a_rate_is_above_zero() -> None:
    with pytest.raises(ValueError, match="above zero"):
        Meter(0)


async def _many_dials(pace: Pace, hosts: int, each: int, sent: list[float]) -> None:
    async def dial(host: int) -> None:
        await pace.take(*keys_of(4, host))
        sent.append(trio.current_time())

    async with trio.open_nursery() as nursery:
        for host in range(hosts):
            for _ in range(each):
                nursery.start_soon(dial, host << 4)


def test_dials_keep_all_three_caps(autojump_clock: trio.testing.MockClock) -> None:
    limits = Limits(
        packets_per_second=50, packets_per_second_per_prefix24=30, packets_per_second_per_host=4
    )
    sent: list[float] = []

    async def main() -> None:
        await _many_dials(Pace(limits), 40, 6, sent)

    trio.run(main, clock=autojump_clock)
    assert len(sent) == 240
    assert worst_second(sent) <= 52


def test_a_slow_host_holds_nobody_back(autojump_clock: trio.testing.MockClock) -> None:
    limits = Limits(
        packets_per_second=1_000,
        packets_per_second_per_prefix24=1_000,
        packets_per_second_per_host=1,
    )

    async def main() -> float:
        pace = Pace(limits)
        async with trio.open_nursery() as nursery:
            for _ in range(30):
                nursery.start_soon(pace.take, *keys_of(4, 1))
            await trio.testing.wait_all_tasks_blocked()
            started = trio.current_time()
            await pace.take(*keys_of(4, 2))
            waited = trio.current_time() - started
            nursery.cancel_scope.cancel()
        assert not pace._lines
        return waited

    assert trio.run(main, clock=autojump_clock) < 0.01


def test_probes_go_before_discovery(autojump_clock: trio.testing.MockClock) -> None:
    limits = Limits(
        packets_per_second=10, packets_per_second_per_prefix24=10, packets_per_second_per_host=10
    )

    async def main() -> float:
        pace = Pace(limits)

        async def greedy() -> None:
            step = 0
            while True:
                step += 1
                late = pace.try_take(*keys_of(4, step << 8), trio.current_time())
                await trio.sleep(0.0005 if late is None else 0.001)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(greedy)
            await trio.sleep(5)
            started = trio.current_time()
            await pace.take(*keys_of(4, 1))
            waited = trio.current_time() - started
            nursery.cancel_scope.cancel()
        return waited

    assert trio.run(main, clock=autojump_clock) < 0.15


def test_slots_are_held_given_and_not_lost(autojump_clock: trio.testing.MockClock) -> None:
    async def main() -> None:
        slots = Slots()
        assert slots.try_take(1, 2)
        assert slots.try_take(1, 2)
        assert not slots.try_take(1, 2)
        got: list[int] = []

        async def want(name: int) -> None:
            await slots.take(1, 2)
            got.append(name)

        async with trio.open_nursery() as nursery:
            with trio.CancelScope() as dropped:
                nursery.start_soon(want, 1)
                await trio.testing.wait_all_tasks_blocked()
                nursery.start_soon(want, 2)
                await trio.testing.wait_all_tasks_blocked()
            assert not dropped.cancelled_caught
            slots.release(1)
            assert not slots.try_take(1, 2), "who waits goes first"
            slots.release(1)
        assert sorted(got) == [1, 2]
        with trio.move_on_after(1) as gave_up:
            await slots.take(1, 2)
        assert gave_up.cancelled_caught
        slots.release(1)
        slots.release(1)
        assert slots.used(1) == 0
        assert slots.try_take(1, 1)

    trio.run(main, clock=autojump_clock)


@pytest.fixture
def autojump_clock() -> trio.testing.MockClock:
    """A clock that jumps when everybody sleeps."""
    return trio.testing.MockClock(autojump_threshold=0)
