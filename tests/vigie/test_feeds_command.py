"""``vigie feeds`` as typed: fetched, carried, imported, and what was seen judged again."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import StoreError
from core.knowledge.load import load_knowledge
from core.model import Confidence, Flagged, Place, State, Transport
from core.observations.product import ProductSeen, Shown
from core.observations.service import Service
from core.store.store import Plan, Run, Store
from inventories.load import load_inventory
from tests.servers import feeds as made
from tests.servers.feeds import KEV_PATH, Makers, body, makers, status
from tests.vigie.running import Desk
from vigie.config import Settings
from vigie.feeds import Shelf, shelf_of
from vigie.judging import judge
from vigie.rejudging import EXPLOITED, latest_runs, rejudge_latest
from vigie.reporting import facts_of

_NEW = "CVE-2026-99999"
_INVENTORY = """
schema = 1
[ght]
id = "ght"
name = "GHT"
[[establishments]]
id = "chu"
name = "CHU"
ranges = ["203.0.113.0/24"]
[[establishments]]
id = "ch"
name = "CH"
ranges = ["198.51.100.0/24"]
[[mandates]]
establishments = ["chu", "ch"]
signed_by = "DG"
document = "m.pdf"
valid_from = 2026-01-01
valid_until = 2026-12-31
intensity = "standard"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Makers]:
    with makers() as served:
        yield served


@pytest.fixture(autouse=True)
def _right(server: Makers) -> None:
    server.answers.clear()
    server.serve_all()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "desk").mkdir()
    return Desk(tmp_path / "desk")


def write_inventory(desk: Desk, feeds: str) -> Path:
    path = desk.folder / "ght.toml"
    path.write_text(f"{_INVENTORY}[services]\nfeeds = {feeds}\n", encoding="utf-8")
    return path


def shelf(desk: Desk) -> Shelf:
    return Shelf(desk.state / "feeds")


def catalogue(day: str = "2026-11-21", *, new: bool = True) -> bytes:
    rows = [made.kev_row()]
    if new:
        added = load_knowledge().compiled_on + timedelta(days=1)
        rows.append(made.kev_row(_NEW, dateAdded=added.isoformat(), dueDate=""))
    return made.kev(day, rows)


def seen(desk: Desk, path: Path, *places: tuple[str, str], days: int = 0, **changes: object) -> Run:
    """Store a run that recognised a FortiGate at each (establishment, address)."""
    at = datetime(2026, 11, 19, 20, tzinfo=UTC) + timedelta(days=days)
    fields: dict[str, object] = {
        "id": f"run-{days}",
        "kind": "exposure",
        "ght": "ght",
        "profile": "standard",
        "started_at": at,
        "finished_at": None,
        "complete": False,
        "vigie_version": "0",
        "plan": Plan(seed=1, tcp_ports=(443,), establishments=(), profile=None),
        "inventory": load_inventory(path),
        **changes,
    }
    run = Run(**fields)  # type: ignore[arg-type]
    store = Store(f"sqlite:///{desk.database}")
    store.start_run(run)
    facts = facts_of(run)
    for establishment, ip in places:
        place = Place(establishment=establishment, ip=ip, port=443, transport=Transport.TCP)
        service = Service(
            place=place,
            at=at,
            protocol="http",
            tls=True,
            product="fortinet_fortios",
            portal=True,
            confidence=Confidence.CERTAIN,
        )
        product = ProductSeen(
            place=place,
            at=at,
            product="fortinet_fortios",
            vendor="Fortinet",
            confidence=Confidence.CERTAIN,
            shown=(Shown(kind="http_asset", text="/sslvpn/js/login.js", strength="strong"),),
        )
        verdicts = [one for each in (service, product) for one in judge(each, facts, _no_bug)]
        store.keep(run, observations=[service, product], judged=verdicts)
    store.end_run(run.id, at=at, complete=True)
    store.close()
    return run


def _no_bug(check: str, trace: str) -> None:
    raise AssertionError(f"{check}: {trace}")


def test_status_without_feeds_says_the_day_of_the_built_in_knowledge(desk: Desk) -> None:
    done = desk.asked("feeds", "status")
    assert done.returncode == 0
    assert str(load_knowledge().compiled_on) in done.stdout
    assert done.stdout.count("absent") == 6
    told = json.loads(desk.asked("feeds", "status", "--json").stdout)
    assert told["feeds"] == []
    assert told["compiled_on"] == load_knowledge().compiled_on.isoformat()


