"""Whatever is cut, whenever: one ticket a finding, one note a change, in the end."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.secrets import Secret
from reports.exports.rt import Rt
from reports.exports.tracker import NotDone, Reply, Request, Unsure
from tests.servers.rt_fake import Answer, FakeRt, served
from tests.vigie.ticketing_lab import Region, sqlite, telnets, tracker
from vigie.ticketing.engine import Summary

ROOT = Path(__file__).parents[2]
CONFIG = tracker("http://127.0.0.1:1")
_SECRETS = {"token": Secret("t")}


class Killed(BaseException):
    """The process ended here."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a store of five findings, to be copied: migrating one takes longer than a test."""
    folder = tmp_path_factory.mktemp("prepared")
    region = Region(sqlite(folder))
    region.scan(telnets(5))
    region.store.close()
    return folder / "vigie.db"


def _copy(prepared: Path, folder: Path) -> Region:
    folder.mkdir(exist_ok=True)
    shutil.copy(prepared, folder / "vigie.db")
    region = Region(sqlite(folder))
    region.at += timedelta(days=1)
    region.runs = 1
    return region


def _follow(region: Region, fake: FakeRt) -> Summary:
    # Time passes between exports only: none of them waits for a cut one.
    region.at += timedelta(minutes=5)
    return region.follow(CONFIG, Rt(fake.send, _SECRETS, {}), settle_s=0)


def _history(region: Region, fake: FakeRt, follow: Callable[[], object]) -> None:
    """Create, fix one, bring it back, fix all."""
    follow()
    region.scan(telnets(4), telnets(1, 4))
    follow()
    region.scan(telnets(5))
    follow()
    region.scan((), telnets(5))
    follow()


def _is_right(fake: FakeRt) -> None:
    assert len(fake.tickets) == 5
    assert len(set(fake.references())) == 5
    assert [one["Status"] for one in fake.tickets] == ["resolved"] * 5
    notes = sorted(len(one["notes"]) for one in fake.tickets)
    assert notes == [1, 1, 1, 1, 3]
    for one in fake.tickets:
        assert len(set(one["notes"])) == len(one["notes"])


def test_killed_at_every_request_of_a_history(prepared: Path, tmp_path: Path) -> None:
    calm = FakeRt()
    region = _copy(prepared, tmp_path / "calm")
    _history(region, calm, lambda: _follow(region, calm))
    region.store.close()
    _is_right(calm)
    assert calm.requests < 50
    for point in range(1, calm.requests + 1):
        for after in (False, True):
            fake = FakeRt()
            fake.hook = _killer(fake, {(point, after)})
            region = _copy(prepared, tmp_path / "killed")

            def follow(region: Region = region, fake: FakeRt = fake) -> None:
                try:
                    _follow(region, fake)
                except Killed:
                    _follow(region, fake)

            _history(region, fake, follow)
            region.store.close()
            _is_right(fake)


def _killer(fake: FakeRt, points: set[tuple[int, bool]]) -> Callable[[int, str, bool], None]:
    def hook(number: int, _what: str, done: bool) -> None:
        if (number, done) in points:
            points.discard((number, done))
            raise Killed

    return hook


@pytest.mark.parametrize("obeyed", [False, True])
def test_every_change_times_out_once(prepared: Path, tmp_path: Path, obeyed: bool) -> None:
    """Whether or not it was done, the answer is lost."""
    fake = FakeRt()
    cut: set[bytes] = set()

    async def send(request: Request) -> Reply:
        if request.changes and request.body not in cut:
            cut.add(request.body)
            if obeyed:
                await fake.send(request)
            raise Unsure("timeout")
        return await fake.send(request)

    region = _copy(prepared, tmp_path)

    def follow() -> None:
        # Two findings in a row are enough to be left alone for this time.
        for _ in range(8):
            region.at += timedelta(minutes=5)
            told = region.follow(CONFIG, Rt(send, _SECRETS, {}), settle_s=0)
            if not told.left:
                return
        raise AssertionError(told)

    _history(region, fake, follow)
    region.store.close()
    _is_right(fake)


