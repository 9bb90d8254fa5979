"""What holds for every ticketing system, against its fake."""

import itertools
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import Criticality
from core.secrets import Secret
from reports.exports.glpi_legacy import GlpiLegacy
from reports.exports.glpi_v2 import GlpiV2
from reports.exports.jira import JiraCloud, JiraDataCenter
from reports.exports.servicenow import ServiceNow
from reports.exports.tracker import (
    Denied,
    NotDone,
    Rejected,
    Remote,
    Reply,
    Request,
    Send,
    Tracker,
    TrackerError,
    Unsure,
)
from tests.on_trio import on_trio
from tests.reports.exports.ticketing import (
    BROKEN,
    HOSTILE,
    MARK,
    OTHER,
    REFERENCE,
    aim,
    ticket,
)
from tests.servers import glpi_legacy, glpi_v2, jira, servicenow
from tests.servers.servicenow import CHU
from tests.servers.tickets import CUT, Answer, Asked, Fake, serving

Make = Callable[[Send, Mapping[str, Secret], Mapping[str, str]], Tracker]


@dataclass(frozen=True)
class System:
    """One exporter, its fake, and how they are tried."""

    make: Make
    fake: Callable[[], Fake]
    secrets: Mapping[str, str]
    wrong: Mapping[str, str]
    places: tuple[str, str]
    create: tuple[str, str]
    search: tuple[str, str]
    stored: Callable[[Fake], list[tuple[str, str]]]
    """Title and body of each ticket."""
    pages: Callable[[Fake], list[tuple[str, bytes]]] | None
    """Name and content of each file, or what holds it; none: no document is taken."""
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    odd: Mapping[int, type[TrackerError]] = field(default_factory=dict[int, type[TrackerError]])
    title_limit: int = 255
    solves: bool = True
    """There is a solution apart from closing."""
    unknown: str = "nulle part"
    forbidden: tuple[str, ...] = ("<script", "<img", "<b>", "javascript:")


def _glpi_v2(fake: Fake) -> list[tuple[str, str]]:
    held = cast("glpi_v2.GlpiV2Server", fake).tickets.values()
    return [(str(one.fields["name"]), str(one.fields["content"])) for one in held]


def _servicenow(fake: Fake) -> list[tuple[str, str]]:
    held = cast("servicenow.ServiceNowServer", fake).incidents.values()
    return [(one["short_description"], one["description"]) for one in held]


def _jira(fake: Fake) -> list[tuple[str, str]]:
    held = cast("jira.JiraServer", fake).issues.values()
    return [(str(one.fields["summary"]), str(one.fields["description"])) for one in held]


def _glpi_legacy(fake: Fake) -> list[tuple[str, str]]:
    held = cast("glpi_legacy.GlpiLegacyServer", fake).tickets.values()
    return [(str(one.fields["name"]), str(one.fields["content"])) for one in held]


def _glpi_pages(fake: Fake) -> list[tuple[str, bytes]]:
    server = cast("glpi_legacy.GlpiLegacyServer", fake)
    held = [number for one in server.tickets.values() for number in one.documents]
    return [(server.names[number], server.documents[number]) for number in held]


def _jira_pages(fake: Fake) -> list[tuple[str, bytes]]:
    held = cast("jira.JiraServer", fake).issues.values()
    return [pair for one in held for pair in zip(one.names, one.files, strict=True)]


def _servicenow_pages(fake: Fake) -> list[tuple[str, bytes]]:
    return [(name, body) for _, name, body in cast("servicenow.ServiceNowServer", fake).files]


