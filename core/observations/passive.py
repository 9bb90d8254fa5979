"""What others say they saw: claims with a date, never facts of ours until a probe confirms them."""

from datetime import date

from core.observations.base import Observation


class PassiveService(Observation, frozen=True, kw_only=True, tag="passive-service"):
    """« Seen by X on D, not confirmed »: one port that a source says it found open.

    Texts are hostile: they come from the target through the source. Bounded.
    """

    source: str
    """Id of the source: ``shodan``."""
    seen_on: date | None
    """Day of the source's own visit, UTC; ``None`` when it gives none that makes sense."""
    protocol: str = ""
    """The source's own word."""
    product: str = ""
    version: str = ""
    names: tuple[str, ...] = ()
    """Host names that the source gives the address, at most 64."""


class PassiveAnswer(Observation, frozen=True, kw_only=True, tag="passive-answer"):
    """A source was asked about one address, and answered."""

    source: str
    is_known: bool
    """False: the source has nothing about it, which proves nothing."""
    services: int = 0
    """How many of its ports are kept as :class:`PassiveService`."""


class PassiveLeft(Observation, frozen=True, kw_only=True, tag="passive-left"):
    """Addresses of an establishment that a source was not asked about, or did not answer for."""

    source: str
    reason: str
    """Id in :mod:`core.reasons`."""
    addresses: int
