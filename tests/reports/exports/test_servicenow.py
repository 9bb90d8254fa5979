"""ServiceNow: what it ignores without a word, what it computes, what its rules refuse."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from core.model import Criticality
from core.secrets import Secret
from reports.exports.servicenow import ServiceNow
from reports.exports.tracker import Denied, NotDone, Rejected
from tests.on_trio import on_trio
from tests.reports.exports.ticketing import MARK, OTHER, REFERENCE, aim, ticket
from tests.servers.servicenow import CHU, PASSWORD, TOKEN, USERNAME, ServiceNowServer
from tests.servers.tickets import Answer, serving

WHERE = aim(CHU)


@asynccontextmanager
async def servicenow(
    server: ServiceNowServer, options: Mapping[str, str] | None = None
) -> AsyncGenerator[ServiceNow]:
    """Give an exporter to an instance."""
    async with serving(server) as send:
        secrets = {"username": Secret(USERNAME), "password": Secret(PASSWORD)}
        yield ServiceNow(send, secrets, options or {})


@on_trio
async def test_a_bearer_token_works_too() -> None:
    server = ServiceNowServer()
    async with serving(server) as send:
        await ServiceNow(send, {"token": Secret(TOKEN)}, {}).check(WHERE)


@on_trio
async def test_an_ignored_filter_is_never_an_absence() -> None:
    server = ServiceNowServer()
    async with servicenow(server) as tracker:
        await tracker.create(ticket(reference=OTHER), WHERE)
        server.hides.add("correlation_id")
        with pytest.raises(Denied, match="correlation_id"):
            await tracker.find(REFERENCE, WHERE)
        with pytest.raises(Denied, match="correlation_id"):
            await tracker.check(WHERE)
        with pytest.raises(Rejected, match=r"INC.*correlation_id"):
            await tracker.create(ticket(), WHERE)


@on_trio
async def test_conditions_are_not_injected() -> None:
    server = ServiceNowServer()
    async with servicenow(server) as tracker:
        for place in ("x^NQnameISNOTEMPTY", "", "CHU", "CHU d'Exemple^ORname=CH Exemple"):
            with pytest.raises(Rejected):
                await tracker.check(aim(place))
        with pytest.raises(Rejected):
            await tracker.find(f"{REFERENCE}^ORactive=true", WHERE)
        for bad in ("../../x", "a" * 31, "A" * 32):
            with pytest.raises(Rejected):
                await tracker.see(bad)


@on_trio
async def test_criticality_gives_impact_and_urgency_never_a_priority() -> None:
    server = ServiceNowServer()
    async with servicenow(server) as tracker:
        for index, (criticality, priority) in enumerate(
            zip(Criticality, ("5", "4", "3", "2", "1"), strict=True)
        ):
            reference = f"vigie-{index:024x}"
            remote = await tracker.create(
                ticket(reference=reference, criticality=criticality), WHERE
            )
            assert server.incidents[remote.id]["priority"] == priority
        own = aim(CHU, priorities={"high": "3/1"}, fields={"category": "security"})
        remote = await tracker.create(ticket(), own)
        held = server.incidents[remote.id]
        assert (held["priority"], held["category"], held["company"]) == ("3", "security", CHU)
        assert held["due_date"] == "2026-12-31 23:59:59"
        for wrong in ({"priorities": {"high": "5"}}, {"fields": {"priority": "1"}}):
            with pytest.raises(Rejected):
                await tracker.create(ticket(reference=OTHER), aim(CHU, **wrong))


@on_trio
async def test_what_a_rule_aborts_is_rejected_with_its_name() -> None:
    server = ServiceNowServer()
    async with servicenow(server) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        server.rule = "Champs obligatoires"
        with pytest.raises(Rejected, match="Champs obligatoires"):
            await tracker.reopen(remote, MARK, MARK)
        with pytest.raises(Rejected, match="Champs obligatoires"):
            await tracker.create(ticket(reference=OTHER), WHERE)


@on_trio
async def test_a_partial_answer_is_never_an_absence() -> None:
    server = ServiceNowServer()
    async with servicenow(server) as tracker:
        slow: dict[str, object] = {
            "result": [],
            "error": {"message": "Transaction cancelled: maximum execution time exceeded"},
        }
        server.fail("GET", "table/incident", Answer(200, slow))
        with pytest.raises(NotDone, match="maximum execution"):
            await tracker.find(REFERENCE, WHERE)
        server.fail("GET", "table/incident", Answer(200, b"<html>Instance Hibernating</html>"))
        with pytest.raises(NotDone):
            await tracker.find(REFERENCE, WHERE)


@on_trio
async def test_files_of_others_are_no_answer() -> None:
    server = ServiceNowServer()
    async with servicenow(server) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        server.files.append(("c" * 32, "vigie-autre.html", b""))
        assert not await tracker.has_page(remote, ticket().page_name)
        server.hides = {"file_name"}
        with pytest.raises(Rejected, match="filtre"):
            await tracker.has_page(remote, ticket().page_name)


@on_trio
async def test_states_and_codes_have_the_names_of_the_instance() -> None:
    server = ServiceNowServer()
    options = {
        "close_code": "Corrigé",
        "accepted_close_codes": "Risque accepté",
        "accepted_states": "8",
        "web": "https://chu.service-now.example",
    }
    async with servicenow(server, options) as tracker:
        remote = await tracker.create(ticket(), WHERE)
        assert remote.status == "Nouveau"
        assert remote.url == f"https://chu.service-now.example/incident.do?sys_id={remote.id}"
        await tracker.solve(remote, MARK, MARK, aim(CHU, may_close=True))
        held = server.incidents[remote.id]
        assert (held["state"], held["close_code"]) == ("7", "Corrigé")
        for change, accepted in (
            ({"close_code": "Risque accepté"}, True),
            ({"close_code": "Corrigé"}, False),
            ({"state": "8"}, True),
        ):
            held |= change
            seen = await tracker.see(remote.id)
            assert seen is not None
            assert (seen.accepted, seen.is_open) == (accepted, False)
            assert seen.closed_at == datetime(2026, 11, 20, 8, tzinfo=UTC)


@on_trio
async def test_code_tags_stay_dead() -> None:
    server = ServiceNowServer()
    async with servicenow(server) as tracker:
        hostile = "[code]<b>x</b>[/code] [ CODE ] [Code]" + "[code]" * 40
        remote = await tracker.create(ticket(hostile), WHERE)
        await tracker.note(remote, f"{hostile} {MARK}", MARK)
        held = server.incidents[remote.id]
        for text in (held["short_description"], held["description"], server.journal[remote.id][0]):
            assert "[code]" not in text.lower()
            assert "[/code]" not in text.lower()
