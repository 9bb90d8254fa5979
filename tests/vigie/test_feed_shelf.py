"""Feeds on the shelf: whole or not at all, never older than what is there."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from core import feed_formats as formats
from core.errors import FeedFault
from core.feed_formats import recognise
from core.knowledge.load import load_knowledge
from core.knowledge.model import WindowsBuild, WindowsRelease
from tests.servers import feeds as made
from vigie.feeds import Shelf, age_days, known_flaws, known_slugs, with_builds

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "feeds")


def keep(shelf: Shelf, data: bytes, feed: str = "kev") -> bool:
    return shelf.keep(feed, data, source=f"file:{feed}", now=NOW)


def add(shelf: Shelf, *data: bytes, feed: str = "eol") -> bool:
    found = [one for each in data for one in recognise(each)]
    return shelf.keep_documents(feed, found, as_of=NOW, source="file:x", now=NOW)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(FeedFault) as fault:
        act()
    return fault.value.fault


def test_without_any_feed_the_built_in_knowledge_serves(shelf: Shelf) -> None:
    known = shelf.known()
    assert known.feeds.editions == ()
    assert known.knowledge == load_knowledge()
    assert not shelf.folder.exists()


def test_a_feed_comes_back_with_its_card(shelf: Shelf) -> None:
    assert keep(shelf, made.kev())
    card = shelf.card("kev")
    assert card is not None
    edition = card.edition
    assert (edition.entries, edition.source) == (1, "file:kev")
    assert edition.as_of.date() == date(2026, 11, 20)
    assert age_days(edition.as_of, NOW) == 1
    assert shelf.read("kev") == made.kev()
    assert {path.stat().st_mode & 0o077 for path in shelf.folder.iterdir()} == {0}
    assert not keep(shelf, made.kev())


def test_a_newer_one_takes_its_place_and_leaves_nothing_behind(shelf: Shelf) -> None:
    keep(shelf, made.kev("2026-11-18"))
    (shelf.folder / ".kev-0123.abandoned").write_bytes(b"half")
    keep(shelf, made.kev("2026-11-19"))
    card = shelf.card("kev")
    assert card is not None
    assert sorted(path.name for path in shelf.folder.iterdir()) == sorted(["kev.json", card.file])


def test_an_older_one_is_refused(shelf: Shelf) -> None:
    keep(shelf, made.kev())
    assert refused(lambda: keep(shelf, made.kev("2026-11-19"))) == "older"
    assert shelf.read("kev") == made.kev()


def test_older_documents_are_left_and_the_newer_taken(shelf: Shelf) -> None:
    new = made.nvd("CVE-2024-0001", score=9.0, changed="2026-11-02T00:00:00")
    old = made.nvd("CVE-2024-0001", "CVE-2024-0002", score=1.0, changed="2026-11-01T00:00:00")
    add(shelf, new, feed="cvss")
    assert add(shelf, old, feed="cvss")
    found = shelf.feeds(load_knowledge()).cvss
    assert {cve: one.score for cve, one in found.items()} == {
        "CVE-2024-0001": 9.0,
        "CVE-2024-0002": 1.0,
    }
    older = made.nvd("CVE-2024-0001", score=1.0, changed="2026-10-01T00:00:00")
    assert refused(lambda: add(shelf, older, feed="cvss")) == "older"


@pytest.mark.parametrize("what", ["data", "card", "no data", "another file"])
def test_what_was_altered_on_the_disk_is_not_used(shelf: Shelf, what: str) -> None:
    keep(shelf, made.kev())
    card = shelf.card("kev")
    assert card is not None
    data = shelf.folder / card.file
    if what == "data":
        data.write_bytes(data.read_bytes().replace(b"21762", b"21763"))
    elif what == "card":
        (shelf.folder / "kev.json").write_bytes(b'{"edition":')
    elif what == "no data":
        data.unlink()
    else:
        text = (shelf.folder / "kev.json").read_text().replace(card.file, "../../etc/passwd")
        (shelf.folder / "kev.json").write_text(text)
    told: list[FeedFault] = []
    assert shelf.feeds(load_knowledge(), told.append).kev == {}
    assert [(one.feed, one.fault) for one in told] == [("kev", "damaged")]
    # And whatever its date, a right one takes its place.
    assert keep(shelf, made.kev("2026-11-01"))
    assert shelf.feeds(load_knowledge(), told.append).kev


def test_a_full_disk_leaves_the_present_feed(shelf: Shelf) -> None:
    keep(shelf, made.kev("2026-11-18"))
    rows = [made.kev_row(f"CVE-2024-{number}") for number in range(10_000, 10_200)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        fault = refused(lambda: keep(shelf, made.kev("2026-11-20", rows)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert fault == "unwritten"
    assert shelf.read("kev") == made.kev("2026-11-18")
    assert len(list(shelf.folder.iterdir())) == 2


_ENDLESS = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tests.servers import feeds as made
from vigie.feeds import Shelf
shelf, day = Shelf(Path(sys.argv[1])), datetime(2020, 1, 1, tzinfo=UTC)
rows = [made.kev_row(f"CVE-2024-{number}") for number in range(10000, 10400)]
print("ready", flush=True)
while True:
    day += timedelta(days=1)
    data = made.kev(day.date().isoformat(), rows)
    shelf.keep("kev", data, source="x", now=datetime(2200, 1, 1, tzinfo=UTC))
"""


