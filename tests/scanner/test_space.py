"""The target space: a bijection, spread out, without memory."""

import itertools
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import Status
from scanner.space import (
    SILENT_ONCE,
    Space,
    code_of,
    count_statuses,
    status_of_code,
)
from tests.scanner.sweeping import Run, run_of

_RUNS = st.lists(
    st.tuples(st.sampled_from([4, 6]), st.integers(0, 5_000), st.integers(1, 40)),
    min_size=1,
    max_size=4,
)


@given(_RUNS, st.sets(st.integers(1, 65_535), min_size=1, max_size=12), st.integers(0, 2**64))
def test_every_pair_has_one_index(
    runs: list[tuple[int, int, int]], ports: set[int], seed: int
) -> None:
    first, segments = 0, list[Run]()
    for version, gap, length in runs:
        first += gap
        segments.append(Run(version=version, first=first, last=first + length - 1))
        first += length
    space = Space(segments, sorted(ports), seed)
    pairs = [space.pair(index) for index in range(len(space))]
    assert len(set(pairs)) == len(pairs) == sum(run[2] for run in runs) * len(ports)
    for index, (version, address, port, at) in enumerate(pairs):
        assert segments[at].version == version
        assert segments[at].first <= address <= segments[at].last
        assert port in ports
        assert space.index_of(version, address, port) == index


def test_the_same_seed_gives_the_same_order_and_another_another() -> None:
    def order(seed: int) -> list[tuple[int, int, int, int]]:
        space = Space([run_of("10.0.0.0", 256)], range(1, 101), seed)
        return [space.pair(index) for index in range(200)]

    assert order(7) == order(7)
    assert order(7) != order(8)


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**63])
def test_consecutive_pairs_fall_far_apart(seed: int) -> None:
    space = Space([run_of("10.0.0.0", 65_536)], range(1, 201), seed)
    addresses = [space.pair(index)[1] for index in range(5_000)]
    for one, other in itertools.pairwise(addresses):
        assert one >> 8 != other >> 8
    # Any run of 256 spreads over nearly 256 different /24s.
    assert len({address >> 8 for address in addresses[:256]}) > 160


def test_a_slash_8_by_200_ports_starts_at_once_and_takes_no_memory() -> None:
    tracemalloc.start()
    started = time.perf_counter()
    space = Space([run_of("10.0.0.0", 1 << 24)], range(1, 201), 3)
    space.pair(len(space) - 1)
    took_s = time.perf_counter() - started
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(space) == 200 << 24
    assert took_s < 0.5
    assert peak < 200_000


def test_a_pair_of_elsewhere_is_no_key() -> None:
    space = Space([run_of("10.0.0.0", 4)], [80], 1)
    with pytest.raises(KeyError):
        space.index_of(4, 1, 80)
    with pytest.raises(KeyError):
        space.index_of(6, 10 << 24, 80)
    with pytest.raises(KeyError):
        space.index_of(4, 10 << 24, 81)
    with pytest.raises(ValueError, match="ends before"):
        Space([Run(first=5, last=4)], [80], 1)


def test_the_smallest_spaces() -> None:
    assert len(Space([], [80], 5)) == 0
    assert Space([], [80], 5).blocks == 0
    one = Space([run_of("10.0.0.1")], [80], 99)
    assert one.pair(0) == (4, (10 << 24) + 1, 80, 0)
    assert one.index_of(4, (10 << 24) + 1, 80) == 0
    assert Space([run_of("10.0.0.1")], [80, 80, 81], 1).size == 2


def test_codes_stand_for_statuses_for_ever() -> None:
    assert {status: code_of(status) for status in Status} == {
        Status.OPEN: 1,
        Status.REFUSED: 2,
        Status.FILTERED: 3,
        Status.TIMEOUT: 4,
        Status.RESET: 5,
        Status.GAVE_UP: 6,
        Status.RATE_LIMITED: 7,
        Status.BANNED: 8,
        Status.EGRESS_FILTERED: 9,
        Status.OUT_OF_SCOPE: 10,
        Status.OUT_OF_WINDOW: 11,
        Status.UNDETERMINED: 12,
        Status.PROTOCOL_ERROR: 13,
        Status.OK: 14,
    }
    assert all(status_of_code(code_of(status)) is status for status in Status)
    assert status_of_code(0) is None
    assert status_of_code(SILENT_ONCE) is None
    counted = count_statuses(bytes([0, SILENT_ONCE, 2, 2, 1]))
    assert counted == {Status.REFUSED: 2, Status.OPEN: 1, None: 2}
