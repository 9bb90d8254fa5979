"""What people decide of findings, as typed."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.levels import load_levels
from core.life import Absence
from core.model import State
from core.store.life import Decision, Lives
from core.store.store import Store
from tests.core.test_life_laws import IDS, PLACES, judged
from tests.core.test_store import a_run
from vigie.cli import run

NOW = datetime.now(UTC)
UNTIL = (NOW + timedelta(days=20)).date().isoformat()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state with three findings, of which the first is gone and the last is graver since."""
    folder = tmp_path / "state"
    with closing(Store(f"sqlite:///{folder / 'vigie.db'}")) as store:
        for number, events in enumerate([("flagged",) * 3, ("", "", "graver")]):
            at = NOW - timedelta(days=300 - number)
            made = a_run(number)
            store.start_run(made)
            seen = [
                judged(place, one, at) for place, one in zip(PLACES, events, strict=True) if one
            ]
            store.keep(made, judged=seen)
            gone = Absence(run=made.id, at=at, needed=1, why="port-refused")
            store.end_run(made.id, at=at, complete=True, absences={IDS[0]: gone} if number else {})
    return folder


def typed(capsys: pytest.CaptureFixture[str], state: Path, *words: str) -> tuple[int, str, str]:
    code = run([*words, "--state-dir", str(state)])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_what_is_left_to_do_is_listed_gravest_first(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = typed(capsys, state, "findings", "list")
    first, second = out.splitlines()
    assert first.startswith(IDS[2][:12])
    assert "critique" in first
    assert "en retard" in first
    assert second.startswith(IDS[1][:12])
    _, out, _ = typed(capsys, state, "findings", "list", "--all", "--json")
    assert {one["fingerprint"] for one in json.loads(out)} == set(IDS)
    for words, count in (
        (("--state", "fixed"), 1),
        (("--criticality", "high"), 1),
        (("--overdue",), 2),
        (("--check", "tls.rc4"), 0),
        (("--establishment", "chu", "--limit", "1"), 1),
    ):
        _, out, _ = typed(capsys, state, "findings", "list", *words)
        assert len(out.splitlines()) == count, words


def test_an_acceptance_holds_until_its_day_and_is_announced(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--reason", "arrêt prévu", "--owner", "RSSI", "--by", "jd")
    code, out, _ = typed(capsys, state, "findings", "accept", IDS[1][:8], "--until", UNTIL, *words)
    assert code == 0
    assert UNTIL in out
    _, out, _ = typed(capsys, state, "findings", "list", "--expiring", "30")
    assert out.startswith(IDS[1][:12])
    _, out, _ = typed(capsys, state, "findings", "show", IDS[1])
    assert "arrêt prévu" in out
    assert "jd" in out
    with closing(Store(f"sqlite:///{state / 'vigie.db'}")) as store:
        lives = Lives(store)
        assert lives.expire(NOW + timedelta(days=20)) == []
        assert lives.expire(NOW + timedelta(days=21)) == [IDS[1]]
        assert lives.one(IDS[1]).state is State.OPEN
        assert lives.changes(fingerprint=IDS[1])[-1].who == "vigie"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("accept", "abc", "--until", UNTIL), "6"),
        (("accept", IDS[1], "--until", "2020-01-01"), "passé"),
        (("accept", IDS[1]), "DATE"),
        (("accept", IDS[0], "--until", UNTIL), "corrigé"),
        (("dispute", "0" * 32), "inconnu"),
    ],
)
def test_what_cannot_be_decided_is_said_and_changes_nothing(
    words: tuple[str, ...], said: str, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = typed(capsys, state, "findings", *words, "--reason", "r", "--owner", "o")
    assert code == 2
    assert said in err
    with closing(Store(f"sqlite:///{state / 'vigie.db'}")) as store:
        assert Lives(store).decisions(IDS) == {}


def test_a_csv_is_taken_whole_or_not_at_all(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "decisions.csv"
    head = "fingerprint;state;reason;owner;until\n"
    good = f"{IDS[1]};accepted;r;o;{UNTIL}\n"
    file.write_text(f"{head}{good}{IDS[2]};accepted;r;o;\n{IDS[2]};fermé;r;o;\nzz;disputed;r;o;x\n")
    code, _, err = typed(capsys, state, "findings", "import", str(file))
    assert code == 2
    assert [f"decisions.csv:{line}" in err for line in (2, 3, 4, 5)] == [False, True, True, True]
    file.write_text(f"{head}{good}{IDS[2]};disputed;=cmd;o;\n")
    code, _, _ = typed(capsys, state, "findings", "import", str(file))
    assert code == 0
    with closing(Store(f"sqlite:///{state / 'vigie.db'}")) as store:
        kept = store.findings()
    assert [kept[one].state for one in IDS[1:]] == [State.ACCEPTED, State.DISPUTED]


def test_a_ticket_only_proposes(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(Store(f"sqlite:///{state / 'vigie.db'}")) as store:
        lives = Lives(store)
        one = Decision(state=State.ACCEPTED, reason="vu dans GLPI", owner="DSI")
        lives.propose(IDS[1], one, who="glpi", at=NOW)
        assert lives.one(IDS[1]).state is State.NEW
    code, _, err = typed(capsys, state, "findings", "confirm", IDS[1])
    assert (code, "--until" in err) == (2, True)
    code, out, _ = typed(capsys, state, "findings", "confirm", IDS[1], "--until", UNTIL)
    assert (code, "accepté" in out) == (0, True)
    assert typed(capsys, state, "findings", "refuse", IDS[1])[0] == 2


def test_the_rest_of_the_acts(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(capsys, state, "findings", "assign", IDS[1], "--to", "réseau")[0] == 0
    _, out, _ = typed(capsys, state, "findings", "list", "--assignee", "réseau")
    assert len(out.splitlines()) == 1
    words = ("--reason", "r", "--owner", "o")
    assert typed(capsys, state, "findings", "not-applicable", IDS[1], *words)[0] == 0
    assert typed(capsys, state, "findings", "withdraw", IDS[1])[0] == 0
    assert typed(capsys, state, "findings", "withdraw", IDS[1])[0] == 2
    _, out, _ = typed(capsys, state, "findings", "levels", "--json")
    (levels,) = json.loads(out)["establishments"]
    assert (levels["open"], levels["overdue"], levels["fixed"]) == (2, 2, 1)
    assert levels["median_days"] == 1


def test_two_runs_are_compared(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = typed(capsys, state, "diff", "run-0", "run-1", "--json")
    told = json.loads(out)
    assert [one["fingerprint"] for one in told["gone"]] == [IDS[0]]
    assert [one["fingerprint"] for one in told["unmeasured"]] == [IDS[1]]
    assert [one["fingerprint"] for one in told["changed"]] == [IDS[2]]
    assert (told["appeared"], told["unchanged"]) == ([], 0)
    _, out, _ = typed(capsys, state, "diff", "run-0", "run-1", "--lang", "en")
    assert "low → critical" in out


def test_the_levels_are_those_told() -> None:
    days = load_levels().days
    assert (days.critical, days.high, days.exploited) == (15, 30, 14)
