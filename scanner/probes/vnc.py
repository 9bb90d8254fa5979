"""VNC: the RFB greeting up to the security types. None is chosen, nothing is logged into."""

import re
import struct

from core.errors import Unanswered
from core.model import Status
from core.observations.vnc import VncService
from scanner.lines import recognised, shown, why
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit

_GREETING = re.compile(rb"RFB ([0-9]{3})\.([0-9]{3})\n")
_REASON_LIMIT_BYTES = 1_024
_NAMES = {
    1: "None",
    2: "VncAuth",
    5: "RA2",
    6: "RA2ne",
    16: "Tight",
    17: "Ultra",
    18: "TLS",
    19: "VeNCrypt",
    30: "Apple DH",
}


def name_of(security_type: int) -> str:
    """Give a security type as readers know it: ``VncAuth (2)``."""
    known = _NAMES.get(security_type)
    return f"{known} ({security_type})" if known else str(security_type)


def answer_to(major: int, minor: int) -> bytes:
    """Give the version to answer with: the highest published one that the server speaks.

    RFC 6143 §7.1.1 knows 3.3, 3.7 and 3.8; anything else below 3.7 counts as 3.3, and what is above
    (Apple's 3.889, RealVNC's 4 and 5) takes 3.8.
    """
    if (major, minor) >= (3, 8):
        return b"RFB 003.008\n"
    return b"RFB 003.007\n" if (major, minor) == (3, 7) else b"RFB 003.003\n"


async def _refused(stream: Stream) -> Unanswered:
    (size,) = struct.unpack(">I", await stream.receive_exactly(4))
    text = shown(await stream.receive_exactly(min(size, _REASON_LIMIT_BYTES)))
    crowded = text.lower().startswith("too many")
    return Unanswered(Status.RATE_LIMITED if crowded else Status.RESET, text)


async def _security_types(stream: Stream, answer: bytes) -> tuple[int, ...]:
    await stream.send(answer)
    if answer == b"RFB 003.003\n":
        (imposed,) = struct.unpack(">I", await stream.receive_exactly(4))
        if imposed == 0:
            raise await _refused(stream)
        if imposed > 255:
            raise Unanswered(Status.PROTOCOL_ERROR, f"security type {imposed}")
        return (int(imposed),)
    count = (await stream.receive_exactly(1))[0]
    if count == 0:
        raise await _refused(stream)
    return tuple(dict.fromkeys(await stream.receive_exactly(count)))


async def _measure(visit: Visit) -> Measured | None:
    types: tuple[int, ...] | None = None
    reasons: dict[str, str] = {}
    refusal = ""
    async with await visit.dial(None) as stream:
        found = _GREETING.fullmatch(await stream.receive_exactly(12))
        if found is None:
            return None
        heard = bytes(stream.heard)
        major, minor = int(found[1]), int(found[2])
        if major == 0:
            # UltraVNC's repeater greets with 000.000 and waits for the name of a machine behind it.
            reasons = {"security_types": "not-offered: repeater"}
        else:
            try:
                types = await _security_types(stream, answer_to(major, minor))
            except Unanswered as end:
                reasons = {"security_types": why(end)}
                refusal = shown(end.detail)
    version = f"{found[1].decode()}.{found[2].decode()}"
    evidence = [f"RFB {version}"]
    if types is not None:
        evidence.append("security-types: " + ", ".join(name_of(kind) for kind in types[:16]))
    seen = VncService(
        place=visit.place,
        at=visit.now(),
        why=reasons,
        version=version,
        security_types=types,
        refusal=refusal,
    )
    return Measured(service=recognised(visit, "vnc", heard, *evidence), seen=(seen,))


PROBE = Probe(
    name="vnc",
    ports=(5900, 5901, 5902),
    recognises=lambda heard: _GREETING.match(heard) is not None,
    measure=_measure,
    server_first=True,
)
