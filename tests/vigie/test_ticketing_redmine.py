"""Tickets in a real Redmine."""

from pathlib import Path

import httpx
import pytest
import trio

from core.secrets import Secret
from reports.exports.redmine import Redmine
from reports.exports.tracker import Reply, Request, Send, Unsure
from tests.servers.redmine import PROJECT, RealRedmine
from tests.vigie.ticketing_lab import Region, inventory, sqlite, telnets, tracker
from vigie.notify.smtp import tls_context
from vigie.ticketing.engine import Follower, Summary
from vigie.ticketing.http import Sender

pytestmark = pytest.mark.real


def test_the_life_of_tickets(redmine: RealRedmine, tmp_path: Path) -> None:
    region = Region(sqlite(tmp_path))
    config = tracker(redmine.url, kind="redmine", place=PROJECT, attach=True)
    cut: list[str] = []

    def losing(send: Send) -> Send:
        async def sent(request: Request) -> Reply:
            reply = await send(request)
            if b'"uploads"' in request.body and not cut:
                # It was done, and nobody was told.
                cut.append(request.path)
                raise Unsure("timeout")
            return reply

        return sent

    requests: list[int] = []

    def follow(key: str = redmine.api_key) -> Summary:
        async def once() -> Summary:
            async def address(host: str) -> str:
                return host

            secrets = {"api_key": Secret(key)}
            async with Sender(config, inventory(redmine.url), address, tls_context("")) as sender:
                told = await Follower(
                    config,
                    inventory(redmine.url),
                    Redmine(losing(sender), secrets, {"reference_field": redmine.field}),
                    region.tickets,
                    region.lives,
                    now=lambda: region.at,
                    settle_s=0,
                ).run()
            requests.append(sender.sent)
            return told

        return trio.run(once)

    key = {"x-redmine-api-key": redmine.api_key}

    def states() -> list[str]:
        found = httpx.get(
            f"{redmine.url}/issues.json?status_id=*&sort=id",
            headers=key,
            trust_env=False,
        ).json()["issues"]
        return sorted(one["status"]["name"] for one in found)

    def files() -> dict[str, bytes]:
        there: dict[str, bytes] = {}
        for row in region.tickets.rows(config.id, "ght-exemple").values():
            asked = f"{redmine.url}/issues/{row.ticket}.json?include=attachments"
            (held,) = httpx.get(asked, headers=key, trust_env=False).json()["issue"]["attachments"]
            content = httpx.get(held["content_url"], headers=key, trust_env=False).content
            there[held["filename"]] = content
        return there

    region.scan(telnets(3))
    assert follow("0" * 40).denied
    assert states() == []
    first = follow()
    assert (first.created, first.attached, first.left) == (3, 2, [])
    assert len(cut) == 1
    again = follow()
    assert (again.same, again.created, requests[-1]) == (3, 0, 5)
    pages = files()
    references = region.tickets.rows(config.id, "ght-exemple")
    assert sorted(pages) == sorted(f"{reference}.html" for reference in references)
    assert all(page.startswith(b"<!doctype html>") for page in pages.values())
    region.scan(telnets(2), telnets(1, 2))
    assert follow().solved == 1
    assert states() == ["Fermé", "Nouveau", "Nouveau"]
    region.scan(telnets(3))
    assert follow().reopened == 1
    assert states() == ["Nouveau"] * 3
    assert follow().same == 3
    assert files() == pages
    region.store.close()
