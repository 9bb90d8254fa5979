"""A whole address, folded when its sweep is over."""

from core.observations.base import Observation


class HostSeen(Observation, frozen=True, kw_only=True, tag="host"):
    """One address that answered something."""

    open_tcp: int
    """Ports that accepted a connection."""
    tried_tcp: int
    """Ports tried whose answer is known: open, refused or silent."""
    improbable_open: tuple[int, ...] = ()
    """Open ports on which nothing was recognised."""
