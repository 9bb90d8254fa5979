"""Examples for checks of registrations, and the states in which a registry takes a name back."""

from datetime import date

import msgspec

from checks._shared.examples import AT
from core.model import Place
from core.observations.registration import Registration

ENDING = frozenset({"redemption period", "pending delete", "pending restore"})
"""RDAP status values (RFC 8056)."""

_USUAL = Registration(
    place=Place(establishment="chu-exemple", hostname="chu.example"),
    at=AT,
    domain="chu.example",
    registered="chu.example",
    expires_on=date(2030, 1, 1),
    registered_on=date(2010, 1, 1),
    statuses=("active",),
    registrar="Bureau Exemple",
    source="rdap.example",
)


def registration(**changes: object) -> Registration:
    """Give a registration that runs for years, changed."""
    return msgspec.structs.replace(_USUAL, **changes)
