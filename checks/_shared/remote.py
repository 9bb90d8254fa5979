"""What counts as a remote access: the register of the report and ``exposure.undeclared`` agree on it."""

from core.knowledge.model import Product
from core.observations.service import Service

REMOTE_PROTOCOLS = frozenset({"rdp", "vnc", "ssh", "telnet", "winrm", "x11"})
"""A person, or a program in a person's place, takes hold of a machine through them."""

VPN_PROTOCOLS = frozenset({"ike", "openvpn", "l2tp", "pptp", "sstp"})
"""A machine, or a whole site, joins the internal network through them."""
REMOTE_SUPPORT = "remote_support"
"""Category of the products that take hold of a workstation, whatever they speak."""


def is_remote_access(seen: Service, product: Product | None) -> bool:
    """Whether this service lets someone in from afar: by protocol, as a portal, by its product."""
    if product is not None and product.category == REMOTE_SUPPORT:
        return True
    return seen.portal or seen.protocol in REMOTE_PROTOCOLS | VPN_PROTOCOLS
