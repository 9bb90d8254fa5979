"""What Vigie asks of a ticketing system; each exporter beside this file does it for one of them.

An exporter is handed a way to send and knows no host, store or clock: whoever calls it keeps what
is to be done and decides when to try again. Its class is built with :data:`Send`, the secrets by
name, and the options that the operator's file gives.

    TrackerError
    ├── NotDone      nothing was changed; may be tried again, not before ``after_s``
    ├── Unsure       it may have been done: look with ``find`` or ``has_note`` before trying again
    ├── Denied       credentials or rights refused: nothing more is asked of this tracker now
    └── Rejected     this very content is refused: a person must look
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec

from core.model import Criticality, Language
from core.results import Finding
from core.secrets import Secret


class TrackerError(Exception):
    """What a ticketing system did not do."""


class NotDone(TrackerError):
    """Nothing was changed there."""

    def __init__(self, said: str, *, after_s: float = 0.0) -> None:
        self.after_s = after_s
        """As the system asked (Retry-After); 0: it did not say."""
        super().__init__(said)


class Unsure(TrackerError):
    """Cut after the request left: it may have been done."""


class Denied(TrackerError):
    """401, 403, a session refused."""


class Rejected(TrackerError):
    """The content is refused: a field, a queue, a value."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request to the configured base."""

    method: str
    path: str
    """Below the base, without leading slash."""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = {}
    body: bytes = b""
    changes: bool = False
    """It may change something there: sent once, and a redirect is an error."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, whole and bounded."""

    status: int
    headers: Mapping[str, str] = {}
    """Names in lower case."""
    body: bytes = b""


Send = Callable[[Request], Awaitable[Reply]]
"""Sends one request and gives the answer, whatever its status; raises ``NotDone`` when it did not
leave or only read, else ``Unsure``.
"""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What a ticket says: one finding, or several of one cause."""

    reference: str
    """Ours, the same for ever: ``vigie-`` and 24 hex digits."""
    establishment: str
    """Id in the inventory."""
    establishment_name: str
    title: str
    findings: tuple[Finding, ...]
    """The gravest first; never empty."""
    criticality: Criticality
    due_on: str = ""
    """ISO date."""
    language: Language
    page: bytes = b""
    """A self-contained HTML page for :meth:`Tracker.attach`; empty: none."""

    @property
    def page_name(self) -> str:
        """How the page is called there: it is attached once under this name."""
        return f"{self.reference}.html"


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """Where tickets of one establishment go, and how grave is written there."""

    place: str
    """Entity (GLPI), queue (RT), project (Redmine, Jira), company (ServiceNow)."""
    priorities: Mapping[str, str] = {}
    """Criticality → priority, urgency or the like, as this system writes it."""
    fields: Mapping[str, str] = {}
    """More fields, as this system names them: category, tracker, type, group, custom field…"""
    may_close: bool = False
    """Allowed to close what is fixed; else it is only said, with a solution where there is one."""


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as it is there now."""

    id: str
    url: str
    is_open: bool
    status: str
    """In the words of that system."""
    accepted: bool = False
    """Its state there says that people accept the risk."""
    closed_at: datetime | None = None
    """Aware; when it was closed, where that system says it."""
    reference: str
    is_blind: bool = False
    """Its state is never read: it stands as we told it."""


class Tracker(Protocol):
    """One ticketing system. Every method raises a :class:`TrackerError`.

    ``solve`` and ``reopen`` may be called again with the same mark after a cut: where they take
    several requests, the note or solution with the mark is the last, or all is one request.
    """

    async def check(self, aim: Aim) -> None:
        """Make sure that the credentials work and that the place is there; changes nothing."""
        ...

    async def find(self, reference: str, aim: Aim) -> Remote | None:
        """Give the ticket of a reference, open or closed; ``None`` only when there is none."""
        ...

    async def see(self, ticket: str) -> Remote | None:
        """Give a ticket by its id there; ``None`` when it is gone."""
        ...

    async def see_many(self, tickets: Sequence[str], aim: Aim) -> Mapping[str, Remote]:
        """Give many by their ids there, in as few requests as can be; whoever is missing from the
        answer may be gone, or not: ask :meth:`see`.
        """
        ...

    async def create(self, ticket: Ticket, aim: Aim) -> Remote:
        """Create it; the caller made sure by ``find`` that it is not there."""
        ...

    async def update(self, remote: Remote, ticket: Ticket, aim: Aim) -> None:
        """Write what changed in what is structured there: title, priority, due date."""
        ...

    async def has_note(self, remote: Remote, mark: str) -> bool:
        """Tell whether a note or solution holding this mark is there."""
        ...

    async def note(self, remote: Remote, text: str, mark: str) -> None:
        """Add a follow-up. ``text`` is plain, in lines; the mark stands in it."""
        ...

    async def has_page(self, remote: Remote, name: str) -> bool:
        """Tell whether a file of this name is attached there."""
        ...

    async def attach(self, remote: Remote, ticket: Ticket, aim: Aim) -> bool:
        """Attach the page under its name; the caller made sure by ``has_page`` that it is not
        there. False: this interface takes no document, and nothing was asked.
        """
        ...

    async def solve(self, remote: Remote, text: str, mark: str, aim: Aim) -> None:
        """Say that it is fixed: a solution, and closed when ``aim.may_close``."""
        ...

    async def reopen(self, remote: Remote, text: str, mark: str) -> None:
        """Open it again, and say why."""
        ...


@runtime_checkable
class Closing(Protocol):
    """A tracker that holds sessions there."""

    async def close(self) -> None:
        """End them, as far as can be."""
        ...


Exporter = Callable[[Send, Mapping[str, Secret], Mapping[str, str]], Tracker]
"""How each class is built: the secrets by name, then the options of the operator's file."""
