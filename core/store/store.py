"""Runs, observations, verdicts and findings in one SQL database (SQLite by default)."""

import errno
import os
import zlib
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType

import msgspec
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError, SQLAlchemyError

from core.errors import BadStoreUrl, StoreError, UnknownRun
from core.inventory import Inventory
from core.life import Absence
from core.model import Confidence, Judged, Place, State, fingerprint
from core.observations.base import Observation
from core.observations.codec import decode, encode, kind
from core.results import Decided
from core.store.merging import (
    GravityOf,
    keep_verdicts,
    life_of,
    lock,
    miss_all,
    place_text,
    take_back,
    text_of,
)
from core.store.tables import (
    DECISIONS,
    FINDINGS,
    HOLDS,
    JOURNAL,
    OBSERVATIONS,
    RUNS,
    SWEEPS,
    UNITS,
    VERDICTS,
)

_PROBLEMS = {
    "disk is full": "full",
    "No space left": "full",
    # PostgreSQL, before a word was said or in the middle of one.
    "connection failed": "unreachable",
    "connection is bad": "unreachable",
    "server closed the connection": "unreachable",
    "terminating connection": "unreachable",
    "consuming input failed": "unreachable",
    "the connection is lost": "unreachable",
    "lock timeout": "locked",
    "deadlock detected": "locked",
    # What SQLite says when its shared memory cannot grow, or a file reached the limit of its size.
    "disk I/O": "full",
    "locked": "locked",
    "readonly": "read-only",
    "unable to open": "read-only",
    "malformed": "damaged",
    "not a database": "damaged",
}

_MIGRATING = 0x56494749
"""Key of the lock under which PostgreSQL is migrated."""
_LOCK_S = 30


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run set out to do: enough to resume it, the inventory aside."""

    seed: int
    tcp_ports: tuple[int, ...]
    establishments: tuple[str, ...]
    profile: str | None
    """As asked; ``None``: the mandate's, at most standard."""
    retest: tuple[str, ...] = ()
    """Fingerprints measured again, for a retest."""
    udp_ports: tuple[int, ...] = ()
    """Asked by the probes that knew them when the run was planned."""
    udp_unasked: tuple[int, ...] = ()
    """Wanted, and never asked: no probe knows them, or they are quiet."""
    targets: tuple[str, ...] = ()
    """Addresses, CIDRs and names that this run is about, in the mandate; none: all of it."""
    segments_sha256: str = ""
    """Digest of the target space: a resume on another space would misread the sweep."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``runs``."""

    id: str
    kind: str
    ght: str
    profile: str
    started_at: datetime
    finished_at: datetime | None
    complete: bool
    vigie_version: str
    plan: Plan
    inventory: Inventory


class FindingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``findings``: what is kept across runs."""

    fingerprint: str
    ght: str = ""
    check: str
    place: Place
    state: State
    first_seen: datetime
    last_seen: datetime
    first_run: str
    last_run: str
    """The last that saw it."""
    gravity: int = 0
    """0 (info) to 4 (critical), as last seen."""
    confidence: Confidence = Confidence.TENTATIVE
    exploited: bool = False
    opened_at: datetime = datetime.min.replace(tzinfo=UTC)
    """Start of the present episode; service levels count from it."""
    state_since: datetime = datetime.min.replace(tzinfo=UTC)
    measured_at: datetime = datetime.min.replace(tzinfo=UTC)
    """When it was last seen, or missed where it could have been seen."""
    measured_run: str = ""
    absences: int = 0
    """Times in a row that it was missed so."""
    due_at: datetime | None = None
    assignee: str = ""
    decided: Decided | None = None
    """The decision in force; read for the findings of a run alone."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """An open port to identify; stays pending until its observations are in."""

    place: Place
    at: datetime
    space: int = 0


class SweepBlock(msgspec.Struct, frozen=True, kw_only=True):
    """The statuses of one block of the target space: one byte per pair, 0 for not yet."""

    space: int
    block: int
    finished: bool
    statuses: bytes


class Store:
    """The database. Synchronous: callers on trio use one worker thread for writing.

    Every method raises :class:`core.errors.StoreError` on a full disk, a lock or a damaged file;
    what was committed before stays.
    """

    def __init__(self, url: str, *, gravity_of: GravityOf = lambda _check: 0) -> None:
        self.url = url
        self.gravity_of = gravity_of
        """The catalogue, which stands above: how grave a check is where its verdict is silent."""
        self._engine = _engine(url)
        try:
            self._migrate()
        except BaseException:
            self._engine.dispose()
            raise

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    # runs

    def start_run(self, run: Run) -> None:
        """Record that a run begins."""
        row = msgspec.to_builtins(run) | {
            "complete": int(run.complete),
            "started_at": text_of(run.started_at),
            "finished_at": text_of(run.finished_at) if run.finished_at else None,
            "plan": msgspec.json.encode(run.plan).decode(),
            "inventory": msgspec.json.encode(run.inventory).decode(),
        }
        with self.writing() as db:
            db.execute(sa.insert(RUNS).values(row))

    def end_run(
        self,
        run_id: str,
        *,
        at: datetime,
        complete: bool,
        absences: Mapping[str, Absence] = MappingProxyType({}),
    ) -> None:
        """Record that a run ended, whole or not, and what it proved to be gone, by fingerprint.

        In one transaction: a run that ended is settled. ``vigie.settling.end`` says what is gone.
        """
        with self.writing() as db:
            lock(db)
            db.execute(
                sa.update(RUNS)
                .where(RUNS.c.id == run_id)
                .values(finished_at=text_of(at), complete=int(complete))
            )
            miss_all(db, run_id, absences)

    def reopen_run(self, run_id: str) -> None:
        """Record that a run goes on after an interruption."""
        with self.writing() as db:
            db.execute(
                sa.update(RUNS).where(RUNS.c.id == run_id).values(finished_at=None, complete=0)
            )

    def runs(self, *, ght: str | None = None, limit: int = 1000) -> list[Run]:
        """Give runs, newest first."""
        query = sa.select(RUNS).order_by(RUNS.c.started_at.desc(), RUNS.c.id.desc()).limit(limit)
        if ght is not None:
            query = query.where(RUNS.c.ght == ght)
        with self.reading() as db:
            return [_run(row) for row in db.execute(query).mappings()]

    def run(self, run_id: str) -> Run:
        """Give one run by id, start of id, or ``latest``; ``UsageError`` when none fits."""
        if run_id == "latest":
            latest = self.runs(limit=1)
            if not latest:
                raise UnknownRun(run_id)
            return latest[0]
        query = sa.select(RUNS).where(RUNS.c.id.startswith(run_id, autoescape=True)).limit(2)
        with self.reading() as db:
            found = [_run(row) for row in db.execute(query).mappings()]
        if len(found) != 1:
            raise UnknownRun(run_id, several=bool(found))
        return found[0]

    # what was seen and judged

    def keep(
        self,
        run: Run,
        *,
        observations: Iterable[Observation] = (),
        judged: Iterable[Judged] = (),
        done: Iterable[Place] = (),
        replacing: Sequence[str] = (),
        forgetting: Sequence[str] = (),
    ) -> None:
        """Write facts, verdicts and finished units in one transaction.

        ``replacing`` names kinds of observation of which this run's older ones go (folds), and
        ``forgetting`` the checks whose older verdicts of this run go with them.
        """
        with self.writing() as db:
            lock(db)
            self._replace_observations(db, run, observations, replacing)
            if forgetting:
                self._forget(db, run.id, forgetting)
            keep_verdicts(db, run.id, run.ght, judged, self.gravity_of)
            for place in done:
                self._finish_unit(db, run.id, place, text_of(datetime.now(UTC)))

    def _replace_observations(
        self,
        db: sa.Connection,
        run: Run,
        observations: Iterable[Observation],
        replacing: Sequence[str],
    ) -> None:
        if replacing:
            db.execute(
                sa.delete(OBSERVATIONS).where(
                    OBSERVATIONS.c.run_id == run.id, OBSERVATIONS.c.kind.in_(replacing)
                )
            )
        rows = [
            {
                "run_id": run.id,
                "kind": kind(type(seen)),
                "at": text_of(seen.at),
                "establishment": seen.place.establishment,
                "ip": seen.place.ip,
                "port": seen.place.port,
                "body": encode(seen).decode(),
            }
            for seen in observations
        ]
        if rows:
            db.execute(sa.insert(OBSERVATIONS), rows)

    def _forget(self, db: sa.Connection, run_id: str, checks: Sequence[str]) -> None:
        """Take back what this run judged by these checks, and the findings it alone brought."""
        take_back(db, run_id, checks, datetime.now(UTC))
        db.execute(
            sa.delete(VERDICTS).where(VERDICTS.c.run_id == run_id, VERDICTS.c.check_id.in_(checks))
        )

    def _finish_unit(self, db: sa.Connection, run_id: str, place: Place, at: str) -> None:
        key = place_text(place)
        there = (UNITS.c.run_id == run_id, UNITS.c.place == key)
        if not db.execute(sa.update(UNITS).where(*there).values(done=1)).rowcount:
            # Identified before the sweep that found it was saved: the save will leave it as it is.
            db.execute(
                sa.insert(UNITS).values(run_id=run_id, place=key, space=0, done=1, opened_at=at)
            )

    def drop_verdicts(self, run: Run) -> None:
        """Forget what a run judged, before its observations are judged again."""
        with self.writing() as db:
            db.execute(sa.delete(VERDICTS).where(VERDICTS.c.run_id == run.id))

    def replace_verdicts(
        self,
        run: Run,
        judged: Iterable[Judged],
        *,
        of: Collection[str],
        observations: Iterable[Observation] = (),
    ) -> None:
        """Put verdicts in the place of those of a run on some establishments, in one transaction.

        ``observations`` take the place of this run's older ones of their kinds.
        """
        gone = [
            fingerprint(one.check, one.verdict.place)
            for one in self.judged(run.id)
            if one.verdict.place.establishment in of
        ]
        noted = tuple(observations)
        with self.writing() as db:
            lock(db)
            for identity in gone:
                db.execute(
                    sa.delete(VERDICTS).where(
                        VERDICTS.c.run_id == run.id, VERDICTS.c.fingerprint == identity
                    )
                )
            self._replace_observations(db, run, noted, [kind(type(one)) for one in noted])
            keep_verdicts(db, run.id, run.ght, judged, self.gravity_of)

    def observations(self, run_id: str, *, kinds: Sequence[str] = ()) -> Iterator[Observation]:
        """Give what a run saw, in the order it was written; streamed."""
        query = sa.select(OBSERVATIONS.c.body).where(OBSERVATIONS.c.run_id == run_id)
        if kinds:
            query = query.where(OBSERVATIONS.c.kind.in_(kinds))
        with self.reading() as db:
            rows = db.execution_options(yield_per=500).execute(query.order_by(OBSERVATIONS.c.id))
            for row in rows.scalars():
                yield decode(row)

    def bodies(self, run_id: str, kinds: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Give the kind and the JSON of what a run saw, streamed: for who reads little of it."""
        query = sa.select(OBSERVATIONS.c.kind, OBSERVATIONS.c.body).where(
            OBSERVATIONS.c.run_id == run_id, OBSERVATIONS.c.kind.in_(kinds)
        )
        with self.reading() as db:
            rows = db.execution_options(yield_per=500).execute(query.order_by(OBSERVATIONS.c.id))
            for row in rows:
                yield row.kind, row.body

    def answered(self, run_id: str) -> set[str]:
        """Give the fingerprints on which a run holds a verdict, whatever it says."""
        query = sa.select(VERDICTS.c.fingerprint).where(VERDICTS.c.run_id == run_id)
        with self.reading() as db:
            return set(db.execute(query).scalars())

    def judged(self, run_id: str) -> list[Judged]:
        """Give the verdicts of a run, by fingerprint."""
        query = (
            sa.select(VERDICTS.c.body)
            .where(VERDICTS.c.run_id == run_id)
            .order_by(VERDICTS.c.fingerprint)
        )
        with self.reading() as db:
            return [msgspec.json.decode(row, type=Judged) for row in db.execute(query).scalars()]

    def verdict(self, run_id: str, identity: str) -> Judged | None:
        """Give the verdict of a run on one question."""
        query = sa.select(VERDICTS.c.body).where(
            VERDICTS.c.run_id == run_id, VERDICTS.c.fingerprint == identity
        )
        with self.reading() as db:
            body: str | None = db.execute(query).scalar()
        return None if body is None else msgspec.json.decode(body, type=Judged)

    def findings(
        self,
        *,
        fingerprints: Sequence[str] | None = None,
        ght: str | None = None,
        run_id: str | None = None,
    ) -> dict[str, FindingRow]:
        """Give findings across runs, by fingerprint, asked for by its first characters.

        ``run_id``: those that this run saw.
        """
        query = sa.select(FINDINGS)
        if ght is not None:
            query = query.where(FINDINGS.c.ght == ght)
        if run_id is not None:
            query = query.join(
                VERDICTS,
                sa.and_(
                    VERDICTS.c.fingerprint == FINDINGS.c.fingerprint,
                    VERDICTS.c.run_id == run_id,
                    VERDICTS.c.flagged == 1,
                ),
            )
        if fingerprints is not None:
            starts = [starting_with(one) for one in fingerprints]
            query = query.where(sa.or_(*starts) if starts else sa.false())
        with self.reading() as db:
            rows = [finding_of(row) for row in db.execute(query).mappings()]
            decided = _decided(db, run_id) if run_id is not None else {}
        return {
            row.fingerprint: msgspec.structs.replace(row, decided=decided[row.fingerprint])
            if row.fingerprint in decided
            else row
            for row in rows
        }

    # the sweep

    def save_sweep(
        self, run_id: str, blocks: Iterable[SweepBlock], opened: Iterable[Opened]
    ) -> None:
        """Write block statuses and the open ports found with them, in one transaction."""
        with self.writing() as db:
            for block in blocks:
                there = _block(run_id, block.space, block.block)
                values = {
                    "finished": int(block.finished),
                    "statuses": zlib.compress(block.statuses, 1),
                }
                if not db.execute(sa.update(SWEEPS).where(*there).values(values)).rowcount:
                    db.execute(
                        sa.insert(SWEEPS).values(
                            run_id=run_id, space=block.space, block=block.block, **values
                        )
                    )
            for one in opened:
                key = place_text(one.place)
                exists = db.execute(
                    sa.select(UNITS.c.done).where(UNITS.c.run_id == run_id, UNITS.c.place == key)
                ).scalar()
                if exists is None:
                    db.execute(
                        sa.insert(UNITS).values(
                            run_id=run_id,
                            place=key,
                            space=one.space,
                            done=0,
                            opened_at=text_of(one.at),
                        )
                    )

    def sweep_blocks(self, run_id: str, *, space: int | None = None) -> Iterator[SweepBlock]:
        """Give the saved blocks of a run, streamed, by space and block."""
        query = sa.select(SWEEPS).where(SWEEPS.c.run_id == run_id)
        if space is not None:
            query = query.where(SWEEPS.c.space == space)
        with self.reading() as db:
            rows = db.execution_options(yield_per=16).execute(
                query.order_by(SWEEPS.c.space, SWEEPS.c.block)
            )
            for row in rows.mappings():
                yield SweepBlock(
                    space=row["space"],
                    block=row["block"],
                    finished=bool(row["finished"]),
                    statuses=zlib.decompress(row["statuses"]),
                )

    def block_numbers(self, run_id: str, space: int) -> tuple[set[int], set[int]]:
        """Give the numbers of the blocks saved as finished, and of those saved on their way."""
        query = sa.select(SWEEPS.c.block, SWEEPS.c.finished).where(
            SWEEPS.c.run_id == run_id, SWEEPS.c.space == space
        )
        finished: set[int] = set()
        partial: set[int] = set()
        with self.reading() as db:
            for number, is_finished in db.execute(query):
                (finished if is_finished else partial).add(number)
        return finished, partial

    def sweep_block(self, run_id: str, space: int, block: int) -> bytes | None:
        """Give the statuses of one saved block."""
        with self.reading() as db:
            packed = db.execute(sa.select(SWEEPS.c.statuses).where(*_block(run_id, space, block)))
            found = packed.scalar()
        return None if found is None else zlib.decompress(found)

    def amend_sweep(
        self, run_id: str, space: int, changes: Mapping[int, Mapping[int, int]]
    ) -> None:
        """Replace statuses in saved blocks: block → offset → code; in one transaction."""
        with self.writing() as db:
            for block, codes in changes.items():
                where = _block(run_id, space, block)
                packed = db.execute(sa.select(SWEEPS.c.statuses).where(*where)).scalar()
                if packed is None:
                    continue
                statuses = bytearray(zlib.decompress(packed))
                for offset, code in codes.items():
                    statuses[offset] = code
                db.execute(
                    sa.update(SWEEPS).where(*where).values(statuses=zlib.compress(statuses, 1))
                )

    def reopen_sweep(self, run_id: str, codes: bytes) -> None:
        """Make the pairs that ended with one of these codes untried again, to be measured now."""
        untried = bytes.maketrans(codes, bytes(len(codes)))
        query = sa.select(SWEEPS).where(SWEEPS.c.run_id == run_id)
        with self.writing() as db:
            for row in db.execute(query).mappings().all():
                statuses = zlib.decompress(row["statuses"])
                reopened = statuses.translate(untried)
                if reopened != statuses:
                    db.execute(
                        sa.update(SWEEPS)
                        .where(*_block(run_id, row["space"], row["block"]))
                        .values(finished=0, statuses=zlib.compress(reopened, 1))
                    )

    def units(self, run_id: str, *, pending_only: bool = False) -> list[Opened]:
        """Give the open ports of a run, in the order found."""
        query = sa.select(UNITS).where(UNITS.c.run_id == run_id)
        if pending_only:
            query = query.where(UNITS.c.done == 0)
        with self.reading() as db:
            return [
                Opened(
                    place=msgspec.json.decode(row["place"], type=Place),
                    at=datetime.fromisoformat(row["opened_at"]),
                    space=row["space"],
                )
                for row in db.execute(query.order_by(UNITS.c.opened_at)).mappings()
            ]

    # stop and journal

    def hold(self, establishment: str, *, at: datetime, who: str) -> None:
        """Forbid sending to one establishment, or to all (``*``), until lifted; journaled."""
        with self.writing() as db:
            db.execute(sa.insert(HOLDS).values(establishment=establishment, held_at=text_of(at)))
            self._note(db, at=at, who=who, what="stop", detail={"establishment": establishment})

    def lift(self, establishment: str, *, at: datetime, who: str) -> int:
        """Lift holds of one establishment, or every hold (``*``); gives how many; journaled."""
        where: list[sa.ColumnElement[bool]] = [HOLDS.c.lifted_at.is_(None)]
        if establishment != "*":
            where.append(HOLDS.c.establishment == establishment)
        with self.writing() as db:
            lifted = db.execute(sa.update(HOLDS).where(*where).values(lifted_at=text_of(at)))
            self._note(db, at=at, who=who, what="resume", detail={"establishment": establishment})
            return lifted.rowcount

    def held(self) -> set[str]:
        """Give what is held now: ids, or ``*``."""
        with self.reading() as db:
            query = sa.select(HOLDS.c.establishment).where(HOLDS.c.lifted_at.is_(None))
            return set(db.execute(query).scalars())

    def note(self, *, at: datetime, who: str, what: str, detail: Mapping[str, str]) -> None:
        """Append to the journal; never a secret."""
        with self.writing() as db:
            self._note(db, at=at, who=who, what=what, detail=detail)

    def journal(self) -> list[tuple[datetime, str, str, dict[str, str]]]:
        """Give the journal, oldest first: when (UTC), who, what, detail."""
        with self.reading() as db:
            return [
                (
                    datetime.fromisoformat(row["at"]),
                    row["who"],
                    row["what"],
                    msgspec.json.decode(row["detail"], type=dict[str, str]),
                )
                for row in db.execute(sa.select(JOURNAL).order_by(JOURNAL.c.id)).mappings()
            ]

    def _note(
        self, db: sa.Connection, *, at: datetime, who: str, what: str, detail: Mapping[str, str]
    ) -> None:
        db.execute(
            sa.insert(JOURNAL).values(
                at=text_of(at), who=who, what=what, detail=msgspec.json.encode(detail).decode()
            )
        )

    # plumbing

    def _is_current(self) -> bool:
        """Whether the newest migration was applied; the name of its file begins with its number."""
        steps = files("core.store").joinpath("migrations", "versions").iterdir()
        newest = max(step.name for step in steps if step.name.endswith(".py")).partition("_")[0]
        try:
            with self._engine.connect() as db:
                applied = db.execute(sa.text("SELECT version_num FROM alembic_version")).scalars()
                return list(applied) == [newest]
        except DatabaseError:
            # No store yet, or one that cannot be read: migrating it says what is the matter.
            return False

    def _migrate(self) -> None:
        if self._is_current():
            return
        # Here: loading Alembic takes longer than opening a store that is up to date.
        from alembic import command
        from alembic.config import Config
        from alembic.util.exc import CommandError

        with as_file(files("core.store") / "migrations") as scripts, _told_as_store_error(self.url):
            config = Config()
            config.set_main_option("script_location", str(scripts).replace("%", "%%"))
            with self._engine.begin() as db:
                if db.dialect.name == "postgresql":
                    # Two machines may open a new store at the same time: one migrates, one waits.
                    db.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
                config.attributes["connection"] = db
                config.attributes["gravity_of"] = self.gravity_of
                try:
                    command.upgrade(config, "head")
                except CommandError as error:
                    place = make_url(self.url).render_as_string()
                    raise StoreError(
                        f"{place}: written by a newer Vigie ({error}); upgrade this one",
                        place=place,
                        problem="newer",
                    ) from error

    @contextmanager
    def writing(self) -> Generator[sa.Connection]:
        """Open one transaction, committed when the body ends; for the modules of this package."""
        with _told_as_store_error(self.url), self._engine.begin() as db:
            yield db

    @contextmanager
    def reading(self) -> Generator[sa.Connection]:
        """Open a connection to read with; for the modules of this package."""
        with _told_as_store_error(self.url), self._engine.connect() as db:
            yield db


