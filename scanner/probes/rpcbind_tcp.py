"""rpcbind over TCP: the same null procedure, behind a record mark (RFC 5531 §11)."""

import secrets
import struct

from scanner.lines import recognised
from scanner.probes.rpcbind import question, read_answer
from scanner.visit import Measured, Probe, Visit

_LAST = 0x8000_0000
_LONGEST = 512
"""An accepted null reply takes 24 bytes, with a verifier of 400 at most."""


async def _measure(visit: Visit) -> Measured | None:
    ident = secrets.randbelow(2**32)
    call = question(ident)
    async with await visit.dial(None) as stream:
        await stream.send(struct.pack(">I", _LAST | len(call)) + call)
        (mark,) = struct.unpack(">I", await stream.receive_exactly(4))
        if not mark & _LAST or mark & ~_LAST > _LONGEST:
            return None
        answer = await stream.receive_exactly(mark & ~_LAST)
    told = read_answer(answer, ident)
    return None if told is None else Measured(service=recognised(visit, "rpcbind", answer, told))


PROBE = Probe(name="rpcbind-tcp", ports=(111,), measure=_measure, in_tls=False)