SYSTEMS = {
    "glpi_legacy": System(
        make=GlpiLegacy,
        fake=glpi_legacy.GlpiLegacyServer,
        secrets={"user_token": glpi_legacy.USER_TOKEN},
        wrong={"user_token": "faux"},
        places=("1", "Entité racine > CH"),
        create=("POST", "Ticket"),
        search=("GET", "search/Ticket"),
        stored=_glpi_legacy,
        pages=_glpi_pages,
    ),
    "glpi_v2": System(
        make=GlpiV2,
        fake=glpi_v2.GlpiV2Server,
        secrets=glpi_v2.CLIENT,
        wrong=glpi_v2.CLIENT | {"password": "faux"},
        places=("1", "2"),
        create=("POST", "Assistance/Ticket"),
        search=("GET", "Assistance/Ticket"),
        stored=_glpi_v2,
        pages=None,
        odd={404: Unsure},
    ),
    "jira_cloud": System(
        make=JiraCloud,
        fake=jira.JiraServer,
        secrets={"email": jira.EMAIL, "api_token": jira.API_TOKEN},
        wrong={"email": jira.EMAIL, "api_token": "faux"},
        places=("CHU", "CH"),
        create=("POST", "api/3/issue"),
        search=("POST", "search/jql"),
        stored=_jira,
        pages=_jira_pages,
        options={"index_wait_s": "0"},
        solves=False,
        # Text nodes hold any text: the fake refuses every other node.
        forbidden=(),
    ),
    "jira_datacenter": System(
        make=JiraDataCenter,
        fake=lambda: jira.JiraServer(is_cloud=False),
        secrets={"token": jira.TOKEN},
        wrong={"token": "faux"},
        places=("CHU", "CH"),
        create=("POST", "api/2/issue"),
        search=("GET", "api/2/search"),
        stored=_jira,
        pages=_jira_pages,
        options={"index_wait_s": "0"},
        solves=False,
        # Its fake wants one {noformat} block, whole.
        forbidden=(),
    ),
    "servicenow": System(
        make=ServiceNow,
        fake=servicenow.ServiceNowServer,
        secrets={"username": servicenow.USERNAME, "password": servicenow.PASSWORD},
        wrong={"username": servicenow.USERNAME, "password": "faux"},
        places=(servicenow.CHU, "CH Exemple"),
        create=("POST", "table/incident"),
        search=("GET", "table/incident"),
        stored=_servicenow,
        pages=_servicenow_pages,
        title_limit=160,
        # Its text fields show HTML as it is written.
        forbidden=("[code]", "[/code]"),
    ),
}


@pytest.fixture(scope="module", params=list(SYSTEMS))
def system(request: pytest.FixtureRequest) -> System:
    """Give each in turn."""
    return SYSTEMS[request.param]


def made(system: System, send: Send, *, wrong: bool = False) -> Tracker:
    """Give its exporter."""
    told = system.wrong if wrong else system.secrets
    return system.make(send, {name: Secret(text) for name, text in told.items()}, system.options)


@on_trio
async def test_a_ticket_lives(system: System) -> None:
    fake = system.fake()
    async with serving(fake) as send:
        tracker, where = made(system, send), aim(system.places[0])
        may_close = aim(system.places[0], may_close=True)
        await tracker.check(where)
        assert await tracker.find(REFERENCE, where) is None
        remote = await tracker.create(ticket(), where)
        assert remote.is_open
        assert remote.reference == REFERENCE
        assert not remote.accepted
        found = await tracker.find(REFERENCE, where)
        assert found is not None
        assert (found.id, found.is_open, found.url) == (remote.id, True, remote.url)
        assert await tracker.find(OTHER, where) is None
        assert not await tracker.has_note(remote, MARK)
        await tracker.note(remote, f"Toujours vu.\n<b>Réf</b> {MARK}", MARK)
        assert await tracker.has_note(remote, MARK)
        assert not await tracker.has_note(remote, "vigie-note-2")
        # The first is not the twelfth.
        assert not await tracker.has_note(remote, MARK[:-1])
        page = ticket(page=b"<!doctype html><p>\x00")
        assert not await tracker.has_page(remote, page.page_name)
        assert await tracker.attach(remote, page, where) is (system.pages is not None)
        if system.pages is not None:
            assert await tracker.has_page(remote, page.page_name)
            assert not await tracker.has_page(remote, ticket(reference=OTHER).page_name)
            ((name, body),) = system.pages(fake)
            assert name == page.page_name
            assert page.page in body
        await tracker.update(remote, ticket("Changé", criticality=Criticality.CRITICAL), where)
        assert system.stored(fake)[0][0].startswith("Changé")
        assert await tracker.find(REFERENCE, where) is not None
        for place in ([where] if system.solves else []) + [may_close]:
            await tracker.solve(remote, "Corrigé.", "vigie-note-2", place)
            solved = await tracker.see(remote.id)
            assert solved is not None
            assert not solved.is_open
            assert await tracker.has_note(remote, "vigie-note-2")
        closed = await tracker.find(REFERENCE, where)
        assert closed is not None
        assert not closed.is_open
        await tracker.reopen(remote, "De nouveau vu, sans sa marque.", "vigie-note-3")
        again = await tracker.see(remote.id)
        assert again is not None
        assert again.is_open
        assert await tracker.has_note(remote, "vigie-note-3")
        await tracker.solve(remote, "Corrigé. vigie-note-4", "vigie-note-4", may_close)
        ended = await tracker.see(remote.id)
        assert ended is not None
        assert not ended.is_open
        await tracker.solve(remote, "Corrigé. vigie-note-4", "vigie-note-4", may_close)
        assert len(system.stored(fake)) == 1