@contextmanager
def _told_as_store_error(url: str) -> Generator[None]:
    try:
        yield
    except DatabaseError as error:
        said = str(error.orig)
        problem = next((name for words, name in _PROBLEMS.items() if words in said), "")
        if problem or isinstance(error, OperationalError):
            place = make_url(url).render_as_string()
            raise StoreError(
                f"{place}: {said}; nothing written before is lost", place=place, problem=problem
            ) from error
        raise


def _engine(url: str) -> sa.Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            _create_private(Path(parsed.database))
        if parsed.password is not None:
            raise BadStoreUrl("password")
        options: dict[str, object] = {}
        if parsed.get_backend_name() == "postgresql":
            # A server that went away is found before the next transaction, not in its middle.
            options = {
                "pool_pre_ping": True,
                "connect_args": {
                    "connect_timeout": _LOCK_S,
                    "application_name": "vigie",
                    "options": f"-c lock_timeout={_LOCK_S}s -c timezone=UTC",
                },
            }
        engine = sa.create_engine(parsed, **options)
    except (ArgumentError, SQLAlchemyError, ModuleNotFoundError) as error:
        raise BadStoreUrl(str(error)) from error
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _create_private(path: Path) -> None:
    """Create the file for its owner alone; SQLite gives its -wal and -shm the same mode."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror}",
            place=str(path),
            problem="full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "read-only",
        ) from error


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        "synchronous=NORMAL",
        "busy_timeout=5000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _block(run_id: str, space: int, block: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (SWEEPS.c.run_id == run_id, SWEEPS.c.space == space, SWEEPS.c.block == block)


def _run(row: sa.RowMapping) -> Run:
    return Run(
        id=row["id"],
        kind=row["kind"],
        ght=row["ght"],
        profile=row["profile"],
        started_at=datetime.fromisoformat(row["started_at"]),
        finished_at=datetime.fromisoformat(row["finished_at"]) if row["finished_at"] else None,
        complete=bool(row["complete"]),
        vigie_version=row["vigie_version"],
        plan=msgspec.json.decode(row["plan"], type=Plan),
        inventory=msgspec.json.decode(row["inventory"], type=Inventory),
    )


def _decided(db: sa.Connection, run_id: str) -> dict[str, Decided]:
    query = (
        sa.select(DECISIONS)
        .join(VERDICTS, VERDICTS.c.fingerprint == DECISIONS.c.fingerprint)
        .where(
            VERDICTS.c.run_id == run_id,
            VERDICTS.c.flagged == 1,
            DECISIONS.c.ended_at.is_(None),
            DECISIONS.c.proposed == 0,
        )
    )
    return {
        row["fingerprint"]: Decided(
            owner=row["owner"],
            reason=row["reason"],
            until=date.fromisoformat(row["expires_on"]) if row["expires_on"] else None,
        )
        for row in db.execute(query).mappings()
    }


def starting_with(start: str) -> sa.ColumnElement[bool]:
    """Give the condition on the first characters of a fingerprint, through its index."""
    if not start or not set(start) <= set("0123456789abcdef"):
        return sa.false()
    # No fingerprint holds a « g », and whatever the collation it comes after « f ».
    return sa.and_(FINDINGS.c.fingerprint >= start, FINDINGS.c.fingerprint < f"{start}g")


def finding_of(row: sa.RowMapping) -> FindingRow:
    """Give a row of ``findings``."""
    life = life_of(row)
    return FindingRow(
        fingerprint=row["fingerprint"],
        ght=row["ght"],
        check=row["check_id"],
        place=msgspec.json.decode(row["place"], type=Place),
        state=life.state,
        first_seen=datetime.fromisoformat(row["first_seen"]),
        last_seen=life.last_seen,
        first_run=row["first_run"],
        last_run=life.last_run,
        gravity=life.gravity,
        confidence=life.confidence,
        exploited=life.exploited,
        opened_at=life.opened_at,
        state_since=life.state_since,
        measured_at=life.measured_at,
        measured_run=life.measured_run,
        absences=life.absences,
        due_at=datetime.fromisoformat(row["due_at"]) if row["due_at"] else None,
        assignee=row["assignee"],
    )
