"""Text fit to be shown: hostile strings made inert, numbers, dates and French typography."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.model import Language

NBSP = "\u00a0"
THIN = "\u202f"

# Characters that reorder, hide or join what stands around them (Unicode UAX #9, UTR #36).
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile(
    ""
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200d\u2060-\u2064\u206a-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_BLANK = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029 ]+")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x9f]")
_UNUSABLE = frozenset({"Cs", "Co", "Cn"})
_MARKS_IN_A_ROW = 3

_CUT = {
    Language.FR: "… [coupé : {total} caractères en tout]",
    Language.EN: "… [cut: {total} characters in all]",
}


def inert(text: str, language: Language, limit: int = 300) -> str:
    """Give foreign text on one line, in visible characters that only stand for themselves.

    Controls and invisible characters are dropped, what turns the direction of writing is spelt out
    (``⟨U+202E⟩``), lone surrogates become U+FFFD, piled accents are thinned. Longer than ``limit``,
    it is cut with a mark that tells the full length.
    """
    kept = text[: limit + 1]
    if not (kept.isascii() and kept.isprintable()):
        kept = _visible(kept)
    if len(text) <= limit:
        return kept.strip()
    return kept[:limit].rstrip() + _CUT[language].format(total=number(len(text), language))


def _visible(text: str) -> str:
    text = _CONTROL.sub("", _BLANK.sub(" ", text))
    if text.isascii():
        return text
    text = _BIDI.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", _INVISIBLE.sub("", text))
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append("\ufffd" if category in _UNUSABLE else character)
    return "".join(kept)


def typeset(text: str, language: Language) -> str:
    """Give a sentence of ours with the spaces and apostrophes of its language, `code` untouched."""
    if language is not Language.FR:
        return text
    parts = text.split("`")
    return "`".join(_french(part) if index % 2 == 0 else part for index, part in enumerate(parts))


def _french(text: str) -> str:
    text = re.sub(r"(?<=\w)'(?=[\w«])", "’", text)
    text = text.replace(" :", f"{NBSP}:").replace("« ", f"«{NBSP}").replace(" »", f"{NBSP}»")
    text = re.sub(r" (?=[;!?](?:\s|$|\)))", THIN, text)
    return re.sub(r"(?<=\d) (?=%|jours?\b|mois\b|h\b)", NBSP, text)


def number(value: int, language: Language) -> str:
    """Give a whole number with the thousands separator of the language."""
    return f"{value:,}".replace(",", THIN) if language is Language.FR else f"{value:,}"


_MONTHS = {
    Language.FR: (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    Language.EN: (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip


def zone(name: str) -> ZoneInfo | None:
    """Give a time zone by its IANA name, or None when there is no such zone."""
    if not re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}", name[:65]) or len(name) > 64:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


class Clock:
    """Dates and times as one reader reads them: a language, a time zone."""

    def __init__(self, timezone: str, language: Language) -> None:
        found = zone(timezone)
        self._zone = found or UTC
        self._language = language
        self.zone_name = timezone if found else "UTC"

    def local(self, moment: datetime) -> datetime:
        """Give a moment in the reader's zone; a naive one is UTC, one past the calendar is kept."""
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        try:
            return aware.astimezone(self._zone)
        except OverflowError:
            return aware

    def today(self, moment: datetime) -> date:
        """Give the day of a moment in the reader's zone."""
        return self.local(moment).date()

    def day(self, moment: datetime | date) -> str:
        """Give a date in full: « 15 janvier 2026 »."""
        local = self.local(moment) if isinstance(moment, datetime) else moment
        month = _MONTHS[self._language][local.month - 1]
        first = "1er" if local.day == 1 and self._language is Language.FR else str(local.day)
        return f"{first}{NBSP}{month}{NBSP}{local.year}"

    def short(self, moment: datetime | date) -> str:
        """Give a date for a table cell: « 15/01/2026 », or « 2026-01-15 » in English."""
        local = self.local(moment) if isinstance(moment, datetime) else moment
        if self._language is Language.FR:
            return f"{local.day:02d}/{local.month:02d}/{local.year:04d}"
        return f"{local.year:04d}-{local.month:02d}-{local.day:02d}"

    def hour(self, moment: datetime) -> str:
        """Give the time of day: « 21 h 05 », or « 21:05 »."""
        local = self.local(moment)
        if self._language is Language.FR:
            return f"{local.hour}{NBSP}h{NBSP}{local.minute:02d}"
        return f"{local.hour:02d}:{local.minute:02d}"

    def moment(self, moment: datetime) -> str:
        """Give a date with its time of day."""
        join = " à " if self._language is Language.FR else ", "
        return f"{self.day(moment)}{join}{self.hour(moment)}"


def duration(seconds: float, language: Language) -> str:
    """Give how long something took, in the two largest units that matter."""
    units: Mapping[str, str] = (
        {"d": "j", "h": "h", "m": "min", "s": "s"}
        if language is Language.FR
        else {"d": "d", "h": "h", "m": "min", "s": "s"}
    )
    left = max(0, round(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{number(count, language)}{NBSP}{units[unit]}")
    return " ".join(parts[:2]) or f"0{NBSP}s"
