"""The one factory of clients of services: each asks the services gate, each goes nowhere else."""

import ipaddress
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import dns.asyncresolver
import dns.exception
import dns.nameserver
import shodan  # pyright: ignore[reportMissingTypeStubs]
import trio
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException

from core.errors import UsageError
from core.inventory import Inventory
from core.secrets import Secret
from inventories.load import url_endpoint
from inventories.scope import ServiceScope
from scanner.sources.shodan import Answer, Lookup

_DNS_PORT = 53
_SHODAN_KEY = "SHODAN_API_KEY"
_TIMEOUTS_S = (5.0, 15.0)
_LONGEST_ANSWER = 8 << 20


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
    return _ShodanClient(inventory, base, key).host, ""


class _ShodanClient:
    """The official client, held to one host; the key leaves only in its requests."""

    def __init__(self, inventory: Inventory, base: str, key: Secret) -> None:
        self._door = _Door(ServiceScope(inventory), "shodan")
        client: Any = shodan.Shodan(key.reveal())
        # After the constructor, which obeys an environment variable of its own.
        client.base_url = base
        # The pause between look-ups is ours; the client's own is a busy wait.
        client.api_rate_limit = 0
        session: Any = client._session
        session.trust_env = False
        session.max_redirects = 0
        session.headers["User-Agent"] = "vigie"
        session.adapters.clear()
        session.mount(base, self._door)
        self._client = client

    def host(self, ip: str) -> Answer:
        """Ask about one literal address."""
        self._door.status = 0
        literal = str(ipaddress.ip_address(ip))
        try:
            body: object = self._client.host(literal)
        except shodan.APIError:
            # Its words are the server's, and may hold the key: only the status is told.
            return Answer(self._door.status)
        except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
            # What the client raises on JSON that is too deep or not what it expects.
            return Answer(0)
        return Answer(self._door.status, body)


class _Door(HTTPAdapter):
    """Sends to the configured host alone, with deadlines and a limit on what it reads."""

    def __init__(self, scope: ServiceScope, kind: str) -> None:
        super().__init__(max_retries=0)
        self._scope = scope
        self._kind = kind
        self.status = 0

    def send(self, request: PreparedRequest, *_: object, **__: object) -> Response:
        """Send one request; raises as requests does."""
        endpoint = url_endpoint((request.url or "").partition("?")[0])
        if endpoint is None:
            raise RequestException("not a URL of ours")
        self._scope.permit_service(self._kind, *endpoint)
        answer = super().send(request, stream=True, timeout=_TIMEOUTS_S, verify=True)
        try:
            raw: Any = answer.raw
            body: bytes = raw.read(_LONGEST_ANSWER + 1, decode_content=True)
        finally:
            answer.close()
        if len(body) > _LONGEST_ANSWER:
            raise RequestException("the answer is longer than allowed")
        read: Any = answer
        read._content, read._content_consumed = body, True
        self.status = answer.status_code
        return answer


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
