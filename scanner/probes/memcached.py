"""memcached: one ``version``, which a server without ``-Y`` or SASL answers to anybody.

https://github.com/memcached/memcached/blob/master/doc/protocol.txt
"""

import re

from core.observations.database import DatabaseService
from scanner.lines import read_line, recognised, shown
from scanner.visit import Measured, Probe, Visit

_VERSION = re.compile(rb"VERSION ([0-9][0-9A-Za-z.+_-]{0,60})\s*\Z")
_REFUSAL = b"CLIENT_ERROR unauthenticated"


def recognises(heard: bytes) -> bool:
    """Tell an answer of memcached; to an HTTP request it says ERROR, one line after the other."""
    return heard.startswith((b"VERSION ", _REFUSAL, b"ERROR\r\n"))


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        await stream.send(b"version\r\n")
        line = await read_line(stream)
    version = _VERSION.match(line)
    if version is None and not line.startswith(_REFUSAL):
        return None
    service = recognised(visit, "memcached", line, f"version → {shown(line, 120)}")
    seen = DatabaseService(
        place=visit.place,
        at=visit.now(),
        engine="memcached",
        version=version[1].decode("ascii") if version else None,
        no_authentication=version is not None,
        tls_offered=visit.inside_tls,
        why={} if version else {"version": "not-offered"},
    )
    return Measured(service=service, seen=(seen,))


PROBE = Probe(
    name="memcached",
    ports=(11211,),
    recognises=recognises,
    measure=_measure,
)
