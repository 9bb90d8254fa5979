"""Tickets in a real Request Tracker."""

import base64
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import trio

from core.secrets import Secret
from reports.exports.rt import Rt
from reports.exports.tracker import Reply, Request, Send, Unsure
from tests.servers.rt import FIELD, QUEUE, RealRt
from tests.vigie.ticketing_lab import Region, inventory, sqlite, telnets, tracker
from vigie.notify.smtp import tls_context
from vigie.ticketing.engine import Follower, Summary
from vigie.ticketing.http import Sender

pytestmark = pytest.mark.real


class Live:
    """A region whose tickets are in the real RT."""

    def __init__(self, rt: RealRt, folder: Path, name: str) -> None:
        self.rt = rt
        self.region = Region(sqlite(folder))
        self.config = tracker(rt.url, place=QUEUE, id=f"rt-{name}")
        self.requests = 0
        self.token = rt.token

    def ids(self) -> list[str]:
        rows = self.region.tickets.rows(self.config.id, "ght-exemple").values()
        return sorted((row.ticket for row in rows if row.ticket), key=int)

    def statuses(self) -> list[str]:
        found = [self.api("GET", f"ticket/{one}").json()["Status"] for one in self.ids()]
        return sorted(found, key=["new", "open", "resolved"].index)

    def follow(
        self,
        *,
        again: Collection[str] = (),
        cut: Callable[[Send], Send] = lambda send: send,
        **options: str,
    ) -> Summary:
        async def once() -> Summary:
            async def address(host: str) -> str:
                return host

            secrets = {"token": Secret(self.token)}
            async with Sender(
                self.config, inventory(self.rt.url), address, tls_context("")
            ) as sender:
                summary = await Follower(
                    self.config,
                    inventory(self.rt.url),
                    Rt(cut(sender), secrets, {"reference_field": FIELD, **options}),
                    self.region.tickets,
                    self.region.lives,
                    now=lambda: self.region.at,
                    settle_s=0,
                    again=again,
                ).run()
            self.requests = sender.sent
            return summary

        return trio.run(once)

    def api(self, method: str, path: str, **values: object) -> httpx.Response:
        return httpx.request(
            method,
            f"{self.rt.url}/REST/2.0/{path}",
            headers={"authorization": f"token {self.rt.token}"},
            json=values or None,
            trust_env=False,
            timeout=30,
        )


@pytest.fixture
def live(rt: RealRt, tmp_path: Path, request: pytest.FixtureRequest) -> Live:
    return Live(rt, tmp_path, request.node.name)


def test_the_life_of_tickets(live: Live) -> None:
    live.region.scan(telnets(3))
    assert live.follow().created == 3
    first = live.requests
    again = live.follow()
    assert (again.same, again.created, live.requests) == (3, 0, 2)
    assert first == 7
    live.region.scan(telnets(2), telnets(1, 2))
    assert live.follow().solved == 1
    assert live.statuses() == ["new", "new", "resolved"]
    live.region.scan(telnets(3))
    assert live.follow().reopened == 1
    assert live.statuses() == ["new", "new", "open"]
    assert live.follow().same == 3


def test_closed_by_hand_is_answered_once_and_deleted_is_told(live: Live) -> None:
    live.region.scan(telnets(2))
    live.follow()
    first, second = live.ids()
    live.api("PUT", f"ticket/{first}", Status="resolved")
    live.api("PUT", f"ticket/{second}", Status="deleted")
    told = live.follow()
    assert (told.noted, len(told.gone)) == (0, 1)
    # RT dates the closing by its own clock: the next measure comes after it.
    live.region.at = datetime.now(UTC) + timedelta(days=1)
    live.region.scan(telnets(2))
    assert live.follow().noted == 1
    live.region.scan(telnets(2))
    told = live.follow()
    assert (told.noted, told.created, len(told.gone)) == (0, 0, 1)
    assert live.follow(again=told.gone).created == 1


def test_accepted_there_is_only_proposed_here(live: Live) -> None:
    live.region.scan(telnets(1))
    live.follow()
    live.api("PUT", f"ticket/{live.ids()[0]}", Status="stalled")
    assert live.follow(accepted_statuses="stalled").proposed == 1
    assert [one.proposed for one in live.region.lives.proposals()] == [True]
    assert live.follow(accepted_statuses="stalled").proposed == 0


def test_the_page_is_there_once_whatever_is_cut(live: Live) -> None:
    live.config = tracker(live.rt.url, place=QUEUE, id=live.config.id, attach=True)
    live.region.scan(telnets(2, 60))
    cut: list[str] = []

    def losing(send: Send) -> Send:
        async def sent(request: Request) -> Reply:
            reply = await send(request)
            if b"Attachments" in request.body and not cut:
                # It was done, and nobody was told.
                cut.append(request.path)
                raise Unsure("timeout")
            return reply

        return sent

    told = live.follow(cut=losing)
    assert (told.created, told.attached, told.left) == (2, 1, [])
    assert live.follow().attached == 0
    references = live.region.tickets.rows(live.config.id, "ght-exemple")
    for reference, row in references.items():
        listed = live.api("GET", f"ticket/{row.ticket}/attachments?fields=Filename,ContentType")
        named = [one for one in listed.json()["items"] if one["Filename"]]
        kinds = [(one["Filename"], one["ContentType"]) for one in named]
        assert kinds == [(f"{reference}.html", "text/html")]
        content = live.api("GET", f"attachment/{named[0]['id']}").json()["Content"]
        page = base64.b64decode(content)
        assert page.startswith(b"<!doctype html>")
        assert b"TLP:AMBER+STRICT" in page
    live.region.scan(telnets(3, 60))
    assert live.follow().attached == 1


def test_a_wrong_token_is_denied(live: Live) -> None:
    live.region.scan(telnets(1))
    live.token = "1-14-0000"
    told = live.follow()
    assert told.denied
    assert live.ids() == []


def test_an_unknown_queue_leaves_its_tickets(live: Live) -> None:
    live.config = tracker(live.rt.url, place="Absente", id="rt-absente")
    live.region.scan(telnets(1))
    told = live.follow()
    assert "Absente" in told.left[0].why
    assert told.created == 0
