"""Tickets in GLPI by its first interface: ``apirest.php`` of 10.x, ``api.php/v1`` of 11.

After GLPI's ``apirest.md``. A session is opened for each entity that tickets are made in, and one
over all entities of the account, by which they are found wherever people moved them;
:meth:`GlpiLegacy.close` ends them all.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

import msgspec

from core.model import Wording
from core.secrets import Secret
from reports.exports._body import marked
from reports.exports._glpi import (
    ASSIGNED,
    CLOSED,
    NO_ENTITY,
    SOLVED,
    content,
    holds,
    more_fields,
    note_html,
    number_or_text,
    scale,
    state,
    title,
    web,
)
from reports.exports._multipart import Field, multipart
from reports.exports._replies import (
    decoded,
    failure,
    garbled,
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

_EVERYWHERE = "all"
_PAGE = 50
_MOST_ROWS = 2_000
"""Of one ticket's notes, or of tickets answering to one reference: past it, something lies."""
_GROUP_ASSIGNED = 2
_STALE = frozenset({"ERROR_SESSION_TOKEN_INVALID", "ERROR_SESSION_TOKEN_MISSING"})
_DENIED = frozenset(
    {
        "ERROR_APP_TOKEN_PARAMETERS_MISSING",
        "ERROR_WRONG_APP_TOKEN_PARAMETER",
        "ERROR_NOT_ALLOWED_IP",
        "ERROR_GLPI_LOGIN",
        "ERROR_GLPI_LOGIN_USER_TOKEN",
        "ERROR_LOGIN_WITH_CREDENTIALS_DISABLED",
        "ERROR_RIGHT_MISSING",
    }
)
_HEADER_LOST = Wording(
    "GLPI n'a pas reçu l'en-tête Authorization (ERROR_LOGIN_PARAMETERS_MISSING). Derrière "
    "PHP-FPM, le serveur web doit le transmettre : « SetEnvIf Authorization "
    '"(.*)" HTTP_AUTHORIZATION=$1 » ou « CGIPassAuth On » (Apache), « fastcgi_param '
    "HTTP_AUTHORIZATION $http_authorization; » (nginx)",
    "GLPI did not get the Authorization header (ERROR_LOGIN_PARAMETERS_MISSING). Behind PHP-FPM "
    "the web server has to pass it on: “SetEnvIf Authorization "
    '"(.*)" HTTP_AUTHORIZATION=$1” or “CGIPassAuth On” (Apache), “fastcgi_param '
    "HTTP_AUTHORIZATION $http_authorization;” (nginx)",
)
_NO_CREDENTIALS = Wording(
    "aucun secret « user_token », ni « login » et « password »",
    "no secret “user_token”, nor “login” and “password”",
)
_TOO_MANY = Wording(
    "GLPI donne plus de {value} lignes pour une seule référence : sa recherche ne filtre pas",
    "GLPI gives more than {value} rows for one reference: its search does not filter",
)
_NO_GROUP = Wording(
    "Le groupe {group} n'a pas pu être affecté : {why}",
    "Group {group} could not be assigned: {why}",
)
_TAG = re.compile(r"\[(vigie-[0-9a-f]{24})\]\Z")


_Decoded = TypeVar("_Decoded")
_Listed = TypeVar("_Listed", bound=msgspec.Struct)


class _Session(msgspec.Struct):
    session_token: str


class _Entity(msgspec.Struct):
    id: int
    name: str = ""


class _Entities(msgspec.Struct):
    myentities: list[_Entity] | dict[str, _Entity]


class _Made(msgspec.Struct):
    id: bool | int
    message: str = ""


class _TicketRow(msgspec.Struct):
    id: int
    status: int
    name: str | None = ""
    externalid: object = None
    is_deleted: bool = False
    itilcategories_id: int | None = 0


class _Found(msgspec.Struct):
    totalcount: int = 0
    data: list[dict[str, object]] | dict[str, dict[str, object]] = []


class _Note(msgspec.Struct):
    content: str | None = ""
    solutiontypes_id: int | None = 0


class _Document(msgspec.Struct):
    filename: str | None = ""
    is_deleted: bool = False


