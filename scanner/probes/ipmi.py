"""IPMI over LAN: which authentications a management controller offers (IPMI 2.0 §13.14).

The question of every client before a session; no session is opened and no user is named.
"""

from core.model import Transport
from core.observations.ipmi import IpmiService
from scanner.lines import recognised
from scanner.visit import Measured, Probe, Visit

_RMCP = b"\x06\x00\xff\x07"
_NO_SESSION = b"\x00" + bytes(8)
_CONTROLLER, _SOFTWARE, _APPLICATION, _CAPABILITIES = 0x20, 0x81, 0x06, 0x38
_CURRENT_CHANNEL, _ADMINISTRATOR = 0x8E, 0x04
_TYPES = {0: "none", 1: "MD2", 2: "MD5", 4: "password", 5: "OEM"}


def question() -> bytes:
    """Give « Get Channel Authentication Capabilities »."""
    head = bytes([_CONTROLLER, _APPLICATION << 2])
    body = bytes([_SOFTWARE, 0, _CAPABILITIES, _CURRENT_CHANNEL, _ADMINISTRATOR])
    message = head + bytes([_checksum(head)]) + body + bytes([_checksum(body)])
    return _RMCP + _NO_SESSION + bytes([len(message)]) + message


def read_capabilities(datagram: bytes) -> tuple[int, int, int] | None:
    """Give the octets of types, of status and of versions; ``None`` when this is no such answer."""
    if datagram[:4] != _RMCP or datagram[4:13] != _NO_SESSION or len(datagram) < 30:
        return None
    message = datagram[14 : 14 + datagram[13]]
    if len(message) < 16 or message[0] != _SOFTWARE or message[5] != _CAPABILITIES:
        return None
    if message[1] >> 2 != _APPLICATION + 1 or message[6]:
        return None
    return message[8], message[9], message[10]


def _checksum(data: bytes) -> int:
    return -sum(data) & 0xFF


async def _measure(visit: Visit) -> Measured | None:
    async with visit.exchange() as udp:
        (answer,) = await udp.ask(question())
    read = read_capabilities(answer)
    if read is None:
        return None
    types, status, versions = read
    # Bit 7 of the types says that the octet of versions means something (2.0 and later).
    newer = bool(types & 0x80 and versions & 0x02)
    offered = tuple(name for bit, name in _TYPES.items() if types & 1 << bit)
    seen = IpmiService(
        place=visit.place,
        at=visit.now(),
        authentications=offered,
        has_2_0=newer,
        allows_anonymous=bool(status & 0x03),
        allows_no_authentication="none" in offered,
    )
    told = ["IPMI 2.0" if newer else "IPMI 1.5", f"auth {' '.join(offered) or '-'}"]
    if status & 0x01:
        told.append("anonymous login enabled")
    return Measured(service=recognised(visit, "ipmi", answer, *told), seen=(seen,))


PROBE = Probe(name="ipmi", ports=(623,), transport=Transport.UDP, measure=_measure)
