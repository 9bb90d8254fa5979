"""Tickets told to a program of the operator's, by signed posts; nothing is read back.

Who receives them checks ``Vigie-Signature`` (``v1=`` and the hexadecimal HMAC-SHA256, under the
secret ``key``, of ``Vigie-Timestamp``, a dot and the body) and forgets what bears an
``Idempotency-Key`` seen before: what is unsure is simply sent again.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from core.model import Wording
from core.results import Finding
from core.secrets import Secret
from reports.exports._replies import failure, language_of
from reports.exports.tracker import Aim, Denied, NotDone, Remote, Request, Send, Ticket, Unsure

_NO_KEY = Wording("il manque le secret « key »", "the secret “key” is missing")


class Event(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag="vigie.ticket/1",
    tag_field="schema",
):
    """What is posted."""

    event: str
    """``create``, ``update``, ``note``, ``solve`` or ``reopen``."""
    reference: str
    place: str = ""
    establishment: str = ""
    title: str = ""
    criticality: str = ""
    priority: str = ""
    due_on: str = ""
    fields: Mapping[str, str] = {}
    findings: tuple[Finding, ...] = ()
    text: str = ""
    may_close: bool = False


class SignedWebhook:
    """One address. A ticket's id there is its reference."""

    def __init__(
        self, send: Send, secrets: Mapping[str, Secret], options: Mapping[str, str]
    ) -> None:
        self._send = send
        self._to = language_of(options)
        if "key" not in secrets:
            raise Denied(_NO_KEY.say(self._to))
        self._key = secrets["key"]

    async def check(self, aim: Aim) -> None:
        """Ask nothing: there is nothing to read."""

    async def find(self, reference: str, aim: Aim) -> Remote | None:
        """Know of none: a second creation is forgotten there."""
        return None

    async def see(self, ticket: str) -> Remote | None:
        """Take it to be there, open."""
        return _remote(ticket)

    async def see_many(self, tickets: Sequence[str], aim: Aim) -> Mapping[str, Remote]:
        """Take them to be there, open."""
        return {one: _remote(one) for one in tickets}

    async def create(self, ticket: Ticket, aim: Aim) -> Remote:
        """Post all that is known of it."""
        await self._post(_whole("create", ticket, aim), f"{ticket.reference}:create")
        return _remote(ticket.reference)

    async def update(self, remote: Remote, ticket: Ticket, aim: Aim) -> None:
        """Post it again, whole: a key of its own each time, as it may be as it was before."""
        at = datetime.now(UTC).isoformat()
        await self._post(_whole("update", ticket, aim), f"{ticket.reference}:update:{at}")

    async def has_note(self, remote: Remote, mark: str) -> bool:
        """Never know: the same mark is forgotten there."""
        return False

    async def note(self, remote: Remote, text: str, mark: str) -> None:
        """Post a follow-up."""
        await self._post(Event(event="note", reference=remote.reference, text=text), mark)

    async def has_page(self, remote: Remote, name: str) -> bool:
        """Never: what is posted holds the findings whole."""
        return False

    async def attach(self, remote: Remote, ticket: Ticket, aim: Aim) -> bool:
        """Take no page: what is posted holds the findings whole."""
        return False

    async def solve(self, remote: Remote, text: str, mark: str, aim: Aim) -> None:
        """Post that all is fixed."""
        event = Event(event="solve", reference=remote.reference, text=text, may_close=aim.may_close)
        await self._post(event, mark)

    async def reopen(self, remote: Remote, text: str, mark: str) -> None:
        """Post that it is back."""
        await self._post(Event(event="reopen", reference=remote.reference, text=text), mark)

    async def _post(self, event: Event, key: str) -> None:
        body = msgspec.json.encode(event)
        timestamp = str(int(datetime.now(UTC).timestamp()))
        signed = hmac.new(
            self._key.reveal().encode(), f"{timestamp}.".encode() + body, hashlib.sha256
        )
        request = Request(
            method="POST",
            path="",
            headers={
                "content-type": "application/json",
                "idempotency-key": key,
                "vigie-timestamp": timestamp,
                "vigie-signature": f"v1={signed.hexdigest()}",
            },
            body=body,
            changes=True,
        )
        try:
            reply = await self._send(request)
        except Unsure as error:
            # Sent twice, it is known by its key.
            raise NotDone(str(error)) from None
        if not 200 <= reply.status < 300:
            raise failure(reply, "", changes=False, language=self._to)


def _remote(reference: str) -> Remote:
    return Remote(id=reference, url="", is_open=True, status="", reference=reference, is_blind=True)


def _whole(event: str, ticket: Ticket, aim: Aim) -> Event:
    return Event(
        event=event,
        reference=ticket.reference,
        place=aim.place,
        establishment=ticket.establishment,
        title=ticket.title,
        criticality=ticket.criticality.value,
        priority=aim.priorities.get(ticket.criticality.value, ""),
        due_on=ticket.due_on,
        fields=aim.fields,
        findings=ticket.findings,
        may_close=aim.may_close,
    )
