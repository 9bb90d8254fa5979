"""Tickets in GLPI 11 by its second interface, ``api.php/v2``.

After the OpenAPI document and the source of GLPI 11. The base is ``…/api.php``. An access token
serves all entities: each request names its own in a header.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from core.model import Wording
from core.secrets import Secret
from reports.exports._body import marked
from reports.exports._glpi import (
    ASSIGNED,
    CLOSED,
    NO_ENTITY,
    OURS,
    SOLVED,
    content,
    holds,
    more_fields,
    note_html,
    scale,
    state,
    title,
    web,
)
from reports.exports._replies import (
    decoded,
    failure,
    language_of,
    listed,
    shown,
    total_of,
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
    TrackerError,
    Unsure,
)

_TICKETS = "v2/Assistance/Ticket"
_PAGE = 50
_MOST_ROWS = 2_000
_REFERENCE = re.compile(r"vigie-[0-9a-f]{24}")
# Issue 21159: a team given at creation is dropped without a word.
_UNUSABLE = OURS | {"team", "entity", "external_id", "_groups_id_assign"}
_NO_CREDENTIALS = Wording(
    "il faut les secrets « client_id », « client_secret », « username » et « password » : GLPI "
    "refuse les tickets à un client sans compte (client_credentials)",
    "the secrets “client_id”, “client_secret”, “username” and “password” are needed: GLPI refuses "
    "tickets to a client without an account (client_credentials)",
)
_NO_TOKEN = Wording(
    "GLPI n'a pas donné de jeton ({why}) : vérifiez le client OAuth, sa case « mot de passe » et "
    "la portée « api », puis le compte",
    "GLPI gave no token ({why}): check the OAuth client, its “password” grant and its “api” scope, "
    "then the account",
)
_REFUSED_TOKEN = Wording(
    "GLPI refuse un jeton qu'il vient de donner ({why}) : le compte n'a pas les droits des "
    "tickets, ou le jeton est celui d'un client sans compte",
    "GLPI refuses a token it has just given ({why}): the account has no right on tickets, or the "
    "token is a client’s without an account",
)
_TOO_MANY = Wording("GLPI ne filtre pas sa recherche", "GLPI does not filter its search")

_Decoded = TypeVar("_Decoded")


class _Token(msgspec.Struct):
    access_token: str


class _Named(msgspec.Struct):
    id: int
    name: str | None = ""
    completename: str | None = ""


class _Message(msgspec.Struct):
    message: str = ""


class _Fault(msgspec.Struct):
    status: object = ""
    title: str | None = ""
    detail: object = ""
    error: str = ""
    hint: str | None = ""
    additional_messages: list[_Message] | None = None


class _Row(msgspec.Struct):
    id: int
    status: _Named | int
    external_id: object = None
    is_deleted: bool = False
    category: _Named | int | None = None


class _Noted(msgspec.Struct):
    content: str | None = ""


class _Event(msgspec.Struct):
    type: str
    item: _Noted


class GlpiV2:
    """GLPI 11 through OAuth2.

    Secrets: ``client_id``, ``client_secret``, ``username``, ``password``. Options: ``web``,
    ``private_notes`` (``yes``), ``accepted_statuses`` and ``accepted_categories`` (ids, comma
    separated), ``language``. No page is attached: this interface documents no way to
    give a file, only to link what was uploaded by other means.
    """

    def __init__(
        self, send: Send, secrets: Mapping[str, Secret], options: Mapping[str, str]
    ) -> None:
        self._send = send
        self._secrets = secrets
        self._options = options
        self._language = language_of(options)
        self._token = ""
        self._entities: dict[str, str] = {}
        self._where: dict[str, str] = {}

    async def check(self, aim: Aim) -> None:
        """Make sure that the credentials work, that the entity is there, that tickets are read."""
        entity = await self._entity(aim.place)
        await self._get(_TICKETS, ("limit", "1"), entity=entity)

    async def find(self, reference: str, aim: Aim) -> Remote | None:
        """Give the ticket whose own ``external_id`` is the reference, below the entity."""
        # The lexer of GLPI knows no escaped quote: nothing else than ours is ever asked.
        if not _REFERENCE.fullmatch(reference):
            raise Rejected(shown(reference, self._language))
        entity = await self._entity(aim.place)
        rows = await self._search(f'external_id=="{reference}"', entity)
        ours = [row for row in rows if row.external_id == reference and not row.is_deleted]
        return self._remote(min(ours, key=lambda row: row.id)) if ours else None

    async def see(self, ticket: str) -> Remote | None:
        """Give a ticket by its id; ``None`` when it is deleted, or in the bin."""
        row = await self._row(ticket)
        return None if row is None or row.is_deleted else self._remote(row)

    async def see_many(self, tickets: Sequence[str], aim: Aim) -> Mapping[str, Remote]:
        """Give many of an entity, 50 a request."""
        seen: dict[str, Remote] = {}
        for start in range(0, len(tickets), _PAGE):
            ids = [_id(ticket) for ticket in tickets[start : start + _PAGE]]
            entity = await self._entity(aim.place)
            for row in await self._search(f"id=in=({','.join(ids)})", entity):
                if str(row.id) in ids and not row.is_deleted:
                    seen[str(row.id)] = self._remote(row)
        return seen

    async def create(self, ticket: Ticket, aim: Aim) -> Remote:
        """Create it in the entity; urgency and impact are given, GLPI derives the priority."""
        entity = await self._entity(aim.place)
        urgency, impact = scale(ticket.criticality, aim, self._language)
        wanted = {
            "type": 1,
            **more_fields(aim, self._language, _UNUSABLE),
            "name": title(ticket),
            "content": content(ticket),
            "entity": int(entity),
            "external_id": ticket.reference,
            "urgency": urgency,
            "impact": impact,
        }
        reply = await self._ask(_written("POST", _TICKETS, wanted), entity)
        if reply.status == 404:
            # Issue 24506 and its kin: created, then not found by who answers.
            raise Unsure(f"HTTP 404 : {self._said(reply)}")
        self._sure(reply, changes=True)
        if reply.body.lstrip()[:1] != b"{" and reply.status == 200:
            raise turned_into_read(reply, self._language)
        made = str(self._decoded(reply, _Named, changes=True).id)
        self._where[made] = entity
        try:
            row = await self._row(made)
        except TrackerError as error:
            raise Unsure(str(error)) from error
        if row is None:
            raise Unsure(f"GLPI : {made} ?")
        return msgspec.structs.replace(self._remote(row), reference=ticket.reference)

    async def update(self, remote: Remote, ticket: Ticket, aim: Aim) -> None:
        """Write title, urgency and impact."""
        urgency, impact = scale(ticket.criticality, aim, self._language)
        wanted = {"name": title(ticket), "urgency": urgency, "impact": impact}
        await self._patch(remote.id, wanted)

    async def has_note(self, remote: Remote, mark: str) -> bool:
        """Look for the mark in the timeline."""
        await self._row(remote.id)
        path = f"{_TICKETS}/{_id(remote.id)}/Timeline"
        reply = await self._get(path, entity=self._where.get(remote.id, ""))
        events = self._decoded(reply, list[_Event])
        return any(holds(event.item.content or "", mark) for event in events)

    async def note(self, remote: Remote, text: str, mark: str) -> None:
        """Add a follow-up, private by option."""
        is_private = self._options.get("private_notes") == "yes"
        wanted = {
            "content": note_html(marked(text, mark), self._language),
            "is_private": is_private,
        }
        await self._add(remote, "Followup", wanted, mark)

    async def has_page(self, remote: Remote, name: str) -> bool:
        """Never: this interface takes no file."""
        return False

    async def attach(self, remote: Remote, ticket: Ticket, aim: Aim) -> bool:
        """Take no page: this interface takes no file."""
        return False

    async def solve(self, remote: Remote, text: str, mark: str, aim: Aim) -> None:
        """Add a solution, which makes it solved; closed when allowed.

        One that people solved already gets a follow-up. Closing is last, as GLPI takes nothing more
        on what is closed: cut before it, the ticket stays solved.
        """
        row = await self._row(remote.id)
        if row is None:
            return
        if _status(row) in {SOLVED, CLOSED}:
            if not await self.has_note(remote, mark):
                await self.note(remote, text, mark)
        else:
            wanted = {"content": note_html(marked(text, mark), self._language)}
            await self._add(remote, "Solution", wanted, mark)
        if aim.may_close and _status(row) != CLOSED:
            await self._set_status(remote.id, CLOSED)

    async def reopen(self, remote: Remote, text: str, mark: str) -> None:
        """Set it in progress, then say why."""
        await self._set_status(remote.id, ASSIGNED)
        await self.note(remote, text, mark)

    # What follows speaks the interface.

    async def _add(
        self, remote: Remote, kind: str, wanted: Mapping[str, object], mark: str
    ) -> None:
        await self._row(remote.id)
        path = f"{_TICKETS}/{_id(remote.id)}/Timeline/{kind}"
        request = _written("POST", path, wanted)
        reply = await self._ask(request, self._where.get(remote.id, ""))
        # Issue 24506: 11.0.7 adds it, then answers 404.
        if reply.status == 404 and await self.has_note(remote, mark):
            return
        self._sure(reply, changes=True)

    async def _set_status(self, ticket: str, status: int) -> None:
        try:
            await self._patch(ticket, {"status": {"id": status}})
        except Rejected:
            # An object in what is read; a number in what some versions take.
            await self._patch(ticket, {"status": status})

    async def _patch(self, ticket: str, wanted: Mapping[str, object]) -> None:
        await self._row(ticket)
        request = _written("PATCH", f"{_TICKETS}/{_id(ticket)}", wanted)
        self._sure(await self._ask(request, self._where.get(ticket, "")), changes=True)

    async def _search(self, query: str, entity: str) -> list[_Row]:
        rows: list[_Row] = []
        while len(rows) < _MOST_ROWS:
            reply = await self._get(
                _TICKETS,
                ("filter", query),
                ("start", str(len(rows))),
                ("limit", str(_PAGE)),
                entity=entity,
            )
            page = self._decoded(reply, list[_Row])
            rows += page
            total = total_of(reply)
            if not page or reply.status != 206 or (total is not None and len(rows) >= total):
                for row in rows:
                    self._where.setdefault(str(row.id), entity)
                return rows
        raise NotDone(_TOO_MANY.say(self._language))

    async def _row(self, ticket: str) -> _Row | None:
        """Give a ticket, looked for in the entities met so far, the account's own first."""
        known = self._where.get(ticket)
        tried = [known] if known is not None else ["", *sorted(set(self._entities.values()))]
        for entity in tried:
            request = Request(method="GET", path=f"{_TICKETS}/{_id(ticket)}")
            reply = await self._ask(request, entity)
            if reply.status != 404:
                self._sure(reply)
                self._where[ticket] = entity
                return self._decoded(reply, _Row)
        return None

    def _remote(self, row: _Row) -> Remote:
        status = _status(row)
        category = row.category.id if isinstance(row.category, _Named) else row.category
        accepted = str(status) in listed(self._options.get("accepted_statuses", ""))
        return Remote(
            id=str(row.id),
            url=web(self._options) + f"front/ticket.form.php?id={row.id}",
            is_open=status not in {SOLVED, CLOSED},
            status=state(status, self._language),
            accepted=accepted
            or str(category) in listed(self._options.get("accepted_categories", "")),
            reference=row.external_id if isinstance(row.external_id, str) else "",
        )

    async def _entity(self, place: str) -> str:
        """Give the id of an entity told by id, or by its complete name."""
        if place.isascii() and place.isdecimal() and len(place) < 10:
            # What names it in a header may not be allowed to read it: the tickets will tell.
            self._entities[place] = place
        elif place not in self._entities:
            quote = "'" if '"' in place else '"'
            unknown = Rejected(NO_ENTITY.say(self._language, {"value": place}))
            if not place or quote in place or "\\" in place:
                raise unknown
            query = ("filter", f"completename=={quote}{place}{quote}")
            reply = await self._get("v2/Administration/Entity", query)
            found = [one for one in self._decoded(reply, list[_Named]) if one.completename == place]
            if len(found) != 1:
                raise unknown
            self._entities[place] = str(found[0].id)
        return self._entities[place]

    async def _get(self, path: str, *query: tuple[str, str], entity: str = "") -> Reply:
        reply = await self._ask(Request(method="GET", path=path, query=query), entity)
        self._sure(reply)
        return reply

    async def _ask(self, request: Request, entity: str) -> Reply:
        """Send with the token; one that expired is asked for again once."""
        is_fresh = not self._token
        if is_fresh:
            await self._log_in()
        reply = await self._send(self._with(request, entity))
        if reply.status == 401 and not is_fresh:
            # Refused before anything was done: even a write may be sent again.
            await self._log_in()
            reply = await self._send(self._with(request, entity))
        if reply.status == 401:
            self._token = ""
            raise Denied(_REFUSED_TOKEN.say(self._language, {"why": self._said(reply)}))
        return reply

    async def _log_in(self) -> None:
        self._token = ""
        names = ("client_id", "client_secret", "username", "password")
        if not all(self._secrets.get(name) for name in names):
            raise Denied(_NO_CREDENTIALS.say(self._language))
        form = {name: self._secrets[name].reveal() for name in names}
        request = Request(
            method="POST",
            path="token",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            body=urlencode({"grant_type": "password", "scope": "api", **form}).encode(),
        )
        reply = await self._send(request)
        if 400 <= reply.status < 404:
            why = f"HTTP {reply.status} {self._said(reply)}".rstrip()
            raise Denied(_NO_TOKEN.say(self._language, {"why": why}))
        self._sure(reply)
        self._token = self._decoded(reply, _Token).access_token

    def _with(self, request: Request, entity: str) -> Request:
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self._token}",
        }
        if entity:
            headers |= {"GLPI-Entity": entity, "GLPI-Entity-Recursive": "true"}
        return msgspec.structs.replace(request, headers=headers)

    def _sure(self, reply: Reply, *, changes: bool = False) -> None:
        if 200 <= reply.status < 300:
            return
        said = self._said(reply)
        if reply.status == 500 and "ERROR_GENERIC" in said and "Failed to" in said:
            # What a rule or a mandatory field refused comes so: nothing was written.
            raise Rejected(said)
        raise failure(reply, said, changes=changes, language=self._language)

    def _said(self, reply: Reply) -> str:
        try:
            told = msgspec.json.decode(reply.body, type=_Fault)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return ""
        words = [told.status, told.error, told.title, told.detail, told.hint]
        words += [one.message for one in told.additional_messages or ()]
        return shown(" ".join(word for word in words if isinstance(word, str)), self._language)

    def _decoded(self, reply: Reply, kind: type[_Decoded], *, changes: bool = False) -> _Decoded:
        return decoded(reply, kind, changes=changes, language=self._language)


def _status(row: _Row) -> int:
    return row.status.id if isinstance(row.status, _Named) else row.status


def _id(ticket: str) -> str:
    if not (ticket.isascii() and ticket.isdecimal()):
        raise Rejected(f"GLPI: {ticket[:40]!r}")
    return ticket


def _written(method: str, path: str, wanted: Mapping[str, object]) -> Request:
    return Request(method=method, path=path, body=msgspec.json.encode(wanted), changes=True)
