"""The life of findings in the store: who reads it, and what people decide.

For the scheduler, the notifier and the exporters, :class:`Lives` over an open store gives:

- :meth:`Lives.page`: findings by group, establishment, state, gravity, due date, assignee;
- :meth:`Lives.changes`: the journal, after an id: what is new since one last looked. ``after`` is
  ``new``, ``open``, ``to-confirm``, ``fixed``, ``reopened``, ``accepted``, ``disputed``,
  ``not-applicable``, or ``withdrawn`` (a run took back what it alone had told: the finding is no
  more); where it equals ``before``, gravity or assignee changed, and ``why`` says which
  (``graver``, ``less-grave``, ``now-exploited``, ``no-longer-exploited``, ``assigned: NAME``);
- :meth:`Lives.propose`: what a ticket says, until a person confirms it; never an acceptance;
- :meth:`Lives.expire`: call it before reading what is open: acceptances end on their date.

Moments are UTC.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median

import msgspec
import sqlalchemy as sa

from core.errors import UnknownFinding, UsageError
from core.life import ABSENCES, DECIDED, VIGIE, Change, Life, decide, release
from core.model import Confidence, Judged, Place, State, reason
from core.store.merging import chunked, gravity, lives_of, lock, text_of, write
from core.store.store import FindingRow, Store, finding_of, starting_with
from core.store.tables import CHANGES, DECISIONS, FINDINGS, JOURNAL, RUNS, VERDICTS

SHORTEST = 6
"""Characters of a fingerprint that must be given."""


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``changes``."""

    id: int
    fingerprint: str
    ght: str
    establishment: str
    at: datetime
    who: str
    run: str | None
    before: str | None
    after: str
    gravity: int
    why: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decides of a finding."""

    state: State
    """Accepted, disputed or not applicable."""
    reason: str
    owner: str
    """Who answers for it."""
    until: date | None = None
    """Last day on which it holds; an acceptance has one."""


class DecisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``decisions``."""

    id: int
    fingerprint: str
    state: State
    reason: str
    owner: str
    who: str
    at: datetime
    until: date | None
    proposed: bool
    """A ticket says so; nobody confirmed it yet."""
    gravity: int
    """Of the finding when it was decided: it covers nothing graver."""
    exploited: bool
    ended_at: datetime | None
    ended_why: str | None


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that is not fixed, and of which a run said nothing."""

    fingerprint: str
    check: str
    place: Place
    confidence: Confidence
    last_run: str


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which findings; absent: any."""

    ght: str = ""
    establishment: str = ""
    states: tuple[State, ...] = ()
    is_open: bool | None = None
    """True: still to be dealt with (new, open, to confirm, reopened, disputed)."""
    least_gravity: int = 0
    check: str = ""
    overdue_at: datetime | None = None
    """Open, and due before then."""
    expiring_by: date | None = None
    """Under a decision that ends on that day or before."""
    assignee: str = ""


class OfEstablishment(msgspec.Struct, frozen=True, kw_only=True):
    """How one establishment keeps the service levels."""

    establishment: str
    open: int
    overdue: int
    fixed: int
    """In the last 365 days."""
    median_days: float | None
    """From the opening of an episode to its end, of those; ``None``: none was fixed."""


class OfMonth(msgspec.Struct, frozen=True, kw_only=True):
    """What one month brought."""

    month: str
    """YYYY-MM, UTC."""
    opened: int
    """New and reopened."""
    fixed: int


