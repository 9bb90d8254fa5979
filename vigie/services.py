"""The one factory of clients of services: each asks the services gate, each goes nowhere else."""

import ipaddress
from collections.abc import Awaitable, Callable

import dns.asyncresolver
import dns.exception
import dns.nameserver
import trio

from core.inventory import Inventory
from inventories.scope import ServiceScope

_DNS_PORT = 53


def resolver(inventory: Inventory) -> dns.asyncresolver.Resolver | None:
    """Give a resolver that asks the declared servers only; ``None`` when none is declared."""
    gate = ServiceScope(inventory)
    servers: list[dns.nameserver.Nameserver] = []
    for declared in inventory.services.resolvers:
        host, port = split_endpoint(declared, _DNS_PORT)
        gate.permit_service("resolvers", host, port)
        servers.append(dns.nameserver.Do53Nameserver(host, port))
    if not servers:
        return None
    # configure=False: the machine's own resolvers are not in the inventory, so they are not asked.
    made = dns.asyncresolver.Resolver(configure=False)
    made.nameservers = servers
    made.lifetime = 5.0
    made.use_search_by_default = False
    return made


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


async def _address_of(host: str, asked: dns.asyncresolver.Resolver | None) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if asked is None:
            raise OSError(f"{host}: no resolver declared to find it") from None
    try:
        answer = await asked.resolve(host, "A")
    except dns.exception.DNSException as error:
        raise OSError(f"{host}: {error}") from error
    return str(next(iter(answer)))
