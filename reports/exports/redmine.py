"""Tickets in Redmine, by its REST interface.

A place is a project, by its identifier. The reference stands at the end of the subject, and in the
custom field whose number the option ``reference_field`` gives. Secret: ``api_key``. Options:
``reference_field``, ``tracker`` (number), ``open_status`` and ``closed_status`` (numbers; else the
first that fits), ``accepted_statuses`` (names, comma separated), ``language``.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

import msgspec

from core.model import Criticality, Wording
from core.secrets import Secret
from reports.exports._body import as_text, parts, plain_lines, title_of
from reports.exports._replies import Read, decoded, failure, language_of, listed, shown
from reports.exports.tracker import Aim, Denied, Rejected, Remote, Reply, Request, Send, Ticket

_TITLE_LIMIT = 255
_TEXT_LIMIT = 60_000
_PAGE = 100
_REFERENCE = re.compile(r"vigie-[0-9a-f]{24}")
_RANK = {
    Criticality.CRITICAL: 1.0,
    Criticality.HIGH: 0.75,
    Criticality.MEDIUM: 0.25,
    Criticality.LOW: 0.0,
    Criticality.INFO: 0.0,
}
"""Where a criticality falls among the priorities of this Redmine, lowest to highest."""
_OURS = frozenset({"project_id", "subject", "description", "priority_id", "due_date", "status_id"})

_NO_KEY = Wording("il manque le secret « api_key »", "the secret “api_key” is missing")
_NO_PROJECT = Wording(
    "le projet « {place} » n'existe pas dans Redmine, ou ce compte ne le voit pas",
    "the project “{place}” does not exist in Redmine, or this account does not see it",
)
_OUR_FIELD = Wording(
    "« {field} » est écrit par Vigie : le retirer de « fields »",
    "“{field}” is written by Vigie: take it out of “fields”",
)
_SEVERAL = Wording(
    "{count} demandes portent la référence {reference} ; n'en garder qu'une",
    "{count} issues bear the reference {reference}; keep one",
)
_NO_STATUS = Wording(
    "Redmine n'a pas changé l'état de la demande {ticket} : le flux de travail du rôle doit "
    "permettre ce passage",
    "Redmine did not change the status of issue {ticket}: the workflow of the role must allow it",
)


class _Named(msgspec.Struct):
    id: int
    name: str = ""
    is_closed: bool = False


class _Field(msgspec.Struct):
    id: int
    value: str | list[str] | None = None


class _Journal(msgspec.Struct):
    notes: str | None = None


class _File(msgspec.Struct):
    filename: str = ""


class _Issue(msgspec.Struct):
    id: int
    subject: str
    status: _Named
    custom_fields: tuple[_Field, ...] = ()
    closed_on: str | None = None
    journals: tuple[_Journal, ...] = ()
    attachments: tuple[_File, ...] = ()


class _One(msgspec.Struct):
    issue: _Issue


class _Many(msgspec.Struct):
    issues: tuple[_Issue, ...]


class _Statuses(msgspec.Struct):
    issue_statuses: tuple[_Named, ...]


class _Priorities(msgspec.Struct):
    issue_priorities: tuple[_Named, ...]


class _Upload(msgspec.Struct):
    token: str


class _Uploaded(msgspec.Struct):
    upload: _Upload


class _Errors(msgspec.Struct):
    errors: tuple[str, ...] = ()


class Redmine:
    """One Redmine."""

    def __init__(
        self, send: Send, secrets: Mapping[str, Secret], options: Mapping[str, str]
    ) -> None:
        self._send = send
        self._to = language_of(options)
        if "api_key" not in secrets:
            raise Denied(_NO_KEY.say(self._to))
        self._headers = {"x-redmine-api-key": secrets["api_key"].reveal()}
        self._options = options
        self._field = options.get("reference_field", "")
        self._accepted = listed(options.get("accepted_statuses", ""))
        self._statuses: tuple[_Named, ...] = ()
        self._priorities: tuple[_Named, ...] = ()

    async def check(self, aim: Aim) -> None:
        """Ask who we are first: to a key it does not know, Redmine may show an empty project."""
        await self._get("users/current.json", msgspec.Raw)
        request = self._read(f"projects/{quote(aim.place, safe='')}.json")
        reply = await self._send(request)
        if reply.status == 404:
            raise Rejected(_NO_PROJECT.say(self._to, {"place": aim.place}))
        self._judge(reply)
        self._statuses = (await self._get("issue_statuses.json", _Statuses)).issue_statuses
        path = "enumerations/issue_priorities.json"
        self._priorities = (await self._get(path, _Priorities)).issue_priorities

    async def find(self, reference: str, aim: Aim) -> Remote | None:
        """Search all projects, closed issues too; by subject, then by custom field."""
        searches = [("subject", f"~{reference}")]
        if self._field:
            searches.append((f"cf_{self._field}", reference))
        for search in searches:
            rows = await self._list(search)
            found = [one for one in map(self._remote, rows) if one.reference == reference]
            if len(found) > 1:
                told = {"count": str(len(found)), "reference": reference}
                raise Rejected(_SEVERAL.say(self._to, told))
            if found:
                return found[0]
        return None

    async def see(self, ticket: str) -> Remote | None:
        """Read one."""
        issue = await self._issue(ticket)
        return None if issue is None else self._remote(issue)

    async def see_many(self, tickets: Sequence[str], aim: Aim) -> Mapping[str, Remote]:
        """List by ids, a hundred at a time."""
        found: dict[str, Remote] = {}
        for start in range(0, len(tickets), _PAGE):
            ids = ",".join(tickets[start : start + _PAGE])
            for row in await self._list(("issue_id", ids)):
                found[str(row.id)] = self._remote(row)
        return found

    async def create(self, ticket: Ticket, aim: Aim) -> Remote:
        """Create it."""
        told = parts(ticket, most_characters=_TEXT_LIMIT)
        text = as_text(told, most_characters=_TEXT_LIMIT)
        values = self._values(ticket, aim)
        values |= {"project_id": aim.place, "description": _preformatted(text)}
        if "tracker" in self._options:
            values["tracker_id"] = self._options["tracker"]
        reply = await self._send(self._change("POST", "issues.json", {"issue": values}))
        self._judge(reply, changes=True)
        return self._remote(decoded(reply, _One, changes=True, language=self._to).issue)

    async def update(self, remote: Remote, ticket: Ticket, aim: Aim) -> None:
        """Write subject, priority and due date."""
        await self._put(remote, self._values(ticket, aim))

    async def has_note(self, remote: Remote, mark: str) -> bool:
        """Look for it in the journal."""
        issue = await self._issue(remote.id, (("include", "journals"),))
        return issue is not None and any(mark in (one.notes or "") for one in issue.journals)

    async def has_page(self, remote: Remote, name: str) -> bool:
        """Look for the file in the issue."""
        issue = await self._issue(remote.id, (("include", "attachments"),))
        return issue is not None and any(one.filename == name for one in issue.attachments)

    async def attach(self, remote: Remote, ticket: Ticket, aim: Aim) -> bool:
        """Upload, then attach; cut in between, the upload belongs to no issue, and nobody sees it
        until Redmine is pruned of such (``redmine:attachments:prune``).
        """
        await self._put(remote, {"uploads": [await self._upload(ticket)]})
        return True

    async def note(self, remote: Remote, text: str, mark: str) -> None:
        """Add a note."""
        await self._put(remote, {"notes": self._note(text, mark)})

    async def solve(self, remote: Remote, text: str, mark: str, aim: Aim) -> None:
        """Note and close in one request."""
        values: dict[str, object] = {"notes": self._note(text, mark)}
        if aim.may_close:
            values["status_id"] = self._status(closed=True)
        await self._put(remote, values)
        if aim.may_close:
            await self._make_sure(remote, is_open=False)

    async def reopen(self, remote: Remote, text: str, mark: str) -> None:
        """Note and open in one request."""
        values: dict[str, object] = {"notes": self._note(text, mark)}
        values["status_id"] = self._status(closed=False)
        await self._put(remote, values)
        await self._make_sure(remote, is_open=True)

    async def _make_sure(self, remote: Remote, *, is_open: bool) -> None:
        """Read the status back: what the workflow forbids, Redmine leaves out and answers 204."""
        now = await self.see(remote.id)
        if now is None or now.is_open is not is_open:
            raise Rejected(_NO_STATUS.say(self._to, {"ticket": remote.id}))

    def _status(self, *, closed: bool) -> int:
        told = self._options.get("closed_status" if closed else "open_status", "")
        if told.isdecimal():
            return int(told)
        return next((one.id for one in self._statuses if one.is_closed is closed), 0)

    def _values(self, ticket: Ticket, aim: Aim) -> dict[str, object]:
        values: dict[str, object] = {
            "subject": title_of(ticket, most_characters=_TITLE_LIMIT, tag=f"[{ticket.reference}]"),
        }
        priority = self._priority(ticket.criticality, aim)
        if priority:
            values["priority_id"] = priority
        if ticket.due_on:
            values["due_date"] = ticket.due_on
            # Left out, it is today: Redmine refuses what is overdue already.
            seen = min(one.first_seen for one in ticket.findings).date().isoformat()
            values["start_date"] = min(seen, ticket.due_on)
        fields: list[dict[str, object]] = []
        for name, value in aim.fields.items():
            if name in _OURS:
                raise Rejected(_OUR_FIELD.say(self._to, {"field": name}))
            if name.startswith("cf_") and name[3:].isdecimal():
                fields.append({"id": int(name[3:]), "value": value})
            else:
                values[name] = value
        if self._field:
            fields.append({"id": self._field, "value": ticket.reference})
        if fields:
            values["custom_fields"] = fields
        return values

    def _priority(self, criticality: Criticality, aim: Aim) -> int:
        """Give the number of a priority, told by number or name; 0: none is known."""
        told = aim.priorities.get(criticality.value, "")
        for one in self._priorities:
            if told and told in {str(one.id), one.name}:
                return one.id
        if told.isdecimal():
            return int(told)
        if not self._priorities:
            return 0
        return self._priorities[round(_RANK[criticality] * (len(self._priorities) - 1))].id

    def _note(self, text: str, mark: str) -> str:
        lines = [one for one in plain_lines(text, self._to) if one]
        return _preformatted("\n".join([*lines, mark]))

    async def _upload(self, ticket: Ticket) -> dict[str, str]:
        request = Request(
            method="POST",
            path="uploads.json",
            query=(("filename", ticket.page_name),),
            headers={**self._headers, "content-type": "application/octet-stream"},
            body=ticket.page,
            changes=True,
        )
        reply = await self._send(request)
        self._judge(reply, changes=True)
        token = decoded(reply, _Uploaded, changes=True, language=self._to).upload.token
        return {"token": token, "filename": ticket.page_name, "content_type": "text/html"}

    async def _issue(self, ticket: str, query: tuple[tuple[str, str], ...] = ()) -> _Issue | None:
        reply = await self._send(self._read(f"issues/{quote(ticket, safe='')}.json", query))
        if reply.status == 404:
            return None
        self._judge(reply)
        return decoded(reply, _One, changes=False, language=self._to).issue

    async def _list(self, search: tuple[str, str]) -> tuple[_Issue, ...]:
        # Without a status, closed issues are hidden.
        query = (search, ("status_id", "*"), ("limit", str(_PAGE)))
        return (await self._get("issues.json", _Many, query)).issues

    async def _get(
        self, path: str, kind: type[Read], query: tuple[tuple[str, str], ...] = ()
    ) -> Read:
        reply = await self._send(self._read(path, query))
        self._judge(reply)
        return decoded(reply, kind, changes=False, language=self._to)

    async def _put(self, remote: Remote, values: Mapping[str, object]) -> None:
        path = f"issues/{remote.id}.json"
        self._judge(await self._send(self._change("PUT", path, {"issue": values})), changes=True)

    def _judge(self, reply: Reply, *, changes: bool = False) -> None:
        if reply.status in {200, 201, 204}:
            return
        try:
            said = " ; ".join(msgspec.json.decode(reply.body, type=_Errors).errors)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            said = ""
        raise failure(reply, shown(said, self._to), changes=changes, language=self._to)

    def _remote(self, issue: _Issue) -> Remote:
        found = _REFERENCE.search(issue.subject)
        reference = found[0] if found else ""
        for one in issue.custom_fields:
            if str(one.id) == self._field and isinstance(one.value, str):
                reference = reference or one.value
        is_open = not (issue.status.is_closed or issue.status.id in self._closed())
        return Remote(
            id=str(issue.id),
            url=f"issues/{issue.id}",
            is_open=is_open,
            status=issue.status.name,
            accepted=issue.status.name in self._accepted,
            closed_at=None if is_open else _moment(issue.closed_on),
            reference=reference,
        )

    def _closed(self) -> set[int]:
        """Give the closed statuses: before Redmine 5, an issue does not say it of its own."""
        return {one.id for one in self._statuses if one.is_closed}

    def _read(self, path: str, query: tuple[tuple[str, str], ...] = ()) -> Request:
        return Request(method="GET", path=path, query=query, headers=self._headers)

    def _change(self, method: str, path: str, values: object) -> Request:
        return Request(
            method=method,
            path=path,
            headers={**self._headers, "content-type": "application/json"},
            body=msgspec.json.encode(values),
            changes=True,
        )


def _preformatted(text: str) -> str:
    """Give text that neither Textile nor Markdown reads as markup, macros or images."""
    dead = text.replace("<", "‹").replace(">", "›").replace("{{", "{ {")
    return f"<pre>\n{dead}\n</pre>"


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None
