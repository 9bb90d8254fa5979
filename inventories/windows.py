"""Weekly windows: their grammar, and the calendar that tells when a mandate is open."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.inventory import Window

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MIN = 1440
_GRAMMAR = re.compile(
    r"(?P<days>[A-Za-z]{3}(?:-[A-Za-z]{3})?(?:,[A-Za-z]{3}(?:-[A-Za-z]{3})?)*)"
    r" (?P<opens>[0-9]{2}:[0-9]{2})-(?P<closes>[0-9]{2}:[0-9]{2})"
)
_HORIZON_DAYS = 15
"""A weekly opening may vanish in one clock change, never in two weeks running."""
_UNION_DAYS = 9

_OTHER_WORDS = {
    "lundi": "Mon", "mardi": "Tue", "mercredi": "Wed", "jeudi": "Thu", "vendredi": "Fri",
    "samedi": "Sat", "dimanche": "Sun", "lun": "Mon", "mar": "Tue", "mer": "Wed", "jeu": "Thu",
    "ven": "Fri", "sam": "Sat", "dim": "Sun", "monday": "Mon", "tuesday": "Tue",
    "wednesday": "Wed", "thursday": "Thu", "friday": "Fri", "saturday": "Sat", "sunday": "Sun",
    "tues": "Tue", "thur": "Thu", "thurs": "Thu", "weds": "Wed",
    "mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat",
    "sun": "Sun", "au": "-", "à": "-", "a": "-", "to": "-", "until": "-", "jusqu'à": "-",
    "et": ",", "and": ",", "le": "", "du": "", "de": "", "from": "",
    "weekend": "Sat-Sun", "week-end": "Sat-Sun",
    "tous": "Mon-Sun", "toujours": "Mon-Sun 00:00-24:00", "daily": "Mon-Sun",
}  # fmt: skip


def parse_window(text: str) -> Window | None:
    """Give the window of ``Mon-Fri 20:00-06:00``; ``None`` for any other spelling.

    Days are ranges or lists (``Mon,Wed-Fri``) and may wrap (``Fri-Mon``). A closing hour before
    the opening one is on the next day; two equal hours mean nothing.
    """
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        return None
    days = _parse_days(match["days"])
    opens, closes = _minutes(match["opens"]), _minutes(match["closes"])
    if days is None or opens is None or closes is None or opens in (_DAY_MIN, closes):
        return None
    if closes < opens:
        closes += _DAY_MIN
    return Window(days=days, opens_min=opens, closes_min=closes)


def suggest_window(text: str) -> str:
    """Give the right spelling of what was probably meant; ``""`` when it cannot be told."""
    words = re.findall(r"[^\W\d_]+(?:[-'][^\W\d_]+)?|[0-9]+|[^\w\s]", text[:120].lower())
    out = ""
    for word in words:
        if word.isdecimal() or word in {":", "-", ","}:
            out += f" {word} "
        elif word in {"–", "—", "/"}:
            out += " - "
        elif word in {"h", "."}:
            out += " : "
        elif word in _OTHER_WORDS:
            out += f" {_OTHER_WORDS[word]} "
        elif all(part in _OTHER_WORDS for part in word.split("-")):
            out += " " + " - ".join(_OTHER_WORDS[part] for part in word.split("-")) + " "
        elif word not in {"les", "jours", "heures", "at"}:
            return ""
    squeezed = re.sub(r"\s*([-,:])\s*", r"\1", " ".join(out.split()))
    hours = r"([0-9]{1,2})(?::([0-9]{2})?)?"
    found = re.fullmatch(rf"([A-Za-z,-]*?)[,:-]?\s*{hours}-{hours}", squeezed)
    if found is None:
        return ""
    days = found[1].strip() or "Mon-Sun"
    guess = f"{days} {int(found[2]):02}:{found[3] or '00'}-{int(found[4]):02}:{found[5] or '00'}"
    return guess if parse_window(guess) else ""


def window_text(window: Window) -> str:
    """Give the spelling of a window; parsing it again gives the same."""
    runs: list[list[int]] = []
    for day in sorted(window.days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    named = [_DAYS[day].capitalize() for day in range(7)]
    days = ",".join(
        named[run[0]] if len(run) == 1 else f"{named[run[0]]}-{named[run[-1]]}" for run in runs
    )
    closes = window.closes_min
    if closes > _DAY_MIN:
        closes -= _DAY_MIN
    opens = f"{window.opens_min // 60:02}:{window.opens_min % 60:02}"
    return f"{days} {opens}-{closes // 60:02}:{closes % 60:02}"


def _parse_days(text: str) -> tuple[int, ...] | None:
    days: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = part.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            return None
        start = _DAYS.index(first)
        span = (_DAYS.index(last) - start) % 7 if dash else 0
        days.update((start + step) % 7 for step in range(span + 1))
    return tuple(sorted(days))


def _minutes(text: str) -> int | None:
    hours, minutes = int(text[:2]), int(text[3:])
    total = 60 * hours + minutes
    return total if minutes < 60 and total <= _DAY_MIN else None


class Calendar:
    """When a mandate or a consent is open. Pure; every time is UTC.

    Local hours that a clock change repeats are read so that nothing is open by one reading only:
    a window opens at the second passage of its hour and closes at the first. An hour that a clock
    change skips stands for the moment of the change.
    """

    def __init__(
        self, zone: ZoneInfo, valid_from: date, valid_until: date, windows: tuple[Window, ...] = ()
    ) -> None:
        self._zone = zone
        self._windows = windows
        self.start = (
            datetime.min.replace(tzinfo=UTC)
            if valid_from.year < 1971
            else instant(zone, valid_from, 0, late=True)
        )
        """First moment of validity."""
        self.end = (
            None
            if valid_until.year > 9000
            else datetime.min.replace(tzinfo=UTC)
            if valid_until.year < 1971
            else instant(zone, valid_until + timedelta(days=1), 0, late=False)
        )
        """First moment after validity: local midnight after the last day. ``None``: never."""

    def is_open(self, at: datetime) -> bool:
        """Tell whether it is open at this moment."""
        if at < self.start or (self.end is not None and at >= self.end):
            return False
        return not self._windows or any(
            opens <= at < closes for opens, closes in self._around(at, before=2, after=1)
        )

    def closes(self, at: datetime) -> datetime | None:
        """Give the end of the open stretch that holds ``at`` (which must be open).

        Windows that touch count as one. ``None``: it never closes. A stretch longer than nine days
        is told as nine days: ask again then.
        """
        if not self._windows:
            return self.end
        stretches = self._around(at, before=2, after=_UNION_DAYS + 2)
        now, limit = at, at + timedelta(days=_UNION_DAYS)
        while now < limit:
            later = max((close for opens, close in stretches if opens <= now < close), default=now)
            if later == now:
                break
            now = later
        return now if self.end is None else min(now, self.end)

    def first_open(self, at: datetime) -> datetime | None:
        """Give the first moment, not before ``at``, when it is open; ``None``: there is none."""
        at = max(at, self.start)
        if self.end is not None and at >= self.end:
            return None
        if not self._windows or self.is_open(at):
            return at
        later = [
            opens for opens, _ in self._around(at, before=1, after=_HORIZON_DAYS) if opens >= at
        ]
        opening = min(later, default=None)
        if opening is None or (self.end is not None and opening >= self.end):
            return None
        return opening

    def _around(self, at: datetime, *, before: int, after: int) -> list[tuple[datetime, datetime]]:
        """Give the openings that belong to the days around a moment."""
        try:
            today = at.astimezone(self._zone).date()
            days = [today + timedelta(days=step) for step in range(-before, after + 1)]
            return [
                (opens, closes)
                for day in days
                for window in self._windows
                if day.weekday() in window.days
                for opens, closes in (self._opening(day, window),)
                if opens < closes
            ]
        except OverflowError:  # the ends of the calendar: nothing opens there
            return []

    def _opening(self, day: date, window: Window) -> tuple[datetime, datetime]:
        opens = instant(self._zone, day, window.opens_min, late=True)
        closes = instant(self._zone, day, window.closes_min, late=False)
        if opens >= closes:  # both inside a repeated hour: its first passage alone is meant
            opens = instant(self._zone, day, window.opens_min, late=False)
        return opens, closes


def instant(zone: ZoneInfo, day: date, minutes: int, *, late: bool) -> datetime:
    """Give the UTC moment of a local wall-clock time.

    ``late`` chooses the second passage of a repeated hour; a skipped hour gives the moment of the
    clock change.
    """
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first <= second:
        return second if late else first
    before, after = second, first  # PEP 495: in a gap, fold=1 lies before the change
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
