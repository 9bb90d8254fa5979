"""TFTP: a read of a file that cannot be there; its refusal proves the service (RFC 1350 §5)."""

import secrets

from core.model import Transport
from scanner.lines import recognised, shown
from scanner.visit import Measured, Probe, Visit

_READ, _DATA, _ERROR, _OPTIONS = 1, 3, 5, 6
_CANCEL = b"\x00\x05\x00\x00stop\x00"


def question(name: str) -> bytes:
    """Give a read request in octet mode."""
    return b"\x00\x01" + name.encode("ascii") + b"\x00octet\x00"


def read_answer(datagram: bytes) -> str | None:
    """Give what an answer shows, ``None`` when no TFTP server wrote it."""
    if len(datagram) < 4 or datagram[0]:
        return None
    if datagram[1] == _ERROR and datagram.endswith(b"\0") and datagram[2] == 0:
        return f"ERROR {datagram[3]} {shown(datagram[4:-1], 60)}".strip()
    if datagram[1] == _DATA and datagram[2:4] == b"\x00\x01" and len(datagram) <= 516:
        return "DATA 1"
    return "OACK" if datagram[1] == _OPTIONS else None


async def _measure(visit: Visit) -> Measured | None:
    async with visit.exchange(any_port=True) as udp:
        (answer,) = await udp.ask(question(f"vigie-{secrets.token_hex(8)}"))
        told = read_answer(answer)
        if told is not None and not told.startswith("ERROR"):
            # It sends something for any name: the transfer is refused, so that it does not go on.
            await udp.tell(_CANCEL)
    return None if told is None else Measured(service=recognised(visit, "tftp", answer, told))


PROBE = Probe(name="tftp", ports=(69,), transport=Transport.UDP, measure=_measure)
