"""The grades of TLS endpoints: one picture, and the table behind it."""

from collections import Counter

from core.results import TlsRow
from reports import pictures
from reports.told import MAX_SERVICES, Told, address, endpoint
from reports.view import TlsEndpoint, TlsShare

_LETTERS = ("A", "B", "C", "D", "E", "?")
_LOOKS = {"A": "info", "B": "low", "C": "medium", "D": "high", "E": "critical"}
_REASONS = 4
_WORST_FIRST = "EDC?BA"


def grade_blocks(it: Told) -> tuple[pictures.Block, ...]:
    """Give the picture of all endpoints by grade, the best first."""
    counts = Counter(one.grade for one in it.results.tls)
    parts = [(_look(letter), counts[letter], letter) for letter in _LETTERS]
    return pictures.stacked(parts, counts.total(), 26)


def grade_shares(it: Told) -> tuple[TlsShare, ...]:
    """Give each grade that was given, what it means, and how often."""
    counts = Counter(one.grade for one in it.results.tls)
    return tuple(
        TlsShare(
            look=_look(letter),
            letter=letter,
            meaning=it.say(f"grade_{'unknown' if letter == '?' else letter.lower()}"),
            count=it.number(counts[letter]),
        )
        for letter in _LETTERS
        if counts[letter]
    )


def endpoints(it: Told) -> tuple[TlsEndpoint, ...]:
    """Give the endpoints, the worst first."""
    rows = sorted(it.results.tls, key=_rank)
    return tuple(_row(it, one) for one in rows[:MAX_SERVICES])


def _rank(one: TlsRow) -> tuple[object, ...]:
    worst = _WORST_FIRST.find(one.grade) if one.grade in _LETTERS else len(_WORST_FIRST)
    return worst, one.establishment, address(one.ip) or (9, 0), one.ip, one.port, one.starttls


def _row(it: Told, one: TlsRow) -> TlsEndpoint:
    through = f" STARTTLS {one.starttls}" if one.starttls else ""
    return TlsEndpoint(
        where=it.inert(endpoint(one.ip, one.port, one.transport) + through),
        name=it.inert(one.hostname or "", 120),
        establishment=it.establishment(one.establishment),
        letter=one.grade if one.grade in _LETTERS else "?",
        look=_look(one.grade),
        at_best=it.say("grade_at_best") if one.at_best else "",
        versions=it.inert(", ".join(one.versions) or "—"),
        reasons=it.listed((reason.title for reason in one.reasons), _REASONS, 160),
    )


def _look(letter: str) -> str:
    return _LOOKS.get(letter, "service")
