"""Verdicts and absences folded into findings: by sets, in the caller's transaction.

The laws are those of :mod:`core.life`; each change they give is one row of ``changes``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from core.levels import gravity_of, load_levels
from core.life import (
    DECIDED,
    VIGIE,
    WITHDRAWN,
    Absence,
    Change,
    Covered,
    Life,
    Sighting,
    born,
    meet,
    miss,
)
from core.model import Confidence, Flagged, Judged, Place, State, fingerprint
from core.store.tables import CHANGES, DECISIONS, FINDINGS, VERDICTS

GravityOf = Callable[[str], int]
"""Gives the default gravity of a check, by its id."""

_EXPLOITED = "product.known-exploited"
_AT_ONCE = 500
_T = TypeVar("_T")


def text_of(moment: datetime) -> str:
    """Give a moment as the store writes it: UTC, so that texts sort as times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def chunked(items: Sequence[_T], size: int = _AT_ONCE) -> Iterator[Sequence[_T]]:
    """Cut a sequence to what one statement may name."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def lock(db: sa.Connection) -> None:
    """Keep others from writing between what is read here and what is written from it."""
    if db.dialect.name == "sqlite":
        db.exec_driver_sql("BEGIN IMMEDIATE")


def keep_verdicts(
    db: sa.Connection, run_id: str, ght: str, judged: Iterable[Judged], default: GravityOf
) -> None:
    """Write verdicts and what they make of findings. :func:`lock` came first.

    Of several on one question, a fault that was proved stands over a look that failed, then the
    later over the earlier, then the graver: whatever the order in which they come.
    """
    best: dict[str, Judged] = {}
    for one in judged:
        identity = fingerprint(one.check, one.verdict.place)
        other = best.get(identity)
        if other is None or _weight(one, default) >= _weight(other, default):
            best[identity] = one
    for part in chunked(sorted(best)):
        there = {
            row.fingerprint: row.body
            for row in db.execute(
                sa.select(VERDICTS.c.fingerprint, VERDICTS.c.body).where(
                    VERDICTS.c.run_id == run_id, VERDICTS.c.fingerprint.in_(part)
                )
            )
        }
        taken = [
            identity
            for identity in part
            if identity not in there
            or _weight(best[identity], default)
            >= _weight(msgspec.json.decode(there[identity], type=Judged), default)
        ]
        rows = {
            identity: {
                "check_id": best[identity].check,
                "flagged": int(isinstance(best[identity].verdict, Flagged)),
                "body": msgspec.json.encode(best[identity]).decode(),
            }
            for identity in taken
        }
        if new := [one for one in taken if one not in there]:
            db.execute(
                sa.insert(VERDICTS),
                [{"run_id": run_id, "fingerprint": one, **rows[one]} for one in new],
            )
        if old := [one for one in taken if one in there]:
            db.execute(
                sa.update(VERDICTS)
                .where(VERDICTS.c.run_id == run_id, VERDICTS.c.fingerprint == sa.bindparam("which"))
                .values({name: sa.bindparam(f"to_{name}") for name in rows[old[0]]}),
                [
                    {"which": one, **{f"to_{name}": value for name, value in rows[one].items()}}
                    for one in old
                ],
            )
        flagged = {one: best[one] for one in taken if rows[one]["flagged"]}
        if flagged:
            _meet_all(db, run_id, ght, flagged, default)


def _weight(one: Judged, default: GravityOf) -> tuple[bool, datetime, int, str]:
    is_flagged = isinstance(one.verdict, Flagged)
    return (
        is_flagged,
        one.at,
        gravity(one, default),
        msgspec.json.encode(one.verdict).decode(),
    )


def gravity(one: Judged, default: GravityOf) -> int:
    """Give how grave a verdict is: its own word, else that of its check."""
    given = one.verdict.criticality if isinstance(one.verdict, Flagged) else None
    return default(one.check) if given is None else gravity_of(given)


def _meet_all(
    db: sa.Connection, run_id: str, ght: str, flagged: Mapping[str, Judged], default: GravityOf
) -> None:
    known = _lives(db, list(flagged))
    covered = covers_of(
        db, [one for one, (life, _) in known.items() if life.state is State.ACCEPTED]
    )
    moved: dict[str, Life] = {}
    changes: dict[str, Change] = {}
    wheres: dict[str, tuple[str, str]] = {}
    fresh: list[dict[str, object]] = []
    for identity, one in flagged.items():
        assert isinstance(one.verdict, Flagged)
        place = one.verdict.place
        seen = Sighting(
            run=run_id,
            at=one.at,
            gravity=gravity(one, default),
            confidence=one.verdict.confidence,
            exploited=one.check == _EXPLOITED,
        )
        if identity in known:
            life, wheres[identity] = known[identity]
            after, change = meet(life, seen, covered.get(identity))
            if after != life:
                moved[identity] = after
            if change is not None:
                changes[identity] = change
            continue
        life, changes[identity] = born(seen)
        wheres[identity] = ght, place.establishment
        fresh.append(
            {
                "fingerprint": identity,
                "ght": ght,
                "check_id": one.check,
                "establishment": place.establishment,
                "place": place_text(place),
                "first_seen": text_of(seen.at),
                "first_run": run_id,
                "assignee": "",
                **columns_of(life),
            }
        )
    if fresh:
        db.execute(sa.insert(FINDINGS), fresh)
    write(db, moved, changes, wheres, who=VIGIE, run_id=run_id)


def miss_all(
    db: sa.Connection, run_id: str, absences: Mapping[str, Absence]
) -> list[tuple[str, Change]]:
    """Fold the absences that a run proved, by fingerprint; gives what they changed."""
    told: list[tuple[str, Change]] = []
    for part in chunked(sorted(absences)):
        moved: dict[str, Life] = {}
        changes: dict[str, Change] = {}
        known = _lives(db, part)
        for identity, (life, _) in known.items():
            after, change = miss(life, absences[identity])
            if after != life:
                moved[identity] = after
            if change is not None:
                changes[identity] = change
        wheres = {identity: where for identity, (_, where) in known.items()}
        write(db, moved, changes, wheres, who=VIGIE, run_id=run_id)
        told += changes.items()
    return told


def take_back(db: sa.Connection, run_id: str, checks: Sequence[str], at: datetime) -> None:
    """Take back the findings that this run alone brought by these checks: they never were.

    ``changes`` keeps that they were told, and that they were withdrawn.
    """
    gone = db.execute(
        sa.select(FINDINGS).where(
            FINDINGS.c.fingerprint.in_(
                sa.select(VERDICTS.c.fingerprint).where(
                    VERDICTS.c.run_id == run_id, VERDICTS.c.check_id.in_(checks)
                )
            ),
            FINDINGS.c.first_run == run_id,
            FINDINGS.c.last_run == run_id,
            FINDINGS.c.state == State.NEW.value,
        )
    ).mappings()
    rows = [
        {
            "fingerprint": row["fingerprint"],
            "ght": row["ght"],
            "establishment": row["establishment"],
            "at": text_of(at),
            "who": VIGIE,
            "run_id": run_id,
            "before": row["state"],
            "after": WITHDRAWN,
            "gravity": row["gravity"],
            "why": "judged-again",
        }
        for row in gone
    ]
    if rows:
        db.execute(sa.insert(CHANGES), rows)
        for part in chunked([row["fingerprint"] for row in rows]):
            db.execute(sa.delete(FINDINGS).where(FINDINGS.c.fingerprint.in_(part)))


def covers_of(db: sa.Connection, identities: Sequence[str]) -> dict[str, Covered]:
    """Give what the acceptances in force were given for."""
    found: dict[str, Covered] = {}
    for part in chunked(identities):
        rows = db.execute(
            sa.select(DECISIONS).where(
                DECISIONS.c.fingerprint.in_(part),
                DECISIONS.c.ended_at.is_(None),
                DECISIONS.c.proposed == 0,
            )
        )
        for row in rows.mappings():
            found[row["fingerprint"]] = Covered(row["gravity"], bool(row["exploited"]))
    return found


def lives_of(db: sa.Connection, identities: Sequence[str]) -> dict[str, tuple[Life, sa.RowMapping]]:
    """Give findings with their whole rows, held until the transaction ends."""
    found: dict[str, tuple[Life, sa.RowMapping]] = {}
    for part in chunked(sorted(identities)):
        rows = db.execute(
            sa.select(FINDINGS)
            .where(FINDINGS.c.fingerprint.in_(part))
            .order_by(FINDINGS.c.fingerprint)
            .with_for_update()
        )
        found |= {row["fingerprint"]: (life_of(row), row) for row in rows.mappings()}
    return found


def _lives(db: sa.Connection, identities: Sequence[str]) -> dict[str, tuple[Life, tuple[str, str]]]:
    return {
        identity: (life, (row["ght"], row["establishment"]))
        for identity, (life, row) in lives_of(db, identities).items()
    }


def write(
    db: sa.Connection,
    moved: Mapping[str, Life],
    changes: Mapping[str, Change],
    wheres: Mapping[str, tuple[str, str]],
    *,
    who: str,
    run_id: str | None = None,
) -> None:
    """Write lives that moved and the changes that moved them; end the decisions they leave."""
    if moved:
        rows = {identity: columns_of(life) for identity, life in moved.items()}
        names = next(iter(rows.values()))
        db.execute(
            sa.update(FINDINGS)
            .where(FINDINGS.c.fingerprint == sa.bindparam("which"))
            .values({name: sa.bindparam(f"to_{name}") for name in names}),
            [
                {"which": identity, **{f"to_{name}": value for name, value in row.items()}}
                for identity, row in rows.items()
            ],
        )
    if not changes:
        return
    db.execute(
        sa.insert(CHANGES),
        [
            {
                "fingerprint": identity,
                "ght": wheres[identity][0],
                "establishment": wheres[identity][1],
                "at": text_of(one.at),
                "who": who,
                "run_id": run_id,
                "before": one.before.value if one.before else None,
                "after": one.after.value,
                "gravity": one.gravity,
                "why": one.why,
            }
            for identity, one in changes.items()
        ],
    )
    left = [
        {"which": identity, "when": text_of(one.at), "because": one.why}
        for identity, one in changes.items()
        if one.before in DECIDED and one.after is not one.before
    ]
    if left:
        db.execute(
            sa.update(DECISIONS)
            .where(
                DECISIONS.c.fingerprint == sa.bindparam("which"),
                DECISIONS.c.ended_at.is_(None),
                DECISIONS.c.proposed == 0,
            )
            .values(ended_at=sa.bindparam("when"), ended_why=sa.bindparam("because")),
            left,
        )


def life_of(row: sa.RowMapping) -> Life:
    """Give a row of ``findings`` as the laws read it."""
    return Life(
        state=State(row["state"]),
        gravity=row["gravity"],
        # Empty: of a store whose older verdicts are gone.
        confidence=Confidence(row["confidence"]) if row["confidence"] else Confidence.TENTATIVE,
        exploited=bool(row["exploited"]),
        last_seen=datetime.fromisoformat(row["last_seen"]),
        last_run=row["last_run"],
        opened_at=datetime.fromisoformat(row["opened_at"]),
        state_since=datetime.fromisoformat(row["state_since"]),
        measured_at=datetime.fromisoformat(row["measured_at"]),
        measured_run=row["measured_run"],
        absences=row["absences"],
    )


def columns_of(life: Life) -> dict[str, object]:
    """Give the columns of ``findings`` that a life fills."""
    due = load_levels().due_at(life.opened_at, life.gravity, exploited=life.exploited)
    return {
        "state": life.state.value,
        "is_open": int(life.is_open),
        "gravity": life.gravity,
        "confidence": life.confidence.value,
        "exploited": int(life.exploited),
        "last_seen": text_of(life.last_seen),
        "last_run": life.last_run,
        "opened_at": text_of(life.opened_at),
        "state_since": text_of(life.state_since),
        "measured_at": text_of(life.measured_at),
        "measured_run": life.measured_run,
        "absences": life.absences,
        "due_at": text_of(due) if due else None,
    }


def place_text(place: Place) -> str:
    """Give a place as the store writes it."""
    return msgspec.json.encode(place).decode()
