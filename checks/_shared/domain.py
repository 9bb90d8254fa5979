"""A healthy zone and its departures, for the examples of checks."""

import msgspec

from checks._shared.examples import AT
from core.model import Place
from core.observations.domain import DomainSeen, NameServer

_DOMAIN = "chu.example"
_ZONE = DomainSeen(
    place=Place(establishment="chu-exemple", hostname=_DOMAIN),
    at=AT,
    domain=_DOMAIN,
    zone=_DOMAIN,
    name_servers=(
        NameServer(host="ns1.chu.example", addresses=("203.0.113.5",)),
        NameServer(host="ns.operateur.example", addresses=("198.51.100.5",)),
    ),
    is_signed=True,
    is_bogus=False,
    resolver_validates=True,
    caa=('0 issue "ac.example"',),
    dangling=(),
)


def zone(**changes: object) -> DomainSeen:
    """Give a healthy zone but for these fields; ``None`` ones as left by a silent resolver."""
    why = {name: "timeout" for name, value in changes.items() if value is None}
    return msgspec.structs.replace(_ZONE, **changes, why=why)
