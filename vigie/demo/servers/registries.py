"""Whom the region may ask about its names: certificate transparency and a registry, both fake.

They speak as crt.sh and as RFC 9083 do, and know this region alone.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from ipaddress import ip_address, ip_network
from urllib.parse import parse_qs, urlsplit

import msgspec

from vigie.demo.servers.base import Guest, Handler
from vigie.demo.servers.http import Answer, Site, line_asked, worded

Json = dict[str, object]


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A range and who holds it."""

    range: str
    holder: str


def registries(
    certified: Mapping[str, Sequence[str]],
    expiries: Mapping[str, date],
    networks: Sequence[Registered],
    today: date,
) -> Handler:
    """Give the handler of both; ``certified``: domain → names, ``expiries``: domain → last day."""

    async def serve(guest: Guest) -> None:
        method, target, _ = await line_asked(guest)
        found = _answer(target, certified, expiries, networks, today)
        status = 200 if found is not None else 404
        body = json.dumps({} if found is None else found, ensure_ascii=False)
        site = Site(pages={}, headers=(("Content-Type", "application/json"),))
        answer = Answer(status=status, body=body)
        await guest.send(worded(site, answer, guest.room, with_body=method != "HEAD"))

    return serve


def _answer(
    target: str,
    certified: Mapping[str, Sequence[str]],
    expiries: Mapping[str, date],
    networks: Sequence[Registered],
    today: date,
) -> Json | list[Json] | None:
    parts = urlsplit(target)
    if parts.path.startswith("/rdap/domain/"):
        name = parts.path.removeprefix("/rdap/domain/")
        return _domain(name, expiries[name]) if name in expiries else None
    if parts.path.startswith("/rdap/ip/"):
        return _network(parts.path.removeprefix("/rdap/ip/"), networks)
    asked = parse_qs(parts.query).get("q", [""])[0].removeprefix("%.")
    if asked not in certified:
        return []
    ended = today - timedelta(days=400)
    return [
        {
            "id": number,
            "common_name": name,
            "name_value": name,
            "not_before": f"{ended - timedelta(days=90)}T00:00:00",
            "not_after": f"{ended}T00:00:00",
        }
        for number, name in enumerate(certified[asked], start=1)
    ]


def _domain(name: str, expires_on: date) -> Json:
    return {
        "objectClassName": "domain",
        "ldhName": name,
        "status": ["active"],
        "events": [{"eventAction": "expiration", "eventDate": f"{expires_on}T12:00:00Z"}],
        "entities": [_entity("registrar", "Bureau d'enregistrement (fictif)")],
    }


def _network(ip: str, networks: Sequence[Registered]) -> Json | None:
    try:
        address = ip_address(ip)
    except ValueError:
        return None
    for one in networks:
        network = ip_network(one.range)
        if address in network:
            return {
                "objectClassName": "ip network",
                "handle": f"{network[0]} - {network[-1]}",
                "startAddress": str(network[0]),
                "endAddress": str(network[-1]),
                "name": "DEMONSTRATION",
                "country": "FR",
                "entities": [_entity("registrant", one.holder)],
            }
    return None


def _entity(role: str, organisation: str) -> Json:
    card: list[list[object]] = [["version", {}, "text", "4.0"], ["org", {}, "text", organisation]]
    return {
        "objectClassName": "entity",
        "handle": f"DEMO-{role.upper()}",
        "roles": [role],
        "vcardArray": ["vcard", card],
    }
