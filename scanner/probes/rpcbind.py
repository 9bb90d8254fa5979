"""rpcbind (RFC 1833): its null procedure, which does nothing and answers little."""

import secrets
import struct

from core.model import Transport
from scanner.lines import recognised
from scanner.visit import Measured, Probe, Visit

_CALL, _REPLY, _RPC, _PORTMAPPER = 0, 1, 2, 100_000
_VERSION = 2


def question(ident: int) -> bytes:
    """Give a call of procedure 0 without credentials (RFC 5531 §9)."""
    return struct.pack(">10I", ident, _CALL, _RPC, _PORTMAPPER, _VERSION, 0, 0, 0, 0, 0)


def read_answer(datagram: bytes, ident: int) -> str | None:
    """Tell a reply to our call, ``None`` for anything else."""
    if len(datagram) < 12:
        return None
    told, kind, denied = struct.unpack_from(">III", datagram)
    if told != ident or kind != _REPLY or denied > 1:
        return None
    return "RPC MSG_DENIED" if denied else "RPC MSG_ACCEPTED"


async def _measure(visit: Visit) -> Measured | None:
    ident = secrets.randbelow(2**32)
    async with visit.exchange() as udp:
        (answer,) = await udp.ask(question(ident))
    told = read_answer(answer, ident)
    return None if told is None else Measured(service=recognised(visit, "rpcbind", answer, told))


PROBE = Probe(name="rpcbind", ports=(111,), transport=Transport.UDP, measure=_measure)