@on_trio
async def test_two_places_are_kept_apart(system: System) -> None:
    fake = system.fake()
    async with serving(fake) as send:
        tracker = made(system, send)
        first = await tracker.create(ticket(), aim(system.places[0]))
        second = await tracker.create(ticket(reference=OTHER), aim(system.places[1]))
        assert first.id != second.id
        for place, reference, remote in zip(
            system.places, (REFERENCE, OTHER), (first, second), strict=True
        ):
            found = await tracker.find(reference, aim(place))
            assert found is not None
            assert found.id == remote.id
            seen = await tracker.see_many([remote.id], aim(place))
            assert seen == {remote.id: found}
        assert await tracker.see_many([], aim(system.places[0])) == {}


@on_trio
async def test_wrong_credentials_are_denied_and_never_an_absence(system: System) -> None:
    fake = system.fake()
    async with serving(fake) as send:
        tracker, where = made(system, send, wrong=True), aim(system.places[0])
        for call in (
            tracker.check(where),
            tracker.find(REFERENCE, where),
            tracker.create(ticket(), where),
        ):
            with pytest.raises(Denied) as caught:
                await call
            assert not any(secret in str(caught.value) for secret in system.wrong.values())
        with pytest.raises(Denied):
            await system.make(send, {}, system.options).check(where)
        assert system.stored(fake) == []


@on_trio
async def test_an_unknown_place_is_rejected(system: System) -> None:
    fake = system.fake()
    async with serving(fake) as send:
        tracker = made(system, send)
        with pytest.raises((Rejected, Denied)):
            await tracker.check(aim(system.unknown))
        with pytest.raises((Rejected, Denied)):
            await tracker.create(ticket(), aim(system.unknown))
        assert system.stored(fake) == []


@pytest.mark.parametrize("title", HOSTILE)
@on_trio
async def test_hostile_titles_stay_text(system: System, title: str) -> None:
    fake = system.fake()
    async with serving(fake) as send:
        tracker, where = made(system, send), aim(system.places[0])
        remote = await tracker.create(ticket(title), where)
        found = await tracker.find(REFERENCE, where)
        assert found is not None
        assert found.id == remote.id
        assert await tracker.find(OTHER, where) is None
        name, body = system.stored(fake)[0]
        assert 0 < len(name) <= system.title_limit
        assert "\n" not in name
        assert not any(word in name or word in body for word in system.forbidden)
        await tracker.note(remote, f"{title}\n{MARK}", MARK)
        assert await tracker.has_note(remote, MARK)


@on_trio
async def test_hostile_references_find_nothing(system: System) -> None:
    fake = system.fake()
    async with serving(fake) as send:
        tracker, where = made(system, send), aim(system.places[0])
        await tracker.create(ticket(), where)
        for reference in HOSTILE:
            try:
                assert await tracker.find(reference, where) is None
            except Rejected:
                continue


@on_trio
async def test_cut_after_the_creation_is_unsure_then_found(system: System) -> None:
    fake = system.fake()
    async with serving(fake) as send:
        tracker, where = made(system, send), aim(system.places[0])
        fake.fail(*system.create, CUT, done=True)
        with pytest.raises(Unsure):
            await tracker.create(ticket(), where)
        assert await tracker.find(REFERENCE, where) is not None
        assert len(system.stored(fake)) == 1


@pytest.mark.parametrize("body", BROKEN)
@on_trio
async def test_broken_answers_are_errors_and_lose_nothing(system: System, body: bytes) -> None:
    fake = system.fake()
    async with serving(fake) as send:
        tracker, where = made(system, send), aim(system.places[0])
        fake.fail(*system.search, Answer(200, body))
        with pytest.raises(TrackerError):
            await tracker.find(REFERENCE, where)
        fake.fail(*system.create, Answer(201, body), done=True)
        with pytest.raises(Unsure):
            await tracker.create(ticket(), where)
        assert await tracker.find(REFERENCE, where) is not None
        assert len(system.stored(fake)) == 1


