"""What is due and when, and what no run will look at: for people and for scripts."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from core.cadence import WHY, Family
from core.model import Language, Wording
from core.reasons import say as reason
from core.store.schedule import Row
from vigie.schedule.ground import Ground
from vigie.schedule.mandates import MandateWarning, concerns, mandate_warnings

_FAMILIES = {
    Family.SERVICES: Wording("services", "services"),
    Family.SPACE: Wording("préfixe", "prefix"),
    Family.DOMAIN: Wording("domaine", "domain"),
    Family.DIRECTORY: Wording("annuaire", "directory"),
}
_WHY_NOT = {
    "mandate-ended": Wording("mandat terminé", "mandate ended"),
    "excluded": Wording("exclu", "excluded"),
}


class DueTarget(msgspec.Struct, frozen=True, kw_only=True):
    """One target that will be measured."""

    establishment: str
    target: str
    family: Family
    due_at: datetime
    by: datetime
    why: str
    measured_at: datetime | None
    failures: int
    stopped: bool
    """By ``vigie stop``: nothing is sent until it is lifted."""


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """What no run will look at."""

    establishment: str
    target: str
    why: str


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """The schedule of one GHT."""

    ght: str
    timezone: str
    open_now: bool
    next_opening: datetime | None
    due: tuple[DueTarget, ...]
    left_out: tuple[LeftOut, ...]
    mandates_ending: tuple[MandateWarning, ...]


def listed(ground: Ground, rows: Collection[Row], held: Collection[str], now: datetime) -> Listed:
    """Give the schedule of a GHT; targets that no turn has seen yet are due now."""
    today = now.astimezone(ZoneInfo(ground.inventory.ght.timezone)).date()
    return Listed(
        ght=ground.id,
        timezone=ground.inventory.ght.timezone,
        open_now=any(one.permit is not None for one in ground.scope.segments(now)),
        next_opening=ground.scope.next_opening(now),
        due=tuple(_due(one, held) for one in rows if one.due is not None),
        left_out=tuple(_left_out(ground, rows, held, now, today)),
        mandates_ending=tuple(mandate_warnings(ground.inventory, today)),
    )


def _due(row: Row, held: Collection[str]) -> DueTarget:
    assert row.due is not None
    return DueTarget(
        establishment=row.establishment,
        target=row.target,
        family=row.family,
        due_at=row.due.at,
        by=row.due.by,
        why=row.due.why,
        measured_at=row.measured_at,
        failures=row.failures,
        stopped="*" in held or row.establishment in held,
    )


def _left_out(
    ground: Ground, rows: Collection[Row], held: Collection[str], now: datetime, today: date
) -> Iterator[LeftOut]:
    ended = {
        owner.id
        for owner in ground.inventory.establishments
        for one in ground.inventory.mandates
        if concerns(one, owner) and one.valid_until < today
    }

    def told(owner: str, target: str, why: str) -> LeftOut:
        why = "mandate-ended" if why == "out-of-scope" and owner in ended else why
        return LeftOut(establishment=owner, target=target, why=why)

    for owner, target, why in ground.not_scheduled(now):
        yield told(owner, target, why)
    for row in rows:
        if row.due is None and row.family is not Family.SPACE:
            yield told(row.establishment, row.target, "out-of-scope")
    for one in sorted(held):
        yield told(one, one, "stopped")


def lines(one: Listed, language: Language) -> Iterator[str]:
    """Give a GHT's schedule as text, times in its own zone."""
    french = language is Language.FR
    zone = ZoneInfo(one.timezone)

    def local(moment: datetime) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"

    if one.open_now:
        opening = "fenêtre ouverte" if french else "window open"
    elif one.next_opening is not None:
        opening = f"{'ouverture' if french else 'opens'} {local(one.next_opening)}"
    else:
        opening = "aucune fenêtre à venir" if french else "no window to come"
    yield f"{one.ght} : {opening}" if french else f"{one.ght}: {opening}"
    for warned in one.mandates_ending:
        owners = ", ".join(warned.establishments)
        yield (
            f"  ! mandat {warned.document} ({owners}) : se termine le {warned.ends_on}, "
            f"dans {warned.days_left} {'jours' if warned.days_left > 1 else 'jour'}"
            if french
            else f"  ! mandate {warned.document} ({owners}): ends on {warned.ends_on}, "
            f"in {warned.days_left} {'day' if warned.days_left == 1 else 'days'}"
        )
    for due in one.due:
        notes: list[str] = []
        if due.failures:
            notes.append(f"{due.failures} " + ("échecs" if french else "failures"))
        if due.stopped:
            notes.append(reason("stopped", language))
        what = f"{_FAMILIES[due.family].say(language):9} {due.target}"
        why = "; ".join([WHY[due.why].say(language), *notes])
        yield f"  {local(due.due_at)}  {due.establishment:16} {what:40} {why}"
    if one.left_out:
        yield "  Non prévu :" if french else "  Not scheduled:"
    for left in one.left_out:
        words = _WHY_NOT.get(left.why)
        why = words.say(language) if words else reason(left.why, language)
        yield f"    {left.establishment:16} {left.target:40} {why}"
