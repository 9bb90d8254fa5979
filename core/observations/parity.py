"""What one machine opens in IPv6 and not in IPv4, folded when the run ends."""

import msgspec

from core.observations.base import Observation


class ParityPort(msgspec.Struct, frozen=True, kw_only=True):
    """One TCP port that is open in IPv6."""

    port: int
    protocol: str = "unknown"
    product: str = ""
    """Id; empty: none was recognised."""
    portal: bool = False
    """A page where people log in."""
    ipv4: str
    """What the IPv4 side did: ``open``, ``filtered`` (silence or an ICMP, on every IPv4 address of
    the name), ``refused``, or ``unknown``: see ``why["ipv4"]``."""


class ParitySeen(Observation, frozen=True, kw_only=True, tag="parity"):
    """One IPv6 address beside the IPv4 addresses to which the same name leads.

    Its place is the IPv6 address, under that name.
    """

    names: tuple[str, ...]
    """All that lead to this address and to these; the first is that of the place."""
    ipv4: tuple[str, ...]
    """Those that the scan may contact, sorted."""
    ports: tuple[ParityPort, ...] = ()
    """Open in IPv6, sorted."""
    is_ipv4_silent: bool = False
    """Nothing at all answered in IPv4: it may be filtered as a whole, or gone."""
