"""Makes the tickets of one tracker say what is so: nothing twice, nothing lost.

Before a request that changes something leaves, what it is meant to do stands in the store; after
a cut, whether it was done is looked up in the tracker, by the reference of the ticket or the mark
of the note, once the other side had the time to finish what it may still be doing.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import msgspec
import trio

from checks.registry import by_id
from core.inventory import Inventory
from core.levels import criticality_of, gravity_of
from core.life import OPEN_STATES
from core.model import State, Wording
from core.operations import Ticketing
from core.store.life import Decision, Lives
from core.store.tickets import Followed, Memory, Progress, TicketRow, Tickets, Told, Word
from reports.exports.page import ticket_page
from reports.exports.tracker import (
    Aim,
    Closing,
    Denied,
    NotDone,
    Rejected,
    Remote,
    Ticket,
    Tracker,
    Unsure,
)
from vigie.ticketing.grouping import Group, group, identities, title_of, worded
from vigie.ticketing.laws import closed_since, members_now, next_word

_FAILURES = 3
"""In a row, after which a tracker is left alone."""
_REFUSALS = 10
"""Contents refused, after which something is wrong with all of them."""
_MOST_SEEN = 5_000
"""Tickets looked at in one run; the longest unseen come first."""
_MOST_DOUBTED = 50
"""Tickets missing from a listing that are asked about one by one."""
_THERE, _REFUSED = "there", "refused"
_PAGE_SETTLED = frozenset({_THERE, _REFUSED})
_MOST_WORDED = 200
"""Findings told in one ticket."""

_STOPPED = Wording("reporté : le service ne répond pas", "put off: the service does not answer")
_UNSURE = Wording(
    "reporté : sans réponse à une modification, on ignore si elle a été faite",
    "put off: a change had no answer, whether it was done is not known",
)
_NOT_ATTACHED = Wording(
    "La page du constat n'a pas pu être jointe : {why}",
    "The page of the finding could not be attached: {why}",
)
_ACCEPTED = Wording(
    "Le ticket {ticket} ({url}) dit que le risque est accepté.",
    "Ticket {ticket} ({url}) says that the risk is accepted.",
)


class Left(msgspec.Struct, frozen=True):
    """A ticket that could not be followed this time."""

    reference: str
    why: str


class Summary(msgspec.Struct, kw_only=True):
    """What became of it."""

    created: int = 0
    updated: int = 0
    """Title, priority or due date."""
    noted: int = 0
    solved: int = 0
    reopened: int = 0
    same: int = 0
    attached: int = 0
    """Pages."""
    proposed: int = 0
    """Findings whose acceptance people proposed by their ticket."""
    takes_pages: bool = True
    """False: pages are wanted, and this system takes none."""
    unattached: list[Left] = []
    """Tickets whose page was refused, which they say."""
    gone: list[str] = []
    """References of tickets that were deleted there."""
    left: list[Left] = []
    denied: str = ""
    """Why the tracker lets nobody in."""
    unreachable: str = ""


class _Later(Exception):
    """Too early to know whether it was done."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__()


