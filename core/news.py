"""What there is to tell after a run: what changed, what stands, which mandate ends."""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

CHANGED = ("new", "reopened", "graver", "to-confirm", "fixed")
"""What a run may bring, as it is told first."""
CALLING = ("new", "reopened", "graver")
"""What of it is told at once, when it is grave enough."""
STANDING = ("overdue", "expiring", "unmeasured")
"""What is so however long it has been."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of which there is something to tell."""

    what: str
    """One of :data:`CHANGED` or :data:`STANDING`."""
    fingerprint: str
    check: str
    establishment: str
    """Id."""
    gravity: int
    """0 (info) to 4 (critical)."""
    exploited: bool = False


class MandateEnd(msgspec.Struct, frozen=True, kw_only=True):
    """One mandate that ends soon."""

    establishments: tuple[str, ...]
    """Ids."""
    ends_on: date
    """Last day."""
    days: int
    """Until then; 0: today."""


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What one destination is told at once, already brought down to what it may know."""

    kind: str
    """digest | alert | mandate | test."""
    ght: str
    ght_name: str
    at: datetime
    """UTC."""
    run: str = ""
    run_kind: str = "exposure"
    """exposure | directory."""
    is_complete: bool = True
    names: Mapping[str, str] = {}
    """Establishment → its name."""
    items: tuple[Item, ...] = ()
    mandate: MandateEnd | None = None
