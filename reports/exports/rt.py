"""Tickets in Request Tracker 5, by REST2.

A place is a queue. The reference stands at the end of the subject, and in the custom field that the
option ``reference_field`` names, which keeps it when people reword the subject. Options: ``user``
(with the secret ``password``; else the secret ``token``), ``reference_field``, ``solved_status``
(``resolved``), ``open_status`` (``open``), ``accepted_statuses`` (comma separated), ``language``.
"""

import base64
import html
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

import msgspec

from core.model import Criticality, Wording
from core.secrets import Secret
from reports.exports._body import Part, parts, plain_lines, title_of
from reports.exports._replies import Read, decoded, failure, language_of, listed, shown
from reports.exports.tracker import (
    Aim,
    Denied,
    Rejected,
    Remote,
    Reply,
    Request,
    Send,
    Ticket,
)

_TITLE_LIMIT = 200
"""The column of RT."""
_CONTENT_LIMIT = 60_000
_PAGE = 100
_MOST_PAGES = 50
_SEEN = "Subject,Status,Resolved"
_PRIORITIES: Mapping[Criticality, int] = {
    Criticality.CRITICAL: 90,
    Criticality.HIGH: 70,
    Criticality.MEDIUM: 40,
    Criticality.LOW: 20,
    Criticality.INFO: 0,
}
_CLOSED = frozenset({"resolved", "rejected", "deleted", "closed", "abandoned"})
_OURS = frozenset({"queue", "subject", "content", "contenttype", "priority", "due", "status"})
_REFERENCE = re.compile(r"vigie-[0-9a-f]{24}")

_NO_CREDENTIALS = Wording(
    "il manque le secret « token », ou l'option « user » et le secret « password »",
    "the secret “token” is missing, or the option “user” and the secret “password”",
)
_NO_QUEUE = Wording(
    "la file « {queue} » n'existe pas dans RT, ou ce compte ne la voit pas",
    "the queue “{queue}” does not exist in RT, or this account does not see it",
)
_NO_FIELD = Wording(
    "le champ personnalisé « {field} » n'est pas appliqué à la file « {queue} »",
    "the custom field “{field}” is not applied to the queue “{queue}”",
)
_OUR_FIELD = Wording(
    "« {field} » est écrit par Vigie : le retirer de « fields »",
    "“{field}” is written by Vigie: take it out of “fields”",
)
_NOT_TAKEN = Wording(
    "RT n'a pas pris la modification du ticket {ticket} : {said}",
    "RT did not take the change of ticket {ticket}: {said}",
)
_SEVERAL = Wording(
    "{count} tickets portent la référence {reference} ; n'en garder qu'un",
    "{count} tickets bear the reference {reference}; keep one",
)


class _Value(msgspec.Struct):
    name: str = ""
    values: list[str | None] = []


_Id = int | Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,18}\Z")]


class _Row(msgspec.Struct, rename={"subject": "Subject", "status": "Status"}):
    id: _Id
    subject: str | None = ""
    status: str = ""
    resolved: str | None = msgspec.field(default="", name="Resolved")
    priority: int | str | None = msgspec.field(default=None, name="Priority")
    fields: tuple[_Value, ...] | dict[str, object] | str = msgspec.field(
        default=(), name="CustomFields"
    )


class _Rows(msgspec.Struct):
    items: list[_Row]


class _Created(msgspec.Struct):
    id: _Id


class _Attachment(msgspec.Struct):
    subject: str | None = msgspec.field(default="", name="Subject")
    filename: str | None = msgspec.field(default="", name="Filename")


class _Attachments(msgspec.Struct):
    items: list[_Attachment]


class _Named(msgspec.Struct):
    name: str = ""


class _Queue(msgspec.Struct):
    fields: tuple[_Named, ...] = msgspec.field(default=(), name="TicketCustomFields")


class _Said(msgspec.Struct):
    message: str = ""