def test_update_fetches_all_and_status_tells_them(desk: Desk, server: Makers) -> None:
    path = write_inventory(desk, f'"{server.address}"')
    done = desk.asked("feeds", "update", "--inventory", path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("mis à jour") == 6
    again = desk.asked("--lang", "en", "feeds", "update", "--inventory", path)
    assert "kev: unchanged" in again.stdout
    told = json.loads(desk.asked("feeds", "status", "--json").stdout)
    assert [one["feed"] for one in told["feeds"]] == [
        "kev", "epss", "cvss", "eol", "windows", "alerts",
    ]  # fmt: skip
    assert "2026-11-20" in desk.asked("feeds", "status").stdout


def test_without_the_key_nobody_is_asked(desk: Desk, server: Makers) -> None:
    path = write_inventory(desk, "false")
    server.asked.clear()
    done = desk.asked("feeds", "update", "--inventory", path)
    assert done.returncode == 4
    assert "[services]" in done.stderr
    assert server.asked == []


def test_update_needs_to_know_an_inventory(desk: Desk, server: Makers) -> None:
    assert desk.asked("feeds", "update").returncode == 2
    path = write_inventory(desk, f'"{server.address}"')
    seen(desk, path, ("chu", "203.0.113.10"))
    assert desk.asked("feeds", "update").returncode == 0


@pytest.mark.parametrize(
    "feeds",
    ['"http://192.0.2.1/feeds"', '"miroir"', '"ftp://m.example/"', '"https://u:p@m.example/"', "3"],
)
def test_an_address_that_could_be_overheard_is_refused(desk: Desk, feeds: str) -> None:
    path = write_inventory(desk, feeds)
    done = desk.asked("inventory", "check", path)
    assert done.returncode == 2
    assert "feeds" in done.stdout + done.stderr


def test_one_bad_feed_gives_3_and_all_unreached_5(desk: Desk, server: Makers) -> None:
    path = write_inventory(desk, f'"{server.address}"')
    server.answers[KEV_PATH] = body(b"<html>")
    done = desk.asked("feeds", "update", "--inventory", path)
    assert done.returncode == 3
    assert "format attendu" in done.stdout
    assert set(_present(desk)) == {"epss", "cvss", "eol", "windows", "alerts"}
    for feed in server.answers:
        server.answers[feed] = status(403)
    assert desk.asked("feeds", "update", "--inventory", path).returncode == 5
    assert len(_present(desk)) == 5


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_update_that_is_killed_leaves_what_was_there(
    desk: Desk, server: Makers, how: signal.Signals
) -> None:
    path = write_inventory(desk, f'"{server.address}"')
    assert desk.asked("feeds", "update", "--inventory", path).returncode == 0
    server.answers[made.EPSS_PATH] = made.dripping(server.stopped)
    server.answers[KEV_PATH] = body(catalogue())
    server.asked.clear()
    with desk.started("feeds", "update", "--inventory", path) as process:
        ends = time.monotonic() + 60
        while made.EPSS_PATH not in server.paths():
            assert time.monotonic() < ends
            assert process.poll() is None
            time.sleep(0.05)
        # One at a time.
        assert desk.asked("feeds", "update", "--inventory", path).returncode == 2
        process.send_signal(how)
        assert process.wait(30) == (130 if how is signal.SIGINT else -signal.SIGKILL)
    assert len(_present(desk)) == 6
    assert shelf(desk).read("kev") == catalogue()
    assert shelf(desk).read("epss") == made.epss()
    server.answers[made.EPSS_PATH] = body(made.epss("2026-11-21"))
    assert desk.asked("feeds", "update", "--inventory", path).returncode == 0
    assert shelf(desk).read("epss") == made.epss("2026-11-21")


def _present(desk: Desk) -> list[str]:
    told = json.loads(desk.asked("feeds", "status", "--json").stdout)
    return [one["feed"] for one in told["feeds"]]


# What was seen already, judged again.


def test_a_new_exploited_flaw_names_what_was_seen(desk: Desk, server: Makers) -> None:
    path = write_inventory(desk, f'"{server.address}"')
    seen(desk, path, ("chu", "203.0.113.10"), ("ch", "198.51.100.7"))
    server.answers[KEV_PATH] = body(catalogue(new=False))
    calm = desk.asked("feeds", "update")
    assert "nouvellement connu comme exploité" in calm.stdout
    assert "203.0.113.10" not in calm.stdout
    server.answers[KEV_PATH] = body(catalogue("2026-11-22"))
    done = desk.asked("feeds", "update")
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line for line in done.stdout.splitlines() if _NEW in line]
    assert len(told) == 2
    assert any("chu  203.0.113.10:443  Fortinet FortiGate" in line for line in told)
    store = Store(f"sqlite:///{desk.database}")
    flagged = [
        one
        for one in store.judged("run-0")
        if one.check == EXPLOITED and isinstance(one.verdict, Flagged)
    ]
    kept = {row.place.ip: row for row in store.findings().values() if row.check == EXPLOITED}
    store.close()
    assert {one.verdict.place.ip for one in flagged} == {"203.0.113.10", "198.51.100.7"}
    assert kept["203.0.113.10"].state is State.NEW
    # Told once.
    assert _NEW not in desk.asked("feeds", "update").stdout
    # And the report says it, with the age of what it rests on.
    assert desk.asked("report", "--format", "json", "--out", desk.out).returncode == 0
    results = desk.results()
    assert EXPLOITED in {one["check"] for one in results["findings"]}
    assert results["run"]["compiled_on"] == load_knowledge().compiled_on.isoformat()
    assert [one["feed"] for one in results["run"]["feeds"]][:2] == ["kev", "epss"]
    assert desk.asked("report", "--format", "html", "--out", desk.out).returncode == 0
    page = (desk.out / "report.html").read_text(encoding="utf-8")
    assert "failles exploitées (CISA KEV)" in page


