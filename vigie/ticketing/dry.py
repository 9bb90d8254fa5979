"""A tracker that only shows what would be asked of it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from urllib.parse import quote_plus

import msgspec

from core.secrets import Secret
from core.store.tickets import TicketRow, Tickets
from reports.exports.tracker import Aim, Remote, Reply, Request, Send, Ticket, Tracker, TrackerError

MASK = "…"
_LONGEST = 4_000
_NOT_YET = "0" * 32
"""Of a ticket that is only shown: written as the ids of every system may be."""
_HIDDEN = frozenset({"app-token", "authorization", "cookie", "session-token", "x-redmine-api-key"})


class _Shown(Exception):
    """The request was shown in place of being sent."""


class Showing:
    """Shows what changes something; what only reads is sent where there is a way, else made up."""

    def __init__(
        self,
        show: Callable[[str], object],
        base: str,
        secrets: Collection[Secret],
        send: Send | None,
    ) -> None:
        self._show = show
        self._base = base
        self._secrets = secrets
        self._reading = send

    async def __call__(self, request: Request) -> Reply:
        """Show it, or read."""
        if not request.changes and self._reading is not None:
            return await self._reading(request)
        self._show(self._text(request))
        if request.changes:
            raise _Shown
        # What opens a session is answered as if it had: the next request is the one to show.
        made_up = {"session_token": MASK, "access_token": MASK, "token_type": "Bearer", "id": 0}
        return Reply(status=200, body=msgspec.json.encode(made_up))

    def _text(self, request: Request) -> str:
        query = "&".join(f"{name}={value}" for name, value in request.query)
        lines = [f"{request.method} {self._base}/{request.path}{'?' if query else ''}{query}"]
        for name, value in request.headers.items():
            lines.append(f"  {name}: {MASK if name.lower() in _HIDDEN else value}")
        if request.body:
            lines.append(f"  {request.body[:_LONGEST].decode(errors='replace')}")
        text = "\n".join(lines)
        for secret in self._secrets:
            # Forms write it encoded.
            for written in (secret.reveal(), quote_plus(secret.reveal())):
                text = text.replace(written, MASK)
        return text


class DryTracker:
    """Does as the tracker would, up to what changes something."""

    def __init__(self, inner: Tracker, rows: Mapping[str, TicketRow], *, reads: bool) -> None:
        """``reads``: the tracker may be read; else it is taken for what the store says of it."""
        self._inner = inner
        self._known = {row.ticket: row for row in rows.values()}
        self._reads = reads

    async def check(self, aim: Aim) -> None:
        """Read, or trust."""
        if self._reads:
            await self._inner.check(aim)

    async def find(self, reference: str, aim: Aim) -> Remote | None:
        """Read, or trust."""
        return await self._inner.find(reference, aim) if self._reads else None

    async def see(self, ticket: str) -> Remote | None:
        """Read, or trust."""
        return await self._inner.see(ticket) if self._reads else self._remote(ticket)

    async def see_many(self, tickets: Sequence[str], aim: Aim) -> Mapping[str, Remote]:
        """Read, or trust."""
        if self._reads:
            return await self._inner.see_many(tickets, aim)
        return {one: self._remote(one) for one in tickets}

    async def create(self, ticket: Ticket, aim: Aim) -> Remote:
        """Show."""
        await self._shown(lambda: self._inner.create(ticket, aim))
        return Remote(id=_NOT_YET, url="", is_open=True, status="", reference=ticket.reference)

    async def update(self, remote: Remote, ticket: Ticket, aim: Aim) -> None:
        """Show."""
        await self._shown(lambda: self._inner.update(remote, ticket, aim))

    async def has_note(self, remote: Remote, mark: str) -> bool:
        """Read, or show the note again."""
        return await self._inner.has_note(remote, mark) if self._reads else False

    async def has_page(self, remote: Remote, name: str) -> bool:
        """Read, or show the page again."""
        is_there = self._reads and remote.id != _NOT_YET
        return await self._inner.has_page(remote, name) if is_there else False

    async def attach(self, remote: Remote, ticket: Ticket, aim: Aim) -> bool:
        """Show."""
        taken: list[bool] = [True]

        async def act() -> None:
            taken.append(await self._inner.attach(remote, ticket, aim))

        await self._shown(act)
        return taken[-1]

    async def note(self, remote: Remote, text: str, mark: str) -> None:
        """Show."""
        await self._shown(lambda: self._inner.note(remote, text, mark))

    async def solve(self, remote: Remote, text: str, mark: str, aim: Aim) -> None:
        """Show."""
        await self._shown(lambda: self._inner.solve(remote, text, mark, aim))

    async def reopen(self, remote: Remote, text: str, mark: str) -> None:
        """Show."""
        await self._shown(lambda: self._inner.reopen(remote, text, mark))

    def _remote(self, ticket: str) -> Remote:
        row = self._known[ticket]
        is_open = row.state.value == "open" and not row.memory.closed
        return Remote(id=ticket, url="", is_open=is_open, status="", reference=row.reference)

    async def _shown(self, act: Callable[[], Awaitable[object]]) -> None:
        try:
            with suppress(_Shown):
                await act()
        except TrackerError:
            # What it would send next depends on an answer that was made up.
            if self._reads:
                raise


class ReadOnlyTickets(Tickets):
    """The tickets of a store, of which nothing is written."""

    def put(self, row: TicketRow) -> None:
        """Write nothing."""

    def drop(self, row: TicketRow) -> None:
        """Write nothing."""

    def checked(self, tracker: str, references: Collection[str], at: datetime) -> None:
        """Write nothing."""
