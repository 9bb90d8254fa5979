"""Redis and what speaks like it: one PING, which runs nothing and reads nothing.

https://redis.io/docs/latest/commands/ping/ · protected mode answers ``-DENIED`` before any command.
"""

import re

from core.observations.database import DatabaseService
from scanner.lines import read_line, recognised, shown
from scanner.visit import Measured, Probe, Visit

_ANSWER = re.compile(
    rb"\+PONG|-NOAUTH |-NOPERM |-DENIED Redis|-LOADING |-MASTERDOWN |-MISCONF "
    rb"|-ERR (?:unknown command|wrong number of arguments for 'get'|max number of clients"
    rb"|operation not permitted)"
)
_REFUSALS = (b"-NOAUTH", b"-NOPERM", b"-DENIED", b"-ERR operation not permitted")


def recognises(heard: bytes) -> bool:
    """Tell an answer of Redis, be it to an HTTP request."""
    return _ANSWER.match(heard) is not None


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        if not recognises(visit.heard):
            await stream.send(b"PING\r\n")
        line = await read_line(stream)
    if not recognises(line):
        return None
    service = recognised(visit, "redis", line, f"PING → {shown(line, 120)}")
    no_authentication: bool | None = None
    if line.startswith(b"+PONG"):
        no_authentication = True
    elif line.startswith(_REFUSALS):
        no_authentication = False
    why = {"version": "not-offered", "tls_offered": "not-offered"}
    if no_authentication is None:
        why["no_authentication"] = "not-offered"
    seen = DatabaseService(
        place=visit.place,
        at=visit.now(),
        engine="redis",
        no_authentication=no_authentication,
        tls_offered=True if visit.inside_tls else None,
        why=why,
    )
    return Measured(service=service, seen=(seen,))


PROBE = Probe(
    name="redis",
    ports=(6379, 6380, 26379),
    recognises=recognises,
    measure=_measure,
)