_WRITES: dict[int, type[TrackerError]] = {
    302: Denied,
    400: Rejected,
    401: Denied,
    403: Denied,
    404: Rejected,
    408: Unsure,
    409: NotDone,
    413: Rejected,
    422: Rejected,
    429: NotDone,
    500: Unsure,
    502: Unsure,
    503: Unsure,
    504: Unsure,
}


@pytest.mark.parametrize("status", list(_WRITES))
@on_trio
async def test_every_status_is_told_apart(system: System, status: int) -> None:
    fake = system.fake()
    async with serving(fake) as send:
        tracker, where = made(system, send), aim(system.places[0])
        answer = Answer(status, b"oups \x1b[31m", {"Retry-After": "17", "Location": "/ailleurs"})
        fake.fail(*system.search, answer, times=2)
        with pytest.raises(TrackerError) as read:
            await tracker.find(REFERENCE, where)
        assert isinstance(read.value, (NotDone, Denied, Rejected))
        fake.faults.clear()
        fake.fail(*system.create, answer, times=2)
        with pytest.raises(TrackerError) as written:
            await tracker.create(ticket(), where)
        assert type(written.value) is system.odd.get(status, _WRITES[status])
        if status == 429:
            assert isinstance(read.value, NotDone)
            assert read.value.after_s == 17
        assert "\x1b" not in str(written.value)
        fake.faults.clear()
        await tracker.create(ticket(), where)


_KEYS = [
    "id",
    "session_token",
    "access_token",
    "myentities",
    "name",
    "completename",
    "message",
    "issues",
    "fields",
    "status",
    "labels",
    "statusCategory",
    "key",
    "result",
    "sys_id",
    "value",
    "display_value",
    "correlation_id",
    "state",
    "number",
    "error",
    "total",
    "totalcount",
    "data",
    "1",
    "2",
    "87",
    "table",
    "field",
    "externalid",
    "external_id",
    "item",
    "type",
    "content",
    "comments",
    "body",
    "transitions",
    "to",
    "resolution",
    "resolutiondate",
    "closed_at",
    "errorMessages",
    "errors",
    "detail",
    "title",
]
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**20)
    | st.sampled_from(("", "x", "7", "new", "done", REFERENCE, CHU, "\x1b[31m", "\ud800"))
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=6)
    ),
    max_leaves=12,
)
_REPLIES = st.builds(
    Reply,
    status=st.sampled_from((200, 200, 200, 201, 206, 207, 204, 301, 400, 401, 404, 429, 500)),
    headers=st.sampled_from(({}, {"content-range": "0-1/x"}, {"retry-after": "9" * 400})),
    body=_JSON.map(lambda told: json.dumps(told).encode()) | st.binary(max_size=40),
)


@settings(max_examples=80)
@given(plan=st.lists(st.none() | _REPLIES, min_size=1, max_size=12))
def test_whatever_is_answered_ends_in_an_answer_or_one_of_our_errors(
    system: System, plan: list[Reply | None]
) -> None:
    fake = system.fake()
    turn = itertools.cycle(plan)

    async def send(request: Request) -> Reply:
        assert len(fake.asked) < 2_000
        await trio.lowlevel.checkpoint()
        told = next(turn)
        if told is not None:
            return told
        query, headers = dict(request.query), request.headers
        asked = Asked(request.method, request.path, query, headers, request.body)
        try:
            answer = fake.answered(asked)
        except KeyError:
            return Reply(status=404)
        lowered = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(status=answer.status, headers=lowered, body=answer.content())

    async def whole() -> None:
        tracker, where = made(system, send), aim(system.places[0], may_close=True)
        remote = Remote(id="7", url="", is_open=True, status="", reference=REFERENCE)
        for _ in range(2):
            with suppress(TrackerError):
                await tracker.check(where)
            with suppress(TrackerError):
                remote = await tracker.create(ticket(), where)
            with suppress(TrackerError):
                remote = await tracker.find(REFERENCE, where) or remote
            for call in (
                tracker.see(remote.id),
                tracker.see_many([remote.id], where),
                tracker.update(remote, ticket(), where),
                tracker.solve(remote, MARK, MARK, where),
                tracker.reopen(remote, MARK, MARK),
                tracker.has_note(remote, MARK),
                tracker.has_page(remote, "page.html"),
                tracker.attach(remote, ticket(page=b"x"), where),
            ):
                with suppress(TrackerError):
                    await call

    trio.run(whole)