class _Documented(msgspec.Struct):
    documents: list[_Document] | dict[str, object] = msgspec.field(default=[], name="_documents")


class _GroupRow(msgspec.Struct):
    groups_id: int
    type: int


class GlpiLegacy:
    """GLPI through its session interface.

    Secrets: ``user_token``, or ``login`` and ``password``; ``app_token`` where the server wants
    one. Options: ``web`` (address that people use), ``profile`` (id), ``private_notes`` (``yes``),
    ``solution_type`` (id), ``accepted_statuses``, ``accepted_categories`` and
    ``accepted_solution_types`` (ids, comma separated), ``language``.
    """

    def __init__(
        self, send: Send, secrets: Mapping[str, Secret], options: Mapping[str, str]
    ) -> None:
        self._send = send
        self._secrets = secrets
        self._options = options
        self._language = language_of(options)
        self._sessions: dict[str, str] = {}
        self._entities: dict[str, int] = {}
        self._reference_option: int | None = None
        self._is_option_known = False

    async def check(self, aim: Aim) -> None:
        """Make sure that the credentials work and that the entity is there."""
        entity = await self._entity(aim.place)
        if entity not in (await self._reachable()).values():
            raise Rejected(NO_ENTITY.say(self._language, {"value": aim.place}))
        await self._option()

    async def find(self, reference: str, aim: Aim) -> Remote | None:
        """Give the ticket of a reference, in whatever entity it is now.

        A listing is only a hint: a candidate is read, and counts when its own ``externalid`` or the
        tag of its title is the reference (GLPI issue 16888: criteria given to the wrong route are
        ignored, and every ticket comes).
        """
        del aim
        option = await self._option()
        if option is not None:
            return await self._verified(reference, await self._searched(option, reference))
        found = await self._verified(reference, await self._filtered(reference))
        if found is not None:
            return found
        return await self._verified(reference, await self._searched(1, reference))

    async def see(self, ticket: str) -> Remote | None:
        """Give a ticket by its id; ``None`` when it is deleted, or in the bin."""
        row = await self._row(ticket)
        return None if row is None else await self._remote(row)

    async def see_many(self, tickets: Sequence[str], aim: Aim) -> Mapping[str, Remote]:
        """Give many, 50 a request; the server gives none of a lot where one is gone."""
        del aim
        seen: dict[str, Remote] = {}
        for start in range(0, len(tickets), _PAGE):
            query: list[tuple[str, str]] = []
            for index, ticket in enumerate(tickets[start : start + _PAGE]):
                query.append((f"items[{index}][itemtype]", "Ticket"))
                query.append((f"items[{index}][items_id]", _id(ticket)))
            asked = Request(method="GET", path="getMultipleItems", query=tuple(query))
            reply = await self._ask(_EVERYWHERE, asked)
            if reply.status == 404:
                continue
            self._sure(reply)
            for row in self._decoded(reply, list[_TicketRow]):
                if not row.is_deleted:
                    seen[str(row.id)] = await self._remote(row)
        return seen

    async def create(self, ticket: Ticket, aim: Aim) -> Remote:
        """Create it in the entity; urgency and impact are given, GLPI derives the priority.

        The group comes after: where it is refused, a follow-up says so.
        """
        entity = str(await self._entity(aim.place))
        urgency, impact = scale(ticket.criticality, aim, self._language)
        wanted = {
            "type": 1,
            **more_fields(aim, self._language),
            "name": title(ticket, tag=await self._tag(ticket.reference)),
            "content": content(ticket),
            "entities_id": int(entity),
            "externalid": ticket.reference,
            "urgency": urgency,
            "impact": impact,
            **_due(ticket),
        }
        made = await self._add("Ticket", wanted, place=entity)
        try:
            await self._complete(made, aim)
            row = await self._row(made)
            if row is not None:
                return msgspec.structs.replace(await self._remote(row), reference=ticket.reference)
        except TrackerError as error:
            raise Unsure(str(error)) from error
        raise Unsure(f"GLPI : {made} ?")

    async def update(self, remote: Remote, ticket: Ticket, aim: Aim) -> None:
        """Write title, urgency, impact and due date."""
        urgency, impact = scale(ticket.criticality, aim, self._language)
        name = title(ticket, tag=await self._tag(ticket.reference))
        wanted = {"name": name, "urgency": urgency, "impact": impact, **_due(ticket)}
        await self._put(remote.id, wanted)

    async def has_note(self, remote: Remote, mark: str) -> bool:
        """Look for the mark in the follow-ups and the solutions."""
        for kind in ("ITILFollowup", "ITILSolution"):
            notes = await self._rows(f"Ticket/{_id(remote.id)}/{kind}", _Note)
            if any(holds(note.content or "", mark) for note in notes):
                return True
        return False

    async def note(self, remote: Remote, text: str, mark: str) -> None:
        """Add a follow-up, private by option."""
        is_private = int(self._options.get("private_notes") == "yes")
        wanted = {**_on(remote.id), "content": note_html(marked(text, mark), self._language)}
        await self._add("ITILFollowup", {**wanted, "is_private": is_private})

    async def has_page(self, remote: Remote, name: str) -> bool:
        """Look for the file among the documents of the ticket."""
        reply = await self._get(f"Ticket/{_id(remote.id)}", ("with_documents", "true"))
        found = self._decoded(reply, _Documented).documents
        if isinstance(found, dict):
            # GLPI writes why it may not list them where the list should be.
            raise Rejected(shown(" ".join(map(str, found.values())), self._language))
        return any(one.filename == name and not one.is_deleted for one in found)

    async def attach(self, remote: Remote, ticket: Ticket, aim: Aim) -> bool:
        """Upload it as a document of the ticket: GLPI links it in the same request."""
        name = ticket.page_name
        entity = await self._entity(aim.place)
        about = {"name": name, "_filename": [name], "entities_id": entity, **_on(remote.id)}
        kind, body = multipart(
            (
                Field(
                    name="uploadManifest",
                    content=msgspec.json.encode({"input": about}),
                    type="application/json",
                ),
                Field(name="filename[0]", content=ticket.page, filename=name, type="text/html"),
            )
        )
        request = Request(
            method="POST",
            path="Document/",
            headers={"Content-Type": kind},
            body=body,
            changes=True,
        )
        self._made(await self._ask(_EVERYWHERE, request))
        return True

    async def solve(self, remote: Remote, text: str, mark: str, aim: Aim) -> None:
        """Add a solution, which makes it solved; closed when allowed.

        One that people solved already takes no second solution: it gets a follow-up. GLPI takes
        nothing more on what is closed, so closing is last: cut before it, the ticket stays solved,
        and GLPI closes it by itself after its delay.
        """
        row = await self._row(remote.id)
        if row is None:
            return
        if row.status in {SOLVED, CLOSED}:
            if not await self.has_note(remote, mark):
                await self.note(remote, text, mark)
        else:
            wanted = {**_on(remote.id), "content": note_html(marked(text, mark), self._language)}
            if kind := self._options.get("solution_type"):
                wanted["solutiontypes_id"] = number_or_text(kind)
            await self._add("ITILSolution", wanted)
        if aim.may_close and row.status != CLOSED:
            await self._put(remote.id, {"status": CLOSED})

    async def reopen(self, remote: Remote, text: str, mark: str) -> None:
        """Set it in progress, then say why: cut in between, doing it again harms nothing."""
        await self._put(remote.id, {"status": ASSIGNED})
        await self.note(remote, text, mark)

    async def close(self) -> None:
        """End the sessions; one that cannot be ended expires by itself."""
        while self._sessions:
            _, token = self._sessions.popitem()
            await self._kill(token)

    # What follows speaks the interface.

    async def _complete(self, made: str, aim: Aim) -> None:
        group = aim.fields.get("_groups_id_assign", "")
        if not group:
            return
        try:
            await self._assign(made, group)
        except (Rejected, Denied) as error:
            told = _NO_GROUP.say(self._language, {"group": group, "why": str(error)})
            await self._add(
                "ITILFollowup", {**_on(made), "content": note_html(told, self._language)}
            )

    async def _assign(self, made: str, group: str) -> None:
        # Rules of the entity may have set, or removed, what the creation asked for.
        rows = await self._rows(f"Ticket/{made}/Group_Ticket", _GroupRow)
        if any(row.type == _GROUP_ASSIGNED and str(row.groups_id) == group for row in rows):
            return
        wanted = {"tickets_id": int(made), "groups_id": number_or_text(group)}
        await self._add("Group_Ticket", {**wanted, "type": _GROUP_ASSIGNED})

    async def _tag(self, reference: str) -> str:
        return "" if await self._option() is not None else f"[{reference}]"

    async def _option(self) -> int | None:
        """Give the number of the search option of ``externalid``: 87 since 10.0.19, else none."""
        if not self._is_option_known:
            reply = await self._get("listSearchOptions/Ticket")
            options = self._decoded(reply, dict[str, object])
            self._reference_option = next(
                (
                    int(number)
                    for number, one in options.items()
                    if isinstance(one, dict)
                    and {"table": "glpi_tickets", "field": "externalid"}.items()
                    <= cast("dict[str, object]", one).items()
                    and number.isascii()
                    and number.isdecimal()
                ),
                None,
            )
            self._is_option_known = True
        return self._reference_option

    async def _searched(self, option: int, reference: str) -> list[str]:
        """Give the ids of the rows whose searched column is, or ends with, the reference."""
        value = f"^{reference}$" if option != 1 else reference
        ids: list[str] = []
        start = 0
        while start < _MOST_ROWS:
            reply = await self._page(
                "search/Ticket",
                ("criteria[0][field]", str(option)),
                ("criteria[0][searchtype]", "contains"),
                ("criteria[0][value]", value),
                ("forcedisplay[0]", "2"),
                ("forcedisplay[1]", str(option)),
                ("range", f"{start}-{start + _PAGE - 1}"),
            )
            if reply is None:
                return ids
            found = self._decoded(reply, _Found)
            rows = list(found.data.values()) if isinstance(found.data, dict) else found.data
            for row in rows:
                told = row.get(str(option))
                if isinstance(told, str) and _is_named(told, reference):
                    ids.append(str(row.get("2")))
            start += len(rows)
            if not rows or start >= found.totalcount:
                return ids
        return self._unfiltered(ids)

    async def _filtered(self, reference: str) -> list[str]:
        query = ("searchText[externalid]", f"^{reference}$")
        try:
            rows = await self._rows("Ticket", _TicketRow, query)
        except Rejected:
            # Before 10.0 there is no such column: the tag of the title is left.
            return []
        return [str(row.id) for row in rows if row.externalid == reference]

    def _unfiltered(self, ids: list[str]) -> list[str]:
        if ids:
            return ids
        raise NotDone(_TOO_MANY.say(self._language, {"value": str(_MOST_ROWS)}))

    async def _verified(self, reference: str, ids: list[str]) -> Remote | None:
        for ticket in sorted({one for one in ids if one.isdecimal()}, key=int):
            row = await self._row(ticket)
            if row is not None and _reference(row) == reference:
                return await self._remote(row)
        return None

    async def _row(self, ticket: str) -> _TicketRow | None:
        reply = await self._ask(_EVERYWHERE, Request(method="GET", path=f"Ticket/{_id(ticket)}"))
        if _error_of(reply)[0] == "ERROR_ITEM_NOT_FOUND" or reply.status == 404:
            return None
        self._sure(reply)
        row = self._decoded(reply, _TicketRow)
        return None if row.is_deleted else row

    async def _remote(self, row: _TicketRow) -> Remote:
        status = row.status
        return Remote(
            id=str(row.id),
            url=web(self._options) + f"front/ticket.form.php?id={row.id}",
            is_open=status not in {SOLVED, CLOSED},
            status=state(status, self._language),
            accepted=await self._is_accepted(row),
            reference=_reference(row),
        )

    async def _is_accepted(self, row: _TicketRow) -> bool:
        options = self._options
        if str(row.status) in listed(options.get("accepted_statuses", "")):
            return True
        if str(row.itilcategories_id) in listed(options.get("accepted_categories", "")):
            return True
        kinds = listed(options.get("accepted_solution_types", ""))
        if not kinds or row.status not in {SOLVED, CLOSED}:
            return False
        notes = await self._rows(f"Ticket/{row.id}/ITILSolution", _Note)
        return bool(notes) and str(notes[-1].solutiontypes_id) in kinds

    async def _rows(self, path: str, kind: type[_Listed], *query: tuple[str, str]) -> list[_Listed]:
        rows: list[_Listed] = []
        while len(rows) < _MOST_ROWS:
            first = len(rows)
            asked = ("range", f"{first}-{first + _PAGE - 1}")
            reply = await self._page(path, *query, asked)
            if reply is None:
                return rows
            page = self._decoded(reply, list[kind])  # type: ignore[valid-type]
            rows += page
            total = total_of(reply)
            if not page or (total is not None and len(rows) >= total):
                return rows
            if total is None and (reply.status != 206 or len(page) < _PAGE):
                return rows
        raise NotDone(_TOO_MANY.say(self._language, {"value": str(_MOST_ROWS)}))

    async def _add(
        self, kind: str, wanted: Mapping[str, object], *, place: str = _EVERYWHERE
    ) -> str:
        request = _written("POST", f"{kind}/", {"input": wanted})
        return self._made(await self._ask(place, request))

    def _made(self, reply: Reply) -> str:
        self._sure(reply, changes=True)
        if reply.status not in {201, 207}:
            raise turned_into_read(reply, self._language)
        if _is_list(reply):
            told = self._decoded(reply, list[_Made], changes=True)
        else:
            told = [self._decoded(reply, _Made, changes=True)]
        if len(told) != 1 or told[0].id is True:
            raise garbled(reply, changes=True, language=self._language)
        if told[0].id is False:
            raise Rejected(shown(told[0].message or "GLPI: id = false", self._language))
        return str(told[0].id)

    async def _put(self, ticket: str, wanted: Mapping[str, object]) -> None:
        request = _written("PUT", f"Ticket/{_id(ticket)}", {"input": wanted})
        reply = await self._ask(_EVERYWHERE, request)
        self._sure(reply, changes=True)
        if not _is_list(reply):
            raise turned_into_read(reply, self._language)
        told = self._decoded(reply, list[dict[str, object]], changes=True)
        if not told or told[0].get(_id(ticket)) is not True:
            said = str(told[0].get("message", "")) if told else ""
            raise Rejected(shown(said or f"GLPI: Ticket/{ticket} = false", self._language))

    async def _get(self, path: str, *query: tuple[str, str]) -> Reply:
        reply = await self._ask(_EVERYWHERE, Request(method="GET", path=path, query=query))
        self._sure(reply)
        return reply

    async def _page(self, path: str, *query: tuple[str, str]) -> Reply | None:
        """Give one page of a listing; ``None`` past its end."""
        reply = await self._ask(_EVERYWHERE, Request(method="GET", path=path, query=query))
        if _error_of(reply)[0] == "ERROR_RANGE_EXCEED_TOTAL":
            return None
        self._sure(reply)
        return reply

    async def _ask(self, place: str, request: Request) -> Reply:
        """Send within the session of a place; one that expired is opened again once."""
        token = self._sessions.get(place) or await self._open(place)
        reply = await self._send(self._with(request, token))
        if _error_of(reply)[0] not in _STALE:
            return reply
        # Refused before anything was done: even a write may be sent again.
        self._sessions.pop(place, None)
        return await self._send(self._with(request, await self._open(place)))

    async def _open(self, place: str) -> str:
        reply = await self._send(self._with(Request(method="GET", path="initSession")))
        self._sure(reply)
        token = self._decoded(reply, _Session).session_token
        try:
            if profile := self._options.get("profile"):
                wanted = {"profiles_id": number_or_text(profile)}
                await self._settle(token, "changeActiveProfile", wanted, profile)
            entity = {"entities_id": number_or_text(place), "is_recursive": True}
            await self._settle(token, "changeActiveEntities", entity, place)
        except TrackerError:
            await self._kill(token)
            raise
        self._sessions[place] = token
        return token

    async def _settle(self, token: str, path: str, wanted: Mapping[str, object], said: str) -> None:
        # It changes our session alone.
        asked = msgspec.structs.replace(_written("POST", path, wanted), changes=False)
        reply = await self._send(self._with(asked, token))
        if reply.status in {400, 404} and not _error_of(reply)[0].startswith("ERROR_SESSION"):
            raise Rejected(NO_ENTITY.say(self._language, {"value": said}))
        self._sure(reply)

    async def _kill(self, token: str) -> None:
        try:
            await self._send(self._with(Request(method="GET", path="killSession"), token))
        except TrackerError:
            return

    async def _entity(self, place: str) -> int:
        """Give the id of an entity told by id, or by its whole name as GLPI shows it."""
        if place.isascii() and place.isdecimal() and len(place) < 10:
            return int(place)
        reachable = await self._reachable()
        if place not in reachable:
            raise Rejected(NO_ENTITY.say(self._language, {"value": place}))
        return reachable[place]

    async def _reachable(self) -> Mapping[str, int]:
        if not self._entities:
            reply = await self._get("getMyEntities", ("is_recursive", "true"))
            told = self._decoded(reply, _Entities).myentities
            for one in told.values() if isinstance(told, dict) else told:
                self._entities.setdefault(one.name, one.id)
        return self._entities

    def _with(self, request: Request, token: str = "") -> Request:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if "app_token" in self._secrets:
            headers["App-Token"] = self._secrets["app_token"].reveal()
        headers |= {"Session-Token": token} if token else {"Authorization": self._login()}
        return msgspec.structs.replace(request, headers={**headers, **request.headers})

    def _login(self) -> str:
        if user_token := self._secrets.get("user_token"):
            return f"user_token {user_token.reveal()}"
        login, password = self._secrets.get("login"), self._secrets.get("password")
        if not login or not password:
            raise Denied(_NO_CREDENTIALS.say(self._language))
        pair = f"{login.reveal()}:{password.reveal()}".encode()
        return "Basic " + base64.b64encode(pair).decode()

    def _sure(self, reply: Reply, *, changes: bool = False) -> None:
        """Raise what an answer that is no success stands for."""
        if 200 <= reply.status < 300:
            return
        code, said = _error_of(reply)
        if code == "ERROR_LOGIN_PARAMETERS_MISSING":
            raise Denied(_HEADER_LOST.say(self._language))
        told = shown(f"{code} {said}".strip(), self._language)
        if code in _STALE or code in _DENIED:
            raise Denied(told)
        raise failure(reply, told, changes=changes, language=self._language)

    def _decoded(self, reply: Reply, kind: type[_Decoded], *, changes: bool = False) -> _Decoded:
        return decoded(reply, kind, changes=changes, language=self._language)