class Levels(msgspec.Struct, frozen=True, kw_only=True):
    """What the service levels gave."""

    establishments: tuple[OfEstablishment, ...]
    months: tuple[OfMonth, ...]
    """The last twelve, oldest first."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of two runs."""

    fingerprint: str
    check: str
    place: Place
    gravity_before: int | None = None
    """0 (info) to 4 (critical); ``None``: not seen by that run."""
    gravity_after: int | None = None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What changed from one run to another; each list by fingerprint."""

    appeared: tuple[Compared, ...]
    gone: tuple[Compared, ...]
    """Measured again since, and no longer there."""
    unmeasured: tuple[Compared, ...]
    """Seen by the first run; nobody asked again with success."""
    changed: tuple[Compared, ...]
    """In criticality."""
    unchanged: int


class Lives:
    """The life of the findings of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # reading

    def one(self, start: str) -> FindingRow:
        """Give the finding that begins so; raises :class:`core.errors.UnknownFinding`."""
        start = start.strip().lower()
        if len(start) < SHORTEST:
            raise UnknownFinding(start, shortest=SHORTEST)
        query = sa.select(FINDINGS).where(starting_with(start)).limit(10)
        with self._store.reading() as db:
            found = [finding_of(row) for row in db.execute(query).mappings()]
        if len(found) != 1:
            raise UnknownFinding(start, several=[row.fingerprint for row in found])
        return found[0]

    def page(
        self, wanted: Wanted, *, limit: int = 1_000, after: FindingRow | None = None
    ) -> list[FindingRow]:
        """Give findings, gravest first, then by fingerprint; those after one, to read on."""
        query = sa.select(FINDINGS).where(*_conditions(wanted))
        if after is not None:
            query = query.where(
                sa.tuple_(FINDINGS.c.gravity, FINDINGS.c.fingerprint)
                < sa.tuple_(sa.literal(after.gravity), sa.literal(after.fingerprint))
            )
        query = query.order_by(FINDINGS.c.gravity.desc(), FINDINGS.c.fingerprint.desc())
        with self._store.reading() as db:
            return [finding_of(row) for row in db.execute(query.limit(limit)).mappings()]

    def count(self, wanted: Wanted) -> int:
        """Count them."""
        query = sa.select(sa.func.count()).select_from(FINDINGS).where(*_conditions(wanted))
        with self._store.reading() as db:
            return db.execute(query).scalar_one()

    def changes(
        self,
        *,
        fingerprint: str | None = None,
        run_id: str | None = None,
        ght: str | None = None,
        after_id: int = 0,
        limit: int = 10_000,
    ) -> list[ChangeRow]:
        """Give the journal, oldest first, of a finding, a run or a group."""
        query = sa.select(CHANGES).where(CHANGES.c.id > after_id)
        for column, value in (
            (CHANGES.c.fingerprint, fingerprint),
            (CHANGES.c.run_id, run_id),
            (CHANGES.c.ght, ght),
        ):
            if value is not None:
                query = query.where(column == value)
        with self._store.reading() as db:
            rows = db.execute(query.order_by(CHANGES.c.id).limit(limit)).mappings()
            return [_change(row) for row in rows]

    def decisions(
        self, fingerprints: Sequence[str], *, in_force: bool = False
    ) -> dict[str, list[DecisionRow]]:
        """Give what was decided or proposed of findings, oldest first; ``in_force``: not ended."""
        found: dict[str, list[DecisionRow]] = {}
        for part in chunked(fingerprints):
            query = sa.select(DECISIONS).where(DECISIONS.c.fingerprint.in_(part))
            if in_force:
                query = query.where(DECISIONS.c.ended_at.is_(None), DECISIONS.c.proposed == 0)
            with self._store.reading() as db:
                for row in db.execute(query.order_by(DECISIONS.c.id)).mappings():
                    found.setdefault(row["fingerprint"], []).append(_decision(row))
        return found

    def compare(self, before: str, after: str) -> Comparison:
        """Compare what two runs saw, by whole ids."""
        with self._store.reading() as db:
            first, second = _flagged(db, before), _flagged(db, after)
            lost = sorted(first.keys() - second.keys())
            missed = _missed(db, lost, after)
        rows = {one: self._compared(one, first.get(one), second.get(one)) for one in first | second}
        both = sorted(first.keys() & second.keys())
        changed = [one for one in both if rows[one].gravity_before != rows[one].gravity_after]
        return Comparison(
            appeared=tuple(rows[one] for one in sorted(second.keys() - first.keys())),
            gone=tuple(rows[one] for one in lost if one in missed),
            unmeasured=tuple(rows[one] for one in lost if one not in missed),
            changed=tuple(rows[one] for one in changed),
            unchanged=len(both) - len(changed),
        )

    def _compared(self, identity: str, before: Judged | None, after: Judged | None) -> Compared:
        one = after or before
        assert one is not None
        return Compared(
            fingerprint=identity,
            check=one.check,
            place=one.verdict.place,
            gravity_before=gravity(before, self._store.gravity_of) if before else None,
            gravity_after=gravity(after, self._store.gravity_of) if after else None,
        )

    def levels(self, at: datetime, *, ght: str = "") -> Levels:
        """Give, per establishment, what is open, overdue and fixed how fast; and the trend."""
        group = [] if not ght else [FINDINGS.c.ght == ght]
        now, year = text_of(at), text_of(at - timedelta(days=365))
        standing = sa.select(
            FINDINGS.c.establishment,
            sa.func.count(),
            sa.func.sum(sa.case((FINDINGS.c.due_at < now, 1), else_=0)),
        ).where(FINDINGS.c.is_open == 1, *group)
        ended = sa.select(
            FINDINGS.c.establishment, FINDINGS.c.opened_at, FINDINGS.c.state_since
        ).where(FINDINGS.c.state == State.FIXED.value, FINDINGS.c.state_since >= year, *group)
        month = sa.func.substr(CHANGES.c.at, 1, 7)
        trend = (
            sa.select(
                month,
                sa.func.sum(sa.case((CHANGES.c.after.in_(["new", "reopened"]), 1), else_=0)),
                sa.func.sum(sa.case((CHANGES.c.after == State.FIXED.value, 1), else_=0)),
            )
            .where(
                CHANGES.c.at >= year,
                CHANGES.c.after != sa.func.coalesce(CHANGES.c.before, ""),
                *([CHANGES.c.ght == ght] if ght else []),
            )
            .group_by(month)
            .order_by(month)
        )
        spans: dict[str, list[float]] = {}
        with self._store.reading() as db:
            open_now = {
                establishment: (count, overdue)
                for establishment, count, overdue in db.execute(
                    standing.group_by(FINDINGS.c.establishment)
                )
            }
            for establishment, opened_at, since in db.execute(ended):
                span = datetime.fromisoformat(since) - datetime.fromisoformat(opened_at)
                spans.setdefault(establishment, []).append(span.total_seconds() / 86_400)
            months = [
                OfMonth(month=name, opened=opened, fixed=fixed)
                for name, opened, fixed in db.execute(trend)
            ]
        return Levels(
            establishments=tuple(
                OfEstablishment(
                    establishment=one,
                    open=open_now.get(one, (0, 0))[0],
                    overdue=open_now.get(one, (0, 0))[1],
                    fixed=len(spans.get(one, ())),
                    median_days=median(spans[one]) if one in spans else None,
                )
                for one in sorted(open_now.keys() | spans.keys())
            ),
            months=tuple(months[-12:]),
        )

    def unanswered(
        self,
        run_id: str,
        ght: str,
        *,
        only: Collection[str] | None = None,
        establishments: Sequence[str] = (),
    ) -> list[Unanswered]:
        """Give the findings of a group, not fixed, on which a run holds no verdict."""
        answered = self._store.answered(run_id)
        alive = [one.value for one in State if one is not State.FIXED]
        query = sa.select(
            FINDINGS.c.fingerprint,
            FINDINGS.c.check_id,
            FINDINGS.c.place,
            FINDINGS.c.confidence,
            FINDINGS.c.last_run,
        ).where(FINDINGS.c.ght == ght, FINDINGS.c.state.in_(alive))
        if only is not None:
            query = query.where(FINDINGS.c.fingerprint.in_(only))
        if establishments:
            query = query.where(FINDINGS.c.establishment.in_(establishments))
        with self._store.reading() as db:
            return [
                Unanswered(
                    fingerprint=identity,
                    check=check,
                    place=msgspec.json.decode(place, type=Place),
                    confidence=Confidence(confidence) if confidence else Confidence.TENTATIVE,
                    last_run=last_run,
                )
                for identity, check, place, confidence, last_run in db.execute(query)
                if identity not in answered
            ]

    # deciding

    def decide(self, decisions: Mapping[str, Decision], *, who: str, at: datetime) -> None:
        """Put decisions in force by whole fingerprint: all, or none when one cannot be.

        One in force before ends. Raises :class:`core.errors.UsageError` on a finding that is
        fixed, on an acceptance without a date, and on one without reason or owner.
        """
        for identity, one in decisions.items():
            _refuse(identity, one, at)

        def move(life: Life, identity: str) -> tuple[Life, Change]:
            one = decisions[identity]
            return decide(life, one.state, at, reason(one.state.value, one.reason))

        def note(db: sa.Connection, lives: Mapping[str, Life]) -> None:
            for part in chunked(list(decisions)):
                db.execute(
                    sa.update(DECISIONS)
                    .where(DECISIONS.c.fingerprint.in_(part), DECISIONS.c.ended_at.is_(None))
                    .values(ended_at=text_of(at), ended_why="replaced")
                )
            rows = [
                _values(identity, one, lives[identity], who=who, at=at, proposed=False)
                for identity, one in decisions.items()
            ]
            if rows:
                db.execute(sa.insert(DECISIONS), rows)

        self._move(list(decisions), move, who=who, at=at, what="decide", note=note)

    def withdraw(
        self, fingerprints: Collection[str], *, who: str, at: datetime, why: str = ""
    ) -> None:
        """End decisions: the findings are open again. All or none."""
        self._move(
            fingerprints,
            lambda life, _identity: release(life, at, reason("withdrawn-decision", why)),
            who=who,
            at=at,
            what="withdraw",
        )

    def assign(self, fingerprints: Collection[str], to: str, *, who: str, at: datetime) -> None:
        """Say who deals with findings; empty: nobody any more."""

        def move(life: Life, _identity: str) -> tuple[Life, Change]:
            return life, Change(life.state, life.state, life.gravity, reason("assigned", to), at)

        def note(db: sa.Connection, _lives: Mapping[str, Life]) -> None:
            for part in chunked(list(fingerprints)):
                db.execute(
                    sa.update(FINDINGS).where(FINDINGS.c.fingerprint.in_(part)).values(assignee=to)
                )

        self._move(fingerprints, move, who=who, at=at, what="assign", note=note)

    def propose(self, fingerprint: str, decision: Decision, *, who: str, at: datetime) -> int:
        """Keep what a ticket says of a finding until a person confirms it; gives its id.

        The same proposal told twice is one. Nothing of the finding changes.
        """
        with self._store.writing() as db:
            lock(db)
            (life, _) = lives_of(db, [fingerprint]).get(fingerprint, (None, None))
            if life is None:
                raise UnknownFinding(fingerprint)
            same: int | None = db.execute(
                sa.select(DECISIONS.c.id).where(
                    DECISIONS.c.fingerprint == fingerprint,
                    DECISIONS.c.proposed == 1,
                    DECISIONS.c.ended_at.is_(None),
                    DECISIONS.c.state == decision.state.value,
                    DECISIONS.c.who == who,
                )
            ).scalar()
            if same is not None:
                return same
            values = _values(fingerprint, decision, life, who=who, at=at, proposed=True)
            query = sa.insert(DECISIONS).values(values).returning(DECISIONS.c.id)
            made: int = db.execute(query).scalar_one()
            return made

    def proposals(self) -> list[DecisionRow]:
        """Give what waits for a person's word, oldest first."""
        query = sa.select(DECISIONS).where(
            DECISIONS.c.ended_at.is_(None), DECISIONS.c.proposed == 1
        )
        with self._store.reading() as db:
            return [_decision(row) for row in db.execute(query.order_by(DECISIONS.c.id)).mappings()]

    def refuse(self, fingerprint: str, *, who: str, at: datetime, why: str = "") -> int:
        """Refuse what is proposed for a finding; gives how many proposals."""
        with self._store.writing() as db:
            lock(db)
            ended = db.execute(
                sa.update(DECISIONS)
                .where(
                    DECISIONS.c.fingerprint == fingerprint,
                    DECISIONS.c.proposed == 1,
                    DECISIONS.c.ended_at.is_(None),
                )
                .values(ended_at=text_of(at), ended_why=reason("refused", why))
            ).rowcount
            _note(db, at=at, who=who, what="refuse", findings=[fingerprint])
        return ended

    def expire(self, at: datetime) -> list[str]:
        """End the decisions whose last day (UTC) is over; gives the findings open again."""
        today = at.astimezone(UTC).date().isoformat()
        over = (
            DECISIONS.c.ended_at.is_(None),
            DECISIONS.c.expires_on < today,
            DECISIONS.c.proposed == 0,
        )
        query = sa.select(DECISIONS.c.fingerprint).where(*over)
        with self._store.reading() as db:
            if db.execute(query.limit(1)).first() is None:
                return []
        with self._store.writing() as db:
            lock(db)
            identities = list(db.execute(query.order_by(DECISIONS.c.fingerprint)).scalars())
            lives = lives_of(db, identities)
            moved: dict[str, Life] = {}
            changes: dict[str, Change] = {}
            for identity, (life, _) in lives.items():
                if life.state in DECIDED:
                    moved[identity], changes[identity] = release(life, at, "expired")
            write(db, moved, changes, _wheres(lives), who=VIGIE)
        return list(moved)

    def _move(
        self,
        fingerprints: Collection[str],
        move: Callable[[Life, str], tuple[Life, Change]],
        *,
        who: str,
        at: datetime,
        what: str,
        note: Callable[[sa.Connection, Mapping[str, Life]], None] | None = None,
    ) -> None:
        with self._store.writing() as db:
            lock(db)
            rows = lives_of(db, list(fingerprints))
            moved: dict[str, Life] = {}
            changes: dict[str, Change] = {}
            for identity in fingerprints:
                if identity not in rows:
                    raise UnknownFinding(identity)
                life = rows[identity][0]
                try:
                    moved[identity], changes[identity] = move(life, identity)
                except ValueError as error:
                    raise UsageError(f"{identity[:12]}: {error}") from error
            write(db, moved, changes, _wheres(rows), who=who)
            if note is not None:
                note(db, {identity: life for identity, (life, _) in rows.items()})
            _note(db, at=at, who=who, what=what, findings=fingerprints)


