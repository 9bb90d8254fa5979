"""The store of a region after years: a million findings, five million observations.

``store`` fills a store of 10,000, 100,000 then 1,000,000 findings (five observations each) on
SQLite and on a real PostgreSQL, then times what people and runs do with it every day.
"""

import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec
import psycopg
import sqlalchemy as sa

from benchmarks.table import Named, Row, missing, verdict
from core.inventory import Establishment, Ght, Inventory
from core.model import Confidence, Flagged, Judged, Place, Proof, State, Transport, fingerprint
from core.observations.codec import encode
from core.observations.service import Service
from core.store.life import Lives, Wanted
from core.store.store import Plan, Run, Store
from core.store.tables import FINDINGS, OBSERVATIONS
from tests.servers.postgres import postgres
from vigie import settling

_GHTS, _ESTABLISHMENTS = 15, 20
_SIZES = (10_000, 100_000, 1_000_000)
_PER_FINDING = 5
_MERGED = 2_000
_OLD_RUNS = 50
"""Per GHT."""
_ROUNDS = 40
_START = datetime(2024, 1, 1, tzinfo=UTC)
_CHECKS = (
    "ssh.exposed",
    "tls.tls1-0",
    "cert.expires-soon",
    "rdp.exposed",
    "admin.interface-exposed",
)


def measure(*, short: bool = False) -> Iterator[Row]:
    """Give the times of each size on each database, with the growth."""
    sizes = _SIZES[:2] if short else _SIZES
    with tempfile.TemporaryDirectory(prefix="bench-store-") as top:
        for size in sizes:
            path = Path(top) / f"{size}.db"
            yield from _measured(f"sqlite:///{path}", "SQLite", size, _fill_sqlite)
            path.unlink()
    try:
        with postgres() as cluster:
            for size in sizes:
                yield from _measured(cluster.database(), "PostgreSQL", size, _fill_postgresql)
    except BaseException as error:
        if type(error).__name__ != "Skipped":
            raise
        yield missing("PostgreSQL", str(error))


BENCHMARKS: Named = {"store": measure}

Fill = Callable[[str, str, Sequence[str], Iterator[tuple[object, ...]]], None]


def _measured(url: str, kind: str, size: int, fill: Fill) -> Iterator[Row]:
    began = time.perf_counter()
    with closing(Store(url)) as store:
        for ght in range(_GHTS):
            for number in range(_OLD_RUNS):
                run = _run(ght, number)
                store.start_run(run)
    fill(url, FINDINGS.name, [one.name for one in FINDINGS.columns], _findings(size))
    fill(
        url,
        OBSERVATIONS.name,
        ["run_id", "kind", "at", "establishment", "ip", "port", "body"],
        _observations(size),
    )
    filled_s = time.perf_counter() - began
    with closing(Store(url)) as store:
        with store.writing() as db:
            db.execute(sa.text("ANALYZE"))
        lives = Lives(store)
        name = f"{kind}, {size:,} findings, {size * _PER_FINDING:,} observations"
        yield f"{name}: filled", f"{filled_s:.0f} s", "-", "-", "-"
        # The first lists warm the cache, as a day of work does.
        wanted = [Wanted(ght=f"ght-{n % _GHTS}", is_open=True) for n in range(_ROUNDS + _GHTS)]
        listed = [_timed(partial(lives.page, one, limit=500)) for one in wanted][_GHTS:]
        worst = statistics.quantiles(listed, n=20)[-1]
        told = f"{worst * 1000:.1f} ms p95, {statistics.median(listed) * 1000:.1f} ms median"
        yield f"{name}: a GHT's open findings", told, "-", "-", verdict(worst < 0.2, "< 200 ms p95")
        everything = _timed(lambda: _whole(lives, wanted[0]))
        count = lives.count(wanted[0])
        yield (
            f"  the same, all {count:,} of them, page by page",
            f"{everything:.2f} s",
            "-",
            "-",
            "-",
        )
        used = _index_used(store, wanted[0])
        yield "  through", used or "no index", "-", "-", verdict(bool(used), "an index")
        merged = _timed(lambda: _merge(store, size))
        yield (
            f"{name}: a run of {_MERGED:,} findings merged",
            f"{merged:.2f} s",
            "-",
            "-",
            verdict(merged < 2, "< 2 s"),
        )
        yield from _diff(store, name)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"{name}: peak memory of this process", f"{peak:.0f} MiB", "-", "-", "-"


def _whole(lives: Lives, wanted: Wanted) -> int:
    count = 0
    after = None
    while page := lives.page(wanted, limit=1_000, after=after):
        count += len(page)
        after = page[-1]
    return count


def _index_used(store: Store, wanted: Wanted) -> str:
    """Give the index by which the database says it reads that list; empty when by none."""
    query = (
        sa.select(FINDINGS)
        .where(FINDINGS.c.ght == wanted.ght, FINDINGS.c.is_open == 1)
        .order_by(FINDINGS.c.gravity.desc(), FINDINGS.c.fingerprint.desc())
        .limit(500)
    )
    with store.reading() as db:
        text = str(query.compile(db, compile_kwargs={"literal_binds": True}))
        ask = "EXPLAIN " if db.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        plan = " ".join(" ".join(map(str, row)) for row in db.exec_driver_sql(ask + text))
    return next((one.name or "" for one in FINDINGS.indexes if one.name and one.name in plan), "")