class Follower:
    """One tracker and one GHT; :meth:`run` is called once."""

    def __init__(
        self,
        config: Ticketing,
        inventory: Inventory,
        tracker: Tracker,
        tickets: Tickets,
        lives: Lives | None,
        *,
        now: Callable[[], datetime],
        settle_s: float = 90.0,
        again: Collection[str] = (),
    ) -> None:
        """``settle_s``: how long a cut request may still be at work there; ``again``: references
        of deleted tickets to be made again; ``lives``: ``None`` where nothing is to be written.
        """
        self._config = config
        self._tracker = tracker
        self._tickets = tickets
        self._lives = lives
        self._now = now
        self._settle = timedelta(seconds=settle_s)
        self._again = frozenset(again)
        self._ght = inventory.ght
        self._zone = ZoneInfo(inventory.ght.timezone)
        self._names = {one.id: one.name for one in inventory.establishments}
        self._aims: dict[str, Aim] = {}
        self._rows: dict[str, TicketRow] = {}
        self._groups: dict[str, Group] = {}
        self._known: dict[str, Followed] = {}
        self._remotes: dict[str, Remote] = {}
        self._summary = Summary()
        self._doubted = 0

    async def run(self) -> Summary:
        """Follow every ticket once; what a tracker does not do is in the summary."""
        self._gather()
        try:
            if await self._open():
                await self._follow_all()
        except Denied as error:
            self._summary.denied = str(error)
        finally:
            if isinstance(self._tracker, Closing):
                with trio.move_on_after(10, shield=True):
                    await self._tracker.close()
        return self._summary

    def _gather(self) -> None:
        config = self._config
        self._rows = self._tickets.rows(config.id, self._ght.id)
        told = {identity for row in self._rows.values() for identity in identities(row)}
        least = gravity_of(config.minimum)
        self._known = {
            **{
                one.row.fingerprint: one for one in self._tickets.open_findings(self._ght.id, least)
            },
            **self._tickets.findings(told),
        }
        wanted = [
            one
            for one in self._known.values()
            if one.row.state in OPEN_STATES
            and one.row.check in by_id()
            and config.destination(one.row.place.establishment) is not None
        ]
        wanted.sort(key=lambda one: (-one.row.gravity, one.row.fingerprint))
        self._groups = group(wanted, config.gather, self._rows)

    async def _open(self) -> bool:
        """Check each destination in use, and look at the tickets; false: nothing answers."""
        places = {one.establishment for one in self._groups.values()}
        places |= {
            row.establishment for row in self._rows.values() if row.state is not Progress.GONE
        }
        checked: dict[str, Aim | None] = {}
        for establishment in sorted(places):
            destination = self._config.destination(establishment)
            if destination is None:
                continue
            aim = Aim(
                place=destination.place,
                priorities=destination.priorities,
                fields=destination.fields,
                may_close=self._config.may_close,
            )
            try:
                if aim.place not in checked:
                    checked[aim.place] = None
                    await self._tracker.check(aim)
                    checked[aim.place] = aim
            except Rejected as error:
                self._leave(establishment, str(error))
            except (NotDone, Unsure) as error:
                self._summary.unreachable = str(error)
                return False
            if checked[aim.place] is not None:
                self._aims[establishment] = aim
        return await self._look()

    async def _look(self) -> bool:
        """See many tickets at once."""
        rows = [row for row in self._rows.values() if row.ticket and self._is_looked_at(row)]
        rows.sort(key=lambda row: row.checked_at)
        by_aim: dict[str, list[TicketRow]] = {}
        for row in rows[:_MOST_SEEN]:
            by_aim.setdefault(self._aims[row.establishment].place, []).append(row)
        for some in by_aim.values():
            aim = self._aims[some[0].establishment]
            try:
                found = await self._tracker.see_many([row.ticket for row in some], aim)
            except (NotDone, Unsure) as error:
                self._summary.unreachable = str(error)
                return False
            self._remotes.update(
                (row.reference, found[row.ticket]) for row in some if row.ticket in found
            )
        self._tickets.checked(self._config.id, list(self._remotes), self._now())
        return True

    def _is_looked_at(self, row: TicketRow) -> bool:
        if row.establishment not in self._aims:
            return False
        if row.state is Progress.SETTLED:
            return row.reference in self._groups or row.memory.pending is not None
        return row.state is Progress.OPEN

    async def _follow_all(self) -> None:
        failures = refusals = 0
        stopped = ""
        later: list[tuple[str, datetime]] = []
        for reference in dict.fromkeys((*self._groups, *self._rows)):
            if stopped:
                self._leave(reference, stopped)
                continue
            try:
                await self._follow(reference)
            except _Later as error:
                later.append((reference, error.until))
            except NotDone as error:
                failures += 1
                self._leave(reference, str(error))
                if error.after_s or failures >= _FAILURES:
                    stopped = _STOPPED.say(self._config.language)
            except Unsure:
                failures += 1
                later.append((reference, self._now() + self._settle))
                if failures >= _FAILURES:
                    stopped = _STOPPED.say(self._config.language)
            except Rejected as error:
                failures = 0
                refusals += 1
                self._leave(reference, str(error))
                if refusals >= _REFUSALS:
                    stopped = str(error)
            else:
                failures = 0
        for reference, until in later:
            if stopped:
                self._leave(reference, _UNSURE.say(self._config.language))
                continue
            await trio.sleep(max(0.0, (until - self._now()).total_seconds()))
            # What was seen before is older than what was cut.
            self._remotes.pop(reference, None)
            try:
                await self._follow(reference)
            except (_Later, NotDone, Unsure, Rejected) as error:
                self._leave(reference, str(error) or _UNSURE.say(self._config.language))

    def _leave(self, reference: str, why: str) -> None:
        self._summary.left.append(Left(reference, why))

    async def _follow(self, reference: str) -> None:
        row = self._rows.get(reference)
        found = self._groups.get(reference)
        establishment = row.establishment if row else found.establishment if found else ""
        aim = self._aims.get(establishment)
        if aim is None:
            return
        if row is not None and row.state is Progress.GONE:
            if reference not in self._again or found is None:
                self._summary.gone.append(reference)
                return
            row = msgspec.structs.replace(
                row, state=Progress.CREATING, ticket="", memory=_fresh(found)
            )
        if row is None or row.state is Progress.CREATING:
            row = await self._create(reference, row, found, aim)
            if row is None:
                return
        await self._keep_up(row, found, aim)

    async def _attach(self, row: TicketRow, remote: Remote, found: Group, aim: Aim) -> None:
        """Attach the page, unless that was done; what is refused is told in the ticket, once."""
        tried = row.memory.page
        if not self._config.attach or not self._summary.takes_pages or tried in _PAGE_SETTLED:
            return
        if tried:
            self._wait_for(tried)
        ticket = self._ticket(found)
        page = ticket_page(ticket, at=self._now(), timezone=self._ght.timezone)
        ticket = msgspec.structs.replace(ticket, page=page)
        try:
            if await self._tracker.has_page(remote, ticket.page_name):
                self._put(row, memory=_with(row.memory, page=_THERE))
                return
            row = self._put(row, memory=_with(row.memory, page=self._now().isoformat()))
            if await self._tracker.attach(remote, ticket, aim):
                self._put(row, memory=_with(row.memory, page=_THERE))
                self._summary.attached += 1
            else:
                self._put(row, memory=_with(row.memory, page=""))
                self._summary.takes_pages = False
        except NotDone:
            self._put(row, memory=_with(row.memory, page=""))
            raise
        except (Denied, Rejected) as error:
            # Said first: where not even that is allowed, it is the account that is refused.
            why = _NOT_ATTACHED.say(self._config.language, {"why": str(error)})
            mark = f"{row.reference}-page"
            if not await self._tracker.has_note(remote, mark):
                await self._tracker.note(remote, why, mark)
            self._put(row, memory=_with(row.memory, page=_REFUSED))
            self._summary.unattached.append(Left(row.reference, str(error)))

    async def _create(
        self, reference: str, row: TicketRow | None, found: Group | None, aim: Aim
    ) -> TicketRow | None:
        """Give the row of a ticket that is there now; ``None``: none was needed, or it is new."""
        now = self._now()
        if row is not None and row.memory.tried_at:
            self._wait_for(row.memory.tried_at)
        there = await self._tracker.find(reference, aim)
        if row is None:
            assert found is not None
            row = TicketRow(
                tracker=self._config.id,
                reference=reference,
                ght=self._ght.id,
                establishment=found.establishment,
                state=Progress.CREATING,
                created_at=now,
                memory=_fresh(found),
            )
        if there is not None:
            self._remotes[reference] = there
            return self._put(
                row,
                state=Progress.OPEN,
                ticket=there.id,
                url=self._url(there),
                told="",
                memory=_with(row.memory, tried_at="", why=""),
            )
        if found is None:
            self._tickets.drop(row)
            return None
        ticket = self._ticket(found)
        row = self._put(
            row, memory=msgspec.structs.replace(_fresh(found), tried_at=self._now().isoformat())
        )
        try:
            there = await self._tracker.create(ticket, aim)
        except (NotDone, Denied, Rejected) as error:
            # Known not to be there: no waiting before the next try.
            why = str(error) if isinstance(error, Rejected) else ""
            self._put(row, memory=_with(row.memory, tried_at="", why=why))
            raise
        row = self._put(
            row,
            state=Progress.OPEN,
            ticket=there.id,
            url=self._url(there),
            told=_digest(ticket, aim),
            memory=_with(row.memory, tried_at=""),
        )
        self._summary.created += 1
        await self._attach(row, there, found, aim)
        return None

    async def _keep_up(self, row: TicketRow, found: Group | None, aim: Aim) -> None:
        """Tell a ticket that is there what it does not say yet."""
        if row.memory.pending is not None:
            row = await self._finish(row, row.memory.pending, aim)
            if row.state is Progress.GONE:
                return
        open_now = found.open if found else ()
        now = members_now(row, open_now, self._known)
        remote = self._remotes.get(row.reference)
        is_news = now != row.memory.members
        if remote is None and not is_news and row.state is Progress.SETTLED:
            return
        remote = await self._see(row, aim, is_news=is_news)
        if remote is None:
            return
        row = self._note_state(row, remote, now)
        word = next_word(
            row,
            now,
            self._known,
            remote=remote,
            may_reopen=self._config.may_reopen,
            language=self._config.language,
            at=self._now(),
        )
        if word is not None:
            row = await self._say(row, remote, word, aim)
        is_updated = await self._update(row, remote, found, aim, word)
        if found is not None and remote.is_open:
            await self._attach(self._rows[row.reference], remote, found, aim)
        if word is None and not is_updated:
            self._summary.same += 1

    async def _see(self, row: TicketRow, aim: Aim, *, is_news: bool) -> Remote | None:
        """Give the ticket as it is there; ``None``: gone, which is noted, or not looked at."""
        remote = self._remotes.get(row.reference)
        if remote is None:
            self._doubted += 1
            if self._doubted > _MOST_DOUBTED and not is_news:
                return None
            remote = await self._tracker.see(row.ticket)
        if remote is None or remote.reference != row.reference:
            # Deleted, merged, or another's: nothing is ever written in a ticket without our mark.
            remote = await self._tracker.find(row.reference, aim)
            if remote is None:
                self._put(row, state=Progress.GONE)
                self._summary.gone.append(row.reference)
                return None
            self._put(row, ticket=remote.id, url=self._url(remote))
        self._remotes[row.reference] = remote
        return remote

    def _note_state(self, row: TicketRow, remote: Remote, now: Mapping[str, Told]) -> TicketRow:
        """Keep what the state of a ticket there means to us."""
        row = self._rows[row.reference]
        closed = closed_since(row, remote, self._now())
        proposed = row.memory.proposed and remote.accepted
        if remote.accepted and not proposed:
            proposed = True
            url = self._url(remote)
            told = _ACCEPTED.say(self._config.language, {"ticket": remote.id, "url": url})
            decision = Decision(state=State.ACCEPTED, reason=told, owner="")
            for identity, state in now.items():
                if state is Told.OPEN and self._lives is not None:
                    who = f"ticket:{self._config.id}:{remote.id}"
                    self._lives.propose(identity, decision, who=who, at=self._now())
                    self._summary.proposed += 1
        if (closed, proposed) == (row.memory.closed, row.memory.proposed):
            return row
        return self._put(row, memory=_with(row.memory, closed=closed, proposed=proposed))

    async def _finish(self, row: TicketRow, word: Word, aim: Aim) -> TicketRow:
        """Do what was cut, unless it was done."""
        self._wait_for(word.at)
        remote = await self._see(row, aim, is_news=True)
        row = self._rows[row.reference]
        if remote is None:
            return row
        if await self._tracker.has_note(remote, word.mark):
            self._remotes.pop(row.reference, None)
            return self._said(row, word)
        return await self._say(row, remote, word, aim)

    async def _say(self, row: TicketRow, remote: Remote, word: Word, aim: Aim) -> TicketRow:
        word = msgspec.structs.replace(word, at=self._now().isoformat())
        row = self._put(row, memory=_with(row.memory, pending=word))
        try:
            match word.kind:
                case "solve":
                    await self._tracker.solve(remote, word.text, word.mark, aim)
                    self._summary.solved += 1
                case "reopen":
                    await self._tracker.reopen(remote, word.text, word.mark)
                    self._summary.reopened += 1
                case _:
                    await self._tracker.note(remote, word.text, word.mark)
                    self._summary.noted += 1
        except (NotDone, Denied, Rejected):
            self._put(row, memory=_with(row.memory, pending=None))
            raise
        self._remotes.pop(row.reference, None)
        return self._said(row, word)

    def _said(self, row: TicketRow, word: Word) -> TicketRow:
        is_open = Told.OPEN in word.members.values()
        return self._put(
            row,
            state=Progress.OPEN if is_open else Progress.SETTLED,
            memory=_with(
                row.memory,
                pending=None,
                members=word.members,
                words=row.memory.words + 1,
                closed=word.closed,
            ),
        )

    async def _update(
        self, row: TicketRow, remote: Remote, found: Group | None, aim: Aim, word: Word | None
    ) -> bool:
        if found is None or not (remote.is_open or (word and word.kind == "reopen")):
            return False
        ticket = self._ticket(found)
        digest = _digest(ticket, aim)
        if digest == row.told:
            return False
        await self._tracker.update(remote, ticket, aim)
        self._put(row, told=digest)
        self._summary.updated += 1
        return True

    def _wait_for(self, then: str) -> None:
        until = datetime.fromisoformat(then) + self._settle
        if self._now() < until:
            raise _Later(until)

    def _put(self, row: TicketRow, **changes: object) -> TicketRow:
        row = msgspec.structs.replace(row, **changes)
        self._tickets.put(row)
        self._rows[row.reference] = row
        return row

    def _url(self, remote: Remote) -> str:
        return urljoin(f"{self._config.url}/", remote.url)

    def _ticket(self, found: Group) -> Ticket:
        config = self._config
        due = [one.row.due_at for one in found.open if one.row.due_at is not None]
        return Ticket(
            reference=found.reference,
            establishment=found.establishment,
            establishment_name=self._names.get(found.establishment, found.establishment),
            title=title_of(found, config.language),
            findings=tuple(worded(one, config.language) for one in found.open[:_MOST_WORDED]),
            criticality=max(criticality_of(one.row.gravity) for one in found.open),
            due_on=min(due).astimezone(self._zone).date().isoformat() if due else "",
            language=config.language,
        )


def _fresh(found: Group) -> Memory:
    """Give the memory of a ticket that will say what is open now."""
    return Memory(
        rule=found.rule.id,
        cause=found.cause,
        members={one.row.fingerprint: Told.OPEN for one in found.open},
    )


def _with(memory: Memory, **changes: object) -> Memory:
    return msgspec.structs.replace(memory, **changes)


def _digest(ticket: Ticket, aim: Aim) -> str:
    """Give what :meth:`Tracker.update` writes, as one short text."""
    said: Iterable[str] = (
        ticket.title,
        ticket.criticality.value,
        ticket.due_on,
        msgspec.json.encode((aim.priorities, aim.fields), order="sorted").decode(),
    )
    return hashlib.sha256("\n".join(said).encode()).hexdigest()
