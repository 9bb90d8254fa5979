"""What every observation has."""

from datetime import datetime

import msgspec

from core.model import Place, Status


class Observation(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """A fact seen at a place. Facts only: whether it is a fault is for ``checks`` to say.

    A field that could not be measured is ``None`` and its name stands in ``why``.
    """

    place: Place
    at: datetime
    """UTC."""
    why: dict[str, str] = {}
    """Field name → reason id of :mod:`core.reasons` (with optional ``: detail``)."""


class Attempt(Observation, frozen=True, kw_only=True, tag="attempt"):
    """How one probe ended at one place: exactly one per place × probe."""

    probe: str
    status: Status
    detail: str = ""
    connections: int = 0
    """Connections that this probe opened."""
    duration_ms: int = 0
