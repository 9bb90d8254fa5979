"""ServiceNow's Table API, after the vendor's page, with what surprises in it."""

import base64
from typing import cast

from tests.servers.tickets import Answer, Asked, Fake

USERNAME, PASSWORD, TOKEN = "svc.vigie", "p:ss", "jeton-oauth"
CHU, CH = "a" * 32, "b" * 32
COMPANIES = {CHU: "CHU d'Exemple", CH: "CH Exemple"}
STATES = {"1": "Nouveau", "2": "En cours", "6": "Résolu", "7": "Clos", "8": "Annulé"}
_COLUMNS = frozenset(
    {
        "sys_id",
        "number",
        "state",
        "short_description",
        "description",
        "correlation_id",
        "correlation_display",
        "company",
        "impact",
        "urgency",
        "due_date",
        "close_code",
        "close_notes",
        "closed_at",
        "category",
        "name",
    }
)


class ServiceNowServer(Fake):
    """The instance; its attributes are what it holds and how it is set up."""

    def __init__(self) -> None:
        super().__init__()
        self.incidents: dict[str, dict[str, str]] = {}
        self.journal: dict[str, list[str]] = {}
        self.files: list[tuple[str, str, bytes]] = []
        """Incident, name, content."""
        self.hides: set[str] = set()
        """Fields that the account may neither read nor write: left out of queries too."""
        self.rule = ""
        """A business rule that aborts every change, with this name."""
        self.refuses_files = False

    def answer(self, asked: Asked) -> Answer:
        """Route."""
        headers = {name.lower(): value for name, value in asked.headers.items()}
        pair = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        if headers.get("authorization") not in {f"Basic {pair}", f"Bearer {TOKEN}"}:
            return _error(401, "User Not Authenticated", "Required to provide Auth information")
        match asked.method, asked.path.split("/")[2:]:
            case "GET", ["table", "core_company"]:
                rows = [{"sys_id": key, "name": name} for key, name in COMPANIES.items()]
                return self._list(asked, rows)
            case "GET", ["table", "incident"]:
                return self._list(asked, list(self.incidents.values()))
            case "POST", ["table", "incident"]:
                return self._create(asked)
            case method, ["table", "incident", sys_id]:
                if sys_id not in self.incidents:
                    return _error(404, "No Record found", "Record doesn't exist or ACL restricts")
                return self._one(method, sys_id, asked)
            case "POST", ["attachment", "file"]:
                if self.refuses_files:
                    return _error(403, "Insufficient rights", "attachment")
                assert asked.query["table_name"] == "incident"
                held = (asked.query["table_sys_id"], asked.query["file_name"], asked.body)
                self.files.append(held)
                return Answer(201, {"result": {"sys_id": "f" * 32}})
            case "GET", ["attachment"]:
                return self._attached(asked)
            case _:
                return _error(400, "Invalid table x", "")

    def _list(self, asked: Asked, rows: list[dict[str, str]]) -> Answer:
        for condition in asked.query["sysparm_query"].split("^"):
            name, is_in, value = condition.partition("IN")
            if not is_in:
                name, _, value = condition.partition("=")
            if name not in _COLUMNS or name in self.hides:
                # glide.invalid_query.returns_no_rows is false by default.
                continue
            wanted = value.split(",") if is_in else [value]
            rows = [row for row in rows if row.get(name, "") in wanted]
        limit = int(asked.query["sysparm_limit"])
        return Answer(200, {"result": [self._shown(row, asked) for row in rows[:limit]]})

    def _attached(self, asked: Asked) -> Answer:
        wanted = dict(one.split("=") for one in asked.query["sysparm_query"].split("^"))
        assert wanted["table_name"] == "incident"
        rows = [
            {"table_sys_id": incident, "file_name": name}
            for incident, name, _ in self.files
            if "file_name" in self.hides
            or (incident, name) == (wanted["table_sys_id"], wanted["file_name"])
        ]
        return Answer(200, {"result": rows})

    def _create(self, asked: Asked) -> Answer:
        if self.rule:
            return self._aborted()
        sys_id = f"{len(self.incidents) + 1:032x}"
        number = f"INC{len(self.incidents) + 1:07}"
        self.incidents[sys_id] = {"sys_id": sys_id, "number": number, "state": "1"}
        self.journal[sys_id] = []
        self._set(sys_id, asked)
        result = self._shown(self.incidents[sys_id], asked)
        return Answer(201, {"result": result}, {"Location": f"/x/{sys_id}"})

    def _one(self, method: str, sys_id: str, asked: Asked) -> Answer:
        if method == "PATCH":
            if self.rule:
                return self._aborted()
            self._set(sys_id, asked)
        return Answer(200, {"result": self._shown(self.incidents[sys_id], asked)})

    def _aborted(self) -> Answer:
        detail = f"Operation against file 'incident' was aborted by Business Rule '{self.rule}'"
        return _error(403, "Operation Failed", detail)

    def _set(self, sys_id: str, asked: Asked) -> None:
        told = cast("dict[str, str]", asked.json())
        assert "priority" not in told
        assert len(told.get("short_description", "")) <= 160
        assert len(told.get("description", "")) <= 4000
        assert len(told.get("close_notes", "")) <= 4000
        if "work_notes" in told:
            self.journal[sys_id].insert(0, told.pop("work_notes"))
        if told.get("state") in {"6", "7"}:
            assert told["close_code"]
            assert told["close_notes"]
            told["closed_at"] = "2026-11-20 08:00:00"
        row = self.incidents[sys_id]
        row |= {name: value for name, value in told.items() if name not in self.hides}
        if "impact" in row:
            matrix = ("123", "234", "345")
            row["priority"] = matrix[int(row["impact"]) - 1][int(row["urgency"]) - 1]

    def _shown(self, row: dict[str, str], asked: Asked) -> dict[str, dict[str, str]]:
        assert asked.query["sysparm_display_value"] == "all"
        told: dict[str, dict[str, str]] = {}
        for name in asked.query["sysparm_fields"].split(","):
            value = "" if name in self.hides else row.get(name, "")
            shown = STATES.get(value, value) if name == "state" else value
            if name == "work_notes":
                lines = self.journal.get(row["sys_id"], [])
                shown = "\n\n".join(f"2026-11-20 09:00:00 - Vigie\n{one}" for one in lines)
            told[name] = {"value": value, "display_value": shown}
        return told


def _error(status: int, message: str, detail: str) -> Answer:
    told = {"error": {"message": message, "detail": detail}, "status": "failure"}
    return Answer(status, told)
