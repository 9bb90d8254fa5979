"""Mandates that are about to end: told at 60, 30 and 7 days."""

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from core.inventory import Inventory, Mandate

THRESHOLDS_DAYS = (60, 30, 7)


class MandateWarning(msgspec.Struct, frozen=True, kw_only=True):
    """A mandate that ends soon, and that none continues."""

    ght: str
    document: str
    establishments: tuple[str, ...]
    """Those that nothing allows to scan from the next day on."""
    ends_on: date
    """Its last day."""
    days_left: int
    threshold_days: int
    """The last one passed: 60, 30 or 7."""


def mandate_warnings(inventory: Inventory, today: date) -> Iterator[MandateWarning]:
    """Give the mandates that end within 60 days, in the order of the file; ended ones excepted."""
    everyone = tuple(one.id for one in inventory.establishments)
    for mandate in inventory.mandates:
        days = (mandate.valid_until - today).days
        passed = [one for one in THRESHOLDS_DAYS if days <= one]
        if days < 0 or mandate.valid_from > today or not passed:
            continue
        left = tuple(
            one
            for one in mandate.establishments or everyone
            if not any(_continues(other, mandate, one) for other in inventory.mandates)
        )
        if left:
            yield MandateWarning(
                ght=inventory.ght.id,
                document=mandate.document,
                establishments=left,
                ends_on=mandate.valid_until,
                days_left=days,
                threshold_days=min(passed),
            )


def _continues(other: Mandate, mandate: Mandate, establishment: str) -> bool:
    """Whether another mandate takes over without a gap, for all that this one covers."""
    return (
        other.valid_until > mandate.valid_until
        and other.valid_from <= mandate.valid_until + timedelta(days=1)
        and (not other.establishments or establishment in other.establishments)
        and (not other.covers or other.covers == mandate.covers)
    )
