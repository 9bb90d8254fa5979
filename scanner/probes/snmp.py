"""SNMP: the discovery of SNMPv3 (RFC 3414 §4). No community is tried, so v1 and v2c stay unsaid."""

import secrets
from typing import NamedTuple

from core.errors import Unanswered
from core.model import Transport
from core.observations.snmp import SnmpService
from scanner.ber import INTEGER, OCTET_STRING, SEQUENCE, encode, inside, integer, items, number
from scanner.lines import recognised
from scanner.visit import Measured, Probe, Visit

_GET, _REPORT = 0xA0, 0xA8
_REPORTABLE = b"\x04"
_USM = 3
_ENTERPRISES = {
    9: "Cisco",
    11: "HP",
    311: "Microsoft",
    318: "APC",
    2636: "Juniper",
    6876: "VMware",
    8072: "net-snmp",
    11256: "Stormshield",
    12356: "Fortinet",
    14988: "MikroTik",
    25461: "Palo Alto Networks",
    41112: "Ubiquiti",
}
"""A few of IANA's private enterprise numbers, of makers met in hospitals."""


class Engine(NamedTuple):
    """What the report of an SNMPv3 engine tells of itself."""

    id: bytes
    boots: int
    uptime_s: int


def question(message: int) -> bytes:
    """Give a GetRequest without variables nor user: the engine can only report who it is."""
    header = encode(
        SEQUENCE,
        integer(message),
        integer(65_507),
        encode(OCTET_STRING, _REPORTABLE),
        integer(_USM),
    )
    nobody = encode(OCTET_STRING)
    security = encode(SEQUENCE, nobody, integer(0), integer(0), nobody, nobody, nobody)
    request = encode(_GET, integer(message), integer(0), integer(0), encode(SEQUENCE))
    scoped = encode(SEQUENCE, nobody, nobody, request)
    return encode(SEQUENCE, integer(3), header, encode(OCTET_STRING, security), scoped)


def read_report(datagram: bytes, message: int) -> Engine | None:
    """Give what a report to our question tells, ``None`` when this is none. Total."""
    try:
        (whole,) = items(datagram)
        version, header, security, data = inside(whole, SEQUENCE)
        if number(version) != 3 or number(inside(header, SEQUENCE)[0]) != message:
            return None
        (told,) = inside(security, OCTET_STRING)
        engine, boots, uptime, *_ = inside(told, SEQUENCE)
        pdu = inside(data, SEQUENCE)[2]
        if pdu.tag != _REPORT or boots.tag != INTEGER:
            return None
        return Engine(engine.content[:32], number(boots), number(uptime))
    except (Unanswered, ValueError, IndexError):
        return None


def maker(engine: bytes) -> str:
    """Give who made an engine, by its id (RFC 3411 §5); the bare number where unknown."""
    if len(engine) < 5:
        return ""
    enterprise = int.from_bytes(engine[:4], "big") & 0x7FFFFFFF
    return _ENTERPRISES.get(enterprise, f"enterprise {enterprise}")


async def _measure(visit: Visit) -> Measured | None:
    message = secrets.randbelow(2**31 - 1) + 1
    async with visit.exchange() as udp:
        (answer,) = await udp.ask(question(message))
    engine = read_report(answer, message)
    if engine is None:
        return None
    evidence = ["SNMPv3 REPORT"]
    if made := maker(engine.id):
        evidence.append(f"engine {made}")
    seen = SnmpService(
        place=visit.place,
        at=visit.now(),
        engine_maker=maker(engine.id),
        boots=engine.boots,
        uptime_s=engine.uptime_s,
        why={"v1_v2c": "needs-credential"},
    )
    return Measured(service=recognised(visit, "snmp", answer, *evidence), seen=(seen,))


PROBE = Probe(name="snmp", ports=(161, 10161), transport=Transport.UDP, measure=_measure)
