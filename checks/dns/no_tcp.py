"""A name server that does not answer over TCP."""

from collections.abc import Iterator

from checks._shared.zone_server import dns_server
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.zone_server import DnsServer


def judge(seen: DnsServer, facts: Facts) -> Iterator[Verdict]:
    """Flag a server that answers over UDP and refuses or cuts connections."""
    del facts
    if seen.has_udp is False:
        return
    if seen.has_tcp is None:
        yield NotMeasured(seen.place, seen.why.get("has_tcp", "undetermined"))
    elif not seen.has_tcp:
        values = {"server": seen.hosts[0] if seen.hosts else seen.place.ip or ""}
        yield Flagged(seen.place, Confidence.FIRM, (Proof("refused", values),))


CHECK = Check(
    id="dns.no-tcp",
    title_fr="Serveur de noms muet en TCP",
    title_en="Name server mute over TCP",
    risk_fr="Les réponses longues (signatures, listes de serveurs de courrier, politiques) n'arrivent pas à tous : échecs rares et difficiles à expliquer.",
    risk_en="Long answers (signatures, lists of mail servers, policies) do not reach everybody: failures that are rare and hard to explain.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("RFC 7766 5", "RFC 9210 3", "https://www.dnsflagday.net/2020/"),
    remedy_fr="Ouvrir le port 53 en TCP sur le serveur et sur le pare-feu : il fait partie du DNS au même titre que l'UDP.",
    remedy_en="Open TCP port 53 on the server and on the firewall: it is part of the DNS as much as UDP is.",
    proofs={
        "refused": Wording(
            "{server} répond en UDP mais refuse ou coupe les connexions TCP sur le port 53.",
            "{server} answers over UDP but refuses or cuts TCP connections on port 53.",
        )
    },
    reads=DnsServer,
    judge=judge,
    flagged=(dns_server(has_tcp=False),),
    clean=(dns_server(), dns_server(has_udp=False)),
    unmeasured=(dns_server(has_tcp=None),),
)
