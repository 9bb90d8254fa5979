"""GLPI's second interface: its tokens, its entities, and its known bugs."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from urllib.parse import quote_plus

import pytest

from core.secrets import Secret
from reports.exports.glpi_v2 import GlpiV2
from reports.exports.tracker import Denied, NotDone, Rejected, Unsure
from tests.on_trio import on_trio
from tests.reports.exports.ticketing import MARK, OTHER, REFERENCE, aim, ticket
from tests.servers.glpi_v2 import CLIENT, GlpiV2Server
from tests.servers.tickets import Answer, serving
from vigie.ticketing.dry import Showing

WHERE = aim("1")


@asynccontextmanager
async def glpi(
    server: GlpiV2Server, options: Mapping[str, str] | None = None
) -> AsyncGenerator[GlpiV2]:
    """Give an exporter to a server."""
    async with serving(server) as send:
        yield GlpiV2(send, {name: Secret(text) for name, text in CLIENT.items()}, options or {})


@on_trio
async def test_an_expired_token_is_renewed_once() -> None:
    server = GlpiV2Server()
    async with glpi(server) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        server.tokens.clear()
        await tracker.note(remote, MARK, MARK)
        assert await tracker.has_note(remote, MARK)
        asked = server.count("POST", "token")
        server.refuses_tokens = True
        with pytest.raises(Denied, match="compte"):
            await tracker.see(remote.id)
        assert server.count("POST", "token") == asked + 1


@on_trio
async def test_a_client_without_account_is_refused_before_asking() -> None:
    server = GlpiV2Server()
    async with serving(server) as send:
        secrets = {name: Secret(CLIENT[name]) for name in ("client_id", "client_secret")}
        with pytest.raises(Denied, match="client_credentials"):
            await GlpiV2(send, secrets, {}).check(WHERE)
        assert server.asked == []


@pytest.mark.parametrize("created", [200, 201])
@on_trio
async def test_what_was_added_and_denied_is_not_added_twice(created: int) -> None:
    server = GlpiV2Server()
    server.created = created
    server.forgets_timeline = True
    async with glpi(server) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        await tracker.note(remote, MARK, MARK)
        await tracker.solve(remote, "Corrigé. m2", "m2", WHERE)
        assert [event["type"] for event in server.tickets[int(remote.id)].timeline] == [
            "Followup",
            "Solution",
        ]
        server.fail("POST", "Timeline/Followup", Answer(404, {"status": "ERROR_ITEM_NOT_FOUND"}))
        with pytest.raises(Rejected):
            await tracker.note(remote, "m3", "m3")
        server.fail("POST", "Assistance/Ticket", Answer(404), done=True)
        with pytest.raises(Unsure):
            await tracker.create(ticket(reference=OTHER), WHERE)
        assert await tracker.find(OTHER, WHERE) is not None


@on_trio
async def test_a_plain_status_is_tried_where_an_object_is_refused() -> None:
    server = GlpiV2Server()
    server.wants_plain_status = True
    async with glpi(server) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        await tracker.solve(remote, MARK, MARK, aim("1", may_close=True))
        seen = await tracker.see(remote.id)
        assert seen is not None
        assert seen.status == "clos"


@on_trio
async def test_tickets_are_seen_in_the_entity_they_are_in() -> None:
    server = GlpiV2Server()
    place = "Entité racine > CH d'Exemple"
    async with glpi(server) as tracker:
        remote = await tracker.create(ticket(), aim(place))
        assert server.tickets[int(remote.id)].entity == 2
    async with glpi(server) as later:
        await later.check(aim(place))
        assert await later.see(remote.id) is not None
        await later.reopen(remote, MARK, MARK)
        assert await later.has_note(remote, MARK)
        with pytest.raises(Rejected):
            await later.check(aim("a' OR 1==1 \""))
    server.hides_entities = True
    async with glpi(server) as poor:
        assert await poor.find(REFERENCE, aim("2")) is not None
        with pytest.raises(Denied):
            await poor.find(REFERENCE, aim(place))


@on_trio
async def test_mandatory_fields_reject_with_the_text_of_the_server() -> None:
    server = GlpiV2Server()
    server.mandatory = "location"
    async with glpi(server) as tracker:
        with pytest.raises(Rejected, match="obligatoire : location"):
            await tracker.create(ticket(), WHERE)
        fields = {"location": "3", "category": "33"}
        remote = await tracker.create(ticket(), aim("1", fields=fields))
        assert not remote.accepted
        with pytest.raises(Rejected, match="team"):
            await tracker.create(ticket(reference=OTHER), aim("1", fields={"team": "7"}))
    async with glpi(server, {"accepted_categories": "33"}) as tracker:
        found = await tracker.find(REFERENCE, WHERE)
        assert found is not None
        assert found.accepted


@on_trio
async def test_a_listing_of_everything_is_not_believed() -> None:
    server = GlpiV2Server()
    async with glpi(server) as tracker:
        for index in range(60):
            await tracker.create(ticket(reference=f"vigie-{index:024x}"), WHERE)
        server.ignores_filter = True
        assert await tracker.find(REFERENCE, WHERE) is None
        remote = await tracker.create(ticket(), WHERE)
        found = await tracker.find(REFERENCE, WHERE)
        assert found is not None
        assert found.id == remote.id
        row: dict[str, object] = {"id": 1, "status": 1, "external_id": "x"}
        server.fail("GET", "Assistance/Ticket", Answer(206, [row] * 50), times=10**6)
        with pytest.raises(NotDone):
            await tracker.find(REFERENCE, WHERE)


@on_trio
async def test_a_write_turned_into_a_read_is_seen() -> None:
    server = GlpiV2Server()
    async with glpi(server) as tracker:
        server.fail("POST", "Assistance/Ticket", Answer(200, []))
        with pytest.raises(Denied, match="https"):
            await tracker.create(ticket(), WHERE)


@on_trio
async def test_a_dry_run_shows_no_secret_of_the_form() -> None:
    said: list[str] = []
    secrets = {name: Secret(text) for name, text in CLIENT.items()}
    show = Showing(said.append, "https://glpi.example", secrets.values(), None)
    with suppress(Exception):
        await GlpiV2(show, secrets, {}).create(ticket(), WHERE)
    whole = "\n".join(said)
    assert "grant_type=password" in whole
    assert "RDP exposé" in whole
    for secret in CLIENT.values():
        assert quote_plus(secret) not in whole.replace("vigie-", "")
