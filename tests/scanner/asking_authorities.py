"""Asks name servers as the scanner does, on loopback, and gathers what it tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import trio

from core.errors import OutOfScope
from core.observations.base import Observation
from core.observations.zone_server import DnsServer, ZoneServer
from scanner.asking_names import NameAsker
from scanner.authority import ask_authorities
from scanner.found import NameFound
from scanner.gate import Gate
from tests.scanner.names_served import resolver_of, served, zone
from tests.scanner.sweeping import LIFTED, Grant, OpenScope

AT = datetime(2026, 1, 15, tzinfo=UTC)


@dataclass
class Told:
    """What came of asking."""

    zones: dict[tuple[str, str], ZoneServer] = field(default_factory=dict)
    """By domain and address; no address where none was learnt."""
    servers: dict[str, DnsServer] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)
    """By way."""
    refused: list[str] = field(default_factory=list)
    datagrams: int = 0
    connections: int = 0

    def only(self) -> ZoneServer:
        """Give the one zone at the one server."""
        (seen,) = self.zones.values()
        return seen


def asked(
    port: int,
    listed: Mapping[str, Mapping[str, str]],
    *,
    refusals: Mapping[str, str] | None = None,
    grant: Grant | None = None,
    scope: OpenScope | None = None,
    publishes: tuple[str, ...] = (),
    within_s: float = 60.0,
) -> Told:
    """Ask about zones, given by name with the hosts and addresses that resolvers tell.

    ``refusals`` gives addresses that the scope does not open, each with its reason.
    """
    lines = list(publishes)
    for name, hosts in listed.items():
        if not any(line.startswith(f"{name}. SOA ") for line in lines):
            lines.append(f"{name}. SOA ns1.{name}. dns.{name}. 1 2 3 4 5")
        for host, ip in hosts.items():
            lines += [f"{name}. NS {host}.", f"{host}. {'AAAA' if ':' in ip else 'A'} {ip}"]
    told = Told()

    async def tell(seen: tuple[Observation, ...]) -> None:
        for one in seen:
            if isinstance(one, ZoneServer):
                told.zones[one.domain, one.place.ip or ""] = one
            elif isinstance(one, DnsServer):
                assert one.place.ip not in told.servers, "told once, whatever its zones"
                told.servers[one.place.ip or ""] = one

    async def offer(found: NameFound) -> None:
        told.names.setdefault(found.way, set()).add(found.name)

    async def main() -> None:
        boundary = scope or OpenScope()
        boundary.grant = grant or boundary.grant
        for ip, reason in (refusals or {}).items():
            boundary.refusals[ip] = OutOfScope(ip, reason)
        gate = Gate(boundary, LIFTED)
        with trio.fail_after(within_s):
            async with served(zone(*lines)) as resolver:
                await ask_authorities(
                    [(name, "e") for name in listed],
                    tell,
                    asker=NameAsker(resolver_of(resolver)),
                    gate=gate,
                    scope=boundary,
                    offer=offer,
                    now=lambda: AT,
                    refused=lambda why: told.refused.append(why.reason),
                    port=port,
                    again_s=0.2,
                )
        counted = gate.counts().get("e")
        if counted is not None:
            told.datagrams, told.connections = counted.datagrams, counted.connections

    trio.run(main)
    return told
