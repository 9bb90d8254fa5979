"""What a probe may do at one open port: connect again, within caps, and nothing beside."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from core.knowledge.model import Knowledge
from core.model import Intensity, Place
from core.observations.base import Observation
from core.observations.service import Service
from scanner.stream import Stream

Dial = Callable[[str | None], Awaitable[Stream]]
"""Opens a stream to the visited place; takes the SNI inside TLS, ``None`` for the visit's own."""


@dataclass(kw_only=True, slots=True)
class Visit:
    """One service under measure. Handed to probes; never kept by them."""

    place: Place
    intensity: Intensity
    """In force here: mandate, profile, medical and consent folded together."""
    medical: bool
    names: tuple[str, ...]
    """Host names known for this address and mandated, best first."""
    heard: bytes
    """What the service said by itself, before any byte of ours."""
    inside_tls: bool
    """True when ``dial`` gives streams that are already inside TLS."""
    dial: Dial
    """Judged, paced, counted by the gate. The first call gives discovery's own connection."""
    in_scope: Callable[[str, int], bool]
    """Whether a redirect to this name or literal, and port, leads to this address and may be."""
    now: Callable[[], datetime]
    """UTC."""
    knowledge: Knowledge
    operator: str
    """Contact that everything sent carries (User-Agent, HELO)."""
    requests_left: int = 12
    """HTTP requests still allowed at this service; a probe takes one before each request."""
    connections: int = 0
    """Opened so far."""
    roots: tuple[bytes, ...] = ()
    """DER of authorities trusted beside the public ones."""
    tls_subject: str = ""
    """Of the certificate met, as RFC 4514 writes it; empty outside TLS."""
    tls_issuer: str = ""
    notes: list[str] = field(default_factory=list[str])
    """For the debug log."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What a probe brings back when the service is of its protocol."""

    service: Service
    seen: tuple[Observation, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """One protocol. Each module of ``scanner.probes`` holds one, named ``PROBE``."""

    name: str
    ports: tuple[int, ...]
    """Where it is tried first. Never a reason to believe: the answer decides."""
    recognises: Callable[[bytes], bool]
    """Whether these bytes (a greeting, or an answer to a stranger's hello) are its own. Pure."""
    measure: Callable[[Visit], Awaitable[Measured | None]]
    """``None``: not this protocol. ``core.errors.Unanswered``: maybe, but it stopped answering."""
    server_first: bool = False
    """The server greets: tried only where ``recognises`` said yes to what was heard."""
    rank: int | None = None
    """Order in which its hello is tried on nobody's port; ``None``: on its own ports only."""
    needs: Intensity = Intensity.DISCREET
    in_tls: bool = True
    """May also be found inside TLS."""
