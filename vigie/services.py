"""The one factory of clients of services: each asks the services gate, each goes nowhere else."""

import ipaddress
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import trio

from core.errors import OutOfScope, UsageError
from core.inventory import Inventory
from core.knowledge.hosting import load_hosting
from core.secrets import Secret
from inventories.addresses import special
from inventories.feeds import feed_addresses
from inventories.load import url_endpoint
from inventories.scope import ServiceScope
from scanner.asking_names import NameAsker
from scanner.attribution import Attributor
from scanner.dns_client import DnsClient
from scanner.domains import AsnOf
from scanner.names import addresses_of
from scanner.sources import internetdb, shodan
from scanner.sources.asking import Lookup, Source
from scanner.sources.asn import origin_asker
from scanner.sources.rdap import Registry
from scanner.tls.revocation import Asker
from vigie.tls_roots import read_roots

if TYPE_CHECKING:
    from vigie.ct_client import CtClient
    from vigie.feed_client import FeedClient, Pace
    from vigie.rdap_client import RdapClient
    from vigie.service_http import ServiceHttp

_DNS_PORT = 53
_SHODAN_KEY = "SHODAN_API_KEY"
_NVD_KEY = "NVD_API_KEY"


def resolver(inventory: Inventory) -> DnsClient | None:
    """Give a client that asks the declared resolvers only; ``None`` when none is declared.

    The machine's own are not in the inventory, so they are not asked.
    """
    gate = ServiceScope(inventory)
    servers: list[tuple[str, int]] = []
    for declared in inventory.services.resolvers:
        host, port = split_endpoint(declared, _DNS_PORT)
        gate.permit_service("resolvers", host, port)
        servers.append((host, port))
    if not servers:
        return None
    return DnsClient(servers, per_second=inventory.names.queries_per_second)


def split_endpoint(declared: str, default_port: int) -> tuple[str, int]:
    """Split ``192.0.2.53``, ``127.0.0.1:5353`` or ``[2001:db8::53]:53`` into address and port."""
    try:
        return str(ipaddress.ip_address(declared)), default_port
    except ValueError:
        host, _, port = declared.rpartition(":")
        return str(ipaddress.ip_address(host.strip("[]"))), int(port)


def canary_dial(inventory: Inventory) -> Callable[[int], Awaitable[trio.SocketStream]] | None:
    """Give a way to connect to a port of the operator's canary; ``None`` when none is declared.

    Its name is asked of the declared resolvers, never of the machine's own.
    """
    declared = inventory.services.canary
    if not declared:
        return None
    gate = ServiceScope(inventory)
    asked = resolver(inventory)
    known: list[str] = []

    async def dial(port: int) -> trio.SocketStream:
        gate.permit_service("canary", declared, port)
        if not known:
            known.append(await _address_of(declared, asked))
        return await trio.open_tcp_stream(known[0], port)

    return dial


def address_finder(inventory: Inventory) -> Callable[[str], Awaitable[str]]:
    """Give what finds the address of a configured host by the declared resolvers alone; it raises
    ``OSError``.
    """
    asked = resolver(inventory)

    async def find(host: str) -> str:
        # RFC 6761, 6.3: no resolver is asked about it.
        return "127.0.0.1" if host == "localhost" else await _address_of(host, asked)

    return find


async def _address_of(host: str, asked: DnsClient | None) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if asked is None:
            raise OSError(f"{host}: no resolver declared to find it") from None
    said = await asked.ask(host, "A")
    found = sorted(addresses_of([said]))
    if not found:
        raise OSError(f"{host}: {said.why or 'no address'}")
    return found[0]


def shodan_lookup(
    inventory: Inventory, environment: Mapping[str, str] = os.environ
) -> tuple[Lookup | None, str]:
    """Give the way to ask Shodan about one address; else ``None`` and why (a reason id).

    Raises :class:`core.errors.UsageError` on a base that would show the key to whoever listens.
    """
    base = inventory.services.shodan.rstrip("/")
    endpoint = url_endpoint(base) if base else None
    if endpoint is None:
        return None, "not-configured"
    host, port = endpoint
    ServiceScope(inventory).permit_service("shodan", host, port)
    if urlsplit(base).scheme != "https" and not _is_loopback(host):
        raise UsageError(f"[services] shodan: {base}: https://, or the key travels in the clear")
    key = Secret(environment.get(_SHODAN_KEY, "").strip())
    if not key:
        return None, "no-key"
    # Here: the client and what it stands on take a fifth of a second to load, for few runs.
    from vigie.shodan_client import ShodanClient

    return ShodanClient(inventory, base, key).host, ""