def test_only_the_latest_run_of_each_establishment_is_judged_again(
    desk: Desk, server: Makers
) -> None:
    path = write_inventory(desk, f'"{server.address}"')
    seen(desk, path, ("chu", "203.0.113.10"), ("ch", "198.51.100.7"))
    only = Plan(seed=1, tcp_ports=(443,), establishments=("chu",), profile=None)
    seen(desk, path, ("chu", "203.0.113.11"), days=1, plan=only)
    again = Plan(seed=1, tcp_ports=(), establishments=(), profile=None, retest=("f",))
    seen(desk, path, ("chu", "203.0.113.12"), days=2, plan=again)
    store = Store(f"sqlite:///{desk.database}")
    assert [(one.run.id, set(one.establishments)) for one in latest_runs(store)] == [
        ("run-1", {"chu"}),
        ("run-0", {"ch"}),
    ]
    before = {row.fingerprint: (row.last_run, row.last_seen) for row in store.findings().values()}
    store.close()
    server.answers[KEV_PATH] = body(catalogue())
    told = [line for line in desk.asked("feeds", "update").stdout.splitlines() if _NEW in line]
    assert len(told) == 2
    assert any("203.0.113.11" in line for line in told)
    assert any("198.51.100.7" in line for line in told)
    store = Store(f"sqlite:///{desk.database}")
    after = {row.fingerprint: (row.last_run, row.last_seen) for row in store.findings().values()}
    of_older = [one for one in store.judged("run-0") if one.verdict.place.establishment == "chu"]
    store.close()
    assert {key: after[key] for key in before} == before
    assert of_older


def test_a_run_of_some_targets_speaks_for_these_alone(desk: Desk, server: Makers) -> None:
    path = write_inventory(desk, f'"{server.address}"')
    seen(desk, path, ("chu", "203.0.113.10"), ("chu", "203.0.113.11"), ("ch", "198.51.100.7"))

    def some(*targets: str) -> Plan:
        return Plan(
            seed=1, tcp_ports=(443,), establishments=("chu",), profile=None, targets=targets
        )

    # Nothing is there any more: what the first run saw is no news.
    seen(desk, path, days=1, plan=some("203.0.113.11/32"))
    seen(desk, path, ("chu", "203.0.113.12"), days=2, plan=some("203.0.113.12"))
    seen(desk, path, ("chu", "203.0.113.12"), days=3, plan=some("203.0.113.12"))
    store = Store(f"sqlite:///{desk.database}")
    before = store.judged("run-0")
    store.close()
    server.answers[KEV_PATH] = body(catalogue())
    told = [line for line in desk.asked("feeds", "update").stdout.splitlines() if _NEW in line]
    assert len(told) == 3
    for ip in ("203.0.113.10", "203.0.113.12", "198.51.100.7"):
        assert sum(ip in line for line in told) == 1
    store = Store(f"sqlite:///{desk.database}")
    assert [one.run.id for one in latest_runs(store)] == ["run-3", "run-1", "run-0"]
    left = [one for one in before if one.verdict.place.ip == "203.0.113.11"]
    assert left
    assert all(one in store.judged("run-0") for one in left)
    store.close()


