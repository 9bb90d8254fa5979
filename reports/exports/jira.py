"""Issues in Jira: Cloud by its version 3, Data Center by its version 2.

After Atlassian's pages. The base is the site. Our reference is a label; the issue also carries it
in an entity property, for the administrators' own searches.

The index answers late: what was just created may not be found for seconds (« search and
reconcile », Atlassian; no request asks for an issue whose id is unknown). So an absence is believed
only once ``index_wait_s`` have gone since this exporter first searched, or last was unsure of a
creation; until then :meth:`_Jira.find` asks again. A run waits so at most once, unless cut.
"""

import abc
import base64
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
import trio

from core.model import Wording
from core.secrets import Secret
from reports.exports._body import Part, as_text, has_mark, marked, parts, plain_lines, title_of
from reports.exports._multipart import Field, multipart
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
    TrackerError,
    Unsure,
)

_PAGE = 50
_MOST_ROWS = 2_000
_TITLE_LIMIT = 255
_TEXT_LIMIT = 32_767
_REFERENCE = re.compile(r"vigie-[0-9a-f]{24}")
_PROJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}|[0-9]{1,18}")
_FIELDS = ("summary", "status", "labels", "resolution", "resolutiondate")
_OURS = frozenset({"project", "summary", "description", "labels", "priority", "status"})
_DONE = "done"
_WAIT_S = 10.0
_PAUSES = 5
# Within {noformat} only its own end means something; other macros are broken for whoever edits.
_MACRO = re.compile(r"\{(?=[A-Za-z])")
_NO_CREDENTIALS = Wording(
    "il manque des secrets : « email » et « api_token » (Cloud), ou « token » (Data Center)",
    "secrets are missing: “email” and “api_token” (Cloud), or “token” (Data Center)",
)
_ANONYMOUS = Wording(
    "Jira n'a pas reconnu le compte et répond comme à un inconnu ({why}) : vérifiez le jeton",
    "Jira did not recognise the account and answers as to a stranger ({why}): check the token",
)
_NO_PROJECT = Wording(
    "projet Jira « {value} » inconnu, ou invisible de ce compte",
    "Jira project “{value}” is unknown, or hidden from this account",
)
_OUR_FIELD = Wording(
    "champ « {value} » : Vigie l'écrit elle-même, retirez-le de la configuration",
    "field “{value}”: Vigie writes it itself, remove it from the configuration",
)
_NO_TRANSITION = Wording(
    "aucune transition ne mène là où il faut ; celles offertes : {value}. Nommez la bonne par "
    "l'option « close_transition » ou « reopen_transition »",
    "no transition leads where it should; those offered: {value}. Name the right one by the "
    "option “close_transition” or “reopen_transition”",
)
_TOO_MANY = Wording("Jira ne filtre pas sa recherche", "Jira does not filter its search")

_Decoded = TypeVar("_Decoded")


class _Category(msgspec.Struct):
    key: str


class _Status(msgspec.Struct):
    name: str
    category: _Category = msgspec.field(name="statusCategory")


class _Resolution(msgspec.Struct):
    name: str


class _Fields(msgspec.Struct):
    status: _Status
    labels: list[str] = []
    resolution: _Resolution | None = None
    resolutiondate: str | None = None


class Issue(msgspec.Struct):
    """What is read of an issue."""

    id: str
    key: str
    fields: _Fields


class _Made(msgspec.Struct):
    id: str
    key: str


class _Page(msgspec.Struct):
    issues: list[Issue]
    total: int = 0
    next_token: str | None = msgspec.field(name="nextPageToken", default=None)


class _Comment(msgspec.Struct):
    body: msgspec.Raw


class _File(msgspec.Struct):
    filename: str = ""


class _Files(msgspec.Struct):
    attachment: list[_File] = []


class _Holding(msgspec.Struct):
    fields: _Files


class _Comments(msgspec.Struct):
    comments: list[_Comment]
    total: int = 0


class _Transition(msgspec.Struct):
    id: str
    name: str
    to: _Status


