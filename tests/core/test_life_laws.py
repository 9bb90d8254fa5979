"""Random histories of runs and decisions, in the store, beside a model that is easy to believe."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DatabaseError

from core.errors import UsageError
from core.life import WITHDRAWN, Absence
from core.model import (
    Confidence,
    Criticality,
    Flagged,
    Judged,
    NotMeasured,
    Place,
    Proof,
    State,
    Transport,
    fingerprint,
)
from core.store.life import Decision, Lives, Wanted
from core.store.news import brought
from core.store.store import Store
from tests.core.test_store import AT, a_run, migrate
from tests.servers.postgres import Cluster

CHECK = "ssh.exposed"
PLACES = [
    Place(establishment="chu", ip=f"203.0.113.{number}", port=22, transport=Transport.TCP)
    for number in range(3)
]
IDS = [fingerprint(CHECK, place) for place in PLACES]

EVENT = st.sampled_from(["flagged", "graver", "unmeasured", "missed", "missed-unsure", "untold"])
RUN = st.tuples(st.tuples(EVENT, EVENT, EVENT), st.booleans(), st.booleans())
ACT = st.one_of(
    st.tuples(st.just("run"), RUN),
    st.tuples(st.just("accept"), st.tuples(st.integers(0, 2), st.integers(0, 40))),
    st.tuples(st.just("dispute"), st.tuples(st.integers(0, 2), st.just(0))),
    st.tuples(st.just("withdraw"), st.tuples(st.integers(0, 2), st.just(0))),
    st.tuples(st.just("wait"), st.tuples(st.integers(1, 60), st.just(0))),
)
NEEDED = {"missed": 1, "missed-unsure": 3}


class Model:
    """One finding, as the guide tells it."""

    def __init__(self) -> None:
        self.state: str | None = None
        self.missed = 0
        self.graver = False
        self.covers_graver = False
        self.until = AT.date()

    def see(self, *, graver: bool) -> None:
        self.missed = 0
        match self.state:
            case None:
                self.state = "new"
            case "fixed":
                self.state = "reopened"
            case "accepted" if graver and not self.covers_graver:
                self.state = "reopened"
            case "new" | "reopened" | "to-confirm":
                self.state = "open"
            case _:
                pass
        self.graver = graver

    def miss(self, needed: int) -> None:
        if self.state in (None, "fixed"):
            return
        self.missed += 1
        if self.missed >= needed:
            self.state = "fixed"
        elif self.state not in ("accepted", "disputed"):
            self.state = "to-confirm"


def judged(place: Place, event: str, at: datetime) -> Judged:
    if event == "unmeasured":
        return Judged(check=CHECK, verdict=NotMeasured(place, "timeout"), at=at)
    grave = Criticality.CRITICAL if event == "graver" else Criticality.LOW
    verdict = Flagged(place, Confidence.CERTAIN, (Proof("x"),), grave)
    return Judged(check=CHECK, verdict=verdict, at=at)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("life") / "vigie.db"
    Store(f"sqlite:///{path}").close()
    return path


def opened(empty: Path) -> Store:
    path = empty.with_name("history.db")
    for old in empty.parent.glob("history.db*"):
        old.unlink()
    shutil.copy(empty, path)
    return Store(f"sqlite:///{path}")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACT, max_size=12))
def test_any_history_keeps_the_laws(
    acts: list[tuple[str, tuple[object, ...]]], empty: Path
) -> None:
    with closing(opened(empty)) as store:
        lives, models, now = Lives(store), [Model() for _ in PLACES], AT
        for number, (what, given_) in enumerate(acts):
            now += timedelta(days=1)
            expire(lives, models, now)
            if what == "run":
                events, complete, twice = given_
                assert isinstance(events, tuple)
                _run(store, models, number, now, list(events), bool(complete), bool(twice))
            elif what == "wait":
                days = given_[0]
                assert isinstance(days, int)
                now += timedelta(days=days)
                expire(lives, models, now)
            else:
                which, days = given_
                assert isinstance(which, int)
                assert isinstance(days, int)
                _decide(lives, models[which], IDS[which], what, now, days)
            _same(store, models)
        _replays(store)


def expire(lives: Lives, models: list[Model], now: datetime) -> None:
    lives.expire(now)
    for one in models:
        if one.state == "accepted" and one.until < now.date():
            one.state = "open"


def _run(
    store: Store,
    models: list[Model],
    number: int,
    now: datetime,
    events: list[str],
    complete: bool,
    twice: bool,
) -> None:
    run = msgspec.structs.replace(a_run(number), started_at=now)
    store.start_run(run)
    seen = [
        judged(place, event, now)
        for place, event in zip(PLACES, events, strict=True)
        if event in {"flagged", "graver", "unmeasured"}
    ]
    absences = {
        identity: Absence(run=run.id, at=now, needed=NEEDED[event], why="measured-clean")
        for identity, event in zip(IDS, events, strict=True)
        if event in NEEDED and complete
    }
    for _ in range(2 if twice else 1):
        # The same, told twice and in the other order, after a crash.
        store.keep(run, judged=seen)
        store.end_run(run.id, at=now, complete=complete, absences=absences)
        seen = seen[::-1]
    for model, event in zip(models, events, strict=True):
        if event in {"flagged", "graver"}:
            model.see(graver=event == "graver")
        elif event in NEEDED and complete:
            model.miss(NEEDED[event])


def _decide(lives: Lives, model: Model, identity: str, what: str, now: datetime, days: int) -> None:
    try:
        if what == "withdraw":
            lives.withdraw([identity], who="rssi", at=now)
        else:
            state = State.ACCEPTED if what == "accept" else State.DISPUTED
            until = (now + timedelta(days=days)).date() if what == "accept" else None
            one = Decision(state=state, reason="r", owner="o", until=until)
            lives.decide({identity: one}, who="rssi", at=now)
    except UsageError:
        decided = model.state in ("accepted", "disputed")
        assert not decided if what == "withdraw" else model.state in (None, "fixed")
        return
    if what == "withdraw":
        model.state = "open"
    else:
        model.state = "accepted" if what == "accept" else "disputed"
        model.covers_graver = model.graver
        model.until = (now + timedelta(days=days)).date() if what == "accept" else now.date()


def _same(store: Store, models: list[Model]) -> None:
    kept = store.findings()
    for identity, model in zip(IDS, models, strict=True):
        assert (kept[identity].state.value if identity in kept else None) == model.state


def _replays(store: Store) -> None:
    """The journal has no gap, and leads to where each finding stands."""
    last: dict[str, str] = {}
    gravity: dict[str, int] = {}
    for one in Lives(store).changes():
        assert one.before == last.get(one.fingerprint)
        last[one.fingerprint], gravity[one.fingerprint] = one.after, one.gravity
    kept = store.findings()
    assert {identity: row.state.value for identity, row in kept.items()} == {
        identity: state for identity, state in last.items() if state != WITHDRAWN
    }
    assert all(gravity[identity] == row.gravity for identity, row in kept.items())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)), split=st.integers(0, 6))
def test_the_order_in_which_verdicts_come_changes_nothing(
    order: list[int], split: int, empty: Path
) -> None:
    verdicts = [
        judged(PLACES[0], event, AT + timedelta(minutes=minute))
        for event in ("flagged", "graver", "unmeasured")
        for minute in (0, 1)
    ]
    with closing(opened(empty)) as store:
        run = a_run()
        store.start_run(run)
        mixed = [verdicts[number] for number in order]
        store.keep(run, judged=mixed[:split])
        store.keep(run, judged=mixed[split:])
        (row,) = store.findings().values()
        assert row.gravity == 4
        assert store.judged(run.id) == [verdicts[3]]


def test_what_is_older_than_the_last_word_says_nothing(empty: Path) -> None:
    with closing(opened(empty)) as store:
        for number in (1, 3):
            store.start_run(a_run(number))
        seen = judged(PLACES[0], "flagged", AT + timedelta(days=3))
        store.keep(a_run(3), judged=[seen])
        gone = Absence(run="run-1", at=AT + timedelta(days=1), needed=1, why="port-refused")
        store.end_run("run-1", at=AT + timedelta(days=4), complete=True, absences={IDS[0]: gone})
        assert store.findings()[IDS[0]].state is State.NEW


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def either(request: pytest.FixtureRequest, empty: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        store = opened(empty)
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        store = Store(cluster.database())
    yield store
    store.close()


def test_the_journal_is_only_added_to(either: Store) -> None:
    either.start_run(a_run())
    either.keep(a_run(), judged=[judged(PLACES[0], "flagged", AT)])
    for statement in ("update changes set why = 'x'", "delete from changes"):
        with pytest.raises(DatabaseError, match="append only"), either.writing() as db:
            db.execute(sa.text(statement))
    with either.writing() as db:
        db.execute(sa.text("insert into purging (id, who, at) values (1, 'dpo', 'now')"))
        db.execute(sa.text("delete from changes"))
        db.execute(sa.text("delete from purging"))
    assert Lives(either).changes() == []


def test_a_life_goes_its_way_on_either_database(either: Store) -> None:
    lives, now = Lives(either), AT
    for number, event in enumerate(["flagged", "missed-unsure", "missed-unsure", "missed-unsure"]):
        now += timedelta(days=1)
        _run(
            either, [Model() for _ in PLACES], number, now, [event, "untold", "untold"], True, True
        )
    row = lives.one(IDS[0][:6])
    assert (row.state, row.absences) == (State.FIXED, 3)
    assert [one.after for one in lives.changes(fingerprint=IDS[0])] == [
        "new",
        "to-confirm",
        "to-confirm",
        "fixed",
    ]
    told = lives.compare("run-0", "run-3")
    assert ([one.fingerprint for one in told.gone], told.unmeasured) == ([IDS[0]], ())
    assert lives.levels(now).establishments[0].fixed == 1
    _run(either, [Model() for _ in PLACES], 9, now + timedelta(days=1), ["graver"] * 3, True, False)
    proposal = Decision(state=State.ACCEPTED, reason="r", owner="o")
    first = lives.propose(IDS[0], proposal, who="glpi", at=now)
    assert lives.propose(IDS[0], proposal, who="glpi", at=now) == first
    assert lives.one(IDS[0]).state is State.REOPENED
    assert lives.refuse(IDS[0], who="rssi", at=now) == 1
    assert lives.proposals() == []
    _replays(either)


def test_what_becomes_graver_is_told_whatever_else_it_becomes(either: Store) -> None:
    accepted = Decision(state=State.ACCEPTED, reason="r", owner="o", until=AT.date())
    told: list[list[tuple[str, str, int]]] = []
    for number, events in enumerate(
        (("flagged", "flagged"), ("graver", "flagged"), ("graver", "graver"), ("flagged", "graver"))
    ):
        run = a_run(number)
        either.start_run(run)
        either.keep(run, judged=[judged(PLACES[0], events[0], run.started_at)])
        either.keep(run, judged=[judged(PLACES[1], events[1], run.started_at)])
        told.append([(one.what, one.fingerprint, one.gravity) for one in brought(either, run.id)])
        if not number:
            Lives(either).decide({IDS[1]: accepted}, who="w", at=run.started_at)
    first, second, third, fourth = told
    assert {what for what, _, _ in first} == {"new"}
    assert second == [("graver", IDS[0], 4)], "open from then on, too"
    assert third == [("reopened", IDS[1], 4)], "more than was accepted"
    assert fourth == [], "less grave calls nobody"


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def test_what_was_found_before_is_weighed_by_its_last_verdict(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    if kind == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.database()
    engine = sa.create_engine(url)
    told = judged(PLACES[0], "graver", AT)
    plain = Judged(check=CHECK, verdict=Flagged(PLACES[1], Confidence.FIRM, (Proof("x"),)), at=AT)
    with engine.begin() as db:
        migrate(db, "0001")
        db.execute(
            sa.text(
                "insert into runs values"
                " ('r', 'exposure', 'ght', '', :at, null, 1, '0', '{}', '{}')"
            ),
            {"at": AT.isoformat()},
        )
        for identity, verdict in zip(IDS, (told, plain, None), strict=True):
            db.execute(
                sa.text(
                    "insert into findings (fingerprint, ght, check_id, establishment, place, state,"
                    " first_seen, last_seen, first_run, last_run) values (:id, 'ght', :check,"
                    " 'chu', :place, 'open', :at, :at, 'r', 'r')"
                ),
                {
                    "id": identity,
                    "check": CHECK,
                    "place": '{"establishment":"chu"}',
                    "at": AT.isoformat(timespec="microseconds"),
                },
            )
            if verdict is not None:
                db.execute(
                    sa.text("insert into verdicts values ('r', :id, :check, 1, :body)"),
                    {
                        "id": identity,
                        "check": CHECK,
                        "body": msgspec.json.encode(verdict).decode(),
                    },
                )
    engine.dispose()
    with closing(Store(url, gravity_of=lambda _check: 2)) as store:
        rows = store.findings()
    assert [rows[one].gravity for one in IDS] == [4, 2, 2]
    assert rows[IDS[1]].confidence is Confidence.FIRM
    assert rows[IDS[0]].due_at == AT + timedelta(days=15)
    assert rows[IDS[0]].opened_at == AT


def test_what_a_group_has_open_is_read_through_an_index(empty: Path) -> None:
    plans: list[str] = []
    with closing(opened(empty)) as store:

        def explain(
            db: sa.Connection, _cursor: object, statement: str, given_: Any, *_: object
        ) -> None:
            if statement.startswith("SELECT"):
                read = db.connection.cursor()
                read.execute(f"EXPLAIN QUERY PLAN {statement}", given_)
                plans.extend(row[3] for row in read.fetchall())

        sa.event.listen(store._engine, "before_cursor_execute", explain)
        Lives(store).page(Wanted(ght="ght", is_open=True))
        Lives(store).page(Wanted(establishment="chu", is_open=True))
        with pytest.raises(UsageError):
            Lives(store).one("abcdef")
    assert len(plans) == 3
    for plan, index in zip(
        plans, ("findings_open", "findings_of_establishment", "autoindex"), strict=True
    ):
        assert "SEARCH findings USING INDEX" in plan
        assert index in plan
