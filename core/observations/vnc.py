"""What a VNC server says of itself."""

from core.observations.base import Observation


class VncService(Observation, frozen=True, kw_only=True, tag="vnc"):
    """The RFB greeting up to the list of security types (RFC 6143 §7.1); none is chosen."""

    version: str
    """``003.008``: of the protocol, not of the product."""
    security_types: tuple[int, ...] | None
    """Offered by the server, in its order. RFB 3.3: the one that the server imposes."""
    refusal: str = ""
    """Reason given in place of the types."""