def _flagged(db: sa.Connection, run_id: str) -> dict[str, Judged]:
    query = sa.select(VERDICTS.c.fingerprint, VERDICTS.c.body).where(
        VERDICTS.c.run_id == run_id, VERDICTS.c.flagged == 1
    )
    return {
        identity: msgspec.json.decode(body, type=Judged) for identity, body in db.execute(query)
    }


def _missed(db: sa.Connection, lost: Sequence[str], run_id: str) -> set[str]:
    """Give which of these the run missed, or were fixed when it ended."""
    found = set(
        db.execute(
            sa.select(CHANGES.c.fingerprint).where(
                CHANGES.c.run_id == run_id, CHANGES.c.why.in_(ABSENCES)
            )
        ).scalars()
    )
    ended = db.execute(sa.select(RUNS.c.finished_at).where(RUNS.c.id == run_id)).scalar()
    for part in chunked(lost):
        last = (
            sa.select(sa.func.max(CHANGES.c.id))
            .where(CHANGES.c.fingerprint.in_(part), CHANGES.c.at <= (ended or ""))
            .group_by(CHANGES.c.fingerprint)
        )
        query = sa.select(CHANGES.c.fingerprint).where(
            CHANGES.c.id.in_(last), CHANGES.c.after == State.FIXED.value
        )
        found.update(db.execute(query).scalars())
    return found


