"""What a ticket is to be told next: pure, from what it was told and what is so now."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from core.life import OPEN_STATES
from core.model import Language, State, Wording
from core.store.tickets import Followed, Progress, TicketRow, Told, Word
from reports.exports.tracker import Remote
from vigie.ticketing.grouping import spot, title_of_check

ANSWERED = "told"
"""Of a ticket closed by hand: its follow-up was written."""
_LISTED = 40

_ALL_FIXED = Wording(
    "Corrigé : une nouvelle mesure ne retrouve plus rien de ce ticket.",
    "Fixed: measured again, nothing of this ticket is found any more.",
)
_DECIDED = Wording(
    "Plus rien n'est à faire dans ce ticket : le reste est corrigé, accepté ou sans objet dans "
    "Vigie.",
    "Nothing is left to do in this ticket: the rest is fixed, accepted or not applicable in Vigie.",
)
_BACK = Wording(
    "De nouveau présent, mesuré le {day}.",
    "Present again, measured on {day}.",
)
_STILL = Wording(
    "Ce ticket a été clos, mais le défaut est toujours là : mesuré le {day}.",
    "This ticket was closed, yet the fault is still there: measured on {day}.",
)
_HEADINGS = {
    "added": Wording("Même cause, ajouté à ce ticket :", "Same cause, added to this ticket:"),
    "back": Wording("Réapparu :", "Back again:"),
    "fixed": Wording("Corrigé :", "Fixed:"),
    "settled": Wording("Accepté ou sans objet :", "Accepted or not applicable:"),
}
_MORE = Wording("… et {count} de plus", "… and {count} more")


def members_now(
    row: TicketRow, open_now: Iterable[Followed], known: Mapping[str, Followed]
) -> dict[str, Told]:
    """Give what is so of each finding of a ticket; not measured is as last known."""
    now: dict[str, Told] = {}
    for identity in row.memory.members:
        one = known.get(identity)
        if one is not None and one.row.state in OPEN_STATES:
            now[identity] = Told.OPEN
        elif one is not None and one.row.state is State.FIXED:
            now[identity] = Told.FIXED
        else:
            now[identity] = Told.SETTLED
    now.update((one.row.fingerprint, Told.OPEN) for one in open_now)
    return now


def closed_since(row: TicketRow, remote: Remote, at: datetime) -> str:
    """Give what :attr:`core.store.tickets.Memory.closed` becomes on seeing the ticket."""
    if row.state is not Progress.OPEN or remote.is_open:
        return ""
    return row.memory.closed or (remote.closed_at or at).isoformat()


def next_word(
    row: TicketRow,
    now: Mapping[str, Told],
    known: Mapping[str, Followed],
    *,
    remote: Remote,
    may_reopen: bool,
    language: Language,
    at: datetime,
) -> Word | None:
    """Give the one thing to write in a ticket; ``None``: it says all there is."""
    before = row.memory.members
    is_open = Told.OPEN in now.values()
    seen = [
        known[identity].row.last_seen
        for identity, told in now.items()
        if told is Told.OPEN and identity in known
    ]
    day = max(seen, default=at).date().isoformat()
    closed = row.memory.closed
    # Seen before it was closed says nothing: it may have been fixed in between.
    is_denied = (
        is_open
        and closed not in {"", ANSWERED}
        and not remote.accepted
        and any(moment > datetime.fromisoformat(closed) for moment in seen)
    )
    if not is_open and row.state is Progress.OPEN:
        is_fixed = Told.SETTLED not in now.values()
        kind = "solve" if is_fixed and remote.is_open else "note"
        lines = [(_ALL_FIXED if is_fixed else _DECIDED).say(language)]
        closed = ""
    elif is_open and row.state is Progress.SETTLED:
        kind = "note" if remote.is_open and not remote.is_blind else "reopen"
        lines = [_BACK.say(language, {"day": day})]
    elif is_denied:
        kind = "reopen" if may_reopen else "note"
        lines = [_STILL.say(language, {"day": day})]
        closed = "" if may_reopen else ANSWERED
    elif dict(now) != before:
        kind = "note"
        lines = []
    else:
        return None
    lines += _changes(before, now, known, language)
    return Word(
        kind=kind,
        mark=f"vigie:{row.reference[6:]}:{row.memory.words + 1}",
        text="\n".join(lines),
        at=at.isoformat(),
        members=dict(now),
        closed=closed,
    )


def _changes(
    before: Mapping[str, Told],
    now: Mapping[str, Told],
    known: Mapping[str, Followed],
    language: Language,
) -> list[str]:
    moved: dict[str, list[str]] = {heading: [] for heading in _HEADINGS}
    for identity, told in now.items():
        was = before.get(identity)
        if was is told:
            continue
        heading = {Told.FIXED: "fixed", Told.SETTLED: "settled"}.get(
            told, "added" if was is None else "back"
        )
        one = known.get(identity)
        if one is None:
            moved[heading].append(f"- {identity[:12]}")
        else:
            what = title_of_check(one.row.check, language)
            moved[heading].append(f"- {what} : {spot(one.row.place)}")
    lines: list[str] = []
    for heading, found in moved.items():
        if found:
            lines += [_HEADINGS[heading].say(language), *_cut(found, language)]
    return lines


def _cut(lines: Sequence[str], language: Language) -> list[str]:
    if len(lines) <= _LISTED:
        return list(lines)
    left = str(len(lines) - _LISTED)
    return [*lines[:_LISTED], _MORE.say(language, {"count": left})]
