"""Windows and mandates from the command line: refused, waited for, closed under a scan."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.vigie.running import SLOW, Desk, Region, region

pytestmark = pytest.mark.slow
_MANDATE = 'intensity = "standard"\n'

_CLOCK = """
import sys, time
from datetime import datetime as real, timedelta
import scanner.gate, vigie.cli, vigie.job
offset_s, jump_s, jump_after_s = map(float, sys.argv[1].split(","))
begun = time.monotonic()
class Clock:
    @staticmethod
    def now(zone):
        jumped = jump_s if time.monotonic() - begun > jump_after_s else 0
        return real.now(zone) + timedelta(seconds=offset_s + jumped)
vigie.job.datetime = scanner.gate.datetime = Clock
vigie.cli.main(sys.argv[2:])
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with region(tmp_path_factory.mktemp("region"), "127.34", hosts=6) as found:
        yield found


def _at(
    desk: Desk, moment: datetime, *words: str | Path, jump_s: float = 0, after_s: float = 1e9
) -> "subprocess.CompletedProcess[str]":
    """Run a command whose clock starts at ``moment``, and jumps once."""
    offset_s = (moment - datetime.now(UTC)).total_seconds()
    return subprocess.run(
        [sys.executable, "-c", _CLOCK, f"{offset_s},{jump_s},{after_s}", *map(str, words)],
        cwd=desk.folder,
        env=desk.environment(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def _in_days(count: int) -> date:
    return datetime.now(UTC).date() + timedelta(days=count)


def test_outside_its_window_nothing_is_sent(served: Region, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    day = _in_days(3)
    shut = served.rewritten(
        tmp_path / "i.toml", (_MANDATE, f'{_MANDATE}windows = ["{day:%a} 20:00-06:00"]\n')
    )
    for lang, words in (("fr", "prochaine ouverture"), ("en", "next opening")):
        done = desk.asked("--lang", lang, "scan", shut, "--out", desk.out)
        assert done.returncode == 4
        # In the inventory's own time, its offset told.
        assert re.search(rf"{words} {day} 20:00\+0[12]:00", done.stderr), done.stderr
        assert "Traceback" not in done.stderr
    assert not desk.out.exists()
    assert desk.rows("SELECT count(*) FROM runs") == [(0,)]
    assert desk.asked("scan", shut, "--no-wait", "--out", desk.out).returncode == 4


@pytest.mark.parametrize("summer", [False, True])
def test_next_opening_keeps_local_time_across_a_change_of_clock(
    served: Region, tmp_path: Path, summer: bool
) -> None:
    # Clocks change on 28 March 2027 and 31 October 2027, at 01:00 UTC.
    before = (
        datetime(2027, 3, 27, 12, tzinfo=UTC) if summer else datetime(2027, 10, 30, 12, tzinfo=UTC)
    )
    shut = served.rewritten(
        tmp_path / "i.toml",
        (_MANDATE, f'{_MANDATE}windows = ["Sun 20:00-23:00"]\n'),
        *_valid(date(2026, 1, 1), date(2028, 1, 1), served),
    )
    done = _at(Desk(tmp_path), before, "scan", shut)
    assert done.returncode == 4
    opening = "2027-03-28 20:00+02:00" if summer else "2027-10-31 20:00+01:00"
    assert opening in done.stderr


def _valid(first: date, last: date, served: Region) -> list[tuple[str, str]]:
    text = served.inventory.read_text(encoding="utf-8")
    return [
        (line, f"{key} = {value}")
        for key, value in (("valid_from", first), ("valid_until", last))
        for line in [re.findall(rf"^{key} = .*$", text, re.MULTILINE)[0]]
    ]


def test_a_mandate_that_ended(served: Region, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ended = served.rewritten(tmp_path / "i.toml", *_valid(_in_days(-30), _in_days(-2), served))
    for more in ((), ("--wait",)):
        done = desk.asked("scan", ended, "--out", desk.out, *more)
        assert done.returncode == 4, done.stderr
        assert "prochaine ouverture" not in done.stderr
    assert not desk.out.exists()


def test_a_mandate_that_has_not_begun(served: Region, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    begins = _in_days(10)
    later = served.rewritten(tmp_path / "i.toml", *_valid(begins, _in_days(20), served))
    done = desk.asked("scan", later, "--out", desk.out)
    assert done.returncode == 4
    assert f"prochaine ouverture {begins} 00:00" in done.stderr


def test_waits_for_its_window_then_scans(served: Region, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    opens = datetime(2027, 1, 4, 9, tzinfo=UTC)
    inventory = served.rewritten(
        tmp_path / "i.toml",
        (_MANDATE, f'{_MANDATE}windows = ["Mon 10:00-12:00"]\n'),
        # Not begun when the scan is asked for, eight seconds before it may.
        *_valid(date(2027, 1, 1), date(2027, 12, 31), served),
    )
    begins = opens - timedelta(seconds=8)
    done = _at(desk, begins, "scan", inventory, "--out", desk.out, "--wait")
    assert done.returncode == 0, done.stderr
    assert "En attente : ouverture 2027-01-04 10:00" in done.stderr
    (waiting,), (start,) = desk.log("waiting"), desk.log("start")
    waited = datetime.fromisoformat(start["at"]) - datetime.fromisoformat(waiting["at"])
    assert 0.1 < waited.total_seconds() < 9
    assert desk.results()["services"]
    assert desk.results()["run"]["started_at"] >= "2027-01-04T09:00:00"


def test_waits_for_a_mandate_to_begin(served: Region, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    inventory = served.rewritten(
        tmp_path / "i.toml", *_valid(date(2027, 1, 5), date(2027, 12, 31), served)
    )
    midnight = datetime(2027, 1, 4, 23, tzinfo=UTC)
    done = _at(
        desk, midnight - timedelta(seconds=3), "scan", inventory, "--out", desk.out, "--wait"
    )
    assert done.returncode == 0, done.stderr
    assert desk.results()["services"]


@pytest.fixture
def narrow(served: Region, tmp_path: Path) -> Path:
    """Two windows, a minute apart: 10:00 to 10:01 and from 10:02."""
    return served.rewritten(
        tmp_path / "narrow.toml",
        *SLOW,
        # The sweep alone outlasts the first window, however quick the machine.
        ("packets_per_second = 1000", "packets_per_second = 250"),
        (_MANDATE, f'{_MANDATE}windows = ["Mon 10:00-10:01", "Mon 10:02-12:00"]\n'),
        *_valid(date(2027, 1, 1), date(2027, 12, 31), served),
    )


_CLOSES = datetime(2027, 1, 4, 9, 1, tzinfo=UTC)
_BEFORE = timedelta(seconds=3.0 if os.getloadavg()[0] < 3 else 4.5)


def test_a_window_that_closes_ends_a_run_that_does_not_wait(narrow: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    done = _at(desk, _CLOSES - _BEFORE, "scan", narrow, "--out", desk.out, "--no-wait")
    assert done.returncode == 3, done.stderr
    cut = desk.results()
    assert cut["run"]["complete"] is False
    assert cut["coverage"]["statuses"]["out-of-window"] > 0
    assert any("fenêtre" in row["why"] for row in cut["not_measured"])
    assert "Traceback" not in done.stderr
    # In the next window the rest is taken up, and only the rest.
    again = _at(desk, _CLOSES + timedelta(minutes=5), "scan", narrow, "--out", desk.out, "--resume")
    assert again.returncode == 0, again.stderr
    whole = desk.results()
    assert whole["run"]["complete"] is True
    assert "out-of-window" not in whole["coverage"]["statuses"]
    assert len(whole["services"]) == len(_expected_services(narrow, tmp_path))


def test_a_window_that_closes_pauses_a_run(narrow: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    # Three seconds after the window closed, its clock jumps to the next one.
    after_s = _BEFORE.total_seconds() + 3
    done = _at(
        desk,
        _CLOSES - _BEFORE,
        *("scan", narrow, "--out", desk.out),
        jump_s=62,
        after_s=after_s,
    )
    assert done.returncode == 0, done.stderr
    whole = desk.results()
    assert whole["run"]["complete"] is True
    assert "out-of-window" not in whole["coverage"]["statuses"]
    assert len(whole["services"]) == len(_expected_services(narrow, tmp_path))
    shut = (_CLOSES.isoformat(timespec="microseconds"), "2027-01-04T09:02:00")
    times = [at for (at,) in desk.rows("SELECT at FROM observations WHERE kind = 'service'")]
    # What was being told when the window closed may be written a moment later.
    late = (_CLOSES + timedelta(seconds=0.5)).isoformat()
    assert [at for at in times if late < at < shut[1]] == []
    assert [at for at in times if at > shut[1]] != []


def _expected_services(inventory: Path, tmp_path: Path) -> list[object]:
    desk = Desk(tmp_path / "undisturbed")
    desk.folder.mkdir()
    done = _at(desk, _CLOSES + timedelta(minutes=5), "scan", inventory, "--out", desk.out)
    assert done.returncode == 0, done.stderr
    found: list[object] = desk.results()["services"]
    return found
