"""Turns of the daemon with an executor of ours: one fails alone, a closed window is waited for."""

import json
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
import trio

from core.errors import InventoryInvalid, StoreError
from core.model import State
from core.results import Results
from core.store.life import Decision, Lives
from core.store.outbox import Outbox
from core.store.store import Run, Store
from tests.vigie.notify.region import bring
from vigie.cli import run as vigie
from vigie.config import Settings
from vigie.execution import Outcome
from vigie.reporting import results_of
from vigie.schedule.daemon import Daemon

NOW = datetime(2026, 3, 2, 22, tzinfo=UTC)


def _inventory(number: int) -> str:
    return f"""
schema = 1
lab = true
[ght]
id = "ght-{number}"
name = "GHT"
[[establishments]]
id = "e{number}"
name = "E"
ranges = ["127.77.{number}.0/30"]
[[mandates]]
establishments = ["e{number}"]
signed_by = "D"
document = "m.pdf"
valid_from = 2026-01-01
valid_until = 2026-04-15
intensity = "standard"
windows = ["Mon-Sun 20:00-06:00"]
"""


_TOLD = """
[mail]
server = "127.0.0.1:1"
from = "v@e.example"
tls = "none"
[[recipients]]
id = "r"
mail = "r@e.example"
"""


@dataclass
class Desk:
    """A daemon over two GHTs, its clock and its executor."""

    folder: Path
    store: Store
    now: datetime = NOW
    done: list[Run] = field(default_factory=list[Run])
    do: Callable[[Run], bool] = lambda _: True
    """Whether a run is whole; may raise."""

    def turn(self) -> Daemon:
        settings = Settings(state_dir=self.folder / "state", quiet=True)
        daemon = Daemon(
            self.folder / "region.toml",
            settings,
            self.store,
            now=lambda: self.now,
            executor=self._execute,
        )
        trio.run(partial(daemon.run, once=True))
        return daemon

    def _execute(
        self,
        run: Run,
        store: Store,
        *,
        settings: Settings,
        out: Path,
        wait: bool | None,
        resumed: bool,
        interrupt: trio.Event | None,
    ) -> Awaitable[Outcome]:
        assert wait is False
        assert resumed

        async def work() -> Outcome:
            await trio.lowlevel.checkpoint()
            self.done.append(run)
            store.end_run(run.id, at=self.now, complete=self.do(run))
            results: Results = results_of(store, store.run(run.id), settings.language)
            return Outcome(results=results, interrupted=False)

        return work()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    for number in (1, 2):
        (tmp_path / f"{number}.toml").write_text(_inventory(number), encoding="utf-8")
    text = 'schema = 1\ninventories = ["1.toml", "2.toml"]\n'
    (tmp_path / "region.toml").write_text(text, encoding="utf-8")
    return Desk(tmp_path, Store(f"sqlite:///{tmp_path / 'vigie.db'}"))