class _Transitions(msgspec.Struct):
    transitions: list[_Transition]


class _Fault(msgspec.Struct):
    messages: list[str] = msgspec.field(name="errorMessages", default=[])
    errors: dict[str, object] = {}


class _Jira(abc.ABC):
    """What both share.

    Options: ``web``, ``issue_type`` (Task), ``due_date`` (``no``: not written), ``resolution``
    (name, set when closing), ``close_transition``, ``reopen_transition`` (names),
    ``accepted_resolutions``, ``accepted_statuses`` (names, comma separated), ``index_wait_s`` (10),
    ``language``.
    """

    _api: str

    def __init__(
        self, send: Send, secrets: Mapping[str, Secret], options: Mapping[str, str]
    ) -> None:
        self._send = send
        self._secrets = secrets
        self._options = options
        self._language = language_of(options)
        self._is_known = False
        wait = options.get("index_wait_s", "")
        is_number = wait.isascii() and wait.isdecimal() and len(wait) < 4
        self._wait_s = float(wait) if is_number else _WAIT_S
        self._doubt_until: float | None = None

    @abc.abstractmethod
    def _login(self) -> str: ...

    @abc.abstractmethod
    def _document(self, told: tuple[Part, ...]) -> object: ...

    @abc.abstractmethod
    def _query(self, jql: str, came: int, token: str) -> Request: ...

    async def check(self, aim: Aim) -> None:
        """Make sure that the credentials work and that the project is there."""
        await self._known()
        reply = await self._ask(Request(method="GET", path=self._path(f"project/{_key(aim)}")))
        if reply.status == 404:
            raise Rejected(_NO_PROJECT.say(self._language, {"value": aim.place}))
        self._sure(reply)

    async def find(self, reference: str, aim: Aim) -> Remote | None:
        """Give the issue that has the reference among its labels, in whatever project it is now.

        May wait for the index, as the module says.
        """
        del aim
        if not _REFERENCE.fullmatch(reference):
            raise Rejected(shown(reference, self._language))
        await self._known()
        if self._doubt_until is None:
            self._doubt_until = trio.current_time() + self._wait_s
        while True:
            is_sure = trio.current_time() >= self._doubt_until
            issues = await self._search(f'labels = "{reference}"')
            ours = [issue for issue in issues if reference in issue.fields.labels]
            if ours:
                return self._remote(min(ours, key=lambda issue: (len(issue.id), issue.id)))
            if is_sure:
                return None
            await trio.sleep(self._wait_s / _PAUSES)

    async def see(self, ticket: str) -> Remote | None:
        """Give an issue by its id; ``None`` when it is gone, or hidden from the account."""
        await self._known()
        issue = await self._issue(ticket)
        return self._remote(issue) if issue else None

    async def see_many(self, tickets: Sequence[str], aim: Aim) -> Mapping[str, Remote]:
        """Give many, 50 a search: as the index has them, a few seconds late."""
        del aim
        await self._known()
        seen: dict[str, Remote] = {}
        for start in range(0, len(tickets), _PAGE):
            ids = [_id(ticket) for ticket in tickets[start : start + _PAGE]]
            try:
                issues = await self._search(f"id in ({', '.join(ids)})")
            except Rejected:
                # One that is gone makes the whole query wrong.
                continue
            for issue in issues:
                if issue.id in ids:
                    seen[issue.id] = self._remote(issue)
        return seen

    async def create(self, ticket: Ticket, aim: Aim) -> Remote:
        """Create it, labels and property in the same request."""
        await self._known()
        try:
            issue = await self._created(ticket, aim)
        except Unsure:
            self._doubt_until = trio.current_time() + self._wait_s
            raise
        return msgspec.structs.replace(self._remote(issue), reference=ticket.reference)

    async def update(self, remote: Remote, ticket: Ticket, aim: Aim) -> None:
        """Write title, priority and due date; a label that was taken off comes back."""
        wanted = {
            "fields": self._structured(ticket, aim),
            "update": {"labels": [{"add": ticket.reference}]},
        }
        await self._write("PUT", f"issue/{_id(remote.id)}", wanted)

    async def has_note(self, remote: Remote, mark: str) -> bool:
        """Look for the mark in the comments."""
        came = 0
        while came < _MOST_ROWS:
            query = (("startAt", str(came)), ("maxResults", "100"))
            path = self._path(f"issue/{_id(remote.id)}/comment")
            reply = await self._ask(Request(method="GET", path=path, query=query))
            self._sure(reply)
            page = self._decoded(reply, _Comments)
            if any(
                has_mark(bytes(comment.body).decode(errors="replace"), mark)
                for comment in page.comments
            ):
                return True
            came += len(page.comments)
            if not page.comments or came >= page.total:
                return False
        raise NotDone(_TOO_MANY.say(self._language))

    async def note(self, remote: Remote, text: str, mark: str) -> None:
        """Add a comment."""
        told = plain_lines(marked(text, mark), self._language)
        lines = tuple(line for line in told if line)
        body = self._document((Part("", lines),))
        await self._write("POST", f"issue/{_id(remote.id)}/comment", {"body": body})

    async def has_page(self, remote: Remote, name: str) -> bool:
        """Look for the file in the issue."""
        path = self._path(f"issue/{_id(remote.id)}")
        request = Request(method="GET", path=path, query=(("fields", "attachment"),))
        reply = await self._ask(request)
        self._sure(reply)
        found = self._decoded(reply, _Holding).fields.attachment
        return any(one.filename == name for one in found)

    async def attach(self, remote: Remote, ticket: Ticket, aim: Aim) -> bool:
        """Attach it."""
        name = ticket.page_name
        page = Field(name="file", content=ticket.page, filename=name, type="text/html")
        kind, body = multipart((page,))
        request = Request(
            method="POST",
            path=self._path(f"issue/{_id(remote.id)}/attachments"),
            headers={"Content-Type": kind, "X-Atlassian-Token": "no-check"},
            body=body,
            changes=True,
        )
        self._sure(await self._ask(request), changes=True)
        return True

    async def solve(self, remote: Remote, text: str, mark: str, aim: Aim) -> None:
        """Move it to a status of the category « done » when allowed, then comment."""
        issue = await self._issue(remote.id)
        if issue is None:
            return
        if aim.may_close and issue.fields.status.category.key != _DONE:
            resolution = self._options.get("resolution")
            fields = {"fields": {"resolution": {"name": resolution}}} if resolution else {}
            await self._move(remote.id, "close_transition", (_DONE,), fields)
        if not await self.has_note(remote, mark):
            await self.note(remote, text, mark)

    async def reopen(self, remote: Remote, text: str, mark: str) -> None:
        """Move it out of the category « done », then comment."""
        issue = await self._issue(remote.id)
        if issue is None:
            return
        if issue.fields.status.category.key == _DONE:
            await self._move(remote.id, "reopen_transition", ("new", "indeterminate"), {})
        await self.note(remote, text, mark)

    # What follows speaks the interface.

    def _path(self, rest: str) -> str:
        return f"{self._api}/{rest}"

    async def _known(self) -> None:
        """Make sure once that Jira knows the account: to a stranger it shows an empty site."""
        if not self._is_known:
            reply = await self._ask(Request(method="GET", path=self._path("myself")))
            self._sure(reply)
            self._is_known = True

    async def _created(self, ticket: Ticket, aim: Aim) -> Issue:
        for name in aim.fields:
            if name in _OURS:
                raise Rejected(_OUR_FIELD.say(self._language, {"value": name}))
        told = parts(ticket, most_characters=_TEXT_LIMIT // 2)
        fields: dict[str, object] = {
            "issuetype": {"name": self._options.get("issue_type", "Task")},
            **{name: _given(value) for name, value in aim.fields.items()},
            **self._structured(ticket, aim),
            "project": {"id" if _key(aim).isdecimal() else "key": _key(aim)},
            "labels": ["vigie", ticket.reference],
            "description": self._document(told),
        }
        properties = [{"key": "vigie", "value": {"reference": ticket.reference}}]
        reply = await self._write("POST", "issue", {"fields": fields, "properties": properties})
        if reply.status != 201:
            raise turned_into_read(reply, self._language)
        made = self._decoded(reply, _Made, changes=True)
        try:
            issue = await self._issue(made.id)
        except TrackerError as error:
            raise Unsure(str(error)) from error
        if issue is None:
            raise Unsure(f"Jira : {shown(made.key, self._language)} ?")
        return issue

    def _structured(self, ticket: Ticket, aim: Aim) -> dict[str, object]:
        fields: dict[str, object] = {"summary": title_of(ticket, most_characters=_TITLE_LIMIT)}
        if priority := aim.priorities.get(ticket.criticality.value):
            fields["priority"] = {"name": priority}
        if ticket.due_on and self._options.get("due_date") != "no":
            fields["duedate"] = ticket.due_on
        return fields

    async def _move(
        self, ticket: str, option: str, categories: tuple[str, ...], more: Mapping[str, object]
    ) -> None:
        path = f"issue/{_id(ticket)}/transitions"
        reply = await self._ask(Request(method="GET", path=self._path(path)))
        self._sure(reply)
        offered = self._decoded(reply, _Transitions).transitions
        named = self._options.get(option)
        accepted = listed(self._options.get("accepted_statuses", ""))
        fitting = [
            one
            for category in categories
            for one in offered
            if one.to.category.key == category
            and (one.name == named if named else one.to.name not in accepted)
        ]
        if not fitting:
            names = ", ".join(one.name for one in offered) or "—"
            values = {"value": shown(names, self._language)}
            raise Rejected(_NO_TRANSITION.say(self._language, values))
        await self._write("POST", path, {"transition": {"id": fitting[0].id}, **more})

    async def _search(self, jql: str) -> list[Issue]:
        issues: list[Issue] = []
        token = ""
        while len(issues) < _MOST_ROWS:
            reply = await self._ask(self._query(jql, len(issues), token))
            self._sure(reply)
            page = self._decoded(reply, _Page)
            issues += page.issues
            token = page.next_token or ""
            if not page.issues or (not token and len(issues) >= page.total):
                return issues
        raise NotDone(_TOO_MANY.say(self._language))

    async def _issue(self, ticket: str) -> Issue | None:
        query = (("fields", ",".join(_FIELDS)),)
        path = self._path(f"issue/{_id(ticket)}")
        reply = await self._ask(Request(method="GET", path=path, query=query))
        if reply.status == 404:
            return None
        self._sure(reply)
        return self._decoded(reply, Issue)

    def _remote(self, issue: Issue) -> Remote:
        status, resolution = issue.fields.status, issue.fields.resolution
        base = self._options.get("web", "").rstrip("/")
        accepted = listed(self._options.get("accepted_resolutions", ""))
        return Remote(
            id=_id(issue.id),
            url=(f"{base}/" if base else "") + f"browse/{shown(issue.key, self._language)}",
            is_open=status.category.key != _DONE,
            status=shown(status.name, self._language),
            accepted=(resolution is not None and resolution.name in accepted)
            or status.name in listed(self._options.get("accepted_statuses", "")),
            closed_at=_moment(issue.fields.resolutiondate or ""),
            reference=next(
                (label for label in issue.fields.labels if _REFERENCE.fullmatch(label)), ""
            ),
        )

    async def _write(self, method: str, rest: str, wanted: Mapping[str, object]) -> Reply:
        request = Request(
            method=method,
            path=self._path(rest),
            headers={"Content-Type": "application/json"},
            body=msgspec.json.encode(wanted),
            changes=True,
        )
        reply = await self._ask(request)
        self._sure(reply, changes=True)
        return reply

    async def _ask(self, request: Request) -> Reply:
        headers = {"Accept": "application/json", "Authorization": self._login()}
        wanted = msgspec.structs.replace(request, headers={**headers, **request.headers})
        reply = await self._send(wanted)
        # A wrong token or a captcha: answered, but as to a stranger.
        why = reply.headers.get("x-seraph-loginreason", "")
        if "AUTHENTICATED_FAILED" in why or "AUTHENTICATION_DENIED" in why:
            values = {"why": shown(why, self._language)}
            raise Denied(_ANONYMOUS.say(self._language, values))
        return reply

    def _sure(self, reply: Reply, *, changes: bool = False) -> None:
        if 200 <= reply.status < 300:
            return
        raise failure(reply, _said(reply), changes=changes, language=self._language)

    def _decoded(self, reply: Reply, kind: type[_Decoded], *, changes: bool = False) -> _Decoded:
        return decoded(reply, kind, changes=changes, language=self._language)

    def _secret(self, *names: str) -> tuple[str, ...]:
        held = tuple(self._secrets.get(name) for name in names)
        revealed = tuple(one.reveal() for one in held if one)
        if len(revealed) < len(names):
            raise Denied(_NO_CREDENTIALS.say(self._language))
        return revealed


class JiraCloud(_Jira):
    """Jira Cloud. Secrets: ``email`` and ``api_token``."""

    _api = "rest/api/3"

    def _login(self) -> str:
        pair = ":".join(self._secret("email", "api_token")).encode()
        return "Basic " + base64.b64encode(pair).decode()

    def _document(self, told: tuple[Part, ...]) -> object:
        """Give them in the Atlassian Document Format: text nodes only, which nothing interprets."""
        content: list[object] = []
        for part in told:
            if part.heading:
                node = {"type": "heading", "attrs": {"level": 3}, "content": [_node(part.heading)]}
                content.append(node)
            content += [
                {"type": "paragraph", "content": [_node(line)]} for line in part.lines if line
            ]
        return {"type": "doc", "version": 1, "content": content}

    def _query(self, jql: str, came: int, token: str) -> Request:
        del came
        wanted: dict[str, object] = {"jql": jql, "fields": _FIELDS, "maxResults": _PAGE}
        if token:
            wanted["nextPageToken"] = token
        return Request(
            method="POST",
            path=self._path("search/jql"),
            headers={"Content-Type": "application/json"},
            body=msgspec.json.encode(wanted),
        )


class JiraDataCenter(_Jira):
    """Jira Data Center. Secret: ``token`` (personal access token)."""

    _api = "rest/api/2"

    def _login(self) -> str:
        return f"Bearer {self._secret('token')[0]}"

    def _document(self, told: tuple[Part, ...]) -> object:
        """Give them as wiki text, in a block where nothing is interpreted."""
        text = as_text(told, most_characters=_TEXT_LIMIT - 2_000)
        dead = _MACRO.sub("{ ", text)[: _TEXT_LIMIT - 100]
        return "{noformat}\n" + dead.strip("\n") + "\n{noformat}"

    def _query(self, jql: str, came: int, token: str) -> Request:
        del token
        query = (
            ("jql", jql),
            ("startAt", str(came)),
            ("maxResults", str(_PAGE)),
            ("fields", ",".join(_FIELDS)),
        )
        return Request(method="GET", path=self._path("search"), query=query)


def _node(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _given(value: str) -> object:
    """Give a configured value: JSON where a field wants an object or a list, else text."""
    if value.startswith(("{", "[")):
        try:
            return msgspec.json.decode(value.encode(), type=dict[str, object] | list[object])
        except msgspec.MsgspecError as error:
            raise Rejected(f"JSON : {value[:80]!r}") from error
    return value


def _said(reply: Reply) -> str:
    try:
        told = msgspec.json.decode(reply.body, type=_Fault)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return " ; ".join([*told.messages, *(f"{name} : {why}" for name, why in told.errors.items())])


def _id(ticket: str) -> str:
    if not (ticket.isascii() and ticket.isdecimal() and len(ticket) <= 32):
        raise Rejected(f"Jira: {ticket[:40]!r}")
    return ticket


def _key(aim: Aim) -> str:
    if not _PROJECT.fullmatch(aim.place):
        raise Rejected(f"Jira: {aim.place[:40]!r}")
    return aim.place


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
