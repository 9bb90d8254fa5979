"""Verdicts put in the place of others: in one transaction, for some establishments alone."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from core.model import Confidence, Flagged, Judged, Place, Proof, State, Transport, fingerprint
from core.observations.feeds import FeedsUsed
from core.store.store import Store
from tests.core.test_store import AT, a_run

CHECK = "ssh.exposed"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'vigie.db'}")
    opened.start_run(a_run(1))
    opened.start_run(a_run(2))
    yield opened
    opened.close()


def _flagged(establishment: str, days: int, check: str = CHECK, proof: str = "answered") -> Judged:
    place = Place(establishment=establishment, ip="203.0.113.1", port=22, transport=Transport.TCP)
    verdict = Flagged(place, Confidence.CERTAIN, (Proof(proof),))
    return Judged(check=check, verdict=verdict, at=AT + timedelta(days=days))


def _told(store: Store, run: str) -> set[tuple[str, str]]:
    return {(one.check, one.verdict.place.establishment) for one in store.judged(run)}


def test_only_the_establishments_named_are_judged_anew(store: Store) -> None:
    store.keep(a_run(1), judged=[_flagged("a", 1), _flagged("b", 1)])
    store.replace_verdicts(a_run(1), [_flagged("a", 1, "telnet.exposed")], of={"a"})
    assert _told(store, "run-1") == {("telnet.exposed", "a"), (CHECK, "b")}


def test_an_older_run_does_not_take_a_finding_back_in_time(store: Store) -> None:
    store.keep(a_run(1), judged=[_flagged("a", 1)])
    store.keep(a_run(2), judged=[_flagged("a", 2)])
    store.replace_verdicts(a_run(1), [_flagged("a", 1)], of={"a"})
    (row,) = store.findings().values()
    assert (row.last_run, row.last_seen) == ("run-2", AT + timedelta(days=2))
    assert row.state is State.OPEN


def test_a_verdict_that_fails_to_be_written_leaves_the_others(store: Store) -> None:
    store.keep(a_run(1), judged=[_flagged("a", 1)])

    def failing() -> Iterator[Judged]:
        yield _flagged("a", 1, "telnet.exposed")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.replace_verdicts(a_run(1), failing(), of={"a"})
    assert _told(store, "run-1") == {(CHECK, "a")}
    assert fingerprint(CHECK, _flagged("a", 1).verdict.place) in store.findings()


def test_what_it_was_judged_by_takes_the_place_of_the_older_note(store: Store) -> None:
    for day in (1, 2):
        note = FeedsUsed(place=Place(establishment="a"), at=AT, compiled_on=date(2026, 1, day))
        store.replace_verdicts(a_run(1), [], of={"a"}, observations=[note])
    (kept,) = store.observations("run-1", kinds=("feeds",))
    assert isinstance(kept, FeedsUsed)
    assert kept.compiled_on == date(2026, 1, 2)
