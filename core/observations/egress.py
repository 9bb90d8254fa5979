"""What our own way out lets through."""

from core.observations.base import Observation


class EgressSeen(Observation, frozen=True, kw_only=True, tag="egress"):
    """The canary's answers at the start of a run."""

    has_canary: bool
    """False: none declared, or none answered; silence on often-filtered ports proves nothing."""
    reached: tuple[int, ...] = ()
    """TCP ports proven open outward."""
    filtered: tuple[int, ...] = ()
    """The canary, which answers on others, did not see these."""
