"""Shodan InternetDB: the ports of an address as last seen, without a key nor a date.

https://internetdb.shodan.io, ``GET /{ip}``; renewed about once a week, for non-commercial use.
"""

from datetime import datetime
from ipaddress import ip_address

import msgspec

from core.model import Place, Transport
from core.observations.passive import PassiveService
from scanner.sources.asking import MOST_SERVICES, Source, names_in


class _Host(msgspec.Struct):
    ip: str
    ports: list[int] = []
    hostnames: object = None


def read_host(body: object, place: Place, at: datetime) -> tuple[PassiveService, ...] | None:
    """Read the documented answer; ``None`` when it is not one, or is about another address. Total.

    Its products and flaws are of the address, not of a port: they prove nothing and are left.
    """
    try:
        host = msgspec.convert(body, type=_Host)
        about = ip_address(host.ip)
    except (msgspec.ValidationError, ValueError):
        return None
    if str(about) != place.ip:
        return None
    names = names_in(host.hostnames)
    ports = sorted({port for port in host.ports[:MOST_SERVICES] if 1 <= port <= 65_535})
    return tuple(
        PassiveService(
            place=Place(
                establishment=place.establishment, ip=place.ip, port=port, transport=Transport.TCP
            ),
            at=at,
            source=SOURCE.id,
            seen_on=None,
            names=names,
            why={"seen_on": "not-offered"},
        )
        for port in ports
    )


SOURCE = Source("internetdb", read_host)
