"""The daemon as a process over a region of real servers: stopped, started again, shared."""

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trustme

from core.store.store import Store
from tests.servers.mail import HOST, mail_server
from tests.servers.postgres import Cluster
from tests.vigie.running import SLOW, Desk, Region, region
from vigie import leases

pytestmark = pytest.mark.slow

_PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with region(tmp_path_factory.mktemp("region"), "127.36", hosts=8) as found:
        yield found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "desk")
    made.folder.mkdir()
    return made


def _operations(folder: Path, inventory: Path, more: str = "") -> Path:
    path = folder / "exploitation.toml"
    path.write_text(f'schema = 1\ninventories = ["{inventory}"]\n{more}', encoding="utf-8")
    return path


def _wait_for(what: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + _PATIENCE_S
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.1)


def _rows(desk: Desk, query: str) -> list[tuple[object, ...]]:
    if not desk.database.is_file():
        return []
    with closing(sqlite3.connect(desk.database, timeout=30)) as db:
        try:
            return db.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []


def test_once_measures_all_that_was_never_measured_then_nothing(served: Region, desk: Desk) -> None:
    operations = _operations(desk.folder, served.inventory)
    done = desk.vigie("schedule", "run", "--operations", operations, "--once")
    assert done.returncode == 0, done.stderr
    (run,) = _rows(desk, "SELECT complete, plan FROM runs")
    assert run[0] == 1
    assert json.loads(str(run[1])).get("targets", []) == []
    assert _rows(desk, "SELECT COUNT(*) FROM findings")[0][0]
    told = desk.vigie("schedule", "list", "--operations", operations, "--json")
    (ght,) = json.loads(told.stdout)["ghts"]
    families = {one["family"] for one in ght["due"]}
    assert {"services", "space"} <= families
    assert {"critical", "high"} & {one["why"] for one in ght["due"]}, "findings set the pace"
    assert all(one["measured_at"] and one["due_at"] <= one["by"] for one in ght["due"])
    again = desk.vigie("schedule", "run", "--operations", operations, "--once")
    assert again.returncode == 0, again.stderr
    assert len(_rows(desk, "SELECT id FROM runs")) == 1
    assert _rows(desk, "SELECT * FROM leases") == []
    _asked_now_measures_that_address_alone(desk, operations)


def _asked_now_measures_that_address_alone(desk: Desk, operations: Path) -> None:
    ((fingerprint, place, before),) = _rows(
        desk,
        "SELECT fingerprint, place, last_seen FROM findings WHERE place LIKE '%\"port\"%' LIMIT 1",
    )
    asked = desk.vigie("schedule", "now", str(fingerprint))
    assert asked.returncode == 0, asked.stderr
    done = desk.vigie("schedule", "run", "--operations", operations, "--once")
    assert done.returncode == 0, done.stderr
    plans = _rows(desk, "SELECT plan FROM runs ORDER BY started_at")
    assert len(plans) == 2
    targets = json.loads(str(plans[1][0]))["targets"]
    ip = json.loads(str(place))["ip"]
    assert ip in targets
    seen = _rows(desk, f"SELECT last_seen FROM findings WHERE fingerprint = '{fingerprint}'")
    assert str(seen[0][0]) > str(before)
    addresses = _rows(
        desk,
        "SELECT DISTINCT ip FROM observations WHERE ip IS NOT NULL AND kind = 'service' "
        "AND run_id = (SELECT id FROM runs ORDER BY started_at DESC LIMIT 1)",
    )
    assert {str(one[0]) for one in addresses} <= set(targets)


