"""A name server that does not know EDNS."""

from collections.abc import Iterator

from checks._shared.zone_server import dns_server
from checks.registry import Check
from core.facts import Facts
from core.model import (
    Confidence,
    Criticality,
    Flagged,
    NotMeasured,
    Proof,
    Transport,
    Verdict,
    Wording,
)
from core.observations.zone_server import DnsServer


def judge(seen: DnsServer, facts: Facts) -> Iterator[Verdict]:
    """Flag a server that answers plain questions alone, or leaves EDNS out of its answers."""
    del facts
    if seen.place.transport is Transport.TCP:
        # Found by the sweep: where zones list it, it is judged over UDP.
        return
    if seen.has_edns is None:
        yield NotMeasured(seen.place, seen.why.get("has_edns", "undetermined"))
    elif not seen.has_edns:
        values = {"server": seen.hosts[0] if seen.hosts else seen.place.ip or ""}
        yield Flagged(seen.place, Confidence.FIRM, (Proof("without", values),))


CHECK = Check(
    id="dns.no-edns",
    title_fr="Serveur de noms sans EDNS",
    title_en="Name server without EDNS",
    risk_fr="Les résolveurs modernes tiennent ce serveur pour en panne ou perdent du temps avec lui, et aucune signature DNSSEC ne peut y passer.",
    risk_en="Modern resolvers take this server for a failing one or lose time with it, and no DNSSEC signature can go through it.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("RFC 6891", "RFC 8906", "https://www.dnsflagday.net/2019/"),
    remedy_fr="Mettre à jour le serveur DNS, ou le pare-feu qui retire EDNS sur le chemin.",
    remedy_en="Update the DNS server, or the firewall that removes EDNS on the way.",
    proofs={
        "without": Wording(
            "{server} ignore ou refuse les questions EDNS.",
            "{server} ignores or refuses EDNS questions.",
        )
    },
    reads=DnsServer,
    judge=judge,
    flagged=(dns_server(has_edns=False),),
    clean=(dns_server(),),
    unmeasured=(dns_server(has_edns=None),),
)
