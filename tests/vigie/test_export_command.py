"""``vigie export`` from the command line, on each kind of ticketing system."""

import contextlib
import functools
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
import trio

from core.store.schedule import Schedule
from core.store.tickets import Tickets
from tests.reports.exports.test_trackers import SYSTEMS, System
from tests.servers.glpi_legacy import GlpiLegacyServer
from tests.servers.glpi_v2 import GlpiV2Server
from tests.servers.jira import STATUSES, JiraServer
from tests.servers.servicenow import ServiceNowServer
from tests.servers.tickets import Fake, serve_connection
from tests.vigie.ticketing_lab import CHECK, Region, place
from vigie.cli import run

KINDS = {
    "glpi": ("glpi_legacy", "glpi"),
    "glpi-v2": ("glpi_v2", "glpi"),
    "jira-cloud": ("jira_cloud", "jira"),
    "jira-datacenter": ("jira_datacenter", "jira"),
    "servicenow": ("servicenow", "servicenow"),
}
INVENTORY = """
schema = 1
lab = true

[ght]
id = "ght-exemple"
name = "GHT Exemple"

[[establishments]]
id = "chu-exemple"
name = "CHU d'Exemple"
ranges = ["203.0.113.0/24"]

[[mandates]]
establishments = ["chu-exemple"]
signed_by = "DG"
document = "m.pdf"
valid_from = 2026-01-01
valid_until = 2099-12-31
intensity = "standard"

[services]
ticketing = "{url}"
"""
OPERATIONS = """
schema = 1
inventories = ["ght.toml"]

[[trackers]]
id = "outil"
kind = "{kind}"
url = "{url}"
secrets = {{ {secrets} }}
options = {{ {options} }}
may_close = true
minimum = "info"

[[trackers.destinations]]
place = "{place}"
"""


@contextmanager
def threaded(fake: Fake) -> Generator[str]:
    """Serve a fake from a thread of its own, for a program that has its own trio."""
    url: list[str] = []
    ready = threading.Event()
    scope = trio.CancelScope()
    token: list[trio.lowlevel.TrioToken] = []

    async def serve() -> None:
        token.append(trio.lowlevel.current_trio_token())
        with scope:
            async with trio.open_nursery() as nursery:
                handler = functools.partial(serve_connection, fake)
                listen = functools.partial(trio.serve_tcp, handler, 0, host="127.0.0.1")
                listeners = await nursery.start(listen)
                url.append(f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/")
                ready.set()

    thread = threading.Thread(target=trio.run, args=(serve,))
    thread.start()
    assert ready.wait(20)
    try:
        yield url[0]
    finally:
        token[0].run_sync_soon(scope.cancel)
        thread.join()


@dataclass(frozen=True)
class Held:
    """A ticket as the system has it."""

    title: str
    is_closed: bool
    notes: list[str]


def tickets_of(fake: Fake) -> list[Held]:
    """Read what a fake holds, not what the store says of it."""
    match fake:
        case GlpiLegacyServer():
            return [
                Held(
                    str(one.fields["name"]),
                    one.fields["status"] == 6,
                    [str(note["content"]) for note in (*one.notes, *one.solutions)],
                )
                for one in fake.tickets.values()
            ]
        case GlpiV2Server():
            return [
                Held(
                    str(one.fields["name"]),
                    cast("dict[str, int]", one.fields["status"])["id"] == 6,
                    [str(event["item"]) for event in one.timeline],
                )
                for one in fake.tickets.values()
            ]
        case JiraServer():
            return [
                Held(
                    str(one.fields["summary"]),
                    STATUSES[one.status] == "done",
                    [str(comment) for comment in one.comments],
                )
                for one in fake.issues.values()
            ]
        case ServiceNowServer():
            return [
                Held(one["short_description"], one["state"] == "7", fake.journal[one["sys_id"]])
                for one in fake.incidents.values()
            ]
        case _:
            raise AssertionError(fake)


class Desk:
    """An operator's folder, with three findings to follow in one system."""

    def __init__(self, folder: Path, kind: str, system: System, url: str) -> None:
        self.folder = folder
        self.kind = KINDS[kind][1]
        self.region = Region(f"sqlite:///{folder / 'state' / 'vigie.db'}")
        self.findings = [(CHECK, place(number, establishment="chu-exemple")) for number in range(3)]
        secrets = ", ".join(f'{name} = "env:VIGIE_T_{name.upper()}"' for name in system.secrets)
        options = ", ".join(f'{name} = "{value}"' for name, value in system.options.items())
        (folder / "ght.toml").write_text(INVENTORY.format(url=url))
        (folder / "region.toml").write_text(
            OPERATIONS.format(
                kind=kind, url=url, secrets=secrets, options=options, place=system.places[0]
            )
        )

    def export(self, *more: str) -> int:
        """Run the command; gives its exit code."""
        state = ["--lang", "en", "--state-dir", str(self.folder / "state")]
        file = ["--operations", str(self.folder / "region.toml")]
        return run([*state, "export", self.kind, *file, *more])


@pytest.fixture(params=list(KINDS))
def desk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Desk, Fake, System]]:
    system = SYSTEMS[KINDS[request.param][0]]
    for name, value in system.secrets.items():
        monkeypatch.setenv(f"VIGIE_T_{name.upper()}", value)
    fake = system.fake()
    with threaded(fake) as url:
        made = Desk(tmp_path, request.param, system, url)
        with contextlib.closing(made.region.store):
            made.region.scan(made.findings)
            yield made, fake, system


