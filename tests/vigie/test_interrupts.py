"""Ctrl-C and SIGTERM, at every stage: a quick end, and a resume that completes."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.vigie.running import SLOW, Desk, Region, region

pytestmark = pytest.mark.slow
_END_S = 2.0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with region(tmp_path_factory.mktemp("region"), "127.31") as found:
        yield found


@pytest.fixture(scope="module")
def slow(served: Region, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return served.rewritten(tmp_path_factory.mktemp("inventory") / "region.toml", *SLOW)


def _ended(process: "subprocess.Popen[str]", asked_at: float) -> int:
    code = process.wait(30)
    # As long again for a machine that other tests keep busy.
    assert time.monotonic() - asked_at < _END_S * (2 if os.getloadavg()[0] > 3 else 1)
    return code


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_ends_quickly_with_its_files_and_resumes(
    slow: Path, tmp_path: Path, asked: signal.Signals
) -> None:
    desk = Desk(tmp_path)
    process = desk.started("scan", slow, "--out", desk.out)
    desk.wait_for_event("start")
    desk.wait_for_services(3)
    at = time.monotonic()
    process.send_signal(asked)
    assert _ended(process, at) == 130
    cut = desk.results()
    assert cut["run"]["complete"] is False
    assert cut["services"], "what was measured is kept"
    assert any("interrompu" in row["why"] for row in cut["not_measured"])
    assert "interrompu" in (desk.out / "report.html").read_text(encoding="utf-8")
    assert "Traceback" not in desk.errors
    assert desk.is_intact()
    done = desk.vigie("scan", slow, "--out", desk.out, "--resume")
    assert done.returncode == 0, done.stderr
    whole = desk.results()
    assert whole["run"]["complete"] is True
    assert whole["run"]["id"] == cut["run"]["id"]
    seen = {(one["ip"], one["port"], one["protocol"]) for one in whole["services"]}
    assert {(one["ip"], one["port"], one["protocol"]) for one in cut["services"]} <= seen


def test_a_second_ctrl_c_hurts_nothing(slow: Path, tmp_path: Path) -> None:
    # Thrown out in the middle of anything, it may leave sockets for the kernel to close.
    desk = Desk(tmp_path, warnings="default::UserWarning")
    process = desk.started("scan", slow, "--out", desk.out)
    desk.wait_for_event("start")
    time.sleep(1)
    at = time.monotonic()
    for _ in range(3):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    assert _ended(process, at) == 130
    assert "Traceback" not in desk.errors
    assert desk.is_intact()
    assert [path.name for path in desk.out.iterdir() if path.name.startswith(".")] == []
    assert desk.vigie("scan", slow, "--out", desk.out, "--resume").returncode == 0


@pytest.mark.parametrize("pause_s", [0.3, 0.6, 0.9, 1.2])
def test_interrupted_while_it_starts(slow: Path, tmp_path: Path, pause_s: float) -> None:
    desk = Desk(tmp_path)
    process = desk.started("--quiet", "scan", slow, "--out", desk.out)
    time.sleep(pause_s)
    at = time.monotonic()
    process.send_signal(signal.SIGINT)
    code = _ended(process, at)
    # Before the program has its own words, the interpreter ends by the signal.
    assert code in {130, -signal.SIGINT}
    if code == 130:
        assert "Traceback" not in desk.errors


def test_interrupted_while_it_waits_for_a_window(served: Region, tmp_path: Path) -> None:
    later = datetime.now(UTC) + timedelta(days=3)
    shut = served.rewritten(
        tmp_path / "shut.toml",
        (
            'intensity = "standard"\n',
            f'intensity = "standard"\nwindows = ["{later:%a} 00:00-24:00"]\n',
        ),
    )
    for asked in (signal.SIGINT, signal.SIGTERM):
        desk = Desk(tmp_path / asked.name)
        process = desk.started("scan", shut, "--out", desk.out, "--wait")
        desk.wait_for_event("waiting")
        time.sleep(0.2)
        assert "En attente : ouverture" in desk.errors
        at = time.monotonic()
        process.send_signal(asked)
        assert _ended(process, at) == 130
        assert "Traceback" not in desk.errors
        assert desk.rows("SELECT count(*) FROM runs") == [(0,)]


def test_a_run_at_work_is_not_resumed_beside_itself(slow: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    process = desk.started("scan", slow, "--out", desk.out)
    desk.wait_for_event("start")
    second = desk.vigie("scan", slow, "--out", tmp_path / "second", "--resume")
    assert second.returncode == 2
    assert "encore en cours" in second.stderr
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in found.split()]


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_leaves_no_region_behind(tmp_path: Path, asked: signal.Signals) -> None:
    desk, process, served = _demo(tmp_path)
    at = time.monotonic()
    process.send_signal(asked)
    assert _ended(process, at) == 130
    assert not Path(f"/proc/{served}").exists()
    assert "Traceback" not in desk.errors


def test_the_region_of_a_demo_that_is_killed_ends_by_itself(tmp_path: Path) -> None:
    _, process, served = _demo(tmp_path)
    process.kill()
    process.wait()
    ends = time.monotonic() + 20
    while _is_alive(served):
        assert time.monotonic() < ends
        time.sleep(0.05)


def _demo(folder: Path) -> tuple[Desk, "subprocess.Popen[str]", int]:
    desk = Desk(folder)
    own = ("--hosts", "5", "--network", "127.32", "--serve-only")
    process = desk.started("demo", "--out", desk.out, *own)
    ends = time.monotonic() + 20
    while not (desk.out / "region" / "truth.json").is_file():
        assert time.monotonic() < ends, desk.errors
        time.sleep(0.05)
    (served,) = _children(process.pid)
    return desk, process, served


def _is_alive(pid: int) -> bool:
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    # Whoever inherits an orphan may be slow to reap it.
    return told.rpartition(")")[2].split()[0] != "Z"
