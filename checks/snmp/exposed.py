"""An SNMP engine answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any SNMP engine that answered."""
    return exposed(seen, facts, "snmp")


CHECK = Check(
    id="snmp.exposed",
    title_fr="Service SNMP joignable depuis Internet",
    title_en="SNMP service reachable from the Internet",
    risk_fr=(
        "SNMP décrit l'équipement, ses interfaces et ses voisins, et peut parfois le "
        "reconfigurer. Une « communauté » se devine, et ses réponses servent à amplifier des "
        "attaques."
    ),
    risk_en=(
        "SNMP describes the equipment, its interfaces and its neighbours, and may even "
        "reconfigure it. A community can be guessed, and its answers serve to amplify attacks."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("RFC 3414", "ANSSI, Guide d'hygiène informatique, mesure 22"),
    remedy_fr=(
        "Fermer 161/udp côté Internet, ou n'admettre que les adresses de la supervision à "
        "travers un tunnel. Couper SNMPv1 et v2c (aucune communauté n'a été essayée ici), "
        "n'employer que SNMPv3 authPriv."
    ),
    remedy_en=(
        "Close 161/udp on the Internet side, or admit only the addresses of monitoring through "
        "a tunnel. Turn SNMPv1 and v2c off (no community was tried here), use SNMPv3 authPriv "
        "alone."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(Service(place=place(161), at=AT, protocol="snmp", evidence=("SNMPv3 REPORT",)),),
    clean=(Service(place=place(161), at=AT, protocol="unknown"),),
)
