"""GLPI 11's second interface, after its OpenAPI document, with the bugs of its issue tracker."""

import re
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qsl

from tests.servers.tickets import Answer, Asked, Fake

CLIENT = {"client_id": "vigie", "client_secret": "s3cret", "username": "svc", "password": "m&p=é"}
ENTITIES = {0: "Entité racine", 1: "Entité racine > CHU", 2: "Entité racine > CH d'Exemple"}
_FILTER = re.compile(r"""(id|external_id|completename)(==|=in=)(?:"([^"]*)"|'([^']*)'|(.*))""")


@dataclass
class Ticket:
    """One ticket, as it is read, and its timeline."""

    fields: dict[str, object]
    entity: int
    timeline: list[dict[str, object]] = field(default_factory=list[dict[str, object]])


class GlpiV2Server(Fake):
    """The server; its attributes are what it holds and which bugs it has."""

    def __init__(self) -> None:
        super().__init__()
        self.tickets: dict[int, Ticket] = {}
        self.tokens: set[str] = set()
        self.created = 201
        """200 by the source, 201 by the document."""
        self.forgets_timeline = False
        """Issue 24506: adds, then answers 404."""
        self.refuses_tokens = False
        """Issue 21991: what a client without an account gets."""
        self.wants_plain_status = False
        self.ignores_filter = False
        self.mandatory = ""
        self.hides_entities = False
        self._next = 0

    def new_id(self) -> int:
        """Give the next id."""
        self._next += 1
        return self._next

    def answer(self, asked: Asked) -> Answer:
        """Route."""
        headers = {name.lower(): value for name, value in asked.headers.items()}
        if asked.path == "token":
            return self._log_in(asked)
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens or self.refuses_tokens:
            return _error(401, "ERROR_UNAUTHENTICATED", "Vous n'êtes pas identifié")
        entity = int(headers.get("glpi-entity", "1"))
        match asked.method, asked.path.split("/")[1:]:
            case "GET", ["Administration", "Entity"]:
                if self.hides_entities:
                    return _error(403, "ERROR_RIGHT_MISSING", "droits insuffisants")
                rows: list[dict[str, object]] = [
                    {"id": number, "name": name.rpartition(" > ")[2], "completename": name}
                    for number, name in ENTITIES.items()
                ]
                return Answer(200, [row for row in rows if _matches(row, asked.query["filter"])])
            case "GET", ["Assistance", "Ticket"]:
                return self._list(asked, entity)
            case "POST", ["Assistance", "Ticket"]:
                return self._create(asked.json())
            case method, ["Assistance", "Ticket", number, *rest]:
                ticket = self.tickets.get(int(number))
                if ticket is None or entity not in {0, ticket.entity}:
                    return _error(404, "ERROR_ITEM_NOT_FOUND", "introuvable")
                return self._item(method, ticket, rest, asked)
            case _:
                return _error(404, "ERROR_ITEM_NOT_FOUND", "route")

    def _log_in(self, asked: Asked) -> Answer:
        told = dict(parse_qsl(asked.body.decode()))
        assert told.pop("grant_type") == "password"
        assert told.pop("scope") == "api"
        if told != CLIENT:
            return Answer(400, {"error": "invalid_grant", "error_description": "…", "hint": "?"})
        token = f"jeton{self.new_id()}"
        self.tokens.add(token)
        return Answer(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": token})

    def _list(self, asked: Asked, entity: int) -> Answer:
        query = asked.query.get("filter", "")
        rows = [
            one.fields
            for _, one in sorted(self.tickets.items())
            if entity in {0, one.entity}
            and (self.ignores_filter or not query or _matches(one.fields, query))
        ]
        first, limit = int(asked.query.get("start", "0")), int(asked.query["limit"])
        page = rows[first : first + limit]
        is_whole = first + len(page) >= len(rows)
        span = f"{first}-{first + max(len(page) - 1, 0)}/{len(rows)}"
        return Answer(200 if is_whole else 206, page, {"Content-Range": span})

    def _create(self, told: dict[str, object]) -> Answer:
        assert not {"priority", "team", "status"} & set(told)
        if self.mandatory and self.mandatory not in told:
            fault: dict[str, object] = {
                "priority": 2,
                "message": f"Champ obligatoire : {self.mandatory}",
            }
            return _error(500, "ERROR_GENERIC", "Failed to create item(s)", [fault])
        number = self.new_id()
        entity = told.pop("entity")
        assert isinstance(entity, int)
        category = {"id": told.pop("category", 0), "name": "x"}
        fields = {"id": number, "status": {"id": 1, "name": "Nouveau"}, "is_deleted": False}
        self.tickets[number] = Ticket(fields | {"category": category} | told, entity)
        href = f"/Assistance/Ticket/{number}"
        return Answer(self.created, {"id": number, "href": href}, {"Location": href})

    def _item(self, method: str, ticket: Ticket, rest: list[str], asked: Asked) -> Answer:
        match method, rest:
            case "GET", []:
                return Answer(200, ticket.fields)
            case "GET", ["Timeline"]:
                return Answer(200, ticket.timeline)
            case "PATCH", []:
                told = asked.json()
                if "status" in told:
                    status = told["status"]
                    if self.wants_plain_status != isinstance(status, int):
                        return _error(400, "ERROR_INVALID_PARAMETER", "status")
                    plain = (
                        status if isinstance(status, int) else cast("dict[str, int]", status)["id"]
                    )
                    told["status"] = {"id": plain, "name": "x"}
                ticket.fields |= told
                return Answer(200, ticket.fields)
            case "POST", ["Timeline", "Followup" | "Solution" as kind]:
                ticket.timeline.append({"type": kind, "item": asked.json()})
                if kind == "Solution":
                    ticket.fields["status"] = {"id": 5, "name": "Résolu"}
                if self.forgets_timeline:
                    return _error(404, "ERROR_ITEM_NOT_FOUND", "introuvable")
                return Answer(self.created, {"id": self.new_id(), "href": "/x"})
            case _:
                return _error(404, "ERROR_ITEM_NOT_FOUND", "route")


def _matches(row: dict[str, object], query: str) -> bool:
    found = _FILTER.fullmatch(query)
    assert found is not None, query
    column, operator, *values = found.groups()
    value = next(one for one in values if one is not None)
    if operator == "=in=":
        return str(row[column]) in value.strip("()").split(",")
    return str(row.get(column)) == value


def _error(
    status: int, code: str, title: str, more: list[dict[str, object]] | None = None
) -> Answer:
    told = {"status": code, "title": title, "detail": None, "additional_messages": more or []}
    return Answer(status, told)
