"""A healthy name server and its departures, for the examples of checks."""

from typing import TypeVar

import msgspec

from checks._shared.examples import AT
from core.model import Place, Transport
from core.observations.zone_server import DnsServer, Transfer, ZoneServer

_Seen = TypeVar("_Seen", ZoneServer, DnsServer)

_MACHINE = Place(establishment="chu-exemple", ip="203.0.113.5", port=53, transport=Transport.UDP)
_ZONE = ZoneServer(
    place=msgspec.structs.replace(_MACHINE, hostname="chu.example"),
    at=AT,
    domain="chu.example",
    host="ns1.chu.example",
    answer="authoritative",
    told="NOERROR",
    serial=2026010101,
    newest=2026010101,
    newest_at="203.0.113.5",
    name_servers=("ns.operateur.example", "ns1.chu.example"),
    resolved=("ns.operateur.example", "ns1.chu.example"),
    transfer=Transfer(is_open=False, told="REFUSED"),
    denial="",
)
_SERVER = DnsServer(
    place=_MACHINE,
    at=AT,
    hosts=("ns1.chu.example",),
    offers_recursion=False,
    resolves=False,
    is_authoritative=True,
    has_edns=True,
    has_tcp=True,
    has_udp=True,
)


def zone_server(**changes: object) -> ZoneServer:
    """Give a healthy zone at a server but for these fields; ``None`` ones as left by silence."""
    return _changed(_ZONE, changes)


def dns_server(**changes: object) -> DnsServer:
    """Give a healthy server but for these fields; the same for ``None``."""
    return _changed(_SERVER, changes)


def _changed(seen: _Seen, changes: dict[str, object]) -> _Seen:
    why = {name: "timeout" for name, value in changes.items() if value is None}
    return msgspec.structs.replace(seen, **changes, why=why)
