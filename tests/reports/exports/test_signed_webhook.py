"""Tickets by webhook, judged by a receiver that shares no code with what signs."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from core.secrets import Secret
from reports.exports import signed_webhook
from reports.exports.signed_webhook import SignedWebhook
from reports.exports.tracker import Denied, NotDone, Rejected, Reply, Request, Unsure
from tests.on_trio import on_trio
from tests.reports.exports.ticketing import HOSTILE, MARK, OTHER, REFERENCE, aim, ticket
from tests.servers.tickets_hook import Receiver

KEY = "clé partagée"
WHERE = aim("Sécurité", priorities={"high": "P2"}, fields={"site": "CHU"}, may_close=True)


class Wire:
    """What carries posts to the receiver, and may lose an answer."""

    def __init__(self, key: str = KEY) -> None:
        self.receiver = Receiver(key.encode())
        self.requests: list[Request] = []
        self.loses = False
        self.answer: Reply | None = None

    async def send(self, request: Request) -> Reply:
        self.requests.append(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        status = self.receiver.take(headers, request.body)
        if self.loses:
            raise Unsure("timeout")
        return self.answer or Reply(status=status)


def hook(wire: Wire, key: str = KEY) -> SignedWebhook:
    return SignedWebhook(wire.send, {"key": Secret(key)}, {})


@on_trio
async def test_each_event_is_believed_and_tells_what_is_promised() -> None:
    wire = Wire()
    tracker = hook(wire)
    await tracker.check(WHERE)
    assert wire.requests == []
    remote = await tracker.create(ticket(), WHERE)
    assert (remote.id, remote.reference, remote.is_open) == (REFERENCE, REFERENCE, True)
    await tracker.update(remote, ticket("Changé"), WHERE)
    await tracker.note(remote, "Toujours vu.", f"{MARK}a")
    await tracker.solve(remote, "Corrigé.", f"{MARK}b", WHERE)
    await tracker.reopen(remote, "De nouveau vu.", f"{MARK}c")
    assert wire.receiver.refused == []
    events = list(wire.receiver.done.values())
    assert [one["event"] for one in events] == ["create", "update", "note", "solve", "reopen"]
    assert {one["reference"] for one in events} == {REFERENCE}
    assert {one["schema"] for one in events} == {"vigie.ticket/1"}
    first = events[0]
    assert (first["place"], first["priority"], first["fields"]) == (
        "Sécurité",
        "P2",
        {"site": "CHU"},
    )
    assert first["due_on"] == "2026-12-31"
    assert first["findings"][0]["evidence"] == ["bannière : RDP exposé"]
    assert events[3]["may_close"]
    assert all(request.changes and request.path == "" for request in wire.requests)


@on_trio
async def test_what_was_changed_on_its_way_or_signed_by_another_is_not_believed() -> None:
    wire = Wire()
    await hook(wire).create(ticket(), WHERE)
    headers, body = wire.receiver.posts[0]
    later = {**headers, "vigie-timestamp": str(int(headers["vigie-timestamp"]) + 1)}
    for changed, content in (
        (headers, body.replace(b"RDP", b"rdp")),
        (headers, body + b" "),
        (later, body),
        ({**headers, "vigie-signature": headers["vigie-signature"][3:]}, body),
        ({**headers, "vigie-signature": "v1="}, body),
    ):
        assert wire.receiver.fault(changed, content) == "signature"
    assert wire.receiver.fault({**headers, "vigie-timestamp": ""}, body) == "timestamp"
    with pytest.raises(Denied):
        await hook(wire, "autre clé").create(ticket(reference=OTHER), WHERE)
    assert wire.receiver.refused == ["signature"]
    assert len(wire.receiver.done) == 1


@on_trio
async def test_what_is_played_again_later_is_not_believed() -> None:
    wire = Wire()
    before = int(datetime.now(UTC).timestamp())
    await hook(wire).create(ticket(), WHERE)
    headers, body = wire.receiver.posts[0]
    stamp = int(headers["vigie-timestamp"])
    assert before <= stamp <= datetime.now(UTC).timestamp()
    assert headers["vigie-timestamp"] == str(stamp)
    assert wire.receiver.fault(headers, body) == ""
    for ahead_s in (400, -400):
        wire.receiver.clock_s = ahead_s
        assert wire.receiver.fault(headers, body) == "replay"


@on_trio
async def test_sent_again_it_is_signed_anew_and_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire()
    tracker = hook(wire)
    wire.loses = True
    with pytest.raises(NotDone):
        await tracker.create(ticket(), WHERE)
    wire.loses = False
    # A receiver whose clock went on: only a new timestamp is believed.
    wire.receiver.clock_s = 1_000

    class Later:
        @staticmethod
        def now(zone: tzinfo) -> datetime:
            return datetime.now(zone) + timedelta(seconds=1_000)

    monkeypatch.setattr(signed_webhook, "datetime", Later)
    await tracker.create(ticket(), WHERE)
    first, second = wire.requests
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.headers["vigie-signature"] != second.headers["vigie-signature"]
    assert wire.receiver.refused == []
    assert len(wire.receiver.done) == 1


@on_trio
async def test_keys_tell_events_apart() -> None:
    wire = Wire()
    tracker = hook(wire)
    remote = await tracker.create(ticket(), WHERE)
    await tracker.create(ticket(reference=OTHER), WHERE)
    for title in ("Un", "Deux", "Un"):
        await tracker.update(remote, ticket(title), WHERE)
    for mark in (f"{MARK}1", f"{MARK}12", f"{MARK}1"):
        await tracker.note(remote, "Vu.", mark)
    assert len(wire.requests) == 8
    # What came back to what it was is news; a note is the same as long as its mark is.
    titles = [one["title"] for one in wire.receiver.done.values() if one["event"] == "update"]
    assert titles == ["Un", "Deux", "Un"]
    assert len(wire.receiver.done) == 7


@pytest.mark.parametrize("text", HOSTILE)
@on_trio
async def test_hostile_text_stays_a_value(text: str) -> None:
    wire = Wire()
    tracker = hook(wire)
    remote = await tracker.create(ticket(text), WHERE)
    await tracker.note(remote, text, MARK)
    assert wire.receiver.refused == []
    assert next(iter(wire.receiver.done)) == f"{REFERENCE}:create"
    for headers, body in wire.receiver.posts:
        assert all(value.isprintable() and value.isascii() for value in headers.values())
        assert isinstance(json.loads(body), dict)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Denied),
        (401, Denied),
        (403, Denied),
        (404, Rejected),
        (413, Rejected),
        (422, Rejected),
        (409, NotDone),
        (429, NotDone),
        (500, NotDone),
        (503, NotDone),
    ],
)
@on_trio
async def test_every_status_is_told_apart_and_none_leaves_a_doubt(
    status: int, kind: type[Exception]
) -> None:
    wire = Wire()
    wire.answer = Reply(status=status, headers={"retry-after": "17"}, body=b"oups \x1b[31m")
    with pytest.raises(kind) as caught:
        await hook(wire).create(ticket(), WHERE)
    assert KEY not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    if status == 429:
        assert isinstance(caught.value, NotDone)
        assert caught.value.after_s == 17


@on_trio
async def test_nothing_is_read_back_and_no_page_is_taken() -> None:
    wire = Wire()
    tracker = hook(wire)
    remote = await tracker.see(REFERENCE)
    assert remote is not None
    assert remote.is_open
    seen: Mapping[str, object] = await tracker.see_many([REFERENCE, OTHER], WHERE)
    assert list(seen) == [REFERENCE, OTHER]
    assert await tracker.find(REFERENCE, WHERE) is None
    assert not await tracker.has_note(remote, MARK)
    assert not await tracker.attach(remote, ticket(page=b"x"), WHERE)
    assert wire.requests == []


def test_without_a_key_nobody_is_asked() -> None:
    wire = Wire()
    with pytest.raises(Denied, match="key"):
        SignedWebhook(wire.send, {}, {})
