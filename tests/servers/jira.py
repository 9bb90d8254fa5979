"""Jira Cloud (version 3) and Data Center (version 2), after Atlassian's pages."""

import base64
import re
from dataclasses import dataclass, field
from typing import cast

from tests.servers.tickets import Answer, Asked, Fake

EMAIL, API_TOKEN, TOKEN = "vigie@grades.example", "jeton-cloud", "jeton-dc"
PROJECTS = ("CHU", "CH")
STATUSES = {
    "À faire": "new",
    "En cours": "indeterminate",
    "Abandonné": "done",
    "Terminé": "done",
}
_JQL = re.compile(r'labels = "([^"\\]+)"|id in \(([0-9, ]+)\)')


@dataclass
class Issue:
    """One issue."""

    id: str
    key: str
    fields: dict[str, object]
    properties: object
    status: str = "À faire"
    resolution: str = ""
    comments: list[object] = field(default_factory=list[object])
    files: list[bytes] = field(default_factory=list[bytes])
    names: list[str] = field(default_factory=list[str])
    """Of the files."""
    hidden_for: int = 0
    """Searches that will not find it yet."""


class JiraServer(Fake):
    """The site; its attributes are what it holds and how it behaves."""

    def __init__(self, *, is_cloud: bool = True) -> None:
        super().__init__()
        self.is_cloud = is_cloud
        self.issues: dict[str, Issue] = {}
        self.lag = 0
        """Searches that do not find what was just created."""
        self.page = 50
        self.ignores_query = False
        self.required = ""
        """A custom field that a creation wants."""
        self.answers_strangers = False
        """A wrong token is answered as to a stranger, with 200 and nothing."""
        self.refuses_files = False
        self.workflow = list(STATUSES)

    def answer(self, asked: Asked) -> Answer:
        """Route."""
        headers = {name.lower(): value for name, value in asked.headers.items()}
        pair = base64.b64encode(f"{EMAIL}:{API_TOKEN}".encode()).decode()
        wanted = f"Basic {pair}" if self.is_cloud else f"Bearer {TOKEN}"
        path = asked.path.split("/")
        assert path[:3] == ["rest", "api", "3" if self.is_cloud else "2"]
        if headers.get("authorization") != wanted:
            if self.answers_strangers:
                return Answer(200, {"issues": []}, {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"})
            return _error(401, "Client must be authenticated to access this resource.")
        match asked.method, path[3:]:
            case "GET", ["myself"]:
                return Answer(200, {"accountId": "1", "active": True})
            case "GET", ["project", key]:
                return Answer(200, {"key": key}) if key in PROJECTS else _error(404, "No project")
            case "POST", ["search", "jql"] if self.is_cloud:
                return self._search_cloud(asked)
            case "GET", ["search"] if not self.is_cloud:
                return self._search_center(asked)
            case "GET" | "POST", ["search"]:
                return _error(410, "The requested API has been removed.")
            case "POST", ["issue"]:
                return self._create(asked.json())
            case method, ["issue", number, *rest]:
                issue = self.issues.get(number)
                if issue is None:
                    return _error(404, "Issue does not exist or you do not have permission")
                return self._issue(method, issue, rest, asked, headers)
            case _:
                return _error(404, "dead link")

    def _matching(self, jql: str) -> list[Issue]:
        found = _JQL.fullmatch(jql)
        assert found is not None, jql
        if found[2]:
            wanted = found[2].split(", ")
            return [self.issues[one] for one in wanted if one in self.issues]
        issues: list[Issue] = []
        for issue in self.issues.values():
            if not self.ignores_query and found[1] not in cast("list[str]", issue.fields["labels"]):
                continue
            if issue.hidden_for:
                issue.hidden_for -= 1
            else:
                issues.append(issue)
        return issues

    def _search_cloud(self, asked: Asked) -> Answer:
        told = asked.json()
        assert told["fields"]
        issues = self._matching(str(told["jql"]))
        first = int(str(told.get("nextPageToken", "p0"))[1:])
        page = [_read(issue) for issue in issues[first : first + self.page]]
        last = first + len(page) >= len(issues)
        answer: dict[str, object] = {"issues": page, "isLast": last}
        if not last:
            answer["nextPageToken"] = f"p{first + len(page)}"
        return Answer(200, answer)

    def _search_center(self, asked: Asked) -> Answer:
        issues = self._matching(asked.query["jql"])
        first = int(asked.query["startAt"])
        page = [_read(issue) for issue in issues[first : first + self.page]]
        total = len(issues)
        return Answer(
            200, {"startAt": first, "maxResults": self.page, "total": total, "issues": page}
        )

    def _create(self, told: dict[str, object]) -> Answer:
        fields = cast("dict[str, object]", told["fields"])
        project = cast("dict[str, str]", fields["project"])["key"]
        if project not in PROJECTS:
            return Answer(400, {"errorMessages": [], "errors": {"project": "valid project needed"}})
        if self.required and self.required not in fields:
            errors = {self.required: "Service is required."}
            return Answer(400, {"errorMessages": [], "errors": errors})
        summary = str(fields["summary"])
        assert 0 < len(summary) <= 255
        assert "\n" not in summary
        _check(fields["description"], is_cloud=self.is_cloud)
        number = str(10_000 + len(self.issues))
        key = f"{project}-{len(self.issues) + 1}"
        issue = Issue(number, key, fields, told["properties"], hidden_for=self.lag)
        self.issues[number] = issue
        return Answer(201, {"id": number, "key": key, "self": f"/rest/api/3/issue/{number}"})

    def _issue(
        self, method: str, issue: Issue, rest: list[str], asked: Asked, headers: dict[str, str]
    ) -> Answer:
        match method, rest:
            case "GET", [] if asked.query.get("fields") == "attachment":
                held = [{"id": "1", "filename": name} for name in issue.names]
                return Answer(200, {"id": issue.id, "fields": {"attachment": held}})
            case "GET", []:
                return Answer(200, _read(issue))
            case "PUT", []:
                issue.fields |= cast("dict[str, object]", asked.json()["fields"])
                return Answer(204)
            case "GET", ["comment"]:
                first = int(asked.query["startAt"])
                page = [{"id": "1", "body": body} for body in issue.comments[first : first + 20]]
                told = {"startAt": first, "total": len(issue.comments), "comments": page}
                return Answer(200, told)
            case "POST", ["comment"]:
                body = asked.json()["body"]
                _check(body, is_cloud=self.is_cloud)
                issue.comments.append(body)
                return Answer(201, {"id": "1"})
            case "GET", ["transitions"]:
                offered = [
                    {"id": str(number), "name": name, "to": _status(name)}
                    for number, name in enumerate(self.workflow)
                    if name != issue.status
                ]
                return Answer(200, {"transitions": offered})
            case "POST", ["transitions"]:
                told = asked.json()
                issue.status = self.workflow[int(cast("dict[str, str]", told["transition"])["id"])]
                fields = cast("dict[str, dict[str, str]]", told.get("fields", {}))
                issue.resolution = fields.get("resolution", {}).get("name", "")
                return Answer(204)
            case "POST", ["attachments"]:
                assert headers["x-atlassian-token"] == "no-check"
                if self.refuses_files:
                    return _error(403, "no permission to attach")
                issue.files.append(asked.body)
                name = asked.body.partition(b'; filename="')[2].partition(b'"')[0]
                issue.names.append(name.decode())
                return Answer(200, [{"id": "1"}])
            case _:
                return _error(404, "dead link")


def _check(body: object, *, is_cloud: bool) -> None:
    """Refuse what is no document of that version."""
    if not is_cloud:
        assert isinstance(body, str)
        assert len(body) <= 32_767
        assert body.startswith("{noformat}\n")
        assert body.count("{noformat}") == 2
        return
    document = cast("dict[str, object]", body)
    assert (document["type"], document["version"]) == ("doc", 1)
    for block in cast("list[dict[str, object]]", document["content"]):
        assert block["type"] in {"paragraph", "heading"}
        for node in cast("list[dict[str, object]]", block["content"]):
            assert set(node) == {"type", "text"}
            assert node["type"] == "text"
            assert node["text"]


def _status(name: str) -> dict[str, object]:
    return {"name": name, "statusCategory": {"key": STATUSES[name]}}


def _read(issue: Issue) -> dict[str, object]:
    fields = {
        "summary": issue.fields["summary"],
        "labels": issue.fields["labels"],
        "status": _status(issue.status),
        "resolution": {"name": issue.resolution} if issue.resolution else None,
        "resolutiondate": "2026-11-20T08:00:00.000+0100" if issue.resolution else None,
    }
    return {"id": issue.id, "key": issue.key, "fields": fields}


def _error(status: int, said: str) -> Answer:
    return Answer(status, {"errorMessages": [said], "errors": {}})
