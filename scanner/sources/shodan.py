"""Shodan: what it saw at an address, asked of it alone.

https://developer.shodan.io/api, ``GET /shodan/host/{ip}``.
"""

from datetime import date, datetime
from ipaddress import ip_address

import msgspec

from core.model import Place, Transport
from core.observations.passive import PassiveService
from scanner.sources.asking import MOST_SERVICES, Source, day_of, names_in, plain


class _Port(msgspec.Struct):
    port: int
    transport: str = "tcp"
    timestamp: str = ""
    product: str | None = None
    version: str | None = None
    # The crawler's module names the protocol.
    shodan: dict[str, object] = msgspec.field(default_factory=dict[str, object], name="_shodan")


def read_host(body: object, place: Place, at: datetime) -> tuple[PassiveService, ...] | None:
    """Read the documented answer; ``None`` when it is not one, or is about another address. Total.

    One per port and transport, the newest, sorted.
    """
    try:
        host = msgspec.convert(body, type=dict[str, object])
        about = ip_address(str(host.get("ip_str", "")))
    except (msgspec.ValidationError, ValueError):
        return None
    if str(about) != place.ip:
        return None
    names = names_in(host.get("hostnames"))
    rows = host.get("data")
    kept: dict[tuple[int, str], PassiveService] = {}
    for row in (rows if isinstance(rows, list) else [])[:MOST_SERVICES]:  # pyright: ignore[reportUnknownVariableType]
        one = _service(row, place, at, names)  # pyright: ignore[reportUnknownArgumentType]
        if one is None or one.place.port is None or one.place.transport is None:
            continue
        key = (one.place.port, one.place.transport.value)
        older = kept.get(key)
        if older is None or (one.seen_on or date.min) > (older.seen_on or date.min):
            kept[key] = one
    return tuple(kept[key] for key in sorted(kept))


def _service(
    row: object, place: Place, at: datetime, names: tuple[str, ...]
) -> PassiveService | None:
    try:
        one = msgspec.convert(row, type=_Port)
        transport = Transport(one.transport)
    except (msgspec.ValidationError, ValueError):
        return None
    if not 1 <= one.port <= 65_535:
        return None
    seen_on = day_of(one.timestamp, at)
    module = one.shodan.get("module")
    return PassiveService(
        place=Place(
            establishment=place.establishment, ip=place.ip, port=one.port, transport=transport
        ),
        at=at,
        source=SOURCE.id,
        seen_on=seen_on,
        protocol=plain(module if isinstance(module, str) else ""),
        product=plain(one.product or ""),
        version=plain(one.version or ""),
        names=names,
        why={} if seen_on else {"seen_on": "not-offered"},
    )


SOURCE = Source("shodan", read_host)
