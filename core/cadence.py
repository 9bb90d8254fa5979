"""When a target is to be measured again: pure, by data, every time UTC.

A target is an address that answered, a prefix (all that is not known to answer there), a domain, or
a directory. What is known of it puts it in one tier; the tier gives the period. The moment it is
*due* comes before the end of its period, by a part that a hash of its name chooses, so that
hospitals do not start together; nobody may contact it sooner than a window of its mandate opens.
"""

import enum
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from core.model import Wording

Opening = Callable[[datetime], datetime | None]
"""Gives the first moment, not before the one asked, when a target may be contacted; ``None``:
never."""

_SPAN = re.compile(r"([1-9][0-9]{0,3})(h|d)")
_GRAVITIES = ("", "low", "medium", "high", "critical")
_JITTER_BYTES = 4


class Family(enum.Enum):
    """What is measured of a target, all at once."""

    SERVICES = "services"
    """Every port of one address that answered before."""
    SPACE = "space"
    """Every port of a prefix."""
    DOMAIN = "domain"
    """The names of a domain, its zone and its mail."""
    DIRECTORY = "directory"


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """One pace."""

    id: str
    period: timedelta
    spread: float
    """Part of the period by which a target may come earlier."""


class Cadence(msgspec.Struct, frozen=True, kw_only=True):
    """Every pace, as the data says it and the operator changed it."""

    tiers: dict[str, Tier]
    """By id, gravest first."""
    fastest: dict[str, timedelta]
    """Family of check → no sooner for its sake."""
    gather: float
    run: timedelta
    retry: timedelta
    silences: int

    def paced(self, periods: Mapping[str, timedelta]) -> "Cadence":
        """Give the same with periods that the operator chose."""
        return msgspec.structs.replace(
            self,
            tiers={
                name: msgspec.structs.replace(one, period=periods.get(name, one.period))
                for name, one in self.tiers.items()
            },
        )

    def rank(self, why: str) -> int:
        """Give the place of a reason, 0 first: a large first scan waits for the gravest."""
        order = list(self.tiers)
        after = order.index("high") + 1
        return ["asked", *order[:after], "first", *order[after:]].index(why)


class Found(msgspec.Struct, frozen=True):
    """An open finding, as far as it sets a pace."""

    family: str
    """Of the check: ``rdp``, ``cert``…"""
    gravity: int
    """0 (info) to 4 (critical)."""
    is_exploited: bool = False


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a target."""

    ght: str
    establishment: str
    target: str
    family: Family
    measured_at: datetime | None = None
    asked_at: datetime | None = None
    failures: int = 0
    """Runs in a row that could not measure it."""
    found: Sequence[Found] = ()


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """When, and why."""

    at: datetime
    """Inside a window of the mandate."""
    soon_at: datetime
    """From then on, a run that starts anyway takes it along."""
    by: datetime
    """The end of its period: later is late, closed windows apart."""
    why: str
    """Tier, ``first`` or ``asked``."""


def next_due(known: Known, cadence: Cadence, now: datetime, opening: Opening) -> Due | None:
    """Give when a target is due; ``None`` when no window will open on it again."""
    if known.asked_at is not None:
        return _within(known.asked_at, known.asked_at, known.asked_at, "asked", opening)
    tier, period = _pace(known, cadence)
    if known.measured_at is None:
        at = now if not known.failures else now + _retry(known, cadence, period)
        return _within(at, at, at, "first", opening)
    # A clock that was ahead must not put the next measure off.
    last = min(known.measured_at, now)
    if known.failures:
        at = now + _retry(known, cadence, period)
        return _within(at, at, last + period, tier.id, opening)
    early = period * (tier.spread * _jitter(known))
    at, by = last + period - early, last + period
    # One that would be late behind a run that starts now is taken along too.
    soon_at = min(at - period * cadence.gather, by - cadence.run)
    return _within(at, soon_at, by, tier.id, opening)


def _within(
    at: datetime, soon_at: datetime, by: datetime, why: str, opening: Opening
) -> Due | None:
    opens = opening(at)
    if opens is None:
        return None
    return Due(at=opens, soon_at=min(soon_at, opens), by=max(by, opens), why=why)


def _pace(known: Known, cadence: Cadence) -> tuple[Tier, timedelta]:
    if known.family is Family.DIRECTORY:
        tier = cadence.tiers["directory"]
        return tier, tier.period
    usual = {Family.SERVICES: "live", Family.SPACE: "dead", Family.DOMAIN: "domain"}[known.family]
    paces = [(cadence.tiers[usual].period, usual)]
    for one in known.found:
        name = "exploited" if one.is_exploited else _GRAVITIES[one.gravity]
        if name:
            fastest = cadence.fastest.get(one.family, timedelta(0))
            paces.append((max(cadence.tiers[name].period, fastest), name))
    order = list(cadence.tiers)
    period, name = min(paces, key=lambda one: (one[0], order.index(one[1])))
    return cadence.tiers[name], period


def _retry(known: Known, cadence: Cadence, period: timedelta) -> timedelta:
    doubled: int = 1 << min(known.failures - 1, 10)
    return min(cadence.retry * doubled, period)


def _jitter(known: Known) -> float:
    """Give a number from 0 to 1, the same for ever.

    All that an establishment has of one kind moves together: one run measures it, not hundreds.
    """
    what = known.target if known.family is Family.SPACE else ""
    key = f"{known.ght}|{known.establishment}|{known.family.value}|{what}"
    digest = hashlib.sha256(key.encode()).digest()
    return int.from_bytes(digest[:_JITTER_BYTES]) / (1 << 8 * _JITTER_BYTES)


def parse_span(text: str) -> timedelta | None:
    """Give the length of ``12h`` or ``90d``; ``None`` for any other spelling."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    number = int(match[1])
    return timedelta(hours=number) if match[2] == "h" else timedelta(days=number)


WHY = {
    "asked": Wording("demandé", "asked for"),
    "first": Wording("jamais mesuré", "never measured"),
    "exploited": Wording("faille exploitée", "exploited vulnerability"),
    "critical": Wording("constat critique", "critical finding"),
    "high": Wording("constat élevé", "high finding"),
    "medium": Wording("constat moyen", "medium finding"),
    "low": Wording("constat faible", "low finding"),
    "live": Wording("répond, sans constat", "answers, nothing found"),
    "dead": Wording("rien n'y répond", "nothing answers there"),
    "domain": Wording("domaine", "domain"),
    "directory": Wording("annuaire", "directory"),
}
"""What sets the pace, in words."""
