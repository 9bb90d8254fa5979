"""A name that one of the ways of finding gave, not yet asked about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NameFound:
    """A candidate. Hostile text: :mod:`scanner.hunt` judges it before anything is asked."""

    name: str
    """As it came; may hold wildcards, control characters, another's domain."""
    way: str
    """One of :data:`core.observations.name.WAYS`."""