def internetdb_lookup(inventory: Inventory) -> Lookup | None:
    """Give the way to ask Shodan's InternetDB about one address; ``None`` when not configured."""
    base = inventory.services.others.get("internetdb", "").rstrip("/")
    endpoint = url_endpoint(base) if base else None
    if endpoint is None:
        return None
    ServiceScope(inventory).permit_service("internetdb", *endpoint)
    # Here: few runs need it.
    from vigie.internetdb_client import InternetDbClient

    return InternetDbClient(base).host


def passive_sources(inventory: Inventory) -> Sequence[tuple[Source, Lookup | None, str]]:
    """Give whom profile passive asks; Shodan is told as missing when nobody else is there."""
    lookup = internetdb_lookup(inventory)
    others = [] if lookup is None else [(internetdb.SOURCE, lookup, "")]
    key, absent = shodan_lookup(inventory)
    if absent == "not-configured" and others:
        return others
    return [(shodan.SOURCE, key, absent), *others]


def revocation_asker(inventory: Inventory) -> Asker | None:
    """Give the way to ask authorities about certificates; ``None`` when no host is listed."""
    if not inventory.services.revocation:
        return None
    # Here: the client takes a tenth of a second to load, for few runs.
    from vigie.revocation_client import RevocationClient

    return Asker(RevocationClient(inventory, address_finder(inventory)))


def ct_source(inventory: Inventory, folder: Path | None = None) -> "CtClient | None":
    """Give the way to ask fronts of certificate transparency; ``None`` when none is configured.

    ``folder``, of the state folder, keeps answers between runs.
    """
    if not inventory.services.ct:
        return None
    # Here: the client takes a tenth of a second to load, for few runs.
    from vigie.ct_client import CtClient

    return CtClient(inventory, _service_http(inventory, "ct"), folder)


def rdap_source(inventory: Inventory, folder: Path | None = None) -> "RdapClient | None":
    """Give the way to ask registries about addresses and domains; as :func:`ct_source`."""
    if not inventory.services.rdap:
        return None
    # Here: as above.
    from vigie.rdap_client import RdapClient

    return RdapClient(inventory, _service_http(inventory, "rdap"), folder)


def attributor(inventory: Inventory, registry: Registry | None) -> Attributor:
    """Give what tells who holds addresses outside the mandate, asking as far as configured."""
    asked, zone = resolver(inventory), inventory.services.asn
    return Attributor(
        inventory,
        load_hosting(),
        registry=registry,
        origin=origin_asker(asked.ask, zone) if asked is not None and zone else None,
    )


def network_asker(inventory: Inventory, asker: NameAsker) -> AsnOf | None:
    """Give the way to ask which network announces an address, where ``[services] asn`` is set."""
    if not inventory.services.asn:
        return None
    origin = origin_asker(asker.ask, inventory.services.asn)

    async def asn_of(ip: str) -> int | None:
        address = ipaddress.ip_address(ip)
        if not inventory.lab and special(address.version, int(address), int(address)):
            # No internal address is told to a stranger.
            return None
        return (await origin(ip)).asn

    return asn_of


def _service_http(inventory: Inventory, kind: str) -> "ServiceHttp":
    # Here: httpx takes a fifth of a second to load.
    from vigie.service_http import ServiceHttp

    roots = read_roots(inventory.tls.roots)
    return ServiceHttp(inventory, kind, address_finder(inventory), roots=roots)


@asynccontextmanager
async def feed_client(inventory: Inventory, pace: "Pace") -> AsyncGenerator["FeedClient"]:
    """Open the way to ask for feeds where ``[services]`` says they are.

    Raises :class:`core.errors.OutOfScope` when it names none.
    """
    services = inventory.services
    if not feed_addresses(services.others):
        raise OutOfScope("[services] feeds", "not-configured")
    gate = ServiceScope(inventory)
    proxy = services.others.get("feeds_proxy", "")
    if proxy:
        gate.permit_service("feeds_proxy", *(url_endpoint(proxy) or ("", 0)))

    def permit(url: str) -> None:
        gate.permit_service("feeds", *(url_endpoint(url.partition("?")[0]) or ("", 0)))

    # Here: httpx takes a fifth of a second to load, for one command.
    from vigie.feed_client import FeedClient, http_client

    roots = read_roots(inventory.tls.roots)
    async with http_client(
        contact=services.operator, roots=roots, proxy=proxy, pace=pace
    ) as client:
        yield FeedClient(client, permit, pace)


def nvd_key(environment: Mapping[str, str] = os.environ) -> Secret | None:
    """Give the key of the NVD, which makes it ten times as patient; ``None`` when there is none."""
    text = environment.get(_NVD_KEY, "").strip()
    return Secret(text) if text else None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
