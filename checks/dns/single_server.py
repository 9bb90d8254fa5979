"""A zone that one failure makes disappear."""

import ipaddress
from collections.abc import Iterator, Sequence

from checks._shared.domain import zone
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.domain import DomainSeen, NameServer

_NEAR = {4: 24, 6: 48}
"""Prefix lengths under which addresses are taken for one network: the smallest routed alone."""


def judge(seen: DomainSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a zone with one server, or whose servers all stand in one network."""
    del facts
    if seen.told_at:
        return
    if seen.name_servers is None:
        yield NotMeasured(seen.place, seen.why.get("name_servers", "undetermined"))
        return
    hosts = [server.host for server in seen.name_servers]
    addresses = {address for server in seen.name_servers for address in server.addresses}
    networks = {network for one in addresses if (network := _network(one)) is not None}
    values = {"zone": seen.zone, "servers": ", ".join(hosts[:6])}
    if len(addresses) == 1 or len(hosts) == 1:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("one", values),))
    elif len(networks) == 1:
        values["network"] = networks.pop()
        yield Flagged(seen.place, Confidence.FIRM, (Proof("near", values),))
    elif (asn := _only_asn(seen.name_servers)) is not None:
        values["asn"] = str(asn)
        yield Flagged(seen.place, Confidence.FIRM, (Proof("announced", values),), Criticality.INFO)


def _only_asn(servers: Sequence[NameServer]) -> int | None:
    """Give the one network that announces every server; ``None`` when one is not known."""
    if not all(one.asns for one in servers):
        return None
    asns = {asn for one in servers for asn in one.asns}
    return asns.pop() if len(asns) == 1 else None


def _network(address: str) -> str | None:
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return None
    return str(ipaddress.ip_network(f"{read}/{_NEAR[read.version]}", strict=False))


def _servers(*addresses: str, asn: int | None = None) -> DomainSeen:
    asns = () if asn is None else (asn,)
    return zone(
        name_servers=tuple(
            NameServer(host=f"ns{at}.chu.example", addresses=(one,), asns=asns)
            for at, one in enumerate(addresses)
        )
    )


CHECK = Check(
    id="dns.single-server",
    title_fr="Zone DNS portée par un seul point",
    title_en="DNS zone with a single point of failure",
    risk_fr="Une panne ou une attaque sur un seul réseau fait disparaître le domaine : site, courrier et accès à distance deviennent injoignables.",
    risk_en="A failure or an attack on one network makes the domain disappear: site, mail and remote access become unreachable.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("RFC 2182 3.1", "RFC 1034 4.1"),
    remedy_fr="Confier la zone à deux serveurs au moins, sur des réseaux et des sites distincts (un hébergeur DNS secondaire convient).",
    remedy_en="Entrust the zone to at least two servers, on distinct networks and sites (a secondary DNS host will do).",
    proofs={
        "one": Wording(
            "La zone {zone} n'a qu'un serveur de noms : {servers}.",
            "The zone {zone} has one name server only: {servers}.",
        ),
        "near": Wording(
            "Tous les serveurs de noms de {zone} ({servers}) sont dans le réseau {network}.",
            "All name servers of {zone} ({servers}) stand in the network {network}.",
        ),
        "announced": Wording(
            "Tous les serveurs de noms de {zone} ({servers}) dépendent d'un seul opérateur (AS{asn}) : criticité ramenée à « information ».",
            "All name servers of {zone} ({servers}) depend on one operator (AS{asn}): lowered to info.",
        ),
    },
    reads=DomainSeen,
    judge=judge,
    flagged=(
        _servers("203.0.113.5"),
        _servers("203.0.113.5", "203.0.113.5"),
        _servers("203.0.113.5", "203.0.113.9"),
        _servers("203.0.113.5", "2001:db8::5", asn=64496),
    ),
    clean=(zone(), _servers("203.0.113.5", "2001:db8::5")),
    unmeasured=(zone(name_servers=None),),
)