def test_the_life_of_tickets(desk: tuple[Desk, Fake, System]) -> None:
    at, fake, system = desk
    assert at.export() == 0
    assert len(system.stored(fake)) == 3
    first = len(fake.asked)
    assert at.export() == 0
    assert len(system.stored(fake)) == 3
    assert len(fake.asked) - first < first
    at.region.scan(at.findings[1:], missed=at.findings[:1])
    assert at.export() == 0
    held = tickets_of(fake)
    fixed = [one for one in held if "203.0.113.1:" in one.title]
    assert len(fixed) == 1
    assert fixed[0].is_closed
    assert len([note for note in fixed[0].notes if "nouvelle mesure" in note]) == 1
    assert not any(one.is_closed or one.notes for one in held if one not in fixed)
    at.region.scan(at.findings)
    assert at.export() == 0
    assert len(system.stored(fake)) == 3
    again = next(one for one in tickets_of(fake) if "203.0.113.1:" in one.title)
    assert not again.is_closed
    assert len([note for note in again.notes if "De nouveau" in note]) == 1


def test_a_dry_run_sends_nothing_and_shows_no_secret(
    desk: tuple[Desk, Fake, System], capsys: pytest.CaptureFixture[str]
) -> None:
    at, fake, system = desk
    assert at.export("--dry-run") == 0
    assert fake.asked == []
    told = capsys.readouterr().out
    assert told.count("203.0.113.1") >= 1
    hidden = {"login", "email", "username", "client_id"}
    assert not [
        name for name, value in system.secrets.items() if name not in hidden and value in told
    ]


def test_who_is_refused_says_so(
    desk: tuple[Desk, Fake, System], monkeypatch: pytest.MonkeyPatch
) -> None:
    at, fake, system = desk
    for name, value in system.wrong.items():
        monkeypatch.setenv(f"VIGIE_T_{name.upper()}", value)
    assert at.export() == 5
    assert system.stored(fake) == []


def test_another_machine_at_work_is_told(
    desk: tuple[Desk, Fake, System], capsys: pytest.CaptureFixture[str]
) -> None:
    at, fake, _ = desk
    schedule = Schedule(at.region.store)
    held = ["tickets/outil"]
    now = datetime.now(UTC)
    assert (
        schedule.take(held, holder="elsewhere 1/1 export", who="b@other (pid 1)", now=now) is None
    )
    assert at.export() == 2
    assert "b@other" in capsys.readouterr().err
    assert fake.asked == []
    schedule.release(held, holder="elsewhere 1/1 export")
    assert at.export() == 0


def test_a_host_that_no_inventory_names_is_not_asked(desk: tuple[Desk, Fake, System]) -> None:
    at, fake, _ = desk
    inventory = at.folder / "ght.toml"
    inventory.write_text(inventory.read_text().replace("ticketing =", "mail ="))
    assert at.export() == 4
    assert fake.asked == []


def test_a_system_that_is_down_leaves_all_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    system = SYSTEMS["glpi_legacy"]
    for name, value in system.secrets.items():
        monkeypatch.setenv(f"VIGIE_T_{name.upper()}", value)
    fake = system.fake()
    with threaded(fake) as url:
        pass
    at = Desk(tmp_path, "glpi", system, url)
    with closing(at.region.store):
        at.region.scan(at.findings)
        assert at.export() == 5
        told = capsys.readouterr().err
        assert told.startswith("outil ght-exemple: nothing")
        assert "ConnectError" in told
        tickets = Tickets(at.region.store).rows("outil", "ght-exemple")
        assert tickets == {}