def test_killed_in_the_middle_a_whole_feed_is_there(shelf: Shelf) -> None:
    for pause_s in (0.03, 0.05, 0.08):
        process = subprocess.Popen(
            [sys.executable, "-c", _ENDLESS, str(shelf.folder)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
        )
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            ends = time.monotonic() + 30
            while shelf.card("kev") is None:
                assert time.monotonic() < ends
                time.sleep(0.01)
            time.sleep(pause_s)
            process.kill()
        data = shelf.read("kev")
        assert data is not None
        assert len(formats.load_kev(data)) == 400
        for path in shelf.folder.iterdir():
            path.unlink()


def _release(name: str, kind: str, ends: date) -> WindowsRelease:
    return WindowsRelease(name=name, kind=kind, end_mainstream=ends, end_support=ends)


def _build(number: int, *releases: WindowsRelease) -> WindowsBuild:
    return WindowsBuild(build=number, nt_version="10.0", candidates=releases)


def test_windows_builds_of_a_feed_never_shorten_support() -> None:
    server = _release("Server", "server", date(2030, 1, 1))
    client = _release("Client", "client", date(2025, 1, 1))
    told = (
        _build(2, _release("Longer", "server", date(2031, 1, 1))),
        _build(1, _release("Shorter", "server", date(2026, 1, 1))),
        _build(3, _release("New", "client", date(2029, 1, 1))),
    )
    found = with_builds((_build(2, server, client), _build(1, server)), told)
    assert {one.build: [each.name for each in one.candidates] for one in found} == {
        3: ["New"],
        2: ["Server", "Client", "Longer"],
        1: ["Server"],
    }


def test_a_new_windows_build_is_known_once_the_feed_tells_it(shelf: Shelf) -> None:
    data = made.eol("windows", cycle="12-26h2-e", ends="2030-10-09", latest="10.0.30100")
    add(shelf, data, feed="windows")
    builds = {one.build: one for one in shelf.known().knowledge.windows}
    assert builds[30100].candidates[0].end_support == date(2030, 10, 9)
    assert len(builds) == len(load_knowledge().windows) + 1


def test_what_is_asked_for_comes_from_the_product_files() -> None:
    knowledge = load_knowledge()
    assert "fortios" in known_slugs(knowledge)
    assert made.FORTIOS_2024 in known_flaws(knowledge)
    assert all(formats.is_slug(slug) for slug in known_slugs(knowledge))
