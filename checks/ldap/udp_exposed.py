"""A directory answers CLDAP from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any directory over UDP that answered."""
    return exposed(seen, facts, "cldap")


CHECK = Check(
    id="ldap.udp-exposed",
    title_fr="Annuaire joignable en UDP (CLDAP) depuis Internet",
    title_en="Directory reachable over UDP (CLDAP) from the Internet",
    risk_fr=(
        "Un contrôleur de domaine répond à Internet : il livre le nom du domaine à quiconque, "
        "et ses réponses servent à amplifier des attaques, jusqu'à soixante-dix fois."
    ),
    risk_en=(
        "A domain controller answers the Internet: it tells the name of the domain to anyone, "
        "and its answers serve to amplify attacks, up to seventy times."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("MS-ADTS §6.3.3", "ANSSI, Guide d'hygiène informatique, mesure 22"),
    remedy_fr=(
        "Fermer 389/udp et tous les ports d'annuaire côté Internet ; aucun contrôleur de "
        "domaine n'a à y être joignable."
    ),
    remedy_en=(
        "Close 389/udp and all directory ports on the Internet side; no domain controller has "
        "to be reachable there."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(Service(place=place(389), at=AT, protocol="cldap", evidence=("searchResDone",)),),
    clean=(Service(place=place(389), at=AT, protocol="unknown"),),
)