class Rt:
    """One RT."""

    def __init__(
        self, send: Send, secrets: Mapping[str, Secret], options: Mapping[str, str]
    ) -> None:
        self._send = send
        self._to = language_of(options)
        self._authorization = _authorization(secrets, options)
        self._field = options.get("reference_field", "")
        self._solved = options.get("solved_status", "resolved")
        self._open = options.get("open_status", "open")
        self._accepted = listed(options.get("accepted_statuses", ""))
        self._closed = _CLOSED | {self._solved} | self._accepted

    async def check(self, aim: Aim) -> None:
        """Read the queue, and make sure that the custom field is there."""
        request = self._read(f"queue/{quote(aim.place, safe='')}")
        reply = await self._send(request)
        if reply.status == 404:
            raise Rejected(_NO_QUEUE.say(self._to, {"queue": aim.place}))
        queue = self._decoded(reply, _Queue)
        if self._field and self._field not in {one.name for one in queue.fields}:
            raise Rejected(_NO_FIELD.say(self._to, {"field": self._field, "queue": aim.place}))

    async def find(self, reference: str, aim: Aim) -> Remote | None:
        """Search all queues: people move tickets."""
        condition = f"Subject LIKE {_quoted(reference)}"
        if self._field:
            condition += f" OR CF.{{{self._field}}} = {_quoted(reference)}"
        rows = await self._search(condition)
        found = [one for one in map(self._remote, rows) if one.reference == reference]
        if len(found) > 1:
            told = {"count": str(len(found)), "reference": reference}
            raise Rejected(_SEVERAL.say(self._to, told))
        return found[0] if found else None

    async def see(self, ticket: str) -> Remote | None:
        """Read one ticket; a deleted one is gone."""
        reply = await self._send(self._read(f"ticket/{quote(ticket, safe='')}"))
        if reply.status == 404:
            return None
        row = self._decoded(reply, _Row)
        return None if row.status == "deleted" else self._remote(row)

    async def see_many(self, tickets: Sequence[str], aim: Aim) -> Mapping[str, Remote]:
        """Search by ids, a hundred at a time."""
        found: dict[str, Remote] = {}
        known = [one for one in tickets if one.isdecimal()]
        for start in range(0, len(known), _PAGE):
            ids = known[start : start + _PAGE]
            for row in await self._search(" OR ".join(f"id = {one}" for one in ids)):
                remote = self._remote(row)
                found[remote.id] = remote
        return found

    async def create(self, ticket: Ticket, aim: Aim) -> Remote:
        """Create it. RT drops a field that is not applied without a word: hence the subject."""
        values = self._values(ticket, aim)
        content = "".join(_html(part) for part in parts(ticket, most_characters=_CONTENT_LIMIT))
        values |= {"Queue": aim.place, "Content": content, "ContentType": "text/html"}
        if self._field:
            fields = values.setdefault("CustomFields", {})
            assert isinstance(fields, dict)
            fields[self._field] = ticket.reference
        reply = await self._send(self._change("POST", "ticket", values))
        created = str(self._decoded(reply, _Created, changes=True).id)
        return Remote(
            id=created,
            url=_page_of(created),
            is_open=True,
            status="new",
            reference=ticket.reference,
        )

    async def update(self, remote: Remote, ticket: Ticket, aim: Aim) -> None:
        """Write subject, priority and due date, then read the subject back: RT answers 200 to what
        it refuses.
        """
        values = self._values(ticket, aim)
        path = f"ticket/{remote.id}"
        reply = await self._send(self._change("PUT", path, values))
        said = self._decoded(reply, list[str | None], changes=True)
        kept = self._decoded(await self._send(self._read(path)), _Row)
        if kept.subject != values["Subject"]:
            raise Rejected(self._not_taken(remote, said))

    async def has_note(self, remote: Remote, mark: str) -> bool:
        """Look for it in the subjects of what was written there."""
        return await self._has(remote, lambda one: mark in (one.subject or ""))

    async def has_page(self, remote: Remote, name: str) -> bool:
        """Look for the file among the attachments."""
        return await self._has(remote, lambda one: one.filename == name)

    async def attach(self, remote: Remote, ticket: Ticket, aim: Aim) -> bool:
        """Attach it to a comment: correspondence would be mailed to the requestor."""
        page = {
            "FileName": ticket.page_name,
            "FileType": "text/html",
            "FileContent": base64.b64encode(ticket.page).decode(),
        }
        values = {
            "Subject": ticket.page_name,
            "Content": ticket.page_name,
            "ContentType": "text/plain",
            "Attachments": [page],
        }
        reply = await self._send(self._change("POST", f"ticket/{remote.id}/comment", values))
        self._decoded(reply, list[str | None], changes=True)
        return True

    async def _has(self, remote: Remote, is_it: Callable[[_Attachment], bool]) -> bool:
        """Look through what was written there, newest first."""
        for page in range(1, _MOST_PAGES + 1):
            query = (
                ("fields", "Subject,Filename"),
                ("per_page", str(_PAGE)),
                ("page", str(page)),
                ("orderby", "id"),
                ("order", "DESC"),
            )
            reply = await self._send(self._read(f"ticket/{remote.id}/attachments", query))
            items = self._decoded(reply, _Attachments).items
            if any(is_it(one) for one in items):
                return True
            if len(items) < _PAGE:
                break
        return False

    async def note(self, remote: Remote, text: str, mark: str) -> None:
        """Add a comment: correspondence would be mailed to the requestor at once."""
        await self._comment(remote, text, mark)

    async def solve(self, remote: Remote, text: str, mark: str, aim: Aim) -> None:
        """Comment and resolve in one request."""
        await self._comment(remote, text, mark, self._solved if aim.may_close else "")

    async def reopen(self, remote: Remote, text: str, mark: str) -> None:
        """Comment and open in one request."""
        await self._comment(remote, text, mark, self._open)

    async def _comment(self, remote: Remote, text: str, mark: str, status: str = "") -> None:
        lines = "".join(f"<p>{html.escape(one)}</p>" for one in plain_lines(text, self._to) if one)
        values = {
            "Subject": f"Vigie {mark}",
            "Content": f"{lines}<p>{mark}</p>",
            "ContentType": "text/html",
        }
        if status and status != remote.status:
            values["Status"] = status
        reply = await self._send(self._change("POST", f"ticket/{remote.id}/comment", values))
        said = self._decoded(reply, list[str | None], changes=True)
        if "Status" in values:
            now = await self.see(remote.id)
            if now is None or now.status != status:
                raise Rejected(self._not_taken(remote, said))

    def _not_taken(self, remote: Remote, said: Sequence[str | None]) -> str:
        text = shown(" ; ".join(one for one in said if one), self._to)
        return _NOT_TAKEN.say(self._to, {"ticket": remote.id, "said": text})

    def _values(self, ticket: Ticket, aim: Aim) -> dict[str, object]:
        tag = f"[{ticket.reference}]"
        told = aim.priorities.get(ticket.criticality.value)
        values: dict[str, object] = {
            "Subject": title_of(ticket, most_characters=_TITLE_LIMIT, tag=tag),
            "Priority": _PRIORITIES[ticket.criticality] if told is None else _number(told),
        }
        if ticket.due_on:
            values["Due"] = f"{ticket.due_on} 00:00:00"
        fields: dict[str, object] = {}
        for name, value in aim.fields.items():
            if name.lower() in _OURS:
                raise Rejected(_OUR_FIELD.say(self._to, {"field": name}))
            if name.startswith("CF."):
                fields[name.removeprefix("CF.").strip("{}")] = value
            else:
                values[name] = value
        if fields:
            values["CustomFields"] = fields
        return values

    async def _search(self, condition: str) -> list[_Row]:
        query = (
            ("query", condition),
            ("fields", f"{_SEEN},CustomFields" if self._field else _SEEN),
            ("per_page", str(_PAGE)),
        )
        reply = await self._send(self._read("tickets", query))
        return self._decoded(reply, _Rows).items

    def _remote(self, row: _Row) -> Remote:
        reference = _REFERENCE.search(row.subject or "")
        told = (reference[0] if reference else "") or self._in_field(row)
        ticket = str(row.id)
        return Remote(
            id=ticket,
            url=_page_of(ticket),
            is_open=row.status not in self._closed,
            status=row.status,
            accepted=row.status in self._accepted,
            closed_at=_moment(row.resolved or ""),
            reference=told,
        )

    def _in_field(self, row: _Row) -> str:
        if not isinstance(row.fields, tuple):
            return ""
        for one in row.fields:
            if one.name == self._field:
                return next((value for value in one.values if value), "")
        return ""

    def _read(self, path: str, query: tuple[tuple[str, str], ...] = ()) -> Request:
        return Request(
            method="GET", path=f"REST/2.0/{path}", query=query, headers=self._authorization
        )

    def _change(self, method: str, path: str, values: Mapping[str, object]) -> Request:
        return Request(
            method=method,
            path=f"REST/2.0/{path}",
            headers={**self._authorization, "content-type": "application/json"},
            body=msgspec.json.encode(values),
            changes=True,
        )

    def _decoded(self, reply: Reply, kind: type[Read], *, changes: bool = False) -> Read:
        """Give the body of a success; raises what another status means."""
        if reply.status not in {200, 201}:
            raise failure(reply, _said(reply), changes=changes, language=self._to)
        return decoded(reply, kind, changes=changes, language=self._to)


def _authorization(secrets: Mapping[str, Secret], options: Mapping[str, str]) -> dict[str, str]:
    if "token" in secrets:
        return {"authorization": f"token {secrets['token'].reveal()}"}
    if "password" in secrets and options.get("user"):
        pair = f"{options['user']}:{secrets['password'].reveal()}".encode()
        return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
    raise Denied(_NO_CREDENTIALS.say(language_of(options)))


def _said(reply: Reply) -> str:
    try:
        return msgspec.json.decode(reply.body, type=_Said).message
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def _html(part: Part) -> str:
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in part.lines)
    return f"<p><strong>{html.escape(part.heading)}</strong></p><ul>{lines}</ul>"


def _quoted(text: str) -> str:
    """Give a value of TicketSQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _number(told: str) -> int | str:
    """Give a priority: a number, or a name of RT 5."""
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 10 else told


def _page_of(ticket: str) -> str:
    return f"Ticket/Display.html?id={ticket}"


def _moment(text: str) -> datetime | None:
    """Give when it was resolved; RT writes 1970 for never."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment if moment.year > 1970 else None
