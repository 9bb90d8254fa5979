"""What an X server answers to a client without authorisation."""

from core.observations.base import Observation


class X11Service(Observation, frozen=True, kw_only=True, tag="x11"):
    """The answer to one connection setup without authorisation data (X protocol, §8)."""

    is_open: bool
    """The server took an unknown client."""
    refusal: str = ""
    """Why not."""
    vendor: str = ""
    release: int | None = None
