"""What a probe may do at one port: connect again or ask, within caps, and nothing beside."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime

from core.knowledge.model import Knowledge
from core.model import Intensity, Place, Transport
from core.observations.base import Observation
from core.observations.service import Service
from scanner.datagrams import Datagrams
from scanner.stream import Stream
from scanner.tls.revocation import Asker

Dial = Callable[[str | None], Awaitable[Stream]]
"""Opens a stream to the visited place; takes the SNI inside TLS, ``None`` for the visit's own."""
OpenDatagrams = Callable[[bool], AbstractAsyncContextManager[Datagrams]]
"""Opens a socket towards the visited UDP port; takes ``any_port``."""


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
    """Judged, paced, counted by the gate. The first call gives discovery's own connection.

    Over TCP only, as ``heard``, ``inside_tls`` and ``requests_left`` are.
    """
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
    datagrams_left: int = 24
    """UDP datagrams still allowed at this service; counted down by ``exchange``."""
    roots: tuple[bytes, ...] = ()
    """DER of authorities trusted beside the public ones."""
    revocation: Asker | None = None
    """Asks authorities whether a certificate was revoked; ``None``: not allowed."""
    tls_subject: str = ""
    """Of the certificate met, as RFC 4514 writes it; empty outside TLS."""
    tls_issuer: str = ""
    notes: list[str] = field(default_factory=list[str])
    """For the debug log."""
    open_datagrams: OpenDatagrams | None = None
    """Judged, paced, counted by the gate; ``None`` over TCP. Probes call :meth:`exchange`."""

    def exchange(self, *, any_port: bool = False) -> AbstractAsyncContextManager[Datagrams]:
        """Open a UDP socket of its own towards the visited port, for as long as the body runs.

        One exchange is one 5-tuple: what belongs to one handshake is asked within one; the next
        handshake opens the next. Close one before opening another: a medical host has one only.
        Typical probe::

            async def _measure(visit: Visit) -> Measured | None:
                async with visit.exchange() as udp:
                    (answer,) = await udp.ask(_QUESTION)
                    if (parsed := _parse(answer)) is None:
                        return None          # something answered, of another protocol
                    return Measured(service=recognised(visit, "ntp", udp.heard, …), seen=(…,))

        The first ``ask`` is discovery too: let its ``Unanswered`` pass (``undetermined``: silence,
        which is neither « closed » nor « clean »; ``refused``: ICMP). Catch it only for later
        questions, once the protocol is known, and put its reason in ``why``. At most
        ``datagrams_left`` are sent in one visit, then ``ask`` raises ``gave-up``.

        ``any_port`` takes answers from any port of the address too (TFTP); see :class:`Datagrams`.
        """
        if self.open_datagrams is None:
            raise ValueError("no datagrams over TCP")
        return self.open_datagrams(any_port)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What a probe brings back when the service is of its protocol."""

    service: Service
    seen: tuple[Observation, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """One protocol. Each module of ``scanner.probes`` holds one, named ``PROBE``.

    Over UDP (``transport``) there is nothing to recognise before it is asked: ``name``, ``ports``,
    ``measure`` and ``needs`` say all. It is tried on its own ports alone, each that stands in the
    default list of ``core/knowledge/ports.toml`` or that the operator asks for; quiet ports never.
    """

    name: str
    """Unique over both transports."""
    ports: tuple[int, ...]
    """Where it is tried first. Never a reason to believe: the answer decides."""
    transport: Transport = Transport.TCP
    recognises: Callable[[bytes], bool] = lambda _heard: False
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
