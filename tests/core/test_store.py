"""The store: what is written stays, once, for its owner alone."""

import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from core.errors import StoreError, UsageError
from core.inventory import Ght, Inventory
from core.model import (
    Confidence,
    Flagged,
    Judged,
    NotMeasured,
    Place,
    Proof,
    State,
    Transport,
    fingerprint,
)
from core.observations.service import Service
from core.store.store import Opened, Plan, Run, Store, SweepBlock
from core.store.tables import METADATA
from tests.servers.postgres import Cluster, postgres

VERSIONS = Path(__file__).parents[2] / "core" / "store" / "migrations" / "versions"


def migrate(db: sa.Connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.attributes["connection"] = db
    command.upgrade(config, to)


AT = datetime(2026, 1, 15, 21, 0, tzinfo=UTC)
PLACE = Place(establishment="chu", ip="203.0.113.10", port=22, transport=Transport.TCP)


def a_run(number: int = 1) -> Run:
    return Run(
        id=f"run-{number}",
        kind="exposure",
        ght="ght",
        profile="standard",
        started_at=AT + timedelta(days=number),
        finished_at=None,
        complete=False,
        vigie_version="0",
        plan=Plan(seed=1, tcp_ports=(22, 443), establishments=(), profile=None),
        inventory=Inventory(path="x", ght=Ght(id="ght", name="GHT"), establishments=()),
    )


def flagged(at: datetime = AT) -> Judged:
    verdict = Flagged(PLACE, Confidence.CERTAIN, (Proof("answered", {"protocol": "ssh"}),))
    return Judged(check="ssh.exposed", verdict=verdict, at=at)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'state' / 'vigie.db'}"
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.database()
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def filed(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'state' / 'vigie.db'}")
    yield opened
    opened.close()


def test_the_file_is_private(filed: Store, tmp_path: Path) -> None:
    filed.start_run(a_run())
    for file in (tmp_path / "state").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_a_run_comes_back_as_it_was(store: Store) -> None:
    store.start_run(a_run())
    assert store.run("run-1") == a_run()
    assert store.run("latest") == a_run()
    store.end_run("run-1", at=AT, complete=True)
    assert store.run("run-1").complete


def test_a_run_is_found_by_the_start_of_its_id_when_it_is_alone(store: Store) -> None:
    store.start_run(a_run(1))
    store.start_run(a_run(2))
    assert store.run("run-2").id == "run-2"
    for asked in ("run", "%", "nothing"):
        with pytest.raises(UsageError):
            store.run(asked)


def test_observations_and_verdicts_come_back(store: Store) -> None:
    run = a_run()
    store.start_run(run)
    seen = Service(place=PLACE, at=AT, protocol="ssh", banner="SSH-2.0-x\x00\u202e")
    store.keep(run, observations=[seen], judged=[flagged()])
    assert list(store.observations(run.id)) == [seen]
    assert list(store.observations(run.id, kinds=("tls",))) == []
    assert store.judged(run.id) == [flagged()]


def test_a_finding_is_new_once_then_open(store: Store) -> None:
    identity = fingerprint("ssh.exposed", PLACE)
    for number, state in ((1, State.NEW), (2, State.OPEN), (3, State.OPEN)):
        run = a_run(number)
        store.start_run(run)
        store.keep(run, judged=[flagged(run.started_at)])
        store.keep(run, judged=[flagged(run.started_at)])
        kept = store.findings()[identity]
        assert kept.state is state
        assert kept.last_run == run.id
    assert kept.first_run == "run-1"
    assert kept.first_seen == a_run(1).started_at


def test_what_was_proved_is_not_undone_by_a_look_that_failed(store: Store) -> None:
    run = a_run()
    store.start_run(run)
    unsure = Judged(check="ssh.exposed", verdict=NotMeasured(PLACE, "timeout"), at=AT)
    store.keep(run, judged=[unsure])
    assert store.judged(run.id) == [unsure]
    store.keep(run, judged=[flagged()])
    store.keep(run, judged=[unsure])
    assert store.judged(run.id) == [flagged()]


def test_folds_replace_each_other(store: Store) -> None:
    run = a_run()
    store.start_run(run)
    for protocol in ("ssh", "http"):
        seen = Service(place=PLACE, at=AT, protocol=protocol)
        store.keep(run, observations=[seen], replacing=("service",))
    assert [one.protocol for one in store.observations(run.id) if isinstance(one, Service)] == [
        "http"
    ]


def test_a_unit_is_done_whichever_write_comes_first(store: Store) -> None:
    run = a_run()
    store.start_run(run)
    other = Place(establishment="chu", ip="203.0.113.11", port=22, transport=Transport.TCP)
    store.keep(run, done=[PLACE])
    opened = [Opened(place=PLACE, at=AT), Opened(place=other, at=AT)]
    store.save_sweep(run.id, [], opened)
    assert [unit.place for unit in store.units(run.id, pending_only=True)] == [other]
    store.keep(run, done=[other])
    assert store.units(run.id, pending_only=True) == []
    assert len(store.units(run.id)) == 2


def test_sweep_blocks_are_saved_amended_and_counted(store: Store) -> None:
    run = a_run()
    store.start_run(run)
    for codes, finished in ((b"\x00\x01", False), (b"\x02\x01", True)):
        block = SweepBlock(space=0, block=7, finished=finished, statuses=codes)
        store.save_sweep(run.id, [block], [])
    store.amend_sweep(run.id, 0, {7: {0: 8}, 9: {1: 8}})
    assert store.sweep_block(run.id, 0, 7) == b"\x08\x01"
    assert store.sweep_block(run.id, 0, 8) is None
    assert store.block_numbers(run.id, 0) == ({7}, set())
    assert [block.statuses for block in store.sweep_blocks(run.id)] == [b"\x08\x01"]


