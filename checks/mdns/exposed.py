"""A multicast DNS responder answers questions from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any mDNS responder that answered."""
    return exposed(seen, facts, "mdns")


CHECK = Check(
    id="mdns.exposed",
    title_fr="Répondeur mDNS joignable depuis Internet",
    title_en="mDNS responder reachable from the Internet",
    risk_fr=(
        "mDNS est fait pour le réseau local : à distance, il décrit l'équipement et ses "
        "services, et sert à amplifier des attaques."
    ),
    risk_en=(
        "mDNS is made for the local network: from afar it describes the equipment and its "
        "services, and serves to amplify attacks."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("RFC 6762 §5.5", "CERT/CC VU#550620"),
    remedy_fr=("Fermer 5353/udp côté Internet."),
    remedy_en=("Close 5353/udp on the Internet side."),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(Service(place=place(5353), at=AT, protocol="mdns", evidence=("_http._tcp.local.",)),),
    clean=(Service(place=place(5353), at=AT, protocol="unknown"),),
)
