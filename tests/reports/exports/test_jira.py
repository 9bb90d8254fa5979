"""Jira: its late index, its workflows, its two markups, its strangers."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from core.secrets import Secret
from reports.exports.jira import JiraCloud, JiraDataCenter
from reports.exports.tracker import Denied, NotDone, Rejected, Unsure
from tests.on_trio import on_trio
from tests.reports.exports.ticketing import MARK, OTHER, REFERENCE, aim, ticket
from tests.servers.jira import API_TOKEN, EMAIL, TOKEN, JiraServer
from tests.servers.tickets import CUT, Answer, serving

WHERE = aim("CHU", may_close=True)
AT_ONCE = {"index_wait_s": "0"}
both = pytest.mark.parametrize("is_cloud", [True, False], ids=["cloud", "datacenter"])


@asynccontextmanager
async def jira(
    server: JiraServer, options: Mapping[str, str] = AT_ONCE
) -> AsyncGenerator[JiraCloud | JiraDataCenter]:
    """Give an exporter to a site."""
    async with serving(server) as send:
        if server.is_cloud:
            secrets = {"email": Secret(EMAIL), "api_token": Secret(API_TOKEN)}
            yield JiraCloud(send, secrets, options)
        else:
            yield JiraDataCenter(send, {"token": Secret(TOKEN)}, options)


@both
@on_trio
async def test_what_the_index_does_not_know_yet_is_found_after_a_wait(is_cloud: bool) -> None:
    server = JiraServer(is_cloud=is_cloud)
    server.lag = 2
    options = {"index_wait_s": "1"}
    async with jira(server, options) as tracker:
        server.fail("POST", "issue", CUT, done=True)
        with pytest.raises(Unsure):
            await tracker.create(ticket(), WHERE)
        assert await tracker.find(REFERENCE, WHERE) is not None
    async with jira(server, options) as after_a_crash:
        next(iter(server.issues.values())).hidden_for = 2
        assert await after_a_crash.find(REFERENCE, WHERE) is not None
        assert await after_a_crash.find(OTHER, WHERE) is None
        before = len(server.asked)
        assert await after_a_crash.find(f"vigie-{7:024x}", WHERE) is None
        assert len(server.asked) == before + 1
    assert len(server.issues) == 1


@both
@on_trio
async def test_a_stranger_is_never_told_of_an_absence(is_cloud: bool) -> None:
    server = JiraServer(is_cloud=is_cloud)
    server.answers_strangers = True
    wrong = {"email": Secret(EMAIL), "api_token": Secret("faux"), "token": Secret("faux")}
    async with serving(server) as send:
        tracker = (JiraCloud if is_cloud else JiraDataCenter)(send, wrong, AT_ONCE)
        with pytest.raises(Denied, match="AUTHENTICATED_FAILED"):
            await tracker.find(REFERENCE, WHERE)


@both
@on_trio
async def test_a_search_is_paged_and_its_rows_are_checked(is_cloud: bool) -> None:
    server = JiraServer(is_cloud=is_cloud)
    async with jira(server) as tracker:
        for index in range(5):
            await tracker.create(ticket(reference=f"vigie-{index:024x}"), WHERE)
        server.ignores_query = True
        server.page = 2
        assert await tracker.find(REFERENCE, WHERE) is None
        remote = await tracker.create(ticket(), aim("CH"))
        found = await tracker.find(REFERENCE, WHERE)
        assert found is not None
        assert (found.id, found.url) == (remote.id, "browse/CH-6")
        issue: dict[str, object] = {
            "id": "1",
            "key": "CHU-1",
            "fields": {"labels": [], "status": {"name": "x", "statusCategory": {"key": "new"}}},
        }
        endless: dict[str, object] = {
            "issues": [issue] * 50,
            "total": 10**9,
            "nextPageToken": "again",
        }
        method = "POST" if is_cloud else "GET"
        server.fail(method, "search", Answer(200, endless), times=10**6)
        with pytest.raises(NotDone):
            await tracker.find(REFERENCE, WHERE)


@both
@on_trio
async def test_required_fields_reject_with_their_names(is_cloud: bool) -> None:
    server = JiraServer(is_cloud=is_cloud)
    server.required = "customfield_10042"
    async with jira(server) as tracker:
        with pytest.raises(Rejected, match="customfield_10042 : Service is required"):
            await tracker.create(ticket(), WHERE)
        given = {"customfield_10042": '{"value": "DSI"}', "customfield_10050": "texte"}
        own = aim("CHU", fields=given, priorities={"high": "Highest"})
        remote = await tracker.create(ticket(), own)
        fields = server.issues[remote.id].fields
        assert fields["customfield_10042"] == {"value": "DSI"}
        assert fields["priority"] == {"name": "Highest"}
        assert fields["duedate"] == "2026-12-31"
        assert server.issues[remote.id].properties == [
            {"key": "vigie", "value": {"reference": REFERENCE}}
        ]
        for wrong in ({"labels": "x"}, {"customfield_1": "{"}):
            with pytest.raises(Rejected):
                await tracker.create(ticket(reference=OTHER), aim("CHU", fields=wrong))


@both
@on_trio
async def test_it_is_moved_by_category_then_commented(is_cloud: bool) -> None:
    server = JiraServer(is_cloud=is_cloud)
    options = {
        **AT_ONCE,
        "accepted_statuses": "Abandonné",
        "accepted_resolutions": "Won't Do",
        "resolution": "Corrigé",
    }
    async with jira(server, options) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        issue = server.issues[remote.id]
        await tracker.solve(remote, MARK, MARK, aim("CHU"))
        assert issue.status == "À faire"
        server.fail("POST", "comment", CUT)
        with pytest.raises(Unsure):
            await tracker.solve(remote, "m2", "m2", WHERE)
        assert not await tracker.has_note(remote, "m2")
        await tracker.solve(remote, "m2", "m2", WHERE)
        await tracker.solve(remote, "m2", "m2", WHERE)
        assert (issue.status, issue.resolution, len(issue.comments)) == ("Terminé", "Corrigé", 2)
        seen = await tracker.see(remote.id)
        assert seen is not None
        assert (seen.is_open, seen.accepted, seen.status) == (False, False, "Terminé")
        assert seen.closed_at == datetime.fromisoformat("2026-11-20T08:00:00+01:00")
        for change in ({"resolution": "Won't Do"}, {"resolution": "", "status": "Abandonné"}):
            for name, value in change.items():
                setattr(issue, name, value)
            seen = await tracker.see(remote.id)
            assert seen is not None
            assert seen.accepted
        await tracker.reopen(remote, "m3", "m3")
        assert issue.status == "À faire"
        server.workflow = ["En cours"]
        with pytest.raises(Rejected, match="En cours"):
            await tracker.solve(remote, "m4", "m4", WHERE)


@both
@on_trio
async def test_a_named_transition_is_taken(is_cloud: bool) -> None:
    server = JiraServer(is_cloud=is_cloud)
    options = {**AT_ONCE, "close_transition": "Abandonné", "reopen_transition": "En cours"}
    async with jira(server, options) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        await tracker.solve(remote, MARK, MARK, WHERE)
        assert server.issues[remote.id].status == "Abandonné"
        await tracker.reopen(remote, "m2", "m2")
        assert server.issues[remote.id].status == "En cours"


@both
@on_trio
async def test_comments_past_the_first_page_are_read(is_cloud: bool) -> None:
    server = JiraServer(is_cloud=is_cloud)
    async with jira(server) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        for index in range(20):
            await tracker.note(remote, f"note {index}", "")
        assert not await tracker.has_note(remote, MARK)
        await tracker.note(remote, MARK, MARK)
        assert await tracker.has_note(remote, MARK)


@both
@on_trio
async def test_queries_and_paths_are_not_injected(is_cloud: bool) -> None:
    server = JiraServer(is_cloud=is_cloud)
    async with jira(server) as tracker:
        for place in ("CHU/../x", 'CHU" OR 1=1', "", "É"):
            with pytest.raises(Rejected):
                await tracker.check(aim(place))
        with pytest.raises(Rejected):
            await tracker.find(f'{REFERENCE}" OR project = CHU', WHERE)
        for bad in ("CHU-1", "../1", ""):
            with pytest.raises(Rejected):
                await tracker.see(bad)
