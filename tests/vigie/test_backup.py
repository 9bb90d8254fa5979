"""A backup is whole, taken while others write; a restore gives all of it back, or nothing."""

import gzip
import io
import sqlite3
import stat
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StoreError, UsageError
from core.model import Language
from core.observations.service import Service
from core.store.store import Store
from tests.core.test_store import AT, PLACE, a_run, flagged
from tests.servers.postgres import Cluster
from vigie import backup
from vigie.alone import alone
from vigie.backup import put_back, take
from vigie.cli import run
from vigie.config import Settings

_KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)]


@pytest.fixture(params=_KINDS)
def places(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Settings, Settings]:
    """Where it is taken, and where it is put back."""
    urls: list[str | None] = [None, None]
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        urls = [cluster.database(), cluster.database()]
    here, there = (
        Settings(language=Language.EN, state_dir=tmp_path / name, db=url)
        for name, url in zip(("here", "there"), urls, strict=True)
    )
    return here, there


def _filled(settings: Settings) -> None:
    with closing(settings.open_store()) as store:
        store.start_run(a_run())
        store.keep(a_run(), judged=[flagged()])
    (settings.state() / "directories").mkdir()
    (settings.state() / "directories" / "forest.vigie").write_bytes(b"sealed" * 1000)
    (settings.state() / "running").mkdir()
    (settings.state() / "running" / "run-1").touch()
    (settings.state() / ".draft").write_bytes(b"half")
    # Named as a database of PostgreSQL's may be.
    (settings.state() / "vigie_1.log").write_bytes(b"line\n")


def _taken(settings: Settings) -> bytes:
    out = io.BytesIO()
    take(settings, out)
    return out.getvalue()


def test_all_comes_back_elsewhere(places: tuple[Settings, Settings]) -> None:
    here, there = places
    _filled(here)
    manifest = put_back(there, io.BytesIO(_taken(here)))
    assert [one.name for one in manifest.parts] == [
        "state/directories/forest.vigie",
        "state/vigie_1.log",
        manifest.store,
    ]
    forest = there.state() / "directories" / "forest.vigie"
    assert forest.read_bytes() == b"sealed" * 1000
    assert stat.S_IMODE(forest.stat().st_mode) == 0o600
    with closing(there.open_store()) as store, closing(here.open_store()) as origin:
        assert store.run("latest") == a_run()
        assert store.findings() == origin.findings()
    assert sorted(path.name for path in there.state().iterdir() if path.is_dir()) == ["directories"]


def test_one_moment_is_kept_while_others_write(places: tuple[Settings, Settings]) -> None:
    here, there = places
    _filled(here)
    over = threading.Event()
    with closing(here.open_store()) as store:

        def write() -> None:
            seen = Service(place=PLACE, at=AT, protocol="ssh", banner="x" * 200)
            while not over.is_set():
                # Two a transaction: a copy between the two would hold an odd number.
                store.keep(a_run(), observations=[seen, seen])

        writer = threading.Thread(target=write)
        writer.start()
        try:
            taken = _taken(here)
        finally:
            over.set()
            writer.join()
    put_back(there, io.BytesIO(taken))
    with closing(there.open_store()) as store:
        assert len(list(store.observations("run-1"))) % 2 == 0
        store.keep(a_run(), judged=[flagged()])


