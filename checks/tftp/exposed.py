"""A TFTP server answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any TFTP server that answered."""
    return exposed(seen, facts, "tftp")


CHECK = Check(
    id="tftp.exposed",
    title_fr="Serveur TFTP joignable depuis Internet",
    title_en="TFTP server reachable from the Internet",
    risk_fr=(
        "TFTP livre et reçoit des fichiers sans mot de passe : configurations de téléphones et "
        "d'équipements réseau, avec leurs secrets."
    ),
    risk_en=(
        "TFTP hands out and takes files without a password: configurations of telephones and "
        "network equipment, with their secrets."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("RFC 1350", "ANSSI, Guide d'hygiène informatique, mesure 22"),
    remedy_fr=(
        "Fermer 69/udp côté Internet ; servir les configurations par HTTPS avec certificat, ou "
        "à l'intérieur du réseau seulement."
    ),
    remedy_en=(
        "Close 69/udp on the Internet side; serve configurations over HTTPS with a certificate,"
        " or inside the network only."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(
        Service(place=place(69), at=AT, protocol="tftp", evidence=("ERROR 1 File not found",)),
    ),
    clean=(Service(place=place(69), at=AT, protocol="unknown"),),
)