def test_what_a_crash_cut_is_alerted_of_again(
    desk: Desk, server: Makers, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_inventory(desk, f'"{server.address}"')
    server.answers[KEV_PATH] = body(catalogue())
    assert desk.asked("feeds", "update", "--inventory", path).returncode == 0
    seen(desk, path, ("chu", "203.0.113.10"))
    known = shelf_of(Settings(state_dir=desk.database.parent)).known()
    alerts: list[int] = []

    def judged_again() -> int:
        with closing(Store(f"sqlite:///{desk.database}")) as store:
            found = rejudge_latest(store, known, _no_bug, lambda some: alerts.append(len(some)))
        return len(found)

    def full(*_: object, **__: object) -> None:
        raise StoreError("full", place="vigie.db")

    with monkeypatch.context() as cut:
        cut.setattr(Store, "replace_verdicts", full)
        with pytest.raises(StoreError):
            judged_again()
    assert alerts == [1]
    assert judged_again() == 1
    assert alerts == [1, 1], "queued once: its key is the same"
    assert judged_again() == 0
    assert alerts == [1, 1]


def test_a_run_at_work_is_left_alone(desk: Desk, server: Makers) -> None:
    path = write_inventory(desk, f'"{server.address}"')
    seen(desk, path, ("chu", "203.0.113.10"))
    store = Store(f"sqlite:///{desk.database}")
    store.reopen_run("run-0")
    assert latest_runs(store) == []
    store.close()


def test_a_scan_notes_by_what_it_judged(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "kev").write_bytes(catalogue())
    desk.asked("feeds", "import", tmp_path / "kev")
    path = write_inventory(desk, "false")
    text = path.read_text(encoding="utf-8").replace("2026-12-31", "2099-12-31")
    path.write_text(text, encoding="utf-8")
    done = desk.vigie("scan", path, "--profile", "passive", "--out", desk.out, "--quiet")
    assert done.returncode == 0, done.stderr
    (kev,) = desk.results()["run"]["feeds"]
    assert (kev["feed"], kev["as_of"][:10], kev["source"]) == ("kev", "2026-11-21", "file:kev")
    assert kev["age_days"] >= 0


def test_a_run_taken_up_with_new_feeds_is_judged_by_them_all(desk: Desk, tmp_path: Path) -> None:
    path = write_inventory(desk, "false")
    text = path.read_text(encoding="utf-8").replace("2026-12-31", "2099-12-31")
    path.write_text(text, encoding="utf-8")
    plan = Plan(seed=1, tcp_ports=(443,), establishments=(), profile="passive")
    seen(desk, path, ("chu", "203.0.113.10"), profile="passive", plan=plan)
    store = Store(f"sqlite:///{desk.database}")
    store.reopen_run("run-0")
    (run,) = store.runs()
    used = Shelf(desk.folder).known().used(Place(establishment="chu"), run.started_at)
    store.keep(run, observations=[used])
    store.close()
    (tmp_path / "kev").write_bytes(catalogue())
    desk.asked("feeds", "import", tmp_path / "kev")
    words = ("--profile", "passive", "--resume", "--out", desk.out, "--quiet")
    done = desk.vigie("scan", path, *words)
    assert done.returncode == 0, done.stderr
    results = desk.results()
    assert results["run"]["id"] == "run-0"
    assert [one["feed"] for one in results["run"]["feeds"]] == ["kev"]
    (found,) = (one for one in results["findings"] if one["check"] == EXPLOITED)
    assert any(_NEW in proof for proof in found["evidence"])


# Bundles and files.


def test_a_bundle_goes_to_a_machine_without_internet(
    desk: Desk, server: Makers, tmp_path: Path
) -> None:
    server.answers[KEV_PATH] = body(catalogue())
    path = write_inventory(desk, f'"{server.address}"')
    assert desk.asked("feeds", "update", "--inventory", path).returncode == 0
    out = tmp_path / "flux.zip"
    done = desk.asked("feeds", "bundle", "-o", out)
    assert done.returncode == 0
    key = json.loads(desk.asked("feeds", "status", "--json").stdout)["public_key"]
    assert key in done.stdout
    private = (desk.state / "feeds" / "bundle-key.pem").read_text()
    assert private.splitlines()[1] not in done.stdout + done.stderr

    (tmp_path / "inside").mkdir()
    inside = Desk(tmp_path / "inside")
    seen(inside, write_inventory(inside, "false"), ("chu", "203.0.113.10"))
    refused = inside.asked("feeds", "import", out)
    assert refused.returncode == 4
    assert "nouvellement" not in refused.stdout
    assert "--trust" in refused.stdout
    assert _present(inside) == []
    done = inside.asked("feeds", "import", out, "--trust", key)
    assert done.returncode == 0, done.stdout
    assert any("203.0.113.10" in line and _NEW in line for line in done.stdout.splitlines())
    assert _present(inside) == _present(desk)
    # The key is remembered; what is there already is no error.
    assert inside.asked("feeds", "import", out).returncode == 0
    for at in (len(out.read_bytes()) // 2, 60):
        altered = bytearray(out.read_bytes())
        altered[at] ^= 1
        (tmp_path / "altered.zip").write_bytes(altered)
        assert inside.asked("feeds", "import", tmp_path / "altered.zip").returncode == 2


def test_an_older_bundle_is_refused(desk: Desk, server: Makers, tmp_path: Path) -> None:
    path = write_inventory(desk, f'"{server.address}"')
    out = tmp_path / "old.zip"
    desk.asked("feeds", "update", "--inventory", path)
    desk.asked("feeds", "bundle", "-o", out)
    server.answers[KEV_PATH] = body(catalogue("2026-11-22"))
    desk.asked("feeds", "update", "--inventory", path)
    done = desk.asked("feeds", "import", out)
    assert done.returncode == 4
    assert "kev : plus ancien" in done.stdout
    assert shelf(desk).read("kev") == catalogue("2026-11-22")


def test_plain_files_of_the_makers_are_taken(desk: Desk, tmp_path: Path) -> None:
    files = {
        "kev": made.kev(),
        "epss": made.epss(),
        "eol": made.eol(),
        "nvd": made.nvd(made.FORTIOS_2024),
        "alert": made.alert(),
        "windows": made.eol("windows", latest="10.0.26100"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    done = desk.asked("feeds", "import", *(tmp_path / name for name in files))
    assert done.returncode == 0, done.stdout
    assert len(_present(desk)) == 6
    (tmp_path / "page").write_bytes(b"<html>")
    done = desk.asked("feeds", "import", tmp_path / "page", tmp_path / "kev", tmp_path / "none")
    assert done.returncode == 2
    assert "kev : inchangé" in done.stdout
    assert done.stdout.count("none : ") == 1


def test_doctor_says_how_old_the_feeds_are(desk: Desk, tmp_path: Path) -> None:
    def told() -> dict[str, object]:
        lines = json.loads(desk.asked("doctor", "--json").stdout)
        (line,) = (one for one in lines if one["what"] == "flux de failles")
        return dict(line)

    assert str(load_knowledge().compiled_on) in str(told()["seen"])
    (tmp_path / "kev").write_bytes(made.kev("2020-01-01"))
    desk.asked("feeds", "import", tmp_path / "kev")
    assert told()["well"] is False
    assert "2020-01-01" in str(told()["seen"])


def test_nothing_to_bundle(desk: Desk) -> None:
    assert desk.asked("feeds", "bundle").returncode == 2


def test_a_key_that_is_none_is_wrong_usage(desk: Desk, tmp_path: Path) -> None:
    done = desk.asked("feeds", "import", tmp_path / "x", "--trust", "abc")
    assert done.returncode == 2
    assert "--trust" in done.stderr


def test_a_damaged_feed_is_told_and_the_report_goes_on(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "kev").write_bytes(made.kev())
    desk.asked("feeds", "import", tmp_path / "kev")
    card = shelf(desk).card("kev")
    assert card is not None
    (shelf(desk).folder / card.file).write_bytes(b"{}")
    done = desk.asked("--lang", "en", "feeds", "status")
    assert done.returncode == 0
    assert "damaged" in done.stdout
    seen(desk, write_inventory(desk, "false"), ("chu", "203.0.113.10"))
    done = desk.asked("report", "--format", "json", "--rejudge", "--out", desk.out)
    assert done.returncode == 0
    assert "feeds" not in desk.results()["run"]
