"""GLPI's session interface, after its ``apirest.md``, with the bugs of its issue tracker.

Two entities (1 « CHU », 2 « CH ») under the root (0), one user token, one login.
"""

import base64
import html
import json
import re
from dataclasses import dataclass, field
from typing import cast

from tests.servers.tickets import Answer, Asked, Fake

USER_TOKEN = "jeton-de-compte"
APP_TOKEN = "jeton-application"
LOGIN, PASSWORD = "vigie", "p:ss é"
ENTITIES = {0: "Entité racine", 1: "Entité racine > CHU", 2: "Entité racine > CH"}
_LOST = ("ERROR_LOGIN_PARAMETERS_MISSING", "parameter(s) login, password or user_token are missing")
_CRITERION = re.compile(r"criteria\[0\]\[(field|searchtype|value)\]")


@dataclass
class Ticket:
    """One row of ``glpi_tickets`` and what hangs on it."""

    fields: dict[str, object]
    notes: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    solutions: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    groups: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    documents: list[int] = field(default_factory=list[int])


class GlpiLegacyServer(Fake):
    """The server; its attributes are what it holds and which bugs it has."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions: dict[str, object] = {}
        self.killed: list[str] = []
        self.tickets: dict[int, Ticket] = {}
        self.documents: dict[int, bytes] = {}
        self.names: dict[int, str] = {}
        self.hides_documents = False
        self.has_search_option = True
        """PR 19390: option 87, since 10.0.19."""
        self.has_column = True
        """``externalid``, since 10.0."""
        self.ignores_criteria = False
        """Issue 16888: everything is listed."""
        self.wants_app_token = False
        self.loses_authorization = False
        """PHP-FPM behind nginx."""
        self.mandatory = ""
        """A field that the template of the category wants."""
        self.refuses_html = False
        self.partial = False
        """Answers creations as lists, with 207."""
        self.drops_group = False
        self._next = 0

    def new_id(self) -> int:
        """Give the next id."""
        self._next += 1
        return self._next

    def answer(self, asked: Asked) -> Answer:
        """Route."""
        headers = {name.lower(): value for name, value in asked.headers.items()}
        if asked.method == "GET" and asked.body:
            return _error(400, "ERROR_JSON_PAYLOAD_FORBIDDEN", "GET Request should not have json")
        if self.wants_app_token and headers.get("app-token") != APP_TOKEN:
            return _error(400, "ERROR_WRONG_APP_TOKEN_PARAMETER", "app_token semble faux")
        path = asked.path.rstrip("/").split("/")
        if path == ["initSession"]:
            return self._login(headers)
        token = headers.get("session-token", "")
        if not token:
            return _error(400, "ERROR_SESSION_TOKEN_MISSING", "session_token manque")
        if token not in self.sessions:
            return _error(401, "ERROR_SESSION_TOKEN_INVALID", "session_token semble incorrect")
        if path == ["killSession"]:
            self.killed.append(token)
            del self.sessions[token]
            return Answer(200)
        if path == ["changeActiveEntities"]:
            entity = asked.json()["entities_id"]
            if entity != "all" and entity not in ENTITIES:
                return _error(400, "ERROR", "Bad Request")
            self.sessions[token] = entity
            return Answer(200, True)
        if path == ["changeActiveProfile"]:
            if asked.json()["profiles_id"] != 4:
                return _error(404, "ERROR_ITEM_NOT_FOUND", "Item not found")
            return Answer(200, True)
        if path == ["getMyEntities"]:
            rows = [{"id": number, "name": name} for number, name in ENTITIES.items()]
            return Answer(200, {"myentities": rows})
        if path == ["listSearchOptions", "Ticket"]:
            return Answer(200, self._options())
        if path == ["getMultipleItems"]:
            wanted = [int(one) for name, one in asked.query.items() if name.endswith("[items_id]")]
            if not all(one in self.tickets for one in wanted):
                return _missing()
            return Answer(200, [self.tickets[one].fields for one in wanted])
        if path == ["search", "Ticket"]:
            return self._search(asked)
        return self._items(asked, path)

    def _login(self, headers: dict[str, str]) -> Answer:
        given = headers.get("authorization", "")
        if self.loses_authorization or not given:
            return _error(400, *_LOST)
        pair = base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()
        if given.startswith("user_token ") and given != f"user_token {USER_TOKEN}":
            return _error(401, "ERROR_GLPI_LOGIN_USER_TOKEN", "le jeton semble invalide")
        if given.startswith("Basic ") and given != f"Basic {pair}":
            return _error(401, "ERROR_GLPI_LOGIN", "Identifiant ou mot de passe invalide")
        token = f"session{self.new_id()}"
        self.sessions[token] = 0
        return Answer(200, {"session_token": token})

    def _options(self) -> dict[str, object]:
        options: dict[str, object] = {
            "common": {"name": "Caractéristiques"},
            "1": {"name": "Titre", "table": "glpi_tickets", "field": "name"},
            "2": {"name": "ID", "table": "glpi_tickets", "field": "id"},
            "12": {"name": "Statut", "table": "glpi_tickets", "field": "status"},
        }
        if self.has_search_option:
            options["87"] = {"name": "Externe", "table": "glpi_tickets", "field": "externalid"}
        return options

    def _search(self, asked: Asked) -> Answer:
        column = {"1": "name", "87": "externalid"}[asked.query["criteria[0][field]"]]
        assert asked.query["criteria[0][searchtype]"] == "contains"
        wanted = asked.query["criteria[0][value]"]
        rows = [
            {
                "1": ticket.fields["name"],
                "2": number,
                "87": ticket.fields.get("externalid"),
                "12": ticket.fields["status"],
            }
            for number, ticket in sorted(self.tickets.items())
            if self.ignores_criteria or _contains(str(ticket.fields.get(column) or ""), wanted)
        ]
        first, last = (int(part) for part in asked.query["range"].split("-"))
        page = rows[first : last + 1]
        told: dict[str, object] = {"totalcount": len(rows), "count": len(page)}
        if page:
            told["data"] = page
        return Answer(200 if len(page) == len(rows) else 206, told, _range(first, page, len(rows)))

    def _items(self, asked: Asked, path: list[str]) -> Answer:
        match asked.method, path:
            case "GET", ["Ticket"]:
                return self._list(asked)
            case "GET", ["Ticket", number]:
                found = self.tickets.get(int(number))
                if found is None:
                    return _missing()
                more: dict[str, object] = {}
                if asked.query.get("with_documents") == "true":
                    more["_documents"] = self._listed(found)
                return Answer(200, found.fields | more)
            case "GET", ["Ticket", number, kind]:
                one = self.tickets[int(number)]
                rows = {
                    "ITILFollowup": one.notes,
                    "ITILSolution": one.solutions,
                    "Group_Ticket": one.groups,
                }[kind]
                return _paged(asked, list(rows))
            case "POST", ["Ticket"]:
                return self._create(_input(asked))
            case "PUT", ["Ticket", number]:
                if int(number) not in self.tickets:
                    return _missing()
                self.tickets[int(number)].fields |= _input(asked)
                return Answer(200, [{number: True, "message": ""}])
            case "POST", ["ITILFollowup" | "ITILSolution" | "Group_Ticket" as kind]:
                return self._hang(kind, _input(asked))
            case "POST", ["Document"]:
                return self._upload(asked)
            case _:
                return _error(400, "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM", "ressource inconnue")

    def _list(self, asked: Asked) -> Answer:
        wanted = asked.query.get("searchText[externalid]", "")
        if not self.has_column:
            return _error(400, "ERROR_FIELD_NOT_FOUND", "externalid")
        rows: list[dict[str, object]] = [
            ticket.fields
            for _, ticket in sorted(self.tickets.items())
            if self.ignores_criteria
            or _contains(str(ticket.fields.get("externalid") or ""), wanted)
        ]
        return _paged(asked, rows)

    def _create(self, told: dict[str, object]) -> Answer:
        if self.mandatory and not told.get(self.mandatory):
            return _error(400, "ERROR_GLPI_ADD", f"Champs obligatoires : {self.mandatory}")
        assert "priority" not in told
        number = self.new_id()
        group = told.pop("_groups_id_assign", None)
        fields: dict[str, object] = {"id": number, "status": 1, "is_deleted": 0} | told
        if not self.has_column:
            fields.pop("externalid", None)
        urgency, impact = _whole(fields["urgency"]), _whole(fields["impact"])
        matrix = ("11222", "12233", "22344", "23445", "23455")
        fields["priority"] = int(matrix[urgency - 1][impact - 1])
        self.tickets[number] = Ticket(fields)
        if group and not self.drops_group:
            self.tickets[number].groups.append({"groups_id": group, "type": 2})
        return self._added(number)

    def _hang(self, kind: str, told: dict[str, object]) -> Answer:
        if kind == "Group_Ticket":
            assert told["type"] == 2
            self.tickets[_whole(told["tickets_id"])].groups.append(told)
            return self._added(self.new_id())
        assert told["itemtype"] == "Ticket"
        ticket = self.tickets[_whole(told["items_id"])]
        # As GLPI 10 does: stored encoded.
        told["content"] = html.escape(str(told["content"]))
        if kind == "ITILFollowup":
            ticket.notes.append(told)
        elif _whole(ticket.fields["status"]) in {5, 6}:
            return _error(400, "ERROR_GLPI_ADD", "Le ticket est déjà résolu")
        else:
            ticket.solutions.append(told)
            ticket.fields["status"] = 5
        return self._added(self.new_id())

    def _upload(self, asked: Asked) -> Answer:
        kind = asked.headers.get("Content-Type") or asked.headers["content-type"]
        boundary = kind.partition("boundary=")[2].encode()
        parts = asked.body.split(b"--" + boundary)
        assert parts[-1] == b"--\r\n"
        _, manifest = parts[1].split(b"\r\n\r\n", 1)
        told = json.loads(manifest)["input"]
        head, content = parts[2].split(b"\r\n\r\n", 1)
        assert f'filename="{told["_filename"][0]}"'.encode() in head
        if self.refuses_html:
            return _error(400, "ERROR_GLPI_ADD", "Type de fichier non autorisé")
        number = self.new_id()
        self.documents[number] = content.removesuffix(b"\r\n")
        self.names[number] = told["_filename"][0]
        assert told["entities_id"] in ENTITIES
        # Document::post_addItem links it in the same request.
        assert told["itemtype"] == "Ticket"
        self.tickets[_whole(told["items_id"])].documents.append(number)
        return self._added(number)

    def _listed(self, ticket: Ticket) -> object:
        if self.hides_documents:
            return {"error": "ERROR_RIGHT_MISSING", "message": "Vous n'avez pas les droits"}
        return [
            {"id": one, "filename": self.names[one], "is_deleted": 0} for one in ticket.documents
        ]

    def _added(self, number: int) -> Answer:
        if self.partial:
            return Answer(207, [{"id": number, "message": ""}])
        return Answer(201, {"id": number, "message": ""}, {"Location": f"/x/{number}"})


def _contains(text: str, wanted: str) -> bool:
    if wanted.startswith("^") and wanted.endswith("$"):
        return text == wanted[1:-1]
    return wanted in text


def _input(asked: Asked) -> dict[str, object]:
    return cast("dict[str, object]", asked.json()["input"])


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value


def _paged(asked: Asked, rows: list[dict[str, object]]) -> Answer:
    first, last = (int(part) for part in asked.query["range"].split("-"))
    if first and first >= len(rows):
        return _error(400, "ERROR_RANGE_EXCEED_TOTAL", "range exceed total count of data")
    page = rows[first : last + 1]
    status = 200 if len(page) == len(rows) else 206
    return Answer(status, page, _range(first, page, len(rows)))


def _range(first: int, page: list[dict[str, object]], total: int) -> dict[str, str]:
    if not total:
        return {}
    return {"Content-Range": f"{first}-{first + len(page) - 1}/{total}", "Accept-Range": "990"}


def _missing() -> Answer:
    return _error(404, "ERROR_ITEM_NOT_FOUND", "Elément introuvable")


def _error(status: int, code: str, text: str) -> Answer:
    return Answer(status, [code, text])
