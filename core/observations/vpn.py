"""What a VPN gateway says of itself before anybody logs in."""

from core.observations.base import Observation


class VpnService(Observation, frozen=True, kw_only=True, tag="vpn"):
    """One gateway of OpenVPN, L2TP, PPTP or SSTP. IKE has a family of its own."""

    protocol: str
    """``openvpn`` ``l2tp`` ``pptp`` ``sstp``."""
    host_name: str = ""
    """What it calls itself (L2TP, PPTP); at most 64 characters."""
    maker: str = ""
    """Vendor string (L2TP, PPTP); at most 64 characters."""
    firmware: int | None = None
    """Revision of its software, as a bare number (L2TP, PPTP)."""
    accepted: bool | None = None
    """L2TP, PPTP: agreed to the control connection; it was closed at once."""
    tunnel_secret: bool | None = None
    """L2TP: wants a secret of its own before the tunnel."""
