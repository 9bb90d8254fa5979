"""A whole address, folded when its sweep is over, and what it did on ports that nobody serves."""

from core.observations.base import Observation


class ControlsTried(Observation, frozen=True, kw_only=True, tag="controls"):
    """Connections to ports drawn at random, at an address that accepted nearly all others."""

    tried: tuple[int, ...]
    """TCP, in the order tried; the first that did not accept is the last."""
    accepted: tuple[int, ...] = ()


class HostSeen(Observation, frozen=True, kw_only=True, tag="host"):
    """One address that answered something."""

    open_tcp: int
    """Ports that accepted a connection."""
    tried_tcp: int
    """Ports tried whose answer is known: open, refused or silent."""
    improbable_open: tuple[int, ...] = ()
    """Open ports on which nothing was recognised."""
    speechless_open: tuple[int, ...] = ()
    """Those of them where not one byte came, whatever was said to them; quiet ports left out."""
    quiet_open: tuple[int, ...] = ()
    """Open ports to which nothing was sent: what uses them is presumed from the port alone."""
    control_tried: int = 0
    """Ports of :class:`ControlsTried`; 0: the address was no suspect, or could not be tried."""
    control_open: int = 0
