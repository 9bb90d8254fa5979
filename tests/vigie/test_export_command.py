"""``vigie export`` from the command line, on each kind of ticketing system."""

import contextlib
import csv
import functools
import io
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
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
from tests.servers.tickets_hook import HOST, Receiver, receiving
from tests.servers.tls_certs import issue
from tests.vigie.ticketing_lab import CHECK, Region
from tests.vigie.ticketing_lab import place as spot
from vigie.cli import run

KINDS = {
    "glpi": ("glpi_legacy", "glpi"),
    "glpi-v2": ("glpi_v2", "glpi"),
    "jira-cloud": ("jira_cloud", "jira"),
    "jira-datacenter": ("jira_datacenter", "jira"),
    "servicenow": ("servicenow", "servicenow"),
}
KEY = "clé partagée"
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
{more}
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

    def __init__(
        self,
        folder: Path,
        kind: str,
        url: str,
        *,
        secrets: Iterable[str],
        options: Mapping[str, str],
        place: str,
        more: str = "",
    ) -> None:
        self.folder = folder
        self.kind = KINDS[kind][1] if kind in KINDS else kind
        self.region = Region(f"sqlite:///{folder / 'state' / 'vigie.db'}")
        self.findings = [(CHECK, spot(number, establishment="chu-exemple")) for number in range(3)]
        told_secrets = ", ".join(f'{name} = "env:VIGIE_T_{name.upper()}"' for name in secrets)
        told_options = ", ".join(f'{name} = "{value}"' for name, value in options.items())
        (folder / "ght.toml").write_text(INVENTORY.format(url=url))
        (folder / "region.toml").write_text(
            OPERATIONS.format(
                kind=kind,
                url=url,
                secrets=told_secrets,
                options=told_options,
                place=place,
                more=more,
            )
        )

    def export(self, *more: str) -> int:
        """Run the command; gives its exit code."""
        state = ["--lang", "en", "--state-dir", str(self.folder / "state")]
        file = ["--operations", str(self.folder / "region.toml")]
        return run([*state, "export", self.kind, *file, *more])


def desk_of(folder: Path, kind: str, system: System, url: str) -> Desk:
    """Give the desk that follows in one system."""
    return Desk(
        folder, kind, url, place=system.places[0], secrets=system.secrets, options=system.options
    )


@pytest.fixture(params=list(KINDS))
def desk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Desk, Fake, System]]:
    system = SYSTEMS[KINDS[request.param][0]]
    for name, value in system.secrets.items():
        monkeypatch.setenv(f"VIGIE_T_{name.upper()}", value)
    fake = system.fake()
    with threaded(fake) as url:
        made = desk_of(tmp_path, request.param, system, url)
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


def test_a_page_is_attached_once_or_told_to_be_impossible(
    desk: tuple[Desk, Fake, System], capsys: pytest.CaptureFixture[str]
) -> None:
    at, fake, system = desk
    file = at.folder / "region.toml"
    file.write_text(file.read_text().replace("may_close", "attach = true\nmay_close"))
    assert at.export("--dry-run") == 0
    shown = capsys.readouterr().out
    assert ("<!doctype html>" in shown) is (system.pages is not None)
    assert at.export("--dry-run=reads") == 0
    capsys.readouterr()
    assert fake.count("POST", "Document") + fake.count("POST", "attachment") == 0
    for _ in range(2):
        assert at.export() == 0
    told = capsys.readouterr().err
    if system.pages is None:
        assert "no page attached: “glpi-v2” takes no document" in told
        return
    assert told.count("3 given their page") == 1
    assert len({name for name, _ in system.pages(fake)}) == len(system.pages(fake)) == 3


def test_the_example_of_the_guide_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guide = (Path(__file__).parents[2] / "docs/guide.md").read_text(encoding="utf-8")
    example = guide.partition("### Exemple entier : GLPI 10")[2]
    block = example.partition("```toml\n")[2].partition("```")[0]
    monkeypatch.setenv("VIGIE_GLPI", SYSTEMS["glpi_legacy"].secrets["user_token"])
    fake = GlpiLegacyServer()
    with threaded(fake) as url:
        at = desk_of(tmp_path, "glpi", SYSTEMS["glpi_legacy"], url)
        mapped = block.replace("https://glpi.grades.example/apirest.php", url)
        file = tmp_path / "region.toml"
        file.write_text(f'schema = 1\ninventories = ["ght.toml"]\n{mapped}', encoding="utf-8")
        state = ["--state-dir", str(tmp_path / "state"), "export", "glpi"]
        argv = [*state, "--operations", str(file), "--tracker", "glpi-grades"]
        with closing(at.region.store):
            at.region.scan(at.findings[:2])
            assert run([*argv, "--dry-run=reads"]) == 0
            shown = capsys.readouterr().out
            for words in ('"itilcategories_id":12', '"_groups_id_assign":7', "Session-Token: …"):
                assert words in shown
                assert words in example
            assert fake.tickets == {}
            for _ in range(2):
                assert run(argv) == 0
            at.region.scan(at.findings[1:2], missed=at.findings[:1])
            assert run(argv) == 0
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    for line in told:
        assert line.partition(" : ")[2] in example
    first, second = fake.tickets.values()
    assert first.fields["entities_id"] == second.fields["entities_id"] == 1
    assert [len(one.documents) for one in (first, second)] == [1, 1]
    assert sorted(int(str(one.fields["status"])) for one in (first, second)) == [1, 6]


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
    at = desk_of(tmp_path, "glpi", system, url)
    with closing(at.region.store):
        at.region.scan(at.findings)
        assert at.export() == 5
        told = capsys.readouterr().err
        assert told.startswith("outil ght-exemple: nothing")
        assert "ConnectError" in told
        tickets = Tickets(at.region.store).rows("outil", "ght-exemple")
        assert tickets == {}


