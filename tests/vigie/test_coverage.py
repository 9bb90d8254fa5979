"""What was silent or not tried is told whatever the size of the perimeter."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.model import Status
from core.store.store import Plan, Run, Store, SweepBlock
from scanner.space import code_of
from tests.inventories.samples import establishment, inventory, mandate
from vigie import coverage
from vigie.coverage import main_space, scope_of, sweep_of

_AT = datetime(2026, 6, 1, tzinfo=UTC)
_PORTS = (25, 443)
_RUN = Run(
    id="r",
    kind="exposure",
    ght="g",
    profile="standard",
    started_at=_AT,
    finished_at=_AT,
    complete=True,
    vigie_version="0",
    plan=Plan(seed=7, tcp_ports=_PORTS, establishments=(), profile=None),
    inventory=inventory(
        mandate(establishments=("a", "b")),
        establishments=(
            establishment(ranges=("203.0.113.0/25",)),
            establishment(id="b", name="B", ranges=("203.0.113.128/25",), domains=()),
        ),
    ),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(f"sqlite:///{tmp_path / 'vigie.db'}")) as made:
        made.start_run(_RUN)
        space = main_space(_RUN, scope_of(_RUN))
        codes = bytearray(code_of(Status.TIMEOUT) for _ in range(space.size))
        for address in range(256):
            index = space.index_of(4, (203 << 24) + (113 << 8) + address, 443)
            codes[index] = code_of(Status.BANNED if address % 2 else Status.REFUSED)
        block = SweepBlock(space=0, block=0, finished=True, statuses=bytes(codes))
        made.save_sweep(_RUN.id, [block], [])
        yield made


def test_small_spaces_are_told_pair_by_pair(store: Store) -> None:
    seen = sweep_of(store, _RUN)
    assert seen.statuses == {Status.TIMEOUT: 256, Status.REFUSED: 128, Status.BANNED: 128}
    assert seen.unproven == {("a", 25): 128, ("b", 25): 128}
    assert seen.by_reason == {("a", "banned"): 64, ("b", "banned"): 64}


def test_large_ones_are_shared_out_and_nothing_is_left_untold(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coverage, "_DETAIL_PAIRS", 1)
    seen = sweep_of(store, _RUN)
    assert seen.by_reason == {("a", "banned"): 64, ("b", "banned"): 64}
    # Silent on one port of two: shared over both.
    assert seen.unproven == {("a", 25): 64, ("b", 25): 64}


def test_what_was_not_done_is_told_as_such(tmp_path: Path) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'vigie.db'}")) as empty:
        empty.start_run(_RUN)
        seen = sweep_of(empty, _RUN)
    assert seen.statuses == {Status.UNDETERMINED: 512}
    assert seen.by_reason == {("a", "interrupted"): 256, ("b", "interrupted"): 256}
