"""RDAP (RFC 7480), asked of the registries that ``[services] rdap`` names.

A registry that refers to another is followed only to one that is named too. A registration answers
for its whole range, in this run and, kept in the state folder, in those that follow.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from core.inventory import Inventory
from core.model import reason
from inventories.load import url_endpoint
from scanner.sources.rdap import (
    DomainRegistered,
    DomainTold,
    NetworkRegistered,
    NetworkTold,
    is_answer,
    read_domain,
    read_network,
)
from vigie.kept_answers import Shelf, utc_now
from vigie.service_http import ServiceHttp

LARGEST_BYTES = 2 << 20
"""Of one answer; those of registries reach some tens of kilobytes."""
MOST_KEPT = 5_000
_REDIRECTS = 4
_NETWORKS_FOR = timedelta(days=30)
_DOMAINS_FOR = timedelta(hours=20)
_OLDEST = timedelta(days=90)
_NETWORKS = "networks"
_JSON = "application/rdap+json, application/json;q=0.5"
_UNKNOWN = frozenset({400, 404, 501})
"""Of a registry that has nothing to say of what was asked."""


class _KeptNetwork(msgspec.Struct, frozen=True):
    at: datetime
    source: str
    network: NetworkRegistered


class _KeptDomain(msgspec.Struct, frozen=True):
    source: str
    domain: DomainRegistered


class RdapClient:
    """A :class:`scanner.sources.rdap.Registry`. One per run."""

    def __init__(
        self,
        inventory: Inventory,
        http: ServiceHttp,
        folder: Path | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """``folder`` keeps answers; ``None``: nothing is kept."""
        self._bases = list(inventory.services.rdap)
        self._http = http
        self._now = now
        self._shelf: Shelf[list[_KeptNetwork]] = Shelf(folder, list[_KeptNetwork], now)
        self._domains: Shelf[_KeptDomain] = Shelf(folder, _KeptDomain, now)
        self._networks: list[_KeptNetwork] | None = None
        self._useful: dict[str, str] = {}
        """Top-level domain → base that knew a domain of it."""

    async def network(self, ip: str) -> NetworkTold:
        """Give the registration around a literal address."""
        literal = str(ip_address(ip))
        known = self._known()
        kept = self._narrowest(known, literal)
        if kept is not None and self._now() - kept.at <= _NETWORKS_FOR:
            return _network_kept(kept)
        why = "not-configured"
        for base in self._bases:
            body, source, why = await self._ask(f"{base}/ip/{literal}")
            network = None if why else read_network(body, literal)
            if network is not None:
                known.append(_KeptNetwork(self._now(), source, network))
                del known[:-MOST_KEPT]
                self._shelf.write(_NETWORKS, known)
                return NetworkTold(network=network, source=source)
            why = why or ("not-registered" if is_answer(body) else "protocol-error")
        if kept is not None:
            return msgspec.structs.replace(_network_kept(kept), why="kept-answer")
        return NetworkTold(why=why)

    async def domain(self, name: str) -> DomainTold:
        """Give the registration of exactly this domain."""
        fresh = self._domains.read(name, within=_DOMAINS_FOR)
        if fresh is not None:
            return DomainTold(
                domain=fresh.body.domain, source=fresh.body.source, told_on=fresh.at.date()
            )
        top = name.rpartition(".")[2]
        first = self._useful.get(top)
        whys: list[str] = []
        for base in sorted(self._bases, key=lambda one: one != first):
            body, source, why = await self._ask(f"{base}/domain/{name}")
            told = None if why else read_domain(body, name)
            if told is not None:
                self._useful[top] = base
                self._domains.write(name, _KeptDomain(source, told))
                return DomainTold(domain=told, source=source)
            whys.append(why or ("not-registered" if is_answer(body) else "protocol-error"))
        # That one registry knows nothing of it says less than that another could not answer.
        why = next((one for one in whys if one != "not-registered"), "not-registered")
        kept = self._domains.read(name, within=_OLDEST)
        if kept is not None:
            return DomainTold(
                domain=kept.body.domain,
                source=kept.body.source,
                told_on=kept.at.date(),
                why="kept-answer",
            )
        return DomainTold(why=why)

    def _known(self) -> list[_KeptNetwork]:
        if self._networks is None:
            kept = self._shelf.read(_NETWORKS, within=_OLDEST)
            self._networks = [] if kept is None else kept.body
        return self._networks

    def _narrowest(self, known: list[_KeptNetwork], ip: str) -> _KeptNetwork | None:
        return min(
            (one for one in reversed(known) if one.network.holds(ip)),
            key=lambda one: int(ip_address(one.network.last)) - int(ip_address(one.network.first)),
            default=None,
        )

    async def _ask(self, url: str) -> tuple[bytes, str, str]:
        """Give the body of an answer, the host that gave it, and else why there is none."""
        seen = {url}
        for _ in range(_REDIRECTS + 1):
            body = bytearray()

            def take(part: bytes, body: bytearray = body) -> bool:
                if not part:
                    body.clear()
                body.extend(part)
                return True

            came = await self._http.get(url, take, limit_bytes=LARGEST_BYTES, accept=_JSON)
            host = urlsplit(url).hostname or ""
            if not came.location:
                if came.status in _UNKNOWN:
                    return b"", host, "not-registered"
                return bytes(body), host, came.why
            if came.location in seen:
                return b"", host, reason("redirected", host)
            if not self._http.permits(came.location) or _is_less_private(url, came.location):
                return b"", host, reason("redirected", _host_of(came.location))
            url = came.location
            seen.add(url)
        return b"", urlsplit(url).hostname or "", "redirected"


def _network_kept(kept: _KeptNetwork) -> NetworkTold:
    return NetworkTold(network=kept.network, source=kept.source, told_on=kept.at.date())


def _is_less_private(url: str, location: str) -> bool:
    return url.lower().startswith("https:") and not location.lower().startswith("https:")


def _host_of(location: str) -> str:
    """Give the host to add to the inventory; empty when the redirect names none."""
    endpoint = url_endpoint(location)
    return endpoint[0] if endpoint else ""