def test_stopped_in_the_middle_then_taken_up(served: Region, desk: Desk, tmp_path: Path) -> None:
    slow = served.rewritten(tmp_path / "slow.toml", *SLOW)
    operations = _operations(desk.folder, slow)
    daemon = desk.started("schedule", "run", "--operations", operations)
    _wait_for(lambda: bool(_rows(desk, "SELECT 1 FROM units")), daemon)
    second = desk.vigie("schedule", "run", "--operations", operations, "--once")
    assert second.returncode == 2, "one instance on one machine"
    by_hand = desk.vigie("scan", slow, "--out", desk.out)
    assert by_hand.returncode == 2
    assert "y travaille depuis" in by_hand.stderr
    daemon.send_signal(signal.SIGTERM)
    _, told = daemon.communicate(timeout=_PATIENCE_S)
    assert daemon.returncode == 0, told
    ((run, complete),) = _rows(desk, "SELECT id, complete FROM runs")
    assert not complete
    assert _rows(desk, "SELECT * FROM leases") == []
    done = desk.vigie("schedule", "run", "--operations", operations, "--once")
    assert done.returncode == 0, done.stderr
    assert _rows(desk, "SELECT id, complete FROM runs") == [(run, 1)]


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def test_two_daemons_on_one_store_never_work_on_the_same(
    served: Region, desk: Desk, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    slow = served.rewritten(tmp_path / "slow.toml", *SLOW)
    operations = _operations(desk.folder, slow)
    url = f"sqlite:///{desk.database}"
    if kind == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.database()
    once = ("schedule", "run", "--operations", operations, "--once", "--db", url)
    with closing(Store(url)) as store:
        first = desk.started(*once)
        _wait_for(lambda: bool(store.runs(limit=1) and store.units(store.run("latest").id)), first)
        done = Desk(tmp_path / "other").vigie(*once)
        assert done.returncode == 3, done.stderr
        assert "déjà au travail ailleurs" in done.stderr
        first.communicate(timeout=_PATIENCE_S)
        assert first.returncode == 0
        [run] = store.runs(limit=10)
        assert run.complete


def test_a_broken_inventory_keeps_its_last_good_reading(
    served: Region, desk: Desk, tmp_path: Path
) -> None:
    inventory = served.rewritten(tmp_path / "region.toml")
    operations = _operations(desk.folder, inventory)
    process = desk.started("schedule", "run", "--operations", operations)
    _wait_for(lambda: bool(_rows(desk, "SELECT 1 FROM runs WHERE complete = 1")), process)
    inventory.write_text("schema = ", encoding="utf-8")
    _wait_for(lambda: bool(_rows(desk, "SELECT 1 FROM journal WHERE what = 'invalid'")), process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 0
    assert "la dernière lecture valable reste en vigueur" in desk.errors


def test_what_a_run_brought_is_mailed_by_the_daemon(
    served: Region, desk: Desk, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(desk.folder / "ca.pem"))
    (desk.folder / "secret").write_text("secret word", encoding="utf-8")
    (desk.folder / "secret").chmod(0o600)
    with mail_server(authority) as server:
        inventory = served.rewritten(
            tmp_path / "region.toml", ("[services]\n", f'[services]\nmail = "{HOST}"\n')
        )
        more = _MAIL.format(port=server.port)
        operations = _operations(desk.folder, inventory, more)
        for _ in range(2):
            done = desk.vigie("schedule", "run", "--operations", operations, "--once")
            assert done.returncode == 0, done.stderr
        messages = server.box.messages()
    ((run,),) = _rows(desk, "SELECT id FROM runs")
    sent = _rows(desk, "SELECT key FROM outbox WHERE state = 'sent' ORDER BY key")
    assert sent == [(f"alert:{run}",), (f"digest:{run}",)]
    assert len(messages) == 2, "nothing twice"
    for one in messages:
        assert "TLP:AMBER+STRICT" in one["Subject"]
        assert served.network not in one.as_string(), "no address in clear"
    assert _rows(desk, "SELECT * FROM leases") == []


_MAIL = """
[mail]
server = "127.0.0.1:{port}"
from = "vigie@grades.example"
user = "vigie"
password = "file:secret"
ca_file = "ca.pem"
[[recipients]]
id = "rssi"
mail = "rssi@ght.example"
[notify]
alert_from = "high"
"""


def test_a_holder_that_was_killed_is_seen_to_be_gone(desk: Desk) -> None:
    asleep = subprocess.Popen(["sleep", "60"])
    holder = f"{leases.here()} {leases.life(asleep.pid)} run"
    assert not leases.is_gone(holder)
    asleep.kill()
    asleep.wait()
    assert leases.is_gone(holder)
    assert not leases.is_gone("another-machine/pid 1/2 run"), "waited for until it expires"


def test_a_directory_that_cannot_be_reached_is_tried_again(desk: Desk) -> None:
    inventory = desk.folder / "ght.toml"
    inventory.write_text(_DIRECTORY, encoding="utf-8")
    (desk.folder / "secret").write_text("x", encoding="utf-8")
    (desk.folder / "secret").chmod(0o600)
    operations = _operations(desk.folder, inventory, "[schedule]\ndirectories = true\n")
    done = desk.vigie("schedule", "run", "--operations", operations, "--once")
    assert done.returncode == 3, done.stderr
    assert _rows(desk, "SELECT target, failures, why FROM due") == [("ad", 1, "first")]
    assert desk.vigie("schedule", "run", "--operations", operations, "--once").returncode == 0


_DIRECTORY = """
schema = 1
lab = true
[ght]
id = "ght"
name = "GHT"
[[establishments]]
id = "chu"
name = "CHU"
ranges = ["127.78.0.1/32"]
[[directories]]
id = "ad"
establishment = "chu"
server = "ldaps://127.78.0.1"
user = "audit@chu.example"
password = "file:secret"
"""
