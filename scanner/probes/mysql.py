"""MySQL and MariaDB: the server's own greeting; where it offers TLS, one SSLRequest, and no user.

MySQL Client/Server Protocol, « Protocol::HandshakeV10 » and « ERR_Packet ». A server that does not
know our address says so (1130) instead of its version: it is MySQL too.
"""

import struct
from dataclasses import dataclass

from core.errors import Unanswered
from core.model import Status
from core.observations.base import Observation
from core.observations.database import DatabaseService
from scanner.lines import recognised, shown
from scanner.starttls import behind
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit

_LONGEST_BYTES = 1_024
_CLIENT_SSL = 0x0800
_CLIENT_PROTOCOL_41, _CLIENT_SECURE_CONNECTION = 0x0200, 0x8000
_UTF8 = 33
_MARIADB_PREFIX = "5.5.5-"
"""MariaDB 10 puts it before its version, for replicas that take 10 for 1."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a server says first."""

    engine: str
    version: str | None
    tls: bool | None
    text: str


def read_greeting(packet: bytes) -> Greeting | None:
    """Read the first packet, header included; ``None`` when it is not MySQL's. Never raises."""
    body = packet[4:]
    size = int.from_bytes(packet[:3], "little")
    if not 5 <= size <= _LONGEST_BYTES or len(body) < size or packet[3] > 1:
        return None
    body = body[:size]
    if body[0] == 0xFF:
        return _refusal(body)
    return _handshake(body) if body[0] == 10 else None


def _refusal(body: bytes) -> Greeting | None:
    code = int.from_bytes(body[1:3], "little")
    text = body[3:].decode("latin-1")
    if not 1_000 <= code < 5_000 or not text.isascii() or not text.isprintable():
        return None
    engine = "mariadb" if "mariadb" in text.lower() else "mysql"
    return Greeting(engine=engine, version=None, tls=None, text=f"{code} {text}")


def _handshake(body: bytes) -> Greeting | None:
    raw, nul, rest = body[1:].partition(b"\x00")
    text = raw.decode("latin-1")
    # Thread id, 8 bytes of salt, a zero, the lower half of the capabilities.
    if not nul or not text or not text.isascii() or not text.isprintable() or len(rest) < 15:
        return None
    capabilities = struct.unpack_from("<H", rest, 13)[0]
    engine = "mariadb" if "mariadb" in text.lower() else "mysql"
    version = text.removeprefix(_MARIADB_PREFIX)[:80]
    return Greeting(
        engine=engine, version=version, tls=bool(capabilities & _CLIENT_SSL), text=text[:120]
    )


async def _greeting(stream: Stream) -> bytes | None:
    """Read the first packet, header included; ``None`` when its length is not that of one."""
    head = await stream.receive_exactly(4)
    size = int.from_bytes(head[:3], "little")
    if not 5 <= size <= _LONGEST_BYTES:
        return None
    return head + await stream.receive_exactly(size)


def _ssl_request() -> bytes:
    """Give « Protocol::SSLRequest »: capabilities, and nothing of a user."""
    capabilities = _CLIENT_PROTOCOL_41 | _CLIENT_SSL | _CLIENT_SECURE_CONNECTION
    body = struct.pack("<IIB23x", capabilities, 1 << 24, _UTF8)
    return len(body).to_bytes(3, "little") + b"\x01" + body


async def open_tls(stream: Stream) -> None:
    """Bring a fresh connection to where TLS begins; raises ``Unanswered`` where it does not."""
    packet = await _greeting(stream)
    greeting = read_greeting(packet) if packet else None
    if greeting is None or not greeting.tls:
        raise Unanswered(Status.PROTOCOL_ERROR, greeting.text if greeting else "no greeting")
    await stream.send(_ssl_request())


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        packet = await _greeting(stream)
    if packet is None:
        return None
    greeting = read_greeting(packet)
    if greeting is None:
        return None
    why = {"no_authentication": "not-offered"}
    if greeting.version is None:
        why |= {"version": "not-offered", "tls_offered": "not-offered"}
    service = recognised(visit, "mysql", packet, f"Handshake: {shown(greeting.text, 120)}")
    seen = DatabaseService(
        place=visit.place,
        at=visit.now(),
        engine=greeting.engine,
        version=greeting.version,
        tls_offered=greeting.tls,
        why=why,
    )
    inside: tuple[Observation, ...] = ()
    if greeting.tls and not visit.inside_tls:
        # MySQL counts handshakes cut short, and shuts out an address that makes a hundred.
        inside = await behind(visit, "mysql", open_tls, gently=True)
    return Measured(service=service, seen=(seen, *inside))


PROBE = Probe(
    name="mysql",
    ports=(3306, 3307),
    recognises=lambda heard: read_greeting(heard) is not None,
    measure=_measure,
    server_first=True,
)
