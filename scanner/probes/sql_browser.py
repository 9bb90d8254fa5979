"""SQL Server Browser (MS-SQLR §2.2.2): which instances a machine lists to anybody."""

from core.model import Transport
from scanner.lines import recognised, shown
from scanner.visit import Measured, Probe, Visit

_UNICAST, _ANSWER = b"\x03", 0x05
_LIMIT = 10


def read_answer(datagram: bytes) -> tuple[str, ...] | None:
    """Give each instance with its version and port, ``None`` when this is no such answer. Total."""
    if len(datagram) < 4 or datagram[0] != _ANSWER:
        return None
    text = datagram[3:].decode("latin-1")
    if not text.startswith("ServerName;"):
        return None
    found: list[str] = []
    for entry in text.split(";;")[:_LIMIT]:
        words = entry.split(";")
        told = dict(zip(words[::2], words[1::2], strict=False))
        if name := told.get("InstanceName"):
            version, port = told.get("Version", ""), told.get("tcp", "")
            found.append(shown(f"{name} {version}{f' tcp/{port}' if port else ''}", 100))
    return tuple(found) or None


async def _measure(visit: Visit) -> Measured | None:
    async with visit.exchange() as udp:
        (answer,) = await udp.ask(_UNICAST)
    told = read_answer(answer)
    if told is None:
        return None
    return Measured(service=recognised(visit, "mssql-browser", answer, *told[:6]))


PROBE = Probe(name="mssql-browser", ports=(1434,), transport=Transport.UDP, measure=_measure)