@dataclass
class Hooked:
    """A desk whose tickets go to a receiver over HTTPS."""

    desk: Desk
    receiver: Receiver

    def events(self) -> list[str]:
        return [one["event"] for one in self.receiver.done.values()]


@contextmanager
def hooked(folder: Path, *, ca_file: str = "igc.pem", name: str = HOST) -> Generator[Hooked]:
    """Serve with a certificate that a test authority issued to ``name``."""
    authority = issue("IGC d'essai", ca=True, is_strict=True)
    server = issue(name, by=authority, names=(name,), extended_usage=True, is_strict=True)
    (folder / "igc.pem").write_bytes(authority.pem)
    (folder / "autre.pem").write_bytes(issue("Autre IGC", ca=True, is_strict=True).pem)
    chain, secret = server.files(folder)
    with receiving(KEY, chain=chain, secret=secret) as receiver:
        more = f'ca_file = "{ca_file}"' if ca_file else ""
        made = Desk(
            folder,
            "webhook",
            receiver.url,
            secrets=["key"],
            options={},
            place="Sécurité",
            more=more,
        )
        with closing(made.region.store):
            made.region.scan(made.findings)
            yield Hooked(made, receiver)


@pytest.fixture(autouse=True)
def shared_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the key of the webhook as an operator does."""
    monkeypatch.setenv("VIGIE_T_KEY", KEY)


def test_a_webhook_over_https_is_believed_and_told_each_thing_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with hooked(tmp_path) as at:
        assert at.desk.export("--dry-run") == 0
        assert at.receiver.posts == []
        assert KEY not in capsys.readouterr().out
        assert at.desk.export() == 0
        assert at.desk.export() == 0
        assert at.events() == ["create"] * 3
        assert len(at.receiver.posts) == 3
        at.desk.region.scan(at.desk.findings[1:], missed=at.desk.findings[:1])
        assert at.desk.export() == 0
        at.desk.region.scan(at.desk.findings)
        assert at.desk.export() == 0
        assert at.events() == ["create"] * 3 + ["solve", "reopen", "update"]
        assert at.receiver.refused == []
        solved, again, due = list(at.receiver.done.values())[3:]
        assert solved["reference"] == again["reference"] == due["reference"]
        assert due["due_on"] > next(iter(at.receiver.done.values()))["due_on"]
        assert "nouvelle mesure" in solved["text"]


def test_a_webhook_that_answers_ill_gets_it_again_and_does_it_once(tmp_path: Path) -> None:
    with hooked(tmp_path) as at:
        # It did the work, and said that it failed.
        at.receiver.answers = [(500, {})] * 3
        assert at.desk.export() == 3
        assert at.desk.export() == 0
        assert len(at.receiver.posts) == 6
        assert at.events() == ["create"] * 3
        assert len({one["reference"] for one in at.receiver.done.values()}) == 3


def test_a_webhook_that_redirects_or_refuses_the_signature_gets_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hooked(tmp_path) as at:
        at.receiver.answers = [(307, {"location": f"{at.receiver.url}/ailleurs"})]
        assert at.desk.export() == 5
        assert len(at.receiver.posts) == 1
        monkeypatch.setenv("VIGIE_T_KEY", "autre clé")
        assert at.desk.export() == 5
        assert at.receiver.refused == ["signature"]


@pytest.mark.parametrize(
    ("ca_file", "name"), [("autre.pem", HOST), ("", HOST), ("igc.pem", "127.0.0.2")]
)
def test_nothing_is_told_to_a_webhook_that_proves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ca_file: str, name: str
) -> None:
    with hooked(tmp_path, ca_file=ca_file, name=name) as at:
        assert at.desk.export() == 3
        assert "CERTIFICATE_VERIFY_FAILED" in capsys.readouterr().err
        assert at.receiver.posts == []


def test_findings_are_written_in_csv(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    at = Desk(tmp_path, "csv", "https://127.0.0.1:1", secrets=(), options={}, place="x")
    with closing(at.region.store):
        at.region.scan(at.findings)
        at.region.scan(at.findings[1:], missed=at.findings[:1])
        state = ["--lang", "en", "--state-dir", str(tmp_path / "state"), "export", "csv"]
        out = tmp_path / "findings.csv"
        assert run([*state, "--out", str(out)]) == 0
        assert out.stat().st_mode & 0o777 == 0o600
        assert run([*state, "--ght", "ght-exemple"]) == 0
        content = capfdbinary.readouterr().out
        assert content == out.read_bytes()
        assert content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
        assert sorted(one["IP address"] for one in rows) == ["203.0.113.2", "203.0.113.3"]
        assert {one["Check"] for one in rows} == {CHECK}
        assert run([*state, "--ght", "autre"]) == 0
        assert len(capfdbinary.readouterr().out.splitlines()) == 1