def test_nothing_is_lost_or_doubled_by_outages(prepared: Path, tmp_path: Path) -> None:
    fake = FakeRt()
    region = _copy(prepared, tmp_path)
    down = True

    async def send(request: Request) -> Reply:
        if down:
            raise NotDone("refused")
        return await fake.send(request)

    told = region.follow(CONFIG, Rt(send, _SECRETS, {}))
    assert told.unreachable
    assert not fake.tickets
    down = False
    told = region.follow(CONFIG, Rt(send, _SECRETS, {}))
    assert told.created == 5
    down = True
    region.scan(telnets(4), telnets(1, 4))
    assert region.follow(CONFIG, Rt(send, _SECRETS, {})).unreachable
    down = False
    assert region.follow(CONFIG, Rt(send, _SECRETS, {})).solved == 1
    region.store.close()


_GARBAGE = b'{"id": "1'
_STATUSES: list[tuple[int, dict[str, str], bytes]] = [
    (401, {}, b'{"message":"Unauthorized"}'),
    (403, {}, b'{"message":"No permission"}'),
    (404, {}, b""),
    (409, {}, b"{}"),
    (429, {"retry-after": "3600"}, b""),
    (500, {}, b"oops"),
    (503, {"retry-after": "7"}, b""),
    (302, {"location": "https://elsewhere.example/"}, b""),
    (201, {}, _GARBAGE),
    (200, {}, b"[" * 100_000),
    (201, {}, b'{"id": {}}'),
]


@pytest.mark.parametrize("obeyed", [False, True])
@pytest.mark.parametrize("fault", _STATUSES, ids=lambda one: f"{one[0]}-{len(one[2])}")
def test_bad_answers_to_a_creation(
    prepared: Path, tmp_path: Path, fault: Answer, obeyed: bool
) -> None:
    if obeyed and fault[0] in {401, 403, 404, 429, 302}:
        pytest.skip("such an answer is given in the place of the work")
    fake = FakeRt()
    pending = [fault] * 2

    def hook(_number: int, what: str, done: bool) -> Answer | None:
        is_now = what == "POST ticket" and done is obeyed and pending
        return pending.pop() if is_now else None

    fake.hook = hook
    region = _copy(prepared, tmp_path)
    first = _follow(region, fake)
    assert first.created < 5 or not pending
    for _ in range(4):
        last = _follow(region, fake)
    assert not last.left
    assert not last.denied
    assert len(fake.tickets) == len(set(fake.references())) == 5
    region.store.close()


@pytest.mark.slow
def test_a_real_process_killed_a_dozen_times_makes_200_tickets(tmp_path: Path) -> None:
    region = Region(sqlite(tmp_path))
    region.scan(telnets(200))
    region.store.close()
    fake = FakeRt()
    child: list[subprocess.Popen[bytes]] = []
    points: set[tuple[int, bool]] = set()

    def hook(number: int, _what: str, done: bool) -> None:
        if (number, done) in points:
            points.discard((number, done))
            child[0].kill()
            child[0].wait()

    fake.hook = hook
    kills = [(1, False), (2, True), (3, False), (3, True), (2, False), (30, True), (31, False)]
    kills += [(40, True), (41, True), (30, False), (31, True), (32, True)]
    with served(fake) as url:
        for further, done in kills:
            points.add((fake.requests + further, done))
            _export(tmp_path, url, child)
            assert not points
            assert child[0].returncode == -signal.SIGKILL
        _export(tmp_path, url, child)
        assert child[0].returncode == 0
        before = fake.requests
        writes = len(fake.writes)
        _export(tmp_path, url, child)
        assert child[0].returncode == 0
        assert len(fake.writes) == writes
        assert fake.requests - before < 10
    assert len(fake.tickets) == len(set(fake.references())) == 200


def _export(folder: Path, url: str, child: list["subprocess.Popen[bytes]"]) -> None:
    child[:] = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.vigie.ticketing_child", sqlite(folder), url, "0.2"],
            cwd=ROOT,
            env={**os.environ, "VIGIE_TEST_TOKEN": "t"},
        )
    ]
    child[0].wait(120)
