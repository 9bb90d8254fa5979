"""rsync: the daemon's greeting. Nothing is sent: modules are never listed."""

import re

from scanner.lines import read_line, recognised, shown
from scanner.visit import Measured, Probe, Visit

_GREETING = re.compile(rb"@RSYNCD: [0-9]{1,3}(?:\.[0-9]{1,3})?(?=[ \r\n]|\Z)")


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        line = await read_line(stream)
        heard = bytes(stream.heard)
    if _GREETING.match(line) is None:
        return None
    return Measured(service=recognised(visit, "rsync", heard, f"banner: {shown(line)}"))


PROBE = Probe(
    name="rsync",
    ports=(873,),
    recognises=lambda heard: _GREETING.match(heard) is not None,
    measure=_measure,
    server_first=True,
)
