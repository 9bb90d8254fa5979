"""A SIP server answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any SIP server that answered."""
    return exposed(seen, facts, "sip")


CHECK = Check(
    id="sip.exposed",
    title_fr="Serveur de téléphonie SIP joignable depuis Internet",
    title_en="SIP telephony server reachable from the Internet",
    risk_fr=(
        "Des robots essaient sans relâche des comptes de téléphonie pour passer des appels "
        "surtaxés aux frais de l'établissement ; les appels et les comptes passent ici sans "
        "chiffrement."
    ),
    risk_en=(
        "Robots try telephony accounts without pause, to place premium calls at the cost of the"
        " establishment; calls and accounts pass here without encryption."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("RFC 3261 §11", "ANSSI, Guide d'hygiène informatique, mesure 22"),
    remedy_fr=(
        "N'admettre que les adresses de l'opérateur de téléphonie, passer à SIP sur TLS et "
        "SRTP, et placer un contrôleur de session (SBC) devant l'autocommutateur."
    ),
    remedy_en=(
        "Admit only the addresses of the telephony operator, move to SIP over TLS and SRTP, and"
        " place a session border controller in front of the exchange."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(Service(place=place(5060), at=AT, protocol="sip", evidence=("SIP 200 OK",)),),
    clean=(Service(place=place(5060), at=AT, protocol="unknown"),),
)
