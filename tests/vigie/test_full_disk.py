"""Disks that are full, stores that are locked, damaged or not there: told in one line, harmless."""

import os
import re
import resource
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.vigie.running import ROOT, SLOW, Desk, Region, region

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with region(tmp_path_factory.mktemp("region"), "127.33", hosts=6) as found:
        yield found


def _desk(folder: Path) -> Desk:
    # A run that its store fails leaves its last sockets for the kernel to close.
    return Desk(folder, warnings="default::UserWarning")


@contextmanager
def _small_disk(at: Path, size: str) -> Iterator[None]:
    at.mkdir(parents=True)
    options = f"size={size},mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(at)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(at)], check=True)


def _one_line(errors: str) -> str:
    assert "Traceback" not in errors
    # A slow machine lets the plain progress line of every ten seconds through.
    (line,) = (one for one in errors.strip().splitlines() if not re.match(r"\d+ % ", one))
    return line


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")


@needs_root
@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "plus de place sur le disque"), ("en", "no room left on the disk")],
)
def test_a_full_disk_under_the_store(
    served: Region, tmp_path: Path, language: str, words: str
) -> None:
    desk = _desk(tmp_path / "desk")
    told = ("--lang", language, "--out", desk.out)
    with _small_disk(desk.state, "600k"):
        (desk.state / "ballast").write_bytes(b"x" * 300_000)
        done = desk.vigie("scan", served.inventory, *told)
        assert done.returncode == 3
        line = _one_line(done.stderr)
        assert words in line
        assert str(desk.database) in line
        assert desk.is_intact()
        # Room again: the run goes on where it stood.
        (desk.state / "ballast").unlink()
        subprocess.run(
            ["mount", "-o", "remount,size=64m", str(desk.state)], check=True, capture_output=True
        )
        begun = desk.rows("SELECT count(*) FROM runs") == [(1,)]
        again = desk.vigie("scan", served.inventory, *told, *(["--resume"] if begun else []))
        assert again.returncode == 0, again.stderr
        assert desk.results()["run"]["complete"] is True
        assert desk.is_intact()


@needs_root
def test_a_full_disk_under_the_results(served: Region, tmp_path: Path) -> None:
    desk = _desk(tmp_path / "desk")
    with _small_disk(desk.out, "32k"):
        done = desk.vigie("--lang", "en", "scan", served.inventory, "--out", desk.out)
        assert done.returncode == 3
        assert "no room left on the disk" in _one_line(done.stderr)
        assert [path.name for path in desk.out.iterdir() if path.name.startswith(".")] == []
    assert desk.is_intact()
    # Everything was measured: only the files were missing.
    again = desk.asked("report", "latest", "--format", "json", "--out", tmp_path / "elsewhere")
    assert again.returncode == 0, again.stderr


