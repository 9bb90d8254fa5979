"""Tickets in a real Redmine."""

from pathlib import Path

import httpx
import pytest
import trio

from core.secrets import Secret
from reports.exports.redmine import Redmine
from tests.servers.redmine import PROJECT, RealRedmine
from tests.vigie.ticketing_lab import Region, inventory, sqlite, telnets, tracker
from vigie.notify.smtp import tls_context
from vigie.ticketing.engine import Follower, Summary
from vigie.ticketing.http import Sender

pytestmark = pytest.mark.real


def test_the_life_of_tickets(redmine: RealRedmine, tmp_path: Path) -> None:
    region = Region(sqlite(tmp_path))
    config = tracker(redmine.url, kind="redmine", place=PROJECT)
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
                    Redmine(sender, secrets, {"reference_field": redmine.field}),
                    region.tickets,
                    region.lives,
                    now=lambda: region.at,
                    settle_s=0,
                ).run()
            requests.append(sender.sent)
            return told

        return trio.run(once)

    def states() -> list[str]:
        found = httpx.get(
            f"{redmine.url}/issues.json?status_id=*&sort=id",
            headers={"x-redmine-api-key": redmine.api_key},
            trust_env=False,
        ).json()["issues"]
        return sorted(one["status"]["name"] for one in found)

    region.scan(telnets(3))
    assert follow("0" * 40).denied
    assert states() == []
    assert follow().created == 3
    again = follow()
    assert (again.same, again.created, requests[-1]) == (3, 0, 5)
    region.scan(telnets(2), telnets(1, 2))
    assert follow().solved == 1
    assert states() == ["Fermé", "Nouveau", "Nouveau"]
    region.scan(telnets(3))
    assert follow().reopened == 1
    assert states() == ["Nouveau"] * 3
    assert follow().same == 3
    region.store.close()
