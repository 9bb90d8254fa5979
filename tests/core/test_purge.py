"""What is erased is nowhere any more; what is not stays; counting alone changes nothing."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from core.errors import StoreError
from core.inventory import (
    Answer,
    Consent,
    DirectoryAccess,
    Establishment,
    Expected,
    Ght,
    Inventory,
    Mandate,
)
from core.model import (
    Confidence,
    Flagged,
    Intensity,
    Judged,
    NotMeasured,
    Place,
    Proof,
    State,
    Transport,
)
from core.observations.service import Service
from core.store.life import Decision, Lives
from core.store.outbox import Letter, Outbox
from core.store.purge import Erasing
from core.store.reads import Read, note_read, reads
from core.store.store import Opened, Plan, Run, Store, SweepBlock
from core.store.tables import DUE, LEASES, METADATA, OUTBOX, SCHEDULED, TICKETS
from inventories.forgetting import without_establishment
from tests.servers.postgres import Cluster

AT = datetime(2026, 1, 15, 21, 0, tzinfo=UTC)
LEAVING, STAYING = "hopital-qui-part", "hopital-qui-reste"
_IP = {LEAVING: "203.0.113.10", STAYING: "198.51.100.10"}
_DAY = date(2026, 1, 1)


def _mandate(**fields: tuple[str, ...]) -> Mandate:
    return Mandate(
        **fields,  # type: ignore[arg-type]
        signed_by="x",
        document="x.pdf",
        valid_from=_DAY,
        valid_until=_DAY,
        intensity=Intensity.STANDARD,
    )


def an_inventory() -> Inventory:
    return Inventory(
        path="ght.toml",
        ght=Ght(id="ght", name="GHT"),
        establishments=(
            Establishment(
                id=LEAVING,
                name="L'hôpital qui part",
                ranges=("203.0.113.0/25",),
                domains=("part.example",),
            ),
            Establishment(id=STAYING, name="L'autre", ranges=("198.51.100.0/25",)),
        ),
        mandates=(
            _mandate(establishments=(LEAVING, STAYING)),
            _mandate(covers=("203.0.113.0/26", "vpn.part.example")),
            _mandate(establishments=(LEAVING,), covers=("cloud.elsewhere.example",)),
        ),
        consents=(
            Consent(
                holder="h",
                covers=("www.part.example",),
                valid_from=_DAY,
                valid_until=_DAY,
                intensity=Intensity.DISCREET,
            ),
        ),
        expected=(Expected(asset="203.0.113.10"), Expected(asset="198.51.100.10")),
        directories=(
            DirectoryAccess(
                id="ad",
                establishment=LEAVING,
                server="ldaps://dc.part.example",
                user="u",
                password="prompt",
            ),
        ),
        answers=(Answer(asset="203.0.113.10/32", belongs="ours"),),
    )


def a_run(name: str, *, of: tuple[str, ...] = (), days: int = 0) -> Run:
    return Run(
        id=name,
        kind="exposure",
        ght="ght",
        profile="standard",
        started_at=AT + timedelta(days=days),
        finished_at=None,
        complete=False,
        vigie_version="0",
        plan=Plan(seed=1, tcp_ports=(22,), establishments=of, profile=None),
        inventory=an_inventory(),
    )


def fill(store: Store, run: Run) -> None:
    store.start_run(run)
    for establishment, ip in _IP.items():
        at = run.started_at
        place = Place(establishment=establishment, ip=ip, port=22, transport=Transport.TCP)
        proof = Proof("answered", {"protocol": "ssh", "evidence": ip})
        flagged = Flagged(place, Confidence.CERTAIN, (proof,))
        store.keep(
            run,
            observations=[Service(place=place, at=at, protocol="ssh", banner=ip)],
            judged=[
                Judged(check="ssh.exposed", verdict=flagged, at=at),
                Judged(check="ssh.protocol-1", verdict=NotMeasured(place, "timeout"), at=at),
            ],
            done=[place],
        )
        block = SweepBlock(space=0, block=0, finished=True, statuses=b"\x01")
        store.save_sweep(run.id, [block], [Opened(place=place, at=at)])
        letter = Letter(
            channel="mail", destination=establishment, key=run.id, ght="ght",
            establishment=establishment, body="{}",
        )  # fmt: skip
        Outbox(store).enqueue([letter], now=at, not_before=at)
        about = {"ght": "ght", "establishment": establishment}
        dated = {"created_at": "t", "state": "open", "body": "{}"}
        told = {"key": f"whole-{establishment}-{run.id}", "body": f'["{establishment}"]'}
        with store.writing() as db:
            for table, row in (
                (DUE, {"target": ip, "family": run.id, "why": "new"}),
                (TICKETS, {"tracker": "rt", "reference": ip + run.id} | dated),
            ):
                db.execute(sa.insert(table).values(about | row))
            whole = {"channel": "mail", "destination": "d", "not_before": "t"} | dated | told
            db.execute(sa.insert(OUTBOX).values({"ght": "ght", "establishment": ""} | whole))
            name = f"scan/ght/{establishment}"
            db.execute(sa.delete(LEASES).where(LEASES.c.name == name))
            lease = {"holder": "h", "who": "w", "since": "t", "until": "t"}
            db.execute(sa.insert(LEASES).values({"name": name} | lease))
        known = next(one for one in store.findings().values() if one.place == place)
        accepted = Decision(state=State.ACCEPTED, reason="r", owner="o", until=date(2099, 1, 1))
        if known.state is not State.ACCEPTED:
            Lives(store).decide({known.fingerprint: accepted}, who="w", at=at)
    with store.writing() as db:
        db.execute(sa.insert(SCHEDULED).values(run_id=run.id))
    store.end_run(run.id, at=run.started_at + timedelta(hours=1), complete=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'vigie.db'}"
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.database()
    with closing(Store(url)) as opened:
        yield opened


def held(store: Store) -> dict[str, list[str]]:
    """Every row of every table, as one text each."""
    with store.reading() as db:
        return {
            name: [" ".join(map(str, row)) for row in db.execute(sa.select(table)).all()]
            for name, table in METADATA.tables.items()
        }


def _erasing(store: Store, *, commit: bool = True) -> Erasing:
    return Erasing(store, who="someone", at=AT, commit=commit)


def test_a_hospital_that_leaves_is_nowhere_but_in_the_journal(store: Store) -> None:
    fill(store, a_run("r1"))
    fill(store, a_run("r2", of=(LEAVING,)))
    before = held(store)
    counted = _erasing(store, commit=False).establishment("ght", LEAVING, without_establishment)
    assert held(store) == before
    erased = _erasing(store).establishment("ght", LEAVING, without_establishment)
    assert erased == counted
    after = held(store)
    for table, rows in after.items():
        if table != "journal":
            for row in rows:
                assert not any(word in row for word in (LEAVING, "203.0.113", "part.example")), row
    assert [row for row in after["journal"] if LEAVING in row and "purge" in row]
    # The other one keeps all that it had, its sweep aside.
    assert [one.place.establishment for one in store.observations("r1")] == [STAYING]
    assert {one.verdict.place.establishment for one in store.judged("r1")} == {STAYING}
    assert {row.place.establishment for row in store.findings().values()} == {STAYING}
    (run,) = store.runs()
    assert [one.id for one in run.inventory.establishments] == [STAYING]
    assert run.inventory.mandates == (_mandate(establishments=(STAYING,)),)


def test_a_ght_that_leaves_takes_all_with_it(store: Store) -> None:
    fill(store, a_run("r1"))
    before = held(store)
    _erasing(store).ght("ght")
    assert {name for name, rows in before.items() if not rows} <= {"holds", "purging", "reads"}
    assert {name for name, rows in held(store).items() if rows} == {"journal"}


def test_old_runs_go_and_findings_stay(store: Store) -> None:
    for number in range(3):
        fill(store, a_run(f"r{number}", days=number))
    note_read(store, Read(at=AT - timedelta(days=400), who="w", what="report", about="r0"))
    note_read(store, Read(at=AT + timedelta(days=31), who="w", what="report", about="r2"))
    found = store.findings()
    _erasing(store).older(AT + timedelta(days=30))
    assert [one.id for one in store.runs()] == ["r2"]
    assert store.findings() == found
    assert [one.about for one in reads(store, since=AT - timedelta(days=999), limit=9)] == ["r2"]
    assert len(store.judged("r2")) == 4


def test_the_runs_that_accepted_findings_rest_on_stay(store: Store) -> None:
    fill(store, a_run("r1"))
    store.start_run(a_run("r2", days=1))
    store.end_run("r2", at=AT + timedelta(days=2), complete=True)
    _erasing(store).older(AT + timedelta(days=30))
    assert {one.state for one in store.findings().values()} == {State.ACCEPTED}
    assert {one.id for one in store.runs()} == {"r1", "r2"}


def test_nothing_is_erased_that_the_journal_cannot_tell(store: Store) -> None:
    fill(store, a_run("r1"))
    full = "CREATE TRIGGER full_disk BEFORE INSERT ON journal "
    with store.writing() as db:
        if db.dialect.name == "sqlite":
            db.exec_driver_sql(full + "BEGIN SELECT RAISE(ABORT, 'full'); END")
        else:
            db.exec_driver_sql(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN RAISE EXCEPTION ''full''; END'"
            )
            db.exec_driver_sql(full + "EXECUTE FUNCTION full_disk()")
    before = held(store)
    with pytest.raises((StoreError, DatabaseError)):
        _erasing(store).ght("ght")
    assert held(store) == before


def test_the_life_of_findings_cannot_be_rewritten_otherwise(store: Store) -> None:
    fill(store, a_run("r1"))
    for statement in ("update changes set who = 'x'", "delete from changes"):
        with pytest.raises((StoreError, DatabaseError)), store.writing() as db:
            db.execute(sa.text(statement))
    assert held(store)["changes"]