def test_a_limit_on_the_size_of_files(served: Region, tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    limited = (
        "import resource, signal, sys;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000));"
        "from vigie.cli import main; main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "scan", str(served.inventory), "--out", str(desk.out)],
        cwd=tmp_path,
        env=desk.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 300_000
    assert done.returncode == 3, done.stderr
    assert "plus de place" in _one_line(done.stderr)
    assert desk.is_intact()
    again = desk.vigie("scan", served.inventory, "--out", desk.out, "--resume")
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "base verrouillée"), ("en", "the store is locked")]
)
def test_a_locked_store(served: Region, tmp_path: Path, language: str, words: str) -> None:
    desk = _desk(tmp_path)
    slow = served.rewritten(tmp_path / "slow.toml", *SLOW)
    process = desk.started("--lang", language, "scan", slow, "--out", desk.out)
    desk.wait_for_event("start")
    desk.wait_for_services(1)
    with closing(sqlite3.connect(desk.database, isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout=5000")
        other.execute("BEGIN IMMEDIATE")
        assert process.wait(40) == 3
        other.execute("ROLLBACK")
    assert words in _one_line(desk.errors)
    assert desk.is_intact()
    again = desk.vigie("scan", slow, "--out", desk.out, "--resume")
    assert again.returncode == 0, again.stderr
    assert desk.results()["run"]["complete"] is True


def test_a_store_that_is_something_else(served: Region, tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    desk.state.mkdir()
    garbage = os.urandom(50_000)
    desk.database.write_bytes(garbage)
    for words in (("scan", served.inventory), ("runs", "list"), ("report",), ("stop", "--all")):
        done = desk.asked("--lang", "en", *words)
        assert done.returncode == 3, done.stderr
        assert "no store of Vigie" in _one_line(done.stderr)
    assert desk.database.read_bytes() == garbage
    french = desk.asked("runs", "list")
    assert "n'est pas une base de Vigie" in _one_line(french.stderr)


def test_a_store_damaged_in_the_middle(served: Region, tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    assert desk.vigie("scan", served.inventory, "--out", desk.out).returncode == 0
    whole = bytearray(desk.database.read_bytes())
    whole[8_192:] = os.urandom(len(whole) - 8_192)
    desk.database.write_bytes(whole)
    done = desk.asked("--lang", "en", "runs", "show")
    assert done.returncode == 3, done.stderr
    assert "damaged" in _one_line(done.stderr)


def test_a_state_folder_that_is_a_file(served: Region, tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    desk.state.write_text("mine", encoding="utf-8")
    for words in (("scan", served.inventory), ("runs", "list"), ("stop", "--all"), ("resume",)):
        done = desk.asked(*words)
        assert done.returncode == 2
        assert "dossier d'état inutilisable" in _one_line(done.stderr)
    english = desk.asked("--lang", "en", "runs", "list")
    assert "state folder cannot be used" in _one_line(english.stderr)
    assert desk.state.read_text(encoding="utf-8") == "mine"
    # The doctor is there to tell of such things.
    looked = desk.asked("doctor")
    assert looked.returncode == 0
    assert "dossier d'état inutilisable" in looked.stdout


def test_results_that_cannot_be_written(served: Region, tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    done = desk.vigie("scan", served.inventory, "--out", tmp_path / "file" / "out")
    assert done.returncode == 2
    assert "dossier des résultats inutilisable" in _one_line(done.stderr)
    assert desk.rows("SELECT count(*) FROM runs") == [(0,)], "told before anything is sent"


@needs_root
def test_a_read_only_folder_of_results(served: Region, tmp_path: Path) -> None:
    desk = _desk(tmp_path / "desk")
    with _small_disk(desk.out, "64k"):
        subprocess.run(["mount", "-o", "remount,ro", str(desk.out)], check=True)
        done = desk.vigie("--lang", "en", "scan", served.inventory, "--out", desk.out)
        assert done.returncode == 2
        assert "folder of results cannot be used" in _one_line(done.stderr)
        assert desk.vigie("scan", served.inventory, "--out", tmp_path / "out").returncode == 0
        told = desk.asked("--lang", "en", "report", "--out", desk.out)
        assert told.returncode == 3
        assert "cannot be written" in _one_line(told.stderr)


@needs_root
def test_a_read_only_state_folder(served: Region, tmp_path: Path) -> None:
    desk = _desk(tmp_path / "desk")
    with _small_disk(desk.state, "64k"):
        subprocess.run(["mount", "-o", "remount,ro", str(desk.state)], check=True)
        done = desk.vigie("--lang", "en", "scan", served.inventory, "--out", desk.out)
        assert done.returncode == 3
        assert "cannot be written" in _one_line(done.stderr)


def test_what_is_created_is_its_owners_alone(served: Region, tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    before = os.umask(0)
    try:
        assert desk.vigie("scan", served.inventory, "--out", desk.out).returncode == 0
    finally:
        os.umask(before)
    for path in (desk.state, *desk.state.rglob("*"), desk.out, *desk.out.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert ROOT not in desk.out.parents
