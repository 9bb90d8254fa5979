"""Pages of tickets: attached once, whatever is cut, and told where they cannot be."""

import contextlib
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import trio

from core.secrets import Secret
from core.store.tickets import Memory
from reports.exports.rt import Rt
from reports.exports.tracker import Reply, Request, Send, Unsure
from tests.reports.exports.test_trackers import SYSTEMS
from tests.servers.glpi_legacy import GlpiLegacyServer
from tests.servers.jira import JiraServer
from tests.servers.rt_fake import FakeRt
from tests.servers.servicenow import ServiceNowServer
from tests.servers.tickets import Asked, Fake
from tests.vigie.ticketing_lab import Region, sqlite, telnets, tracker
from vigie.ticketing.engine import Summary

TAKING = [name for name, system in SYSTEMS.items() if system.pages is not None]


class Killed(BaseException):
    """The process ended here."""


def sender(
    fake: Fake, cut: Callable[[Request, bool], object] = lambda _request, _done: None
) -> Send:
    """Send in the process; ``cut`` is told each request, before and after it."""

    async def send(request: Request) -> Reply:
        await trio.lowlevel.checkpoint()
        query, headers = dict(request.query), request.headers
        cut(request, False)
        answer = fake.answered(Asked(request.method, request.path, query, headers, request.body))
        cut(request, True)
        lowered = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(status=answer.status, headers=lowered, body=answer.content())

    return send


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a store of two findings, to be copied."""
    folder = tmp_path_factory.mktemp("prepared")
    region = Region(sqlite(folder))
    region.scan(telnets(2))
    region.store.close()
    return folder / "vigie.db"


class Desk:
    """Two findings to follow in one system, pages wanted."""

    def __init__(self, prepared: Path, folder: Path, name: str) -> None:
        self.system = SYSTEMS[name]
        self.fake = self.system.fake()
        folder.mkdir(exist_ok=True)
        shutil.copy(prepared, folder / "vigie.db")
        self.region = Region(sqlite(folder))
        self.region.at += timedelta(days=1)
        self.region.runs = 1
        self.attach = True

    def follow(self, send: Send | None = None) -> Summary:
        self.region.at += timedelta(minutes=5)
        config = tracker("http://127.0.0.1:1", place=self.system.places[0], attach=self.attach)
        secrets = {name: Secret(text) for name, text in self.system.secrets.items()}
        made = self.system.make(send or sender(self.fake), secrets, self.system.options)
        return self.region.follow(config, made, settle_s=0)

    def pages(self) -> list[tuple[str, bytes]]:
        assert self.system.pages is not None
        return self.system.pages(self.fake)

    def is_right(self) -> bool:
        names = [name for name, _ in self.pages()]
        return len(names) == len(set(names)) == len(self.system.stored(self.fake)) == 2


def follow_rt(desk: Desk, fake: FakeRt) -> Summary:
    """Export once to the fake of Request Tracker, pages wanted."""
    desk.region.at += timedelta(minutes=5)
    config = tracker("http://127.0.0.1:1", attach=True)
    return desk.region.follow(config, Rt(fake.send, {"token": Secret("t")}, {}), settle_s=0)


@pytest.fixture(params=TAKING)
def desk(request: pytest.FixtureRequest, prepared: Path, tmp_path: Path) -> Desk:
    return Desk(prepared, tmp_path, request.param)


def test_once_after_two_exports(desk: Desk) -> None:
    assert desk.follow().attached == 2
    assert desk.is_right()
    assert all(b"<!doctype html>" in body and b"203.0.113." in body for _, body in desk.pages())
    asked = len(desk.fake.asked)
    again = desk.follow()
    assert (again.attached, again.same) == (0, 2)
    assert len(desk.fake.asked) - asked < asked / 2
    # As a store that was restored from before it: the name there is what counts.
    for row in desk.region.tickets.rows("rt-exemple", "ght-exemple").values():
        memory = msgspec.structs.replace(row.memory, page="")
        desk.region.tickets.put(msgspec.structs.replace(row, memory=memory))
    assert desk.follow().attached == 0
    assert desk.is_right()


def test_off_by_default_and_made_up_for_when_wanted(desk: Desk) -> None:
    desk.attach = False
    assert desk.follow().created == 2
    assert desk.pages() == []
    desk.attach = True
    told = desk.follow()
    assert (told.created, told.attached) == (0, 2)
    assert desk.is_right()


@pytest.mark.parametrize("name", TAKING)
def test_killed_at_every_change_and_at_every_look_for_a_page(
    prepared: Path, tmp_path: Path, name: str
) -> None:
    point = 0
    is_over = False
    while not is_over:
        point += 1
        for after in (False, True):
            desk = Desk(prepared, tmp_path / "cut", name)
            came: list[Request] = []

            def killer(
                request: Request,
                done: bool,
                came: list[Request] = came,
                at: tuple[int, bool] = (point, after),
            ) -> None:
                is_lookup = "ttach" in str(request.query) + request.path or "_doc" in str(
                    request.query
                )
                if not done and (request.changes or is_lookup):
                    came.append(request)
                if (request.changes or is_lookup) and (len(came), done) == at:
                    raise Killed

            with contextlib.suppress(Killed):
                desk.follow(sender(desk.fake, killer))
                is_over = True
            desk.follow()
            assert desk.is_right()
            desk.region.store.close()
    assert point > 4


def test_an_attachment_without_answer_is_looked_for(desk: Desk) -> None:
    for is_obeyed in (True, False):

        def lose(request: Request, done: bool, is_obeyed: bool = is_obeyed) -> None:
            if request.changes and b"<!doctype" in request.body and done is is_obeyed:
                raise Unsure("timeout")

        assert len(desk.follow(sender(desk.fake, lose)).left) == (0 if is_obeyed else 2)
        assert len(desk.pages()) == 2
        desk.region.scan(telnets(2, 2))


@pytest.mark.parametrize("name", TAKING)
def test_a_refused_page_is_told_once(prepared: Path, tmp_path: Path, name: str) -> None:
    desk = Desk(prepared, tmp_path, name)
    match desk.fake:
        case GlpiLegacyServer() as server:
            server.refuses_html = True
        case JiraServer() | ServiceNowServer() as server:
            server.refuses_files = True
        case _:
            raise AssertionError(name)
    told = desk.follow()
    assert (told.created, told.attached, len(told.unattached)) == (2, 0, 2)
    assert not told.left
    again = desk.follow()
    assert (again.attached, again.unattached, again.same) == (0, [], 2)
    match desk.fake:
        case GlpiLegacyServer() as server:
            notes = [str(one["content"]) for held in server.tickets.values() for one in held.notes]
        case JiraServer() as server:
            notes = [str(one) for issue in server.issues.values() for one in issue.comments]
        case ServiceNowServer() as server:
            notes = [one for lines in server.journal.values() for one in lines]
        case _:
            raise AssertionError(name)
    assert len(notes) == 2
    assert all("page du constat" in one for one in notes)


def test_a_system_that_takes_none_says_so(prepared: Path, tmp_path: Path) -> None:
    desk = Desk(prepared, tmp_path, "glpi_v2")
    told = desk.follow()
    assert (told.created, told.attached, told.takes_pages) == (2, 0, False)
    assert not told.left
    desk.attach = False
    assert desk.follow().takes_pages


def test_request_tracker_keeps_notes_and_pages_apart(prepared: Path, tmp_path: Path) -> None:
    desk = Desk(prepared, tmp_path, "glpi_v2")
    fake = FakeRt()

    assert follow_rt(desk, fake).attached == 2
    assert follow_rt(desk, fake).attached == 0
    for one, reference in zip(fake.tickets, fake.references(), strict=True):
        assert (one["files"], one["notes"]) == ([f"{reference}.html"], [])


def test_request_tracker_is_killed_at_every_request(prepared: Path, tmp_path: Path) -> None:
    point, is_over = 0, False
    while not is_over:
        point += 1
        for after in (False, True):
            desk = Desk(prepared, tmp_path / "cut", "glpi_v2")
            fake = FakeRt()

            def killer(
                number: int, _what: str, done: bool, at: tuple[int, bool] = (point, after)
            ) -> None:
                if (number, done) == at:
                    raise Killed

            fake.hook = killer
            with contextlib.suppress(Killed):
                follow_rt(desk, fake)
                is_over = True
            fake.hook = lambda _number, _what, _done: None
            follow_rt(desk, fake)
            names = [name for one in fake.tickets for name in one["files"]]
            assert sorted(names) == sorted(f"{one}.html" for one in fake.references())
            assert len(names) == len(set(names)) == 2
            desk.region.store.close()
    assert point > 6


def test_a_memory_of_before_pages_is_read() -> None:
    assert msgspec.json.decode(b'{"rule":"finding","cause":"x"}', type=Memory).page == ""
