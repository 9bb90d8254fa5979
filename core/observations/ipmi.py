"""What a management controller offers before any session."""

from core.observations.base import Observation


class IpmiService(Observation, frozen=True, kw_only=True, tag="ipmi"):
    """One controller (BMC) over IPMI; as it says itself, nothing was tried."""

    authentications: tuple[str, ...] = ()
    """Of IPMI 1.5: ``none``, ``MD2``, ``MD5``, ``password``, ``OEM``."""
    has_2_0: bool = False
    allows_anonymous: bool = False
    """A user without a name is enabled (§13.14, octet 4)."""
    allows_no_authentication: bool = False
