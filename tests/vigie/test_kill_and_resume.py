"""A scan killed at random moments and resumed: nothing lost, nothing twice, the same results."""

import random
import signal
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.vigie.running import SLOW, Desk, Region, facts, region

pytestmark = pytest.mark.slow
_KILLS = 9


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with region(tmp_path_factory.mktemp("region"), "127.30") as found:
        yield found


@pytest.fixture(scope="module")
def slow(served: Region, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return served.rewritten(tmp_path_factory.mktemp("inventory") / "region.toml", *SLOW)


@pytest.fixture(scope="module")
def undisturbed(slow: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    desk = Desk(tmp_path_factory.mktemp("undisturbed"))
    done = desk.vigie("scan", slow, "--out", desk.out)
    assert done.returncode == 0, done.stderr
    return desk.results()


def test_killed_at_random_moments_then_resumed(
    slow: Path, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    moments = random.Random(seed)
    killed = lives = 0
    while killed < _KILLS:
        desk = Desk(tmp_path / f"life{lives}")
        lives += 1
        killed += _live(desk, slow, moments, _KILLS - killed)
        assert facts(desk.results()) == facts(undisturbed)
        _nothing_twice(desk)
    assert killed >= _KILLS


def _live(desk: Desk, inventory: Path, moments: random.Random, kills: int) -> int:
    """Kill one scan at random moments, at most ``kills`` times, until it gets done."""
    killed = 0
    while True:
        has_run = desk.database.is_file() and bool(
            desk.rows("SELECT 1 FROM sqlite_master WHERE name = 'runs'")
            and desk.rows("SELECT 1 FROM runs")
        )
        again = ["--resume"] if has_run else []
        before = _stored(desk) if has_run else {}
        begun = len(desk.log("start"))
        process = desk.started("scan", inventory, "--out", desk.out, *again)
        if killed < kills:
            # One kill in four falls anywhere, start-up included; the others while it measures.
            if moments.random() < 0.25:
                time.sleep(moments.uniform(0.1, 1.5))
            else:
                while len(desk.log("start")) == begun and process.poll() is None:
                    time.sleep(0.02)
                time.sleep(moments.uniform(0.0, 2.5))
            if process.poll() is None:
                process.kill()
                process.wait()
                killed += 1
                if desk.database.is_file():
                    assert desk.is_intact()
                if has_run:
                    _nothing_lost(before, _stored(desk))
                continue
        assert process.wait(60) == 0, desk.errors
        _nothing_lost(before, _stored(desk))
        return killed


def _stored(desk: Desk) -> dict[str, Any]:
    statuses: dict[tuple[int, int], bytes] = {
        (space, block): zlib.decompress(packed)
        for space, block, packed in desk.rows("SELECT space, block, statuses FROM sweeps")
    }
    return {
        "observations": dict(
            desk.rows(
                "SELECT id, body FROM observations"
                " WHERE kind NOT IN ('host', 'run', 'egress', 'feeds')"
            )
        ),
        "done": {place for (place,) in desk.rows("SELECT place FROM units WHERE done = 1")},
        "statuses": statuses,
    }


def _nothing_lost(before: dict[str, Any], after: dict[str, Any]) -> None:
    if not before:
        return
    # Neither taken back nor measured again: the very same rows are still there.
    assert before["observations"].items() <= after["observations"].items()
    assert before["done"] <= after["done"]
    for key, codes in before["statuses"].items():
        for was, now in zip(codes, after["statuses"][key], strict=True):
            assert was in {0, 0xF1, 0xF2, now}


def _nothing_twice(desk: Desk) -> None:
    assert len(desk.rows("SELECT DISTINCT id FROM runs")) == 1
    twice = desk.rows(
        """SELECT kind, establishment, ip, port, json_extract(body, '$.place.hostname') AS host,
                  json_extract(body, '$.probe') AS probe, json_extract(body, '$.name') AS name,
                  count(*)
           FROM observations GROUP BY kind, establishment, ip, port, host, probe, name
           HAVING count(*) > 1"""
    )
    assert twice == []
    assert desk.rows("SELECT place FROM units GROUP BY place HAVING count(*) > 1") == []
    assert desk.rows("SELECT place FROM units WHERE done = 0") == []


def test_what_was_stored_is_not_tried_again(slow: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    process = desk.started("scan", slow, "--out", desk.out)
    desk.wait_for_event("start")
    time.sleep(2.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = sum(
        len(codes) - sum(map(codes.count, (b"\0", b"\xf1", b"\xf2")))
        for codes in _stored(desk)["statuses"].values()
    )
    again = desk.vigie("scan", slow, "--out", desk.out, "--resume")
    assert again.returncode == 0, again.stderr
    total = sum(desk.results()["coverage"]["statuses"].values())
    # Those of the probes succeed: what failed was a pair of the sweep, a sentinel or a closed name.
    failed = sum(one["attempts"] - one["connections"] for one in desk.log("sent"))
    assert done > total / 5
    assert failed <= total - done + 24
