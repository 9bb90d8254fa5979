"""Mandates that are about to end: told at 60, 30 and 7 days."""

from collections.abc import Iterator
from datetime import date, timedelta
from ipaddress import ip_network

import msgspec

from core.inventory import Establishment, Inventory, Mandate
from inventories.hostnames import is_under

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
    for mandate in inventory.mandates:
        days = (mandate.valid_until - today).days
        passed = [one for one in THRESHOLDS_DAYS if days <= one]
        if days < 0 or mandate.valid_from > today or not passed:
            continue
        left = tuple(
            one.id
            for one in inventory.establishments
            if concerns(mandate, one)
            and not any(_continues(other, mandate, one) for other in inventory.mandates)
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


def concerns(mandate: Mandate, owner: Establishment) -> bool:
    """Whether a mandate allows to scan anything of an establishment."""
    if mandate.establishments or not mandate.covers:
        return owner.id in (mandate.establishments or (owner.id,))
    return any(_touches(one, owner) for one in mandate.covers)


def _touches(written: str, owner: Establishment) -> bool:
    try:
        network = ip_network(written)
    except ValueError:
        return any(is_under(written, one) for one in owner.domains)
    return any(network.overlaps(ip_network(one)) for one in owner.ranges)


def _continues(other: Mandate, mandate: Mandate, owner: Establishment) -> bool:
    """Whether another mandate takes over without a gap, for all that this one covers."""
    return (
        other.valid_until > mandate.valid_until
        and other.valid_from <= mandate.valid_until + timedelta(days=1)
        and (not other.establishments or owner.id in other.establishments)
        and (not other.covers or other.covers == mandate.covers)
    )
