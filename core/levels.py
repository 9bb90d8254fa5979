"""Service levels: days to fix by criticality, and confirmations before a finding counts as fixed.

The figures stand in ``core/knowledge/service_levels.toml``, each with its source.
"""

import functools
import tomllib
from datetime import date, datetime, timedelta
from importlib.resources import files

import msgspec

from core.model import Criticality


class Days(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days to fix; ``None``: no due date."""

    critical: int | None = None
    high: int | None = None
    medium: int | None = None
    low: int | None = None
    info: int | None = None
    exploited: int | None = None
    """Of what is known to be exploited, whatever its criticality."""


class Confirmations(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Runs in a row that must miss a finding, by what they met."""

    certain: int
    unsure: int
    gone: int
    replaced: int
    unrecognised: int
    refused: int
    silent: int
    udp_silent: int


class ServiceLevels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file."""

    schema: int
    compiled_on: date
    days: Days
    confirmations: Confirmations

    def due_at(self, opened_at: datetime, gravity: int, *, exploited: bool) -> datetime | None:
        """Give until when a finding is to be fixed; ``None``: nothing binds."""
        days: list[int | None] = [getattr(self.days, criticality_of(gravity).value)]
        if exploited:
            days.append(self.days.exploited)
        known = [one for one in days if one is not None]
        return opened_at + timedelta(days=min(known)) if known else None


@functools.cache
def load_levels() -> ServiceLevels:
    """Read the file; raises ``ValueError`` on data that does not fit."""
    text = (files("core.knowledge") / "service_levels.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), ServiceLevels)


def gravity_of(criticality: Criticality) -> int:
    """Give a criticality as the store sorts it: 0 (info) to 4 (critical)."""
    return list(Criticality).index(criticality)


def criticality_of(gravity: int) -> Criticality:
    """Give it back."""
    return list(Criticality)[gravity]
