"""GLPI's session interface: its sessions, its searches, its scales, and its known bugs."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import pytest

from core.model import Criticality
from core.secrets import Secret
from reports.exports.glpi_legacy import GlpiLegacy
from reports.exports.tracker import Denied, NotDone, Rejected
from tests.on_trio import on_trio
from tests.reports.exports.ticketing import MARK, OTHER, REFERENCE, aim, ticket
from tests.servers.glpi_legacy import APP_TOKEN, LOGIN, PASSWORD, USER_TOKEN, GlpiLegacyServer
from tests.servers.tickets import Answer, serving

WHERE = aim("1")
TOKEN = {"user_token": USER_TOKEN}


@asynccontextmanager
async def glpi(
    server: GlpiLegacyServer,
    secrets: Mapping[str, str] = TOKEN,
    options: Mapping[str, str] | None = None,
) -> AsyncGenerator[GlpiLegacy]:
    """Give an exporter to a server, and end its sessions."""
    async with serving(server) as send:
        held = {name: Secret(text) for name, text in secrets.items()}
        tracker = GlpiLegacy(send, held, options or {})
        yield tracker
        await tracker.close()
    assert server.sessions == {}


@on_trio
async def test_a_login_and_an_application_token_work_too() -> None:
    server = GlpiLegacyServer()
    server.wants_app_token = True
    secrets = {"login": LOGIN, "password": PASSWORD, "app_token": APP_TOKEN}
    async with glpi(server, secrets, {"profile": "4"}) as tracker:
        await tracker.check(WHERE)
    async with glpi(server, {"login": LOGIN, "password": PASSWORD}) as tracker:
        with pytest.raises(Denied, match="APP_TOKEN"):
            await tracker.check(WHERE)
    async with glpi(server, secrets, {"profile": "9"}) as tracker:
        with pytest.raises(Rejected):
            await tracker.check(WHERE)


@on_trio
async def test_a_session_serves_one_entity_and_is_ended() -> None:
    server = GlpiLegacyServer()
    async with glpi(server) as tracker:
        for index, place in enumerate(("1", "2", "1", "2")):
            reference = f"vigie-{index:024x}"
            await tracker.create(ticket(reference=reference), aim(place))
        assert sorted(map(str, server.sessions.values())) == ["1", "2", "all"]
    assert len(server.killed) == 3
    entities = [one.fields["entities_id"] for one in server.tickets.values()]
    assert entities == [1, 2, 1, 2]


@on_trio
async def test_a_lost_authorization_says_what_to_do() -> None:
    server = GlpiLegacyServer()
    server.loses_authorization = True
    async with glpi(server) as tracker:
        with pytest.raises(Denied, match="HTTP_AUTHORIZATION"):
            await tracker.check(WHERE)


@on_trio
async def test_a_session_that_expires_is_opened_again_once() -> None:
    server = GlpiLegacyServer()
    async with glpi(server) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        server.sessions.clear()
        await tracker.note(remote, MARK, MARK)
        assert await tracker.has_note(remote, MARK)
        stale = Answer(401, ["ERROR_SESSION_TOKEN_INVALID", "…"])
        opened = server.count("GET", "initSession")
        server.fail("GET", "Ticket/", stale, times=50)
        with pytest.raises(Denied):
            await tracker.see(remote.id)
        assert server.count("GET", "initSession") == opened + 1
        server.faults.clear()
        server.sessions.clear()


@on_trio
async def test_criticality_gives_urgency_and_impact_never_a_priority() -> None:
    server = GlpiLegacyServer()
    async with glpi(server) as tracker:
        for index, (criticality, priority) in enumerate(
            zip(Criticality, (1, 2, 3, 4, 5), strict=True)
        ):
            reference = f"vigie-{index:024x}"
            remote = await tracker.create(
                ticket(reference=reference, criticality=criticality), WHERE
            )
            assert server.tickets[int(remote.id)].fields["priority"] == priority
        own = aim("1", priorities={"high": "5/2", "low": "1"})
        remote = await tracker.create(ticket(reference=OTHER), own)
        held = server.tickets[int(remote.id)].fields
        assert (held["urgency"], held["impact"], held["priority"]) == (5, 2, 3)
        assert held["time_to_resolve"] == "2026-12-31 23:59:59"
        with pytest.raises(Rejected, match="urgence"):
            await tracker.create(ticket(), aim("1", priorities={"high": "6"}))


@on_trio
async def test_fields_and_group_reach_the_ticket() -> None:
    server = GlpiLegacyServer()
    fields = {"itilcategories_id": "12", "type": "2", "_groups_id_assign": "7"}
    async with glpi(server) as tracker:
        for is_dropped in (False, True):
            server.drops_group = is_dropped
            reference = OTHER if is_dropped else REFERENCE
            remote = await tracker.create(ticket(reference=reference), aim("1", fields=fields))
            held = server.tickets[int(remote.id)]
            assert (held.fields["itilcategories_id"], held.fields["type"]) == (12, 2)
            assert [(one["groups_id"], one["type"]) for one in held.groups] == [(7, 2)]
            assert held.notes == []
        with pytest.raises(Rejected, match="priority"):
            await tracker.create(ticket(), aim("1", fields={"priority": "5"}))


@on_trio
async def test_documents_that_may_not_be_listed_are_no_absence() -> None:
    server = GlpiLegacyServer()
    async with glpi(server) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        server.hides_documents = True
        with pytest.raises(Rejected, match="ERROR_RIGHT_MISSING"):
            await tracker.has_page(remote, ticket().page_name)


@on_trio
async def test_mandatory_fields_reject_with_the_text_of_the_server() -> None:
    server = GlpiLegacyServer()
    server.mandatory = "locations_id"
    async with glpi(server) as tracker:
        with pytest.raises(Rejected, match=r"ERROR_GLPI_ADD.*locations_id"):
            await tracker.create(ticket(), WHERE)
        await tracker.create(ticket(), aim("1", fields={"locations_id": "3"}))


@pytest.mark.parametrize("has_column", [True, False])
@on_trio
async def test_older_servers_are_searched_otherwise(has_column: bool) -> None:
    server = GlpiLegacyServer()
    server.has_search_option = False
    server.has_column = has_column
    async with glpi(server) as tracker:
        title = "é" * 300
        await tracker.create(ticket(f"Copie de [{REFERENCE}] ?", reference=OTHER), WHERE)
        assert await tracker.find(REFERENCE, WHERE) is None
        remote = await tracker.create(ticket(title), WHERE)
        name = str(server.tickets[int(remote.id)].fields["name"])
        assert name.endswith(f"… [{REFERENCE}]")
        assert len(name) == 255
        found = await tracker.find(REFERENCE, WHERE)
        assert found is not None
        assert (found.id, found.reference) == (remote.id, REFERENCE)
        await tracker.update(remote, ticket("Autre"), WHERE)
        assert server.tickets[int(remote.id)].fields["name"] == f"Autre [{REFERENCE}]"


@pytest.mark.parametrize("has_option", [True, False])
@on_trio
async def test_a_listing_of_everything_is_not_believed(has_option: bool) -> None:
    server = GlpiLegacyServer()
    server.has_search_option = has_option
    async with glpi(server) as tracker:
        for index in range(120):
            await tracker.create(ticket(reference=f"vigie-{index:024x}"), WHERE)
        server.ignores_criteria = True
        assert await tracker.find(REFERENCE, WHERE) is None
        remote = await tracker.create(ticket(), WHERE)
        found = await tracker.find(REFERENCE, WHERE)
        assert found is not None
        assert found.id == remote.id


@on_trio
async def test_a_search_without_end_is_given_up() -> None:
    server = GlpiLegacyServer()
    async with glpi(server) as tracker:
        row = {"1": "x", "2": 1, "87": "autre"}
        endless = Answer(206, {"totalcount": 10**9, "data": [row] * 50})
        server.fail("GET", "search/Ticket", endless, times=10**6)
        with pytest.raises(NotDone):
            await tracker.find(REFERENCE, WHERE)
        assert server.count("GET", "search/Ticket") <= 40


@on_trio
async def test_notes_past_the_first_page_are_read() -> None:
    server = GlpiLegacyServer()
    async with glpi(server) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        for index in range(50):
            await tracker.note(remote, f"note {index}", "")
        assert not await tracker.has_note(remote, MARK)
        await tracker.note(remote, MARK, MARK)
        assert await tracker.has_note(remote, MARK)


@on_trio
async def test_partial_answers_are_read() -> None:
    server = GlpiLegacyServer()
    server.partial = True
    async with glpi(server) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        server.fail("POST", "Ticket", Answer(207, [{"id": False, "message": "règle <b>"}]))
        with pytest.raises(Rejected, match="règle"):
            await tracker.create(ticket(reference=OTHER), WHERE)
        refused = Answer(207, [{remote.id: False, "message": "droit"}])
        server.fail("PUT", "Ticket/", refused)
        with pytest.raises(Rejected, match="droit"):
            await tracker.update(remote, ticket(), WHERE)


@pytest.mark.parametrize("body", [None, [], [{"id": 3, "status": 1}], {"id": 3}])
@on_trio
async def test_a_write_turned_into_a_read_is_seen(body: object) -> None:
    server = GlpiLegacyServer()
    async with glpi(server) as tracker:
        server.fail("POST", "Ticket", Answer(200, body))
        with pytest.raises(Denied, match="https"):
            await tracker.create(ticket(), WHERE)


@on_trio
async def test_what_is_accepted_there_is_told_by_options() -> None:
    server = GlpiLegacyServer()
    options = {
        "accepted_statuses": "10",
        "accepted_categories": "33",
        "accepted_solution_types": "8, 9",
        "web": "https://glpi.example/",
    }
    async with glpi(server, options=options) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        assert remote.url == f"https://glpi.example/front/ticket.form.php?id={remote.id}"
        held = server.tickets[int(remote.id)]
        for change, accepted in (
            ({"status": 10}, True),
            ({"status": 2, "itilcategories_id": 33}, True),
            ({"itilcategories_id": 0}, False),
            ({"status": 5}, False),
        ):
            held.fields |= change
            seen = await tracker.see(remote.id)
            assert seen is not None
            assert seen.accepted is accepted
        held.solutions.append({"content": "accepté", "solutiontypes_id": 9})
        seen = await tracker.see(remote.id)
        assert seen is not None
        assert seen.accepted


@on_trio
async def test_what_is_deleted_is_gone() -> None:
    server = GlpiLegacyServer()
    async with glpi(server) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        server.tickets[int(remote.id)].fields["is_deleted"] = 1
        assert await tracker.see(remote.id) is None
        assert await tracker.find(REFERENCE, WHERE) is None
        server.tickets.clear()
        assert await tracker.see(remote.id) is None
        with pytest.raises(Rejected):
            await tracker.see("1/../../User")


@on_trio
async def test_macros_and_templates_stay_dead() -> None:
    server = GlpiLegacyServer()
    async with glpi(server) as tracker:
        await tracker.create(ticket("##ticket.title## {{ 7*7 }} {% x %} {# y #} &lt;b&gt;"), WHERE)
        held = next(iter(server.tickets.values())).fields
        for text in (str(held["name"]), str(held["content"])):
            assert not any(macro in text for macro in ("##", "{{", "}}", "{%", "%}", "{#", "#}"))
        assert "&lt;" not in str(held["name"])