def test_what_fails_in_one_ght_stays_there(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    def do(run: Run) -> bool:
        if run.ght == "ght-1":
            raise RuntimeError("broken")
        return True

    desk.do = do
    assert not desk.turn().is_whole
    assert "ght-1" in capsys.readouterr().err
    assert {one.ght for one in desk.done} == {"ght-1", "ght-2"}
    desk.done.clear()
    desk.do = lambda _: True
    assert desk.turn().is_whole
    assert [one.ght for one in desk.done] == ["ght-1"], "taken up; the other is not due"
    desk.store.close()


def test_a_store_that_takes_no_note_stops_no_other_ght(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def do(run: Run) -> bool:
        if run.ght == "ght-1":
            raise StoreError("broken")
        return True

    def refuse(*_: object, **_named: object) -> None:
        raise StoreError("full")

    # So long before its end that the mandate makes no note.
    desk.now, desk.do = NOW - timedelta(days=30), do
    monkeypatch.setattr(Store, "note", refuse)
    assert not desk.turn().is_whole
    assert "ght-1" in capsys.readouterr().err
    assert {one.ght for one in desk.done} == {"ght-1", "ght-2"}
    desk.store.close()


def test_an_inventory_with_faults_from_the_start_stops_no_other_ght(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk.folder / "1.toml").write_text("schema = ", encoding="utf-8")
    assert not desk.turn().is_whole
    assert "son GHT n'est pas mesuré" in capsys.readouterr().err
    assert [one.ght for one in desk.done] == ["ght-2"]
    (desk.folder / "2.toml").write_text("schema = ", encoding="utf-8")
    with pytest.raises(InventoryInvalid):
        desk.turn()
    desk.store.close()


def test_what_is_grave_is_told_before_the_next_window(desk: Desk) -> None:
    with (desk.folder / "region.toml").open("a", encoding="utf-8") as file:
        file.write(_TOLD)

    def cut(run: Run) -> bool:
        desk.now = NOW + timedelta(hours=9)
        bring(desk.store, run, establishment=run.inventory.establishments[0].id)
        return False

    desk.do = cut
    desk.turn()
    (run,) = {one.id for one in desk.done if one.ght == "ght-1"}
    kinds = {one.key for one in Outbox(desk.store).entries(ght="ght-1")}
    assert f"alert:{run}" in kinds
    assert f"digest:{run}" not in kinds
    desk.store.close()


def test_an_audit_whose_daemon_was_cut_is_told_at_the_next_start(desk: Desk) -> None:
    with (desk.folder / "region.toml").open("a", encoding="utf-8") as file:
        file.write(_TOLD)
    desk.turn()
    exposure = next(one for one in desk.done if one.ght == "ght-1")
    for number, complete in enumerate((True, False)):
        # As ``vigie ad audit`` leaves it when whoever called it is no more.
        audit = msgspec.structs.replace(exposure, id=f"audit-{number}", kind="directory")
        desk.store.start_run(audit)
        bring(desk.store, audit, establishment="e1", states=("new",) * (number + 1))
        desk.store.end_run(audit.id, at=desk.now, complete=complete)
    desk.turn()
    desk.turn()
    keys = [one.key for one in Outbox(desk.store).entries(ght="ght-1")]
    for number in range(2):
        assert keys.count(f"digest:audit-{number}") == keys.count(f"alert:audit-{number}") == 1
    desk.store.close()


def test_nothing_starts_outside_windows_and_what_one_cut_goes_on_in_the_next(desk: Desk) -> None:
    desk.now = NOW.replace(hour=12)
    desk.turn()
    assert desk.done == []

    def cut(_: Run) -> bool:
        desk.now = NOW + timedelta(hours=9)
        return False

    desk.now, desk.do = NOW, cut
    desk.turn()
    begun = {one.id for one in desk.done}
    desk.turn()
    assert {one.id for one in desk.done} == begun, "closed: waited for"
    desk.done.clear()
    desk.now, desk.do = NOW + timedelta(days=1), lambda _: True
    desk.turn()
    assert begun <= {one.id for one in desk.done}
    desk.store.close()


def test_what_was_not_measured_though_allowed_is_tried_again_later(desk: Desk) -> None:
    desk.do = lambda _: False
    desk.turn()
    assert len(desk.done) == 2
    desk.done.clear()
    desk.now += timedelta(hours=1)
    desk.turn()
    assert desk.done == []
    desk.now += timedelta(hours=1)
    desk.turn()
    assert len(desk.done) == 2
    desk.store.close()


def test_asked_to_end_it_begins_no_sending(desk: Desk) -> None:
    with (desk.folder / "region.toml").open("a", encoding="utf-8") as file:
        file.write(_TOLD)

    def stopped(run: Run) -> bool:
        bring(desk.store, run, establishment=run.inventory.establishments[0].id)
        os.kill(os.getpid(), signal.SIGTERM)
        return True

    desk.do = stopped
    desk.turn()
    entries = Outbox(desk.store).entries()
    assert entries
    assert {one.attempts for one in entries} == {0}
    desk.store.close()


def test_a_decision_that_is_over_ends_though_no_run_does(desk: Desk) -> None:
    desk.turn()
    run = next(one for one in desk.done if one.ght == "ght-1")
    found = bring(desk.store, run, establishment="e1")
    accepted = Decision(state=State.ACCEPTED, reason="r", owner="o", until=NOW.date())
    Lives(desk.store).decide({found: accepted}, who="w", at=NOW)
    desk.now, desk.do = NOW + timedelta(days=90), lambda _: False
    desk.done.clear()
    desk.turn()
    assert not desk.done, "no mandate any more"
    assert Lives(desk.store).one(found).state is State.OPEN
    desk.store.close()


def test_the_list_tells_what_it_can_of_a_region(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    (desk.folder / "2.toml").write_text("schema = ", encoding="utf-8")
    region, state = str(desk.folder / "region.toml"), str(desk.folder / "state")
    asked = ["schedule", "list", "--operations", region, "--state-dir", state]
    assert vigie([*asked, "--json"]) == 2
    out, err = capfd.readouterr()
    assert [one["ght"] for one in json.loads(out)["ghts"]] == ["ght-1"]
    assert "2.toml:1" in err
    (desk.folder / "1.toml").write_text("schema = ", encoding="utf-8")
    assert vigie(asked) == 2
    out, err = capfd.readouterr()
    assert not out
    assert "1.toml:1" in err
    assert "2.toml:1" in err
    desk.store.close()


def test_a_mandate_that_ends_is_noted_once_a_threshold(desk: Desk) -> None:
    desk.turn()
    desk.turn()
    desk.now += timedelta(days=20)
    desk.turn()
    noted = [
        (detail["ght"], detail["threshold_days"])
        for _, _, what, detail in desk.store.journal()
        if what == "mandate-ends"
    ]
    assert sorted(noted) == [
        *(("ght-1", "30"), ("ght-1", "60")),
        *(("ght-2", "30"), ("ght-2", "60")),
    ]
    desk.store.close()
