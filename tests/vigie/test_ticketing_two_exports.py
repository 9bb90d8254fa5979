"""Two machines export the same findings of one PostgreSQL: one ticket each, whoever stalls."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.store.tables import LEASES
from tests.servers.postgres import Cluster
from tests.servers.rt_fake import FakeRt, served
from tests.vigie.ticketing_lab import Region, telnets

pytestmark = [pytest.mark.real, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
_COUNT = 50
_ENDS_S = 120.0
_INVENTORY = """
schema = 1
lab = true

[ght]
id = "ght-exemple"
name = "GHT Exemple"

[[establishments]]
id = "chu-exemple"
name = "CHU d'Exemple"
ranges = ["203.0.113.0/24"]

[[mandates]]
establishments = ["chu-exemple"]
signed_by = "DG"
document = "m.pdf"
valid_from = 2026-01-01
valid_until = 2099-12-31
intensity = "standard"

[services]
ticketing = "{url}"
"""
_OPERATIONS = """
schema = 1
inventories = ["ght.toml"]

[[trackers]]
id = "rt-exemple"
kind = "rt"
url = "{url}"
secrets = {{ token = "env:VIGIE_TEST_TOKEN" }}
minimum = "low"
may_close = true

[[trackers.destinations]]
place = "file"
"""


class Desk:
    """Fifty findings in a PostgreSQL, and who exports them."""

    def __init__(self, folder: Path, db: str, url: str) -> None:
        self._folder, self._db, self._url = folder, db, url
        (folder / "ght.toml").write_text(_INVENTORY.format(url=url))
        (folder / "region.toml").write_text(_OPERATIONS.format(url=url))

    def start(self) -> subprocess.Popen[str]:
        """Start the command as another machine would, with a state folder of its own."""
        state = self._folder / f"state-{len(list(self._folder.iterdir()))}"
        state.mkdir(mode=0o700)
        options = ["--lang", "en", "--state-dir", str(state), "--db", self._db]
        file = ["--operations", str(self._folder / "region.toml")]
        return self._run("vigie", *options, "export", "rt", *file)

    def settled(self) -> int:
        """Export once more, without the wait for what may still be at work; gives its code."""
        again = self._run("tests.vigie.ticketing_child", self._db, self._url, "0")
        again.communicate(timeout=_ENDS_S)
        return again.returncode

    def _run(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env={**os.environ, "VIGIE_TEST_TOKEN": "t"},
            stderr=subprocess.PIPE,
            text=True,
        )


def _ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said = process.communicate(timeout=_ENDS_S)[1]
    return process.returncode, said


@pytest.fixture
def db(cluster: Cluster) -> str:
    """Give a database of fifty findings."""
    url = cluster.database()
    region = Region(url)
    region.scan(telnets(_COUNT))
    region.store.close()
    return url


def _is_right(fake: FakeRt, desk: Desk) -> None:
    assert len(fake.tickets) == len(set(fake.references())) == _COUNT
    assert desk.settled() == 0
    assert len(fake.tickets) == _COUNT
    assert not any(one["notes"] for one in fake.tickets)


def test_of_two_at_once_one_works_and_the_other_is_told(db: str, tmp_path: Path) -> None:
    fake = FakeRt()
    other_ended = threading.Event()

    def hook(number: int, _what: str, _done: bool) -> None:
        # The first to ask waits there until the other has left: they do meet.
        if number == 1:
            other_ended.wait(_ENDS_S)

    fake.hook = hook
    with served(fake) as url:
        desk = Desk(tmp_path, db, url)
        both = [desk.start(), desk.start()]
        while all(one.poll() is None for one in both):
            time.sleep(0.05)
        other_ended.set()
        ends = sorted(map(_ended, both))
        assert [code for code, _ in ends] == [0, 2]
        assert "50 created" in ends[0][1]
        assert "wait for it to end" in ends[1][1]
        _is_right(fake, desk)


def test_who_stalls_past_its_lease_makes_no_ticket_twice(db: str, tmp_path: Path) -> None:
    """Stopped between having seen that there is no ticket and making it."""
    fake = FakeRt()
    first: list[subprocess.Popen[str]] = []
    is_stopped, may_answer = threading.Event(), threading.Event()

    def hook(_number: int, what: str, done: bool) -> None:
        is_search = what == "GET tickets" and done
        if is_search and len(fake.tickets) == 20 and not is_stopped.is_set():
            first[0].send_signal(signal.SIGSTOP)
            is_stopped.set()
            may_answer.wait(_ENDS_S)

    fake.hook = hook
    with served(fake) as url:
        desk = Desk(tmp_path, db, url)
        first.append(desk.start())
        assert is_stopped.wait(_ENDS_S)
        engine = sa.create_engine(db)
        with engine.begin() as connection:
            connection.execute(sa.update(LEASES).values(until="2026-01-01T00:00:00.000000+00:00"))
        engine.dispose()
        code, said = _ended(desk.start())
        assert code == 0, said
        assert len(fake.tickets) == _COUNT
        may_answer.set()
        first[0].send_signal(signal.SIGCONT)
        code, said = _ended(first[0])
        assert (code, "took over" in said) == (2, True), said
        _is_right(fake, desk)
