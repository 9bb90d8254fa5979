"""A host name and where it leads."""

from core.observations.base import Observation


class NameSeen(Observation, frozen=True, kw_only=True, tag="name"):
    """One name of the inventory, as the declared resolvers answered it."""

    name: str
    addresses: tuple[str, ...] = ()
    """Literal, sorted."""
    in_scope: tuple[str, ...] = ()
    """Those that the mandate lets us contact for this name."""
    withheld: dict[str, str] = {}
    """Address under the mandate that we may not contact → reason id: intensity, third-party."""
    chain: tuple[str, ...] = ()
    """CNAMEs followed by the resolver, in order."""
    error: str = ""
    """Empty, NXDOMAIN, SERVFAIL, timeout, « no address »…; beside addresses: there may be more."""