def _wheres(rows: Mapping[str, tuple[Life, sa.RowMapping]]) -> dict[str, tuple[str, str]]:
    return {identity: (row["ght"], row["establishment"]) for identity, (_, row) in rows.items()}


def _note(db: sa.Connection, *, at: datetime, who: str, what: str, findings: Iterable[str]) -> None:
    detail = {"findings": " ".join(findings)}
    db.execute(
        sa.insert(JOURNAL).values(
            at=text_of(at), who=who, what=what, detail=msgspec.json.encode(detail).decode()
        )
    )


def _refuse(identity: str, one: Decision, at: datetime) -> None:
    if not one.reason.strip() or not one.owner.strip():
        raise UsageError(f"{identity[:12]}: reason, owner")
    if one.state is State.ACCEPTED and one.until is None:
        raise UsageError(f"{identity[:12]}: until")
    if one.until is not None and one.until < at.astimezone(UTC).date():
        raise UsageError(f"{identity[:12]}: {one.until.isoformat()} < {at.date().isoformat()}")


def _values(
    identity: str, one: Decision, life: Life, *, who: str, at: datetime, proposed: bool
) -> dict[str, object]:
    return {
        "fingerprint": identity,
        "state": one.state.value,
        "reason": one.reason,
        "owner": one.owner,
        "who": who,
        "at": text_of(at),
        "expires_on": one.until.isoformat() if one.until else None,
        "proposed": int(proposed),
        "gravity": life.gravity,
        "exploited": int(life.exploited),
    }


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.ght:
        found.append(FINDINGS.c.ght == wanted.ght)
    if wanted.establishment:
        found.append(FINDINGS.c.establishment == wanted.establishment)
    if wanted.states:
        found.append(FINDINGS.c.state.in_([one.value for one in wanted.states]))
    if wanted.is_open is not None or wanted.overdue_at is not None:
        found.append(FINDINGS.c.is_open == int(wanted.is_open is not False))
    if wanted.least_gravity:
        found.append(FINDINGS.c.gravity >= wanted.least_gravity)
    if wanted.check:
        found.append(FINDINGS.c.check_id == wanted.check)
    if wanted.overdue_at is not None:
        found.append(FINDINGS.c.due_at < text_of(wanted.overdue_at))
    if wanted.assignee:
        found.append(FINDINGS.c.assignee == wanted.assignee)
    if wanted.expiring_by is not None:
        found.append(
            FINDINGS.c.fingerprint.in_(
                sa.select(DECISIONS.c.fingerprint).where(
                    DECISIONS.c.ended_at.is_(None),
                    DECISIONS.c.proposed == 0,
                    DECISIONS.c.expires_on <= wanted.expiring_by.isoformat(),
                )
            )
        )
    return found


def _change(row: sa.RowMapping) -> ChangeRow:
    return ChangeRow(
        id=row["id"],
        fingerprint=row["fingerprint"],
        ght=row["ght"],
        establishment=row["establishment"],
        at=datetime.fromisoformat(row["at"]),
        who=row["who"],
        run=row["run_id"],
        before=row["before"],
        after=row["after"],
        gravity=row["gravity"],
        why=row["why"],
    )


def _decision(row: sa.RowMapping) -> DecisionRow:
    return DecisionRow(
        id=row["id"],
        fingerprint=row["fingerprint"],
        state=State(row["state"]),
        reason=row["reason"],
        owner=row["owner"],
        who=row["who"],
        at=datetime.fromisoformat(row["at"]),
        until=date.fromisoformat(row["expires_on"]) if row["expires_on"] else None,
        proposed=bool(row["proposed"]),
        gravity=row["gravity"],
        exploited=bool(row["exploited"]),
        ended_at=datetime.fromisoformat(row["ended_at"]) if row["ended_at"] else None,
        ended_why=row["ended_why"],
    )