def _is_list(reply: Reply) -> bool:
    return reply.body.lstrip()[:1] == b"["


def _error_of(reply: Reply) -> tuple[str, str]:
    """Give code and text of ``["ERROR_…", "text"]``; empty ones where the body is another."""
    if reply.status < 400:
        return "", ""
    try:
        told = msgspec.json.decode(reply.body, type=list[object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "", ""
    words = [part for part in told if isinstance(part, str)]
    return (words[0], " ".join(words[1:])) if words else ("", "")


def _is_named(told: str, reference: str) -> bool:
    return told == reference or told.rstrip().endswith(f"[{reference}]")


def _reference(row: _TicketRow) -> str:
    if isinstance(row.externalid, str) and row.externalid:
        return row.externalid
    tagged = _TAG.search((row.name or "").rstrip())
    return tagged[1] if tagged else ""


def _id(ticket: str) -> str:
    if not (ticket.isascii() and ticket.isdecimal()):
        raise Rejected(f"GLPI: {ticket[:40]!r}")
    return ticket


def _on(ticket: str) -> dict[str, str | int]:
    return {"itemtype": "Ticket", "items_id": int(_id(ticket))}


def _due(ticket: Ticket) -> dict[str, str]:
    return {"time_to_resolve": f"{ticket.due_on} 23:59:59"} if ticket.due_on else {}


def _written(method: str, path: str, wanted: Mapping[str, object]) -> Request:
    return Request(method=method, path=path, body=msgspec.json.encode(wanted), changes=True)