def test_holds_and_their_journal(store: Store) -> None:
    store.hold("chu", at=AT, who="operator")
    store.hold("*", at=AT, who="operator")
    assert store.held() == {"chu", "*"}
    assert store.lift("chu", at=AT, who="operator") == 1
    assert store.held() == {"*"}
    assert store.lift("*", at=AT, who="operator") == 1
    assert store.held() == set()
    assert [what for _, _, what, _ in store.journal()] == ["stop", "stop", "resume", "resume"]


def _database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'vigie.db'}"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.database()


_KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)]


@pytest.mark.parametrize("kind", _KINDS)
def test_every_older_store_is_brought_up_with_what_it_holds(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = _database(kind, request, tmp_path)
    engine = sa.create_engine(url)
    with engine.begin() as db:
        migrate(db, "0001")
        db.execute(
            sa.text(
                "insert into findings (fingerprint, ght, check_id, establishment, place, state,"
                " first_seen, last_seen, first_run, last_run) values ('f', 'ght', 'ssh.exposed',"
                " 'chu', '{\"establishment\":\"chu\"}', 'open', '2026-01-01T00:00:00+00:00',"
                " '2026-01-02T00:00:00+00:00', 'r1', 'r2')"
            )
        )
    steps = [step.name[:4] for step in VERSIONS.glob("0*.py")]
    for step in sorted(steps):
        with engine.begin() as db:
            migrate(db, step)
    with closing(Store(url)) as store:
        kept = store.findings()["f"]
    assert (kept.state, kept.first_run) == (State.OPEN, "r1")
    with engine.connect() as db:
        assert compare_metadata(MigrationContext.configure(db), METADATA) == []
    engine.dispose()


@pytest.mark.real
def test_two_machines_may_open_a_new_store_at_once(cluster: Cluster) -> None:
    url = cluster.database()
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: Store(url), range(4)))
    stores[0].start_run(a_run())
    assert [one.run("latest").id for one in stores] == ["run-1"] * 4
    for one in stores:
        one.close()


@pytest.mark.real
def test_a_server_that_goes_away_says_so(tmp_path: Path) -> None:
    with postgres() as own:
        store = Store(own.database())
        store.start_run(a_run())
    with pytest.raises(StoreError) as gone:
        store.keep(a_run(), judged=[flagged()])
    assert gone.value.problem == "unreachable"
    store.close()


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as refused:
        Store("postgresql+psycopg://vigie:hunter2@127.0.0.1/vigie")
    assert "hunter2" not in str(refused.value)


def test_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "vigie.db"
    Store(f"sqlite:///{path}").close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as db:
        assert compare_metadata(MigrationContext.configure(db), METADATA) == []
        strict = db.execute(sa.text("select name from pragma_table_list where strict")).scalars()
        assert set(METADATA.tables) <= set(strict)
    engine.dispose()


def test_a_store_of_a_newer_vigie_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "vigie.db"
    Store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("update alembic_version set version_num = 'from-the-future'")
    with pytest.raises(StoreError, match="newer"):
        Store(f"sqlite:///{path}")


def test_a_full_store_says_so_and_keeps_what_it_had(filed: Store, tmp_path: Path) -> None:
    run = a_run()
    filed.start_run(run)
    seen = Service(place=PLACE, at=AT, protocol="ssh", banner="x" * 500)
    filed.keep(run, observations=[seen])
    with filed._engine.connect() as db:
        pages = db.execute(sa.text("pragma page_count")).scalar_one()
    sa.event.listen(
        filed._engine,
        "connect",
        lambda connection, _: connection.execute(f"pragma max_page_count = {pages + 2}"),
    )
    filed._engine.dispose()
    with pytest.raises(StoreError, match="full"):  # noqa: PT012 - some writes still fit
        for _ in range(50):
            filed.keep(run, observations=[seen] * 50)
    with closing(Store(filed.url)) as again:
        assert len(list(again.observations(run.id))) >= 1
    with closing(sqlite3.connect(tmp_path / "state" / "vigie.db")) as check:
        assert check.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_locked_store_says_so(filed: Store, tmp_path: Path) -> None:
    run = a_run()
    filed.start_run(run)
    other = sqlite3.connect(tmp_path / "state" / "vigie.db", isolation_level=None)
    other.execute("begin exclusive")
    with filed._engine.connect() as db:
        db.execute(sa.text("pragma busy_timeout = 50"))
    with pytest.raises(StoreError, match="locked"):
        filed.keep(run, observations=[Service(place=PLACE, at=AT, protocol="ssh")])
    other.execute("rollback")
    other.close()
    filed.keep(run, observations=[Service(place=PLACE, at=AT, protocol="ssh")])
    assert len(list(filed.observations(run.id))) == 1


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////proc/nowhere/vigie.db", "oracle://x/y"])
def test_a_wrong_url_is_a_clear_error(url: str) -> None:
    with pytest.raises((UsageError, StoreError)):
        Store(url)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all" * 100)
    with pytest.raises(StoreError):
        Store(f"sqlite:///{path}")
    assert path.read_text().startswith("not a database")
