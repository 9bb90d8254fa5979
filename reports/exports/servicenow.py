"""Incidents in ServiceNow by its Table API.

After the vendor's « Table API » and « Attachment API » pages. The base is the instance.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from core.model import Criticality, Wording
from core.secrets import Secret
from reports.exports._body import as_text, has_mark, marked, parts, plain_lines, title_of
from reports.exports._replies import (
    decoded,
    failure,
    language_of,
    listed,
    shown,
    turned_into_read,
)
from reports.exports.tracker import (
    Aim,
    Denied,
    NotDone,
    Rejected,
    Remote,
    Reply,
    Request,
    Send,
    Ticket,
)

_PAGE = 50
_TITLE_LIMIT = 160
_TEXT_LIMIT = 4_000
_REFERENCE = re.compile(r"vigie-[0-9a-f]{24}")
_SYS_ID = re.compile(r"[0-9a-f]{32}")
_SCALE = re.compile(r"([1-3])\s*/\s*([1-3])")
_TABLE = re.compile(r"[a-z][a-z0-9_]{0,79}")
_DEFAULT = {
    Criticality.CRITICAL: (1, 1),
    Criticality.HIGH: (1, 2),
    Criticality.MEDIUM: (2, 2),
    Criticality.LOW: (2, 3),
    Criticality.INFO: (3, 3),
}
_OURS = frozenset(
    {
        "sys_id",
        "short_description",
        "description",
        "correlation_id",
        "correlation_display",
        "company",
        "impact",
        "urgency",
        "priority",
        "state",
    }
)
# Journal fields show what stands between [code] and [/code] as HTML.
_CODE = re.compile(r"\[(?=\s*/?\s*code\s*\])", re.IGNORECASE)
_REFUSED_CONTENT = re.compile(r"business rule|data policy|operation failed", re.IGNORECASE)
_NO_CREDENTIALS = Wording(
    "aucun secret « username » et « password », ni « token »",
    "no secrets “username” and “password”, nor “token”",
)
_NO_COMPANY = Wording(
    "société ServiceNow « {value} » inconnue, ou invisible de ce compte : donnez son sys_id, ou "
    "son nom exact",
    "ServiceNow company “{value}” is unknown, or hidden from this account: give its sys_id, or its "
    "exact name",
)
_BAD_SCALE = Wording(
    "priorité « {value} » : écrivez impact/urgence, de 1 à 3, par exemple 1/2",
    "priority “{value}”: write impact/urgency, from 1 to 3, for instance 1/2",
)
_OUR_FIELD = Wording(
    "champ « {value} » : Vigie l'écrit elle-même, ou ServiceNow le calcule ; retirez-le",
    "field “{value}”: Vigie writes it itself, or ServiceNow computes it; remove it",
)
_IGNORED = Wording(
    "ServiceNow rend des incidents d'une autre référence : il ignore le filtre sur "
    "correlation_id. Donnez au compte le droit de lire ce champ",
    "ServiceNow gives incidents of another reference: it ignores the filter on correlation_id. "
    "Give the account the right to read this field",
)
_NOT_KEPT = Wording(
    "l'incident {value} est créé, mais ServiceNow n'a pas gardé correlation_id : donnez au compte "
    "le droit de l'écrire, et renseignez-le sur cet incident ({reference})",
    "incident {value} is created, but ServiceNow did not keep correlation_id: give the account the "
    "right to write it, and fill it in on this incident ({reference})",
)
_FILES_IGNORED = Wording(
    "ServiceNow rend les pièces jointes d'autres fiches : il ignore le filtre de la recherche",
    "ServiceNow gives the attachments of other records: it ignores the filter of the search",
)
_PARTIAL = Wording("réponse incomplète : {why}", "incomplete answer: {why}")

_Decoded = TypeVar("_Decoded")


class _Value(msgspec.Struct, frozen=True):
    value: str | None = ""
    display_value: str | None = ""


class _Row(msgspec.Struct):
    sys_id: _Value
    state: _Value = _Value()
    number: _Value = _Value()
    correlation_id: _Value = _Value()
    close_code: _Value = _Value()
    closed_at: _Value = _Value()


class _Journal(msgspec.Struct):
    work_notes: _Value = _Value()
    close_notes: _Value = _Value()


class _File(msgspec.Struct):
    table_sys_id: str = ""
    file_name: str = ""


class _Company(msgspec.Struct):
    sys_id: _Value
    name: _Value


class _Said(msgspec.Struct):
    message: str | None = ""
    detail: str | None = ""


class _Fault(msgspec.Struct):
    error: _Said | str | None = None


_FIELDS = ",".join(_Row.__struct_fields__)


class ServiceNow:
    """ServiceNow.

    Secrets: ``username`` and ``password``, or ``token`` (bearer). Options: ``web``, ``table``
    (``incident``), ``open_state`` (2), ``resolved_state`` (6), ``closed_state`` (7),
    ``closed_states`` (6,7,8), ``close_code`` (Solution provided), ``accepted_close_codes``,
    ``accepted_states``, ``language``.
    """

    def __init__(
        self, send: Send, secrets: Mapping[str, Secret], options: Mapping[str, str]
    ) -> None:
        self._send = send
        self._secrets = secrets
        self._options = options
        self._language = language_of(options)
        self._companies: dict[str, str] = {}
        self._resolved = options.get("resolved_state", "6")
        self._closed = options.get("closed_state", "7")
        self._ended = listed(options.get("closed_states", "6,7,8")) | {self._closed}

    async def check(self, aim: Aim) -> None:
        """Make sure that the credentials work, that the company is there, that incidents read."""
        await self._company(aim.place)
        if await self._rows("correlation_id=vigie-check", _Row):
            raise Denied(_IGNORED.say(self._language))

    async def find(self, reference: str, aim: Aim) -> Remote | None:
        """Give the incident whose own ``correlation_id`` is the reference.

        A condition on a field that is misspelt, or that the account may not read, is left out by
        ServiceNow, and every incident comes: a row of another reference says so.
        """
        del aim
        # « ^ » joins conditions and knows no sure escape: nothing else than ours is ever asked.
        if not _REFERENCE.fullmatch(reference):
            raise Rejected(shown(reference, self._language))
        rows = await self._rows(f"correlation_id={reference}", _Row)
        if any(row.correlation_id.value != reference for row in rows):
            raise Denied(_IGNORED.say(self._language))
        oldest = min(rows, key=lambda row: row.number.value or "", default=None)
        return self._remote(oldest) if oldest else None

    async def see(self, ticket: str) -> Remote | None:
        """Give an incident by its ``sys_id``; ``None`` when it is gone."""
        row = await self._row(ticket)
        return self._remote(row) if row else None

    async def see_many(self, tickets: Sequence[str], aim: Aim) -> Mapping[str, Remote]:
        """Give many, 50 a request."""
        del aim
        seen: dict[str, Remote] = {}
        for start in range(0, len(tickets), _PAGE):
            ids = [_id(ticket) for ticket in tickets[start : start + _PAGE]]
            for row in await self._rows(f"sys_idIN{','.join(ids)}", _Row):
                if row.sys_id.value in ids:
                    seen[row.sys_id.value] = self._remote(row)
        return seen

    async def create(self, ticket: Ticket, aim: Aim) -> Remote:
        """Create it; the priority is computed there from impact and urgency."""
        for name in aim.fields:
            if name in _OURS:
                raise Rejected(_OUR_FIELD.say(self._language, {"value": name}))
        wanted = {
            **aim.fields,
            **self._structured(ticket, aim),
            "description": self._description(ticket),
            "correlation_id": ticket.reference,
            "correlation_display": "Vigie",
            "company": await self._company(aim.place),
        }
        reply = await self._write("POST", self._path(), wanted)
        if reply.status != 201:
            raise turned_into_read(reply, self._language)
        row = self._result(reply, _Row, changes=True)
        made = _id(row.sys_id.value or "")
        if row.correlation_id.value != ticket.reference:
            values = {"value": row.number.value or made, "reference": ticket.reference}
            raise Rejected(_NOT_KEPT.say(self._language, values))
        return self._remote(row)

    async def update(self, remote: Remote, ticket: Ticket, aim: Aim) -> None:
        """Write title, impact, urgency and due date."""
        await self._write("PATCH", self._path(remote.id), self._structured(ticket, aim))

    async def has_note(self, remote: Remote, mark: str) -> bool:
        """Look for the mark in the work notes and the close notes."""
        query = (
            ("sysparm_display_value", "all"),
            ("sysparm_fields", "work_notes,close_notes"),
        )
        request = Request(method="GET", path=self._path(remote.id), query=query)
        reply = await self._ask(request)
        self._sure(reply)
        told = self._result(reply, _Journal)
        texts = (
            told.work_notes.value,
            told.work_notes.display_value,
            told.close_notes.value,
        )
        return any(has_mark(text or "", mark) for text in texts)

    async def note(self, remote: Remote, text: str, mark: str) -> None:
        """Add a work note."""
        told = self._text(marked(text, mark))
        await self._write("PATCH", self._path(remote.id), {"work_notes": told})

    async def has_page(self, remote: Remote, name: str) -> bool:
        """List the attachments of that name, and believe only what says that it is ours."""
        table, ticket = self._options.get("table", "incident"), _id(remote.id)
        wanted = f"table_name={table}^table_sys_id={ticket}^file_name={name}"
        query = (("sysparm_query", wanted), ("sysparm_limit", str(_PAGE)))
        reply = await self._ask(Request(method="GET", path="api/now/attachment", query=query))
        self._sure(reply)
        found = self._result(reply, list[_File])
        if any((one.table_sys_id, one.file_name) != (ticket, name) for one in found):
            raise Rejected(_FILES_IGNORED.say(self._language))
        return bool(found)

    async def attach(self, remote: Remote, ticket: Ticket, aim: Aim) -> bool:
        """Attach it by the « Attachment API »."""
        query = (
            ("table_name", self._options.get("table", "incident")),
            ("table_sys_id", _id(remote.id)),
            ("file_name", ticket.page_name),
        )
        request = Request(
            method="POST",
            path="api/now/attachment/file",
            query=query,
            headers={"Content-Type": "text/html"},
            body=ticket.page,
            changes=True,
        )
        self._sure(await self._ask(request), changes=True)
        return True

    async def solve(self, remote: Remote, text: str, mark: str, aim: Aim) -> None:
        """Resolve it, or close it when allowed, with its code and notes: one request."""
        row = await self._row(remote.id)
        if row is None or (row.state.value in self._ended and row.state.value != self._resolved):
            return
        if row.state.value == self._resolved and not aim.may_close:
            if not await self.has_note(remote, mark):
                await self.note(remote, text, mark)
            return
        told = self._text(marked(text, mark))
        wanted = {
            "state": self._closed if aim.may_close else self._resolved,
            "close_code": self._options.get("close_code", "Solution provided"),
            "close_notes": told[:_TEXT_LIMIT],
            "work_notes": told,
        }
        await self._write("PATCH", self._path(remote.id), wanted)

    async def reopen(self, remote: Remote, text: str, mark: str) -> None:
        """Set it in progress and say why: one request."""
        wanted = {
            "state": self._options.get("open_state", "2"),
            "work_notes": self._text(marked(text, mark)),
        }
        await self._write("PATCH", self._path(remote.id), wanted)

    # What follows speaks the interface.

    def _path(self, ticket: str = "") -> str:
        table = self._options.get("table", "incident")
        if not _TABLE.fullmatch(table):
            raise Rejected(f"ServiceNow: {table[:80]!r}")
        return f"api/now/table/{table}" + (f"/{_id(ticket)}" if ticket else "")

    def _structured(self, ticket: Ticket, aim: Aim) -> dict[str, str]:
        told = aim.priorities.get(ticket.criticality.value)
        impact, urgency = _DEFAULT[ticket.criticality]
        if told is not None:
            found = _SCALE.fullmatch(told.strip())
            if found is None:
                raise Rejected(_BAD_SCALE.say(self._language, {"value": told}))
            impact, urgency = int(found[1]), int(found[2])
        wanted = {
            "short_description": _dead(title_of(ticket, most_characters=_TITLE_LIMIT - 8)),
            "impact": str(impact),
            "urgency": str(urgency),
        }
        wanted["short_description"] = wanted["short_description"][:_TITLE_LIMIT]
        return wanted | ({"due_date": f"{ticket.due_on} 23:59:59"} if ticket.due_on else {})

    def _description(self, ticket: Ticket) -> str:
        told = parts(ticket, most_characters=_TEXT_LIMIT)
        return _dead(as_text(told, most_characters=_TEXT_LIMIT - 100))[:_TEXT_LIMIT]

    def _text(self, text: str) -> str:
        return _dead("\n".join(plain_lines(text, self._language)))

    async def _company(self, place: str) -> str:
        """Give the ``sys_id`` of a company told by it, or by its exact name."""
        if _SYS_ID.fullmatch(place):
            return place
        if place not in self._companies:
            unknown = Rejected(_NO_COMPANY.say(self._language, {"value": place}))
            if not place or "^" in place or not place.isprintable():
                raise unknown
            rows = await self._rows(f"name={place}", _Company, "api/now/table/core_company")
            found = [row for row in rows if row.name.value == place]
            if len(found) != 1 or not _SYS_ID.fullmatch(found[0].sys_id.value or ""):
                raise unknown
            self._companies[place] = found[0].sys_id.value or ""
        return self._companies[place]

    async def _row(self, ticket: str) -> _Row | None:
        query = (("sysparm_display_value", "all"), ("sysparm_fields", _FIELDS))
        reply = await self._ask(Request(method="GET", path=self._path(ticket), query=query))
        if reply.status == 404:
            return None
        self._sure(reply)
        return self._result(reply, _Row)

    async def _rows(self, asked: str, kind: type[_Decoded], path: str = "") -> list[_Decoded]:
        query = (
            ("sysparm_query", asked),
            ("sysparm_display_value", "all"),
            ("sysparm_fields", _FIELDS if not path else "sys_id,name"),
            ("sysparm_limit", str(_PAGE)),
            ("sysparm_offset", "0"),
        )
        reply = await self._ask(Request(method="GET", path=path or self._path(), query=query))
        self._sure(reply)
        return self._result(reply, list[kind])  # type: ignore[valid-type]

    def _remote(self, row: _Row) -> Remote:
        sys_id, state = row.sys_id.value or "", row.state.value or ""
        base = self._options.get("web", "").rstrip("/")
        table = self._options.get("table", "incident")
        codes = listed(self._options.get("accepted_close_codes", ""))
        return Remote(
            id=sys_id,
            url=(f"{base}/" if base else "") + f"{table}.do?sys_id={sys_id}",
            is_open=state not in self._ended,
            status=shown(row.state.display_value or state, self._language),
            accepted=(row.close_code.value or "") in codes
            or state in listed(self._options.get("accepted_states", "")),
            closed_at=_moment(row.closed_at.value or ""),
            reference=row.correlation_id.value or "",
        )

    async def _write(self, method: str, path: str, wanted: Mapping[str, str]) -> Reply:
        query = (("sysparm_display_value", "all"), ("sysparm_fields", _FIELDS))
        request = Request(
            method=method,
            path=path,
            query=query,
            headers={"Content-Type": "application/json"},
            body=msgspec.json.encode(wanted),
            changes=True,
        )
        reply = await self._ask(request)
        self._sure(reply, changes=True)
        return reply

    async def _ask(self, request: Request) -> Reply:
        headers = {"Accept": "application/json", "Authorization": self._login()}
        return await self._send(
            msgspec.structs.replace(request, headers={**headers, **request.headers})
        )

    def _login(self) -> str:
        if token := self._secrets.get("token"):
            return f"Bearer {token.reveal()}"
        username, password = self._secrets.get("username"), self._secrets.get("password")
        if not username or not password:
            raise Denied(_NO_CREDENTIALS.say(self._language))
        pair = f"{username.reveal()}:{password.reveal()}".encode()
        return "Basic " + base64.b64encode(pair).decode()

    def _sure(self, reply: Reply, *, changes: bool = False) -> None:
        said = _said(reply)
        if 200 <= reply.status < 300:
            if said and not changes:
                # A transaction that ran too long gives what it had, and 200.
                raise NotDone(_PARTIAL.say(self._language, {"why": shown(said, self._language)}))
            return
        if reply.status == 403 and _REFUSED_CONTENT.search(said):
            # A business rule or a data policy aborted it: the account is not at fault.
            raise Rejected(f"HTTP 403 : {shown(said, self._language)}")
        raise failure(reply, said, changes=changes, language=self._language)

    def _result(self, reply: Reply, kind: type[_Decoded], *, changes: bool = False) -> _Decoded:
        told = decoded(reply, dict[str, msgspec.Raw], changes=changes, language=self._language)
        inner = Reply(status=reply.status, body=bytes(told.get("result", b"")))
        return decoded(inner, kind, changes=changes, language=self._language)


def _said(reply: Reply) -> str:
    try:
        error = msgspec.json.decode(reply.body, type=_Fault).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    if isinstance(error, _Said):
        return f"{error.message or ''} {error.detail or ''}".strip()
    return error or ""


def _dead(text: str) -> str:
    return _CODE.sub("[ ", text)


def _id(ticket: str) -> str:
    if not _SYS_ID.fullmatch(ticket):
        raise Rejected(f"ServiceNow: {ticket[:40]!r}")
    return ticket


def _moment(text: str) -> datetime | None:
    # Stored in UTC, whatever the time zone of the account.
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
