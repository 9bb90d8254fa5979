"""A NetBIOS name service answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any NetBIOS name service that answered."""
    return exposed(seen, facts, "netbios")


CHECK = Check(
    id="netbios.exposed",
    title_fr="Service de noms NetBIOS joignable depuis Internet",
    title_en="NetBIOS name service reachable from the Internet",
    risk_fr=(
        "Ce service donne à quiconque le nom de la machine et de son domaine. Sa présence sur "
        "Internet montre que le réseau Windows n'est pas filtré."
    ),
    risk_en=(
        "This service tells anyone the name of the machine and of its domain. Its presence on "
        "the Internet shows that the Windows network is not filtered."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("RFC 1002", "ANSSI, Guide d'hygiène informatique, mesure 22"),
    remedy_fr=(
        "Fermer 137, 138/udp et 139, 445/tcp côté Internet ; désactiver NetBIOS sur TCP/IP."
    ),
    remedy_en=(
        "Close 137, 138/udp and 139, 445/tcp on the Internet side; turn NetBIOS over TCP/IP off."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(Service(place=place(137), at=AT, protocol="netbios", evidence=("NBSTAT SRV<20>",)),),
    clean=(Service(place=place(137), at=AT, protocol="unknown"),),
)