def test_a_log_that_grows_meanwhile_is_kept_as_it_was(
    filed: tuple[Settings, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = filed
    _filled(here)
    log = here.state() / "schedule.log"
    log.write_bytes(b"first\n")

    def part(staged: Path, path: Path) -> backup.Part:
        found: backup.Part = whole(staged, path)
        with log.open("ab") as file:
            file.write(b"after\n")
        return found

    whole = vars(backup)["_part"]
    monkeypatch.setattr(backup, "_part", part)
    put_back(there, io.BytesIO(_taken(here)))
    assert (there.state() / "schedule.log").read_bytes() in {b"first\n", b"first\nafter\n"}
    assert b"after\n" in log.read_bytes()


def test_what_is_there_is_not_lost(places: tuple[Settings, Settings]) -> None:
    here, there = places
    _filled(here)
    taken = _taken(here)
    with closing(there.open_store()) as store:
        store.start_run(a_run(2))
    with pytest.raises((UsageError, StoreError)):
        put_back(there, io.BytesIO(taken))
    with closing(there.open_store()) as store:
        assert store.run("latest").id == "run-2"
    assert not (there.state() / "directories").exists()


@pytest.fixture
def filed(tmp_path: Path) -> tuple[Settings, Settings]:
    return (
        Settings(language=Language.EN, state_dir=tmp_path / "here"),
        Settings(language=Language.EN, state_dir=tmp_path / "there"),
    )


def test_nothing_is_restored_under_whoever_is_at_work(filed: tuple[Settings, Settings]) -> None:
    here, there = filed
    _filled(here)
    taken = _taken(here)
    with closing(there.open_store()) as store:
        store.start_run(a_run(2))
        with alone(there, "schedule"):
            with pytest.raises(UsageError, match="schedule"):
                put_back(there, io.BytesIO(taken), replace=True)
            assert store.run("latest").id == "run-2"
    assert not list(there.state().glob("*.before-*"))
    put_back(there, io.BytesIO(taken), replace=True)


def test_replace_sets_the_older_store_aside(filed: tuple[Settings, Settings]) -> None:
    here, there = filed
    _filled(here)
    with closing(there.open_store()) as store:
        store.start_run(a_run(2))
    put_back(there, io.BytesIO(_taken(here)), replace=True)
    with closing(there.open_store()) as store:
        assert store.run("latest").id == "run-1"
    (aside,) = there.state().glob("vigie.db.before-*Z")
    with closing(sqlite3.connect(aside)) as db:
        assert db.execute("select id from runs").fetchall() == [("run-2",)]
    # And it is no part of the next backup.
    assert b".before-" not in gzip.decompress(_taken(there))


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, bytes]:
    here = Settings(language=Language.EN, state_dir=tmp_path_factory.mktemp("intact"))
    _filled(here)
    return here, _taken(here)


@given(cut=st.integers(0, 10_000), flip=st.integers(0, 10_000))
def test_what_is_cut_or_altered_restores_nothing(
    cut: int,
    flip: int,
    intact: tuple[Settings, bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    _, whole = intact
    there = Settings(language=Language.EN, state_dir=tmp_path_factory.mktemp("there"))
    body = bytearray(gzip.decompress(whole))
    # In what the digests cover, or in the manifest itself: not in the padding of a tar.
    place = 512 + flip * 1_000 % (len(body) - 15_000)
    for damaged in (whole[: len(whole) * cut // 10_001], _flipped(body, place)):
        try:
            put_back(there, io.BytesIO(damaged))
        except UsageError:
            assert list(there.state().iterdir()) == []
        else:
            _same(there)


def test_what_is_cut_in_its_first_bytes_is_no_backup(filed: tuple[Settings, Settings]) -> None:
    here, there = filed
    _filled(here)
    whole = _taken(here)
    for length in range(20):
        with pytest.raises(UsageError, match="no whole backup"):
            put_back(there, io.BytesIO(whole[:length]))
    assert list(there.state().iterdir()) == []


def _flipped(body: bytearray, place: int) -> bytes:
    changed = bytearray(body)
    changed[place] ^= 0x10
    return gzip.compress(bytes(changed), 1)


def _same(there: Settings) -> None:
    """Padding may change without harm: then all is there."""
    with closing(there.open_store()) as store:
        assert store.run("latest") == a_run()
    for path in there.state().iterdir():
        if path.is_dir():
            for file in path.rglob("*"):
                file.unlink()
            path.rmdir()
        else:
            path.unlink()


@pytest.mark.parametrize(
    "name", ["../../escaped", "/tmp/escaped", "state/../../escaped", "other", "state/link"]
)
def test_hostile_names_go_nowhere(name: str, filed: tuple[Settings, Settings]) -> None:
    here, there = filed
    _filled(here)
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(_taken(here)), mode="r:gz") as source,
        tarfile.open(fileobj=out, mode="w:gz") as target,
    ):
        for entry in source:
            data = source.extractfile(entry)
            assert data is not None
            content = data.read()
            if entry.name == "manifest.json":
                content = content.replace(b"state/directories/forest.vigie", name.encode())
                entry.size = len(content)
            elif entry.name.startswith("state/"):
                entry.name = name
                if name == "state/link":
                    entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, "/etc/passwd", 0
            target.addfile(entry, io.BytesIO(content))
    with pytest.raises(UsageError):
        put_back(there, io.BytesIO(out.getvalue()))
    assert list(there.state().iterdir()) == []
    assert not (there.state().parent / "escaped").exists()


def test_from_the_command_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    here, there = ["--state-dir", str(tmp_path / "a")], ["--state-dir", str(tmp_path / "b")]
    with closing(Store(f"sqlite:///{tmp_path / 'a' / 'vigie.db'}")) as store:
        store.start_run(a_run())
    file = tmp_path / "kept" / "vigie.tar.gz"
    assert _vigie(*here, "backup", str(file)) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert _vigie(*there, "restore", str(file)) == 0
    capfd.readouterr()
    assert _vigie(*there, "runs", "list") == 0
    assert "run-1" in capfd.readouterr().out
    assert _vigie(*there, "--lang", "en", "restore", str(file)) == 2
    assert "--replace" in capfd.readouterr().err


def _vigie(*arguments: str) -> int:
    return run(arguments)
