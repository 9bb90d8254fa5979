"""Sources that are asked about one address at a time; nothing goes to the target.

Their clients are made in ``vigie.services`` and handed in; they block, so each look-up runs in a
thread, one at a time.
"""

import functools
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from typing import NamedTuple, cast

import trio

from core.model import Place
from core.observations.base import Observation
from core.observations.passive import PassiveAnswer, PassiveLeft, PassiveService
from inventories.hostnames import canonical_name

MOST = 1_000
"""Look-ups in one run of one source: about seventeen minutes at one request a second."""
PAUSE_S = 1.0
_ANSWER_S = 40.0
_BACK_OFF_S = (5.0, 20.0)
_FAILURES_IN_A_ROW = 3
_FOR_ALL = frozenset({"key-refused", "rate-limited"})
"""What will be answered for every address once it is for one."""
MOST_SERVICES = 500
"""Rows read of one answer."""
MOST_NAMES = 64
"""Host names read of one address."""
_LONGEST = 80


class Answer(NamedTuple):
    """What came back: an HTTP status (0: nothing usable), and its JSON."""

    status: int
    body: object = None


Lookup = Callable[[str], Answer]
"""Asks about one literal address. Blocks; never raises."""


Read = Callable[[object, Place, datetime], tuple[PassiveService, ...] | None]
"""Reads the JSON of an answer about a place; ``None`` when it is not one. Total."""


class Source(NamedTuple):
    """Who is asked, and how its answers are read."""

    id: str
    read: Read


class Stretch(NamedTuple):
    """Neighbouring addresses of one establishment, both ends included."""

    version: int
    first: int
    last: int
    establishment: str

    def literal(self, value: int) -> str:
        """Give one of them as text."""
        return str(ip_address(value.to_bytes(4 if self.version == 4 else 16, "big")))


async def look_up(
    source: Source,
    lookup: Lookup | None,
    stretches: Iterable[Stretch],
    *,
    now: Callable[[], datetime],
    absent: str = "no-key",
    already: Collection[str] = (),
    most: int = MOST,
) -> AsyncIterator[Sequence[Observation]]:
    """Ask about addresses one after the other; gives what each look-up told, as it comes.

    Ends with one :class:`PassiveLeft` per establishment and reason for what was not answered, the
    rest included after a refused key, an exhausted allowance or several failures in a row.
    ``lookup`` is ``None`` when it cannot be asked, for the reason ``absent``; what stands in
    ``already`` is not asked again.
    """
    left: Counter[tuple[str, str]] = Counter()
    stopped = "" if lookup is not None else absent
    failures = asked = 0
    limiter = trio.CapacityLimiter(1)
    for stretch in stretches:
        for value in range(stretch.first, stretch.last + 1):
            if asked >= most:
                stopped = stopped or "request-limit"
            if stopped or lookup is None:
                # Counted, not walked: a /8 ends at once.
                known = sum(1 for one in already if _within(one, stretch, value))
                left[stretch.establishment, stopped] += stretch.last - value + 1 - known
                break
            ip = stretch.literal(value)
            if ip in already:
                continue
            if asked:
                await trio.sleep(PAUSE_S)
            asked += 1
            place = Place(establishment=stretch.establishment, ip=ip)
            told, why = _told(source, await _patiently(lookup, ip, limiter), place, now())
            if told is not None:
                failures = 0
                yield told
                continue
            failures += 1
            left[stretch.establishment, why] += 1
            if why in _FOR_ALL or failures >= _FAILURES_IN_A_ROW:
                stopped = why
    yield tuple(
        PassiveLeft(
            place=Place(establishment=establishment),
            at=now(),
            source=source.id,
            reason=why,
            addresses=count,
        )
        for (establishment, why), count in sorted(left.items())
        if count
    )


def _within(ip: str, stretch: Stretch, first: int) -> bool:
    address = ip_address(ip)
    return address.version == stretch.version and first <= int(address) <= stretch.last


def _told(
    source: Source, answer: Answer, place: Place, at: datetime
) -> tuple[tuple[Observation, ...] | None, str]:
    """Give what an answer tells, or ``None`` and why it tells nothing."""
    match answer.status:
        case 200:
            seen = source.read(answer.body, place, at)
            if seen is None:
                return None, "protocol-error"
            count = len(seen)
            whole = PassiveAnswer(
                place=place, at=at, source=source.id, is_known=True, services=count
            )
            return (whole, *seen), ""
        case 404:
            return (PassiveAnswer(place=place, at=at, source=source.id, is_known=False),), ""
        case 401 | 403:
            return None, "key-refused"
        case 402 | 429:
            return None, "rate-limited"
        case status if status == 0 or status >= 500:
            return None, "timeout"
        case _:
            return None, "protocol-error"


async def _patiently(lookup: Lookup, ip: str, limiter: trio.CapacityLimiter) -> Answer:
    """Ask again, later, when a source says « too many » or fails by itself."""
    answer = Answer(0)
    for pause_s in (*_BACK_OFF_S, None):
        answer = Answer(0)
        with trio.move_on_after(_ANSWER_S):
            answer = await trio.to_thread.run_sync(
                functools.partial(lookup, ip), abandon_on_cancel=True, limiter=limiter
            )
        if pause_s is None or not (answer.status == 429 or answer.status >= 500):
            break
        await trio.sleep(pause_s)
    return answer


def day_of(timestamp: str, at: datetime) -> date | None:
    """Give the day of a time that is UTC without saying so; none from the future."""
    try:
        seen = datetime.fromisoformat(timestamp[:40])
        seen = seen.replace(tzinfo=UTC) if seen.tzinfo is None else seen.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return seen.date() if seen <= at + timedelta(days=1) else None


def names_in(values: object) -> tuple[str, ...]:
    """Give the host names of a list of strangers, canonical, each once, in its order."""
    found: dict[str, None] = {}
    if isinstance(values, str):
        values = [values]
    for value in cast("list[object]", values)[:MOST_NAMES] if isinstance(values, list) else ():
        name = canonical_name(value.removeprefix("*.")) if isinstance(value, str) else None
        if name is not None and "." in name:
            found[name] = None
    return tuple(found)


def plain(text: str) -> str:
    """Give a text of strangers as one short line that prints."""
    printable = "".join(one if one.isprintable() else " " for one in text[: 4 * _LONGEST])
    return re.sub(r"\s+", " ", printable).strip()[:_LONGEST]
