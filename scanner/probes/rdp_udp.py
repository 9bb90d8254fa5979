"""RDP over UDP (MS-RDPEUDP §3.1.5.1): one SYN datagram, whose answer proves the listener.

Without the TCP connection that it belongs to, the server forgets it after its own time-out.
"""

import secrets
import struct

from core.model import Transport
from scanner.lines import recognised
from scanner.visit import Measured, Probe, Visit

_SYN, _ACK, _EXTENDED = 0x0001, 0x0004, 0x1000
_HEADER = struct.Struct(">IHH")
_MTU = 1_232
_NEVER = 0xFFFFFFFF


def question(sequence: int) -> bytes:
    """Give a SYN padded to 1,200 bytes; the protocol asks for a full packet (§2.2.2.1)."""
    head = _HEADER.pack(_NEVER, 64, _SYN)
    return (head + struct.pack(">IHH", sequence, _MTU, _MTU)).ljust(1_200, b"\0")


def read_answer(datagram: bytes, sequence: int) -> str | None:
    """Tell a SYN+ACK to our SYN, ``None`` for anything else."""
    if len(datagram) < _HEADER.size + 8:
        return None
    acknowledged, _window, flags = _HEADER.unpack_from(datagram)
    if acknowledged != sequence or flags & (_SYN | _ACK) != _SYN | _ACK:
        return None
    return "SYN+ACK, SYNEX" if flags & _EXTENDED else "SYN+ACK"


async def _measure(visit: Visit) -> Measured | None:
    sequence = secrets.randbelow(2**31) + 1
    async with visit.exchange() as udp:
        (answer,) = await udp.ask(question(sequence))
    told = read_answer(answer, sequence)
    return None if told is None else Measured(service=recognised(visit, "rdp-udp", answer, told))


PROBE = Probe(name="rdp-udp", ports=(3389, 3391), transport=Transport.UDP, measure=_measure)
