"""PostgreSQL: one SSLRequest, which any server since 7.1 answers with one letter, and no user.

Frontend/Backend Protocol, « SSL Session Encryption ». What comes after a startup packet would need
a user: so whether a password is asked stays unknown, and so does the version.
"""

import re
import struct

from core.errors import Unanswered
from core.model import Confidence, Status
from core.observations.base import Observation
from core.observations.database import DatabaseService
from scanner.lines import recognised, shown
from scanner.starttls import behind
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit

_SSL_REQUEST = struct.pack(">II", 8, 80_877_103)
_ERROR = re.compile(rb"E(?:\x00\x00..S[A-Z]{3,}\x00.*?C[0-9A-Z]{5}\x00|FATAL: )", re.DOTALL)
"""ErrorResponse with its severity and SQLSTATE, or the older form that ends with a NUL."""


def recognises(heard: bytes) -> bool:
    """Tell an ErrorResponse: what some servers say to a packet that they do not understand."""
    return _ERROR.match(heard) is not None


async def open_tls(stream: Stream) -> None:
    """Bring a fresh connection to where TLS begins; raises ``Unanswered`` where it does not."""
    await stream.send(_SSL_REQUEST)
    # One byte and no more: what follows it before TLS would be someone else's (CVE-2021-23222).
    if await stream.receive(64) != b"S":
        raise Unanswered(Status.PROTOCOL_ERROR, "TLS was refused")


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        await stream.send(_SSL_REQUEST)
        answer = await stream.receive(1_024)
    if answer in {b"S", b"N"}:
        # One letter is little: the port counts for the rest.
        confidence, evidence = Confidence.FIRM, f"SSLRequest → {answer.decode()}"
    elif recognises(answer):
        confidence, evidence = Confidence.CERTAIN, f"SSLRequest → {shown(answer, 120)}"
    else:
        return None
    service = recognised(visit, "postgresql", answer, evidence, confidence=confidence)
    seen = DatabaseService(
        place=visit.place,
        at=visit.now(),
        engine="postgresql",
        tls_offered=answer == b"S" or visit.inside_tls,
        why={"version": "not-offered", "no_authentication": "not-offered"},
    )
    inside: tuple[Observation, ...] = ()
    if answer == b"S" and not visit.inside_tls:
        inside = await behind(visit, "postgresql", open_tls)
    return Measured(service=service, seen=(seen, *inside))


PROBE = Probe(
    name="postgresql",
    ports=(5432, 5433, 6432),
    recognises=recognises,
    measure=_measure,
)
