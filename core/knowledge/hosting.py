"""Reads ``hosting.toml``: who hosts for others, and by what their machines are known."""

import functools
import re
import tomllib
from collections.abc import Iterable
from datetime import date
from importlib.resources import files
from ipaddress import ip_address, ip_network

import msgspec

_SCHEMA = 1
KINDS = ("cloud", "cdn", "hds", "hosting")


class HdsCertification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Certification for hosting health data (code de la santé publique, art. L.1111-8)."""

    certified: str
    """``yes`` or ``unknown``: an absence is never told."""
    confidence: str
    """``high``, ``medium`` or ``low``: as sure as the source; certificates lapse."""
    source: str


class Host(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider."""

    id: str
    name: str
    kind: str
    """One of :data:`KINDS`."""
    cnames: tuple[str, ...] = ()
    """Suffixes under which its customers' aliases lead."""
    registry: tuple[str, ...] = ()
    """Regular expressions, case aside, of the name or holder of its registrations."""
    ranges: tuple[str, ...] = ()
    """Those it publishes, where they are few and stable."""
    asns: tuple[int, ...] = ()
    hds: HdsCertification | None = None
    sources: tuple[str, ...]
    confidence: str
    """Of all the rest: ``high``, ``medium``, ``low``."""


class HostingFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the file tells."""

    schema: int
    compiled_on: date
    hosts: tuple[Host, ...]


class Hosting:
    """The providers, indexed."""

    def __init__(self, facts: HostingFacts) -> None:
        self.compiled_on = facts.compiled_on
        self.hosts = facts.hosts
        self._by_id = {host.id: host for host in facts.hosts}
        self._suffixes = {suffix: host for host in facts.hosts for suffix in host.cnames}
        self._asns = {asn: host for host in facts.hosts for asn in host.asns}
        self._patterns = [
            (re.compile(pattern, re.IGNORECASE), host)
            for host in facts.hosts
            for pattern in host.registry
        ]
        self._ranges = [
            (net.version, int(net.network_address), int(net.broadcast_address), host)
            for host in facts.hosts
            for net in map(ip_network, host.ranges)
        ]

    def get(self, provider: str) -> Host | None:
        """Give a provider by id."""
        return self._by_id.get(provider)

    def by_alias(self, names: Iterable[str]) -> Host | None:
        """Give the provider under whose names one of these stands; the last one known wins."""
        found: Host | None = None
        for name in names:
            labels = name.lower().rstrip(".").split(".")
            for start in range(len(labels)):
                host = self._suffixes.get(".".join(labels[start:]))
                if host is not None:
                    found = host
                    break
        return found

    def by_range(self, ip: str) -> Host | None:
        """Give the provider that publishes a range around a literal address."""
        address = ip_address(ip)
        number = int(address)
        for version, first, last, host in self._ranges:
            if version == address.version and first <= number <= last:
                return host
        return None

    def by_registry(self, texts: Iterable[str]) -> Host | None:
        """Give the provider that a registration names; the first text that tells wins."""
        for text in texts:
            for pattern, host in self._patterns:
                if pattern.search(text[:200]):
                    return host
        return None

    def by_asn(self, asn: int | None) -> Host | None:
        """Give the provider that runs an autonomous system."""
        return None if asn is None else self._asns.get(asn)


@functools.cache
def load_hosting() -> Hosting:
    """Give the built-in list; raises ``ValueError`` on data that does not fit."""
    text = (files("core.knowledge") / "hosting.toml").read_text(encoding="utf-8")
    return Hosting(read_hosting(text))


def read_hosting(text: str) -> HostingFacts:
    """Give the facts of a text laid out like ``hosting.toml``; same errors."""
    try:
        facts = msgspec.convert(tomllib.loads(text), HostingFacts)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise ValueError(f"hosting.toml: {fault}") from fault
    if facts.schema != _SCHEMA:
        raise ValueError(f"hosting.toml: schema {facts.schema} where {_SCHEMA} is read")
    seen: set[str] = set()
    for host in facts.hosts:
        if host.id in seen or host.kind not in KINDS:
            raise ValueError(f"hosting.toml: {host.id!r}: twice, or of no known kind")
        seen.add(host.id)
    return facts
