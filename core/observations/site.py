"""Which sites stand behind one port, and under which names."""

import msgspec

from core.observations.base import Observation


class SiteShown(msgspec.Struct, frozen=True, kw_only=True):
    """What one port shows alike to several names. Text comes from the target: hostile."""

    names: tuple[str, ...] = ()
    """Mandated names that lead there, sorted; empty: whoever gives no name alone sees it."""
    by_address: bool = False
    """Whoever gives no name sees it too: the server's default."""
    assessed_as: str | None = None
    """``hostname`` of the places at which it was assessed; ``None``: that of the port itself, or
    nowhere (``why`` of the whole)."""
    status: int | None = None
    """Of the answer to ``GET /``; ``None``: not a web service, or no answer."""
    title: str = ""
    redirect: str = ""
    """Where that answer leads, at most 300 characters; ``{name}`` stands for the name asked for."""
    certificate: str = ""
    """SHA-256 of the certificate that came for these names; empty outside TLS."""
    certificate_names: tuple[str, ...] = ()
    """Those that it is made out to, at most 20."""
    uncovered: tuple[str, ...] = ()
    """Those of ``names`` to which the certificate got by their own SNI is not made out."""
    client_certificate: bool = False
    """These names want a client certificate."""


class SitesSeen(Observation, frozen=True, kw_only=True, tag="sites"):
    """One port looked at once for each mandated name that leads to its address."""

    tls: bool = False
    """From the first byte."""
    sites: tuple[SiteShown, ...] = ()
    """The one that identification met first; at most 257."""
    judged: tuple[str, ...] = ()
    """Names whose certificate is judged by a TLS assessment of its own."""
    unanswered: dict[str, str] = {}
    """Name → reason id: asked for, and nothing was shown for it."""
    left_out: dict[str, str] = {}
    """Name → reason id: not asked for, or seen and not assessed."""
    looks: int = 0
    """Requests or hellos sent to tell sites apart."""
    is_unstable: bool = False
    """Pages change at each visit: they tell no site apart here."""