def _merge(store: Store, size: int) -> None:
    """Do what a run does: verdicts in batches, then its end with what it proved to be gone."""
    run = msgspec.structs.replace(_run(0, _OLD_RUNS), started_at=datetime.now(UTC))
    store.start_run(run)
    at = datetime.now(UTC)
    chosen = [n * _GHTS for n in range(_MERGED)] if size >= _MERGED * _GHTS else range(_MERGED)
    judged = [
        Judged(check=check, verdict=_flagged(place), at=at) for check, place in map(_what, chosen)
    ]
    half = len(judged) // 2
    for first in range(0, len(judged), 300):
        part = judged[first : first + 300]
        seen = [Service(place=one.verdict.place, at=at, protocol="ssh") for one in part]
        store.keep(run, observations=seen, judged=judged[first : min(first + 300, half)])
    # What is not told any more, and what of it was measured again and is gone.
    settling.end(store, run, at=at, complete=True)


def _diff(store: Store, name: str) -> Iterator[Row]:
    runs = [_run(1, 1_000), _run(1, 1_001)]
    at = datetime.now(UTC)
    for number, run in enumerate(runs):
        store.start_run(run)
        chosen = [n * _GHTS + 1 for n in range(number * 200, number * 200 + _MERGED)]
        verdicts = [
            Judged(check=check, verdict=_flagged(place), at=at)
            for check, place in map(_what, chosen)
        ]
        store.keep(run, judged=verdicts)
        store.end_run(run.id, at=at, complete=True)
    taken = _timed(lambda: Lives(store).compare(runs[0].id, runs[1].id))
    yield f"{name}: two runs compared", f"{taken:.2f} s", "-", "-", verdict(taken < 1, "< 1 s")


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _run(ght: int, number: int) -> Run:
    return Run(
        id=f"run-{ght}-{number}",
        kind="exposure",
        ght=f"ght-{ght}",
        profile="standard",
        started_at=_START + timedelta(days=number, hours=ght),
        finished_at=_START + timedelta(days=number, hours=ght + 2),
        complete=True,
        vigie_version="0",
        plan=Plan(seed=1, tcp_ports=(22, 443), establishments=(), profile=None),
        inventory=Inventory(
            path="x",
            ght=Ght(id=f"ght-{ght}", name=f"GHT {ght}"),
            establishments=tuple(
                Establishment(id=f"e-{ght}-{each}", name=f"E {each}")
                for each in range(_ESTABLISHMENTS)
            ),
        ),
    )


def _what(number: int) -> tuple[str, Place]:
    """Give the check and the place of one finding; number modulo 15 is its GHT."""
    ght, each = number % _GHTS, number // _GHTS
    place = Place(
        establishment=f"e-{ght}-{each % _ESTABLISHMENTS}",
        ip=f"10.{ght}.{each // 5 // 256 % 256}.{each // 5 % 256}",
        port=20 + each // 5 // 65_536,
        transport=Transport.TCP,
    )
    return _CHECKS[each % 5], place


def _flagged(place: Place) -> Flagged:
    return Flagged(place, Confidence.CERTAIN, (Proof("answered", {"protocol": "ssh"}),))


def _findings(size: int) -> Iterator[tuple[object, ...]]:
    chance = random.Random(7)
    order = [one.name for one in FINDINGS.columns]
    states = [State.FIXED] * 85 + [State.OPEN] * 10 + [State.ACCEPTED] * 3 + [State.REOPENED] * 2
    for number in range(size):
        check, place = _what(number)
        state = chance.choice(states)
        first = _text(_START + timedelta(minutes=chance.randrange(900_000)))
        values: dict[str, object] = {
            "fingerprint": fingerprint(check, place),
            "ght": f"ght-{number % _GHTS}",
            "check_id": check,
            "establishment": place.establishment,
            "place": msgspec.json.encode(place).decode(),
            "state": state.value,
            "first_seen": first,
            "last_seen": first,
            "first_run": f"run-{number % _GHTS}-0",
            "last_run": f"run-{number % _GHTS}-{chance.randrange(_OLD_RUNS)}",
            "is_open": int(state in {State.OPEN, State.REOPENED}),
            "gravity": chance.randrange(5),
            "confidence": "certain",
            "exploited": 0,
            "opened_at": first,
            "state_since": first,
            "measured_at": first,
            "measured_run": f"run-{number % _GHTS}-0",
            "absences": 0,
            "due_at": first if chance.random() < 0.5 else None,
            "assignee": "",
        }
        yield tuple(values[name] for name in order)


def _observations(size: int) -> Iterator[tuple[object, ...]]:
    for number in range(size):
        _, place = _what(number)
        for each in range(_PER_FINDING):
            at = _START + timedelta(minutes=number % 500_000, seconds=each)
            seen = Service(place=place, at=at, protocol="ssh", banner="SSH-2.0-OpenSSH_9.2p1")
            run = f"run-{number % _GHTS}-{(number + each) % _OLD_RUNS}"
            yield (
                *(run, "service", _text(at), place.establishment, place.ip, place.port),
                encode(seen).decode(),
            )


def _fill_sqlite(
    url: str, table: str, columns: Sequence[str], rows: Iterator[tuple[object, ...]]
) -> None:
    engine = sa.create_engine(url)
    with closing(engine.raw_connection()) as db:
        cursor = db.cursor()
        marks = ",".join("?" * len(columns))
        insert = f"insert into {table} ({','.join(columns)}) values ({marks})"
        for part in iter(lambda: list(islice(rows, 10_000)), []):
            cursor.executemany(insert, part)
        db.commit()
    engine.dispose()


def _fill_postgresql(
    url: str, table: str, columns: Sequence[str], rows: Iterator[tuple[object, ...]]
) -> None:
    copied = f"copy {table} ({','.join(columns)}) from stdin"
    with (
        psycopg.connect(url.replace("+psycopg", "")) as db,
        db.cursor() as cursor,
        cursor.copy(copied) as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
