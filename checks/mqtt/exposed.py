"""An MQTT broker answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any broker that answered; whether it admits strangers is never tried."""
    return exposed(seen, facts, "mqtt")


CHECK = Check(
    id="mqtt.exposed",
    title_fr="Courtier de messages MQTT joignable depuis Internet",
    title_en="MQTT message broker reachable from the Internet",
    risk_fr=(
        "MQTT relie capteurs, automates et équipements du bâtiment. Un courtier ouvert, souvent "
        "sans mot de passe d'origine, laisse lire leurs mesures et leur envoyer des ordres."
    ),
    risk_en=(
        "MQTT links sensors, controllers and building equipment. An open broker, often without a "
        "password as it comes, lets anybody read their measures and send them orders."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("OASIS, MQTT 5.0", "ANSSI, Guide d'hygiène informatique, mesure 22"),
    remedy_fr=(
        "Fermer 1883 et 8883 côté Internet. Si des objets doivent s'y connecter de l'extérieur, "
        "n'ouvrir que 8883 (TLS), à leurs seules adresses ou par VPN, exiger un certificat de "
        "chaque objet, refuser les inconnus et limiter les sujets de chacun."
    ),
    remedy_en=(
        "Close 1883 and 8883 on the Internet side. Where things must connect from outside, open "
        "8883 (TLS) alone, to their addresses only or through a VPN, require a certificate of "
        "each, refuse strangers and limit the topics of each."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(
        Service(
            place=place(1883),
            at=AT,
            protocol="mqtt",
            evidence=("CONNECT level 0x7e → CONNACK 0x01",),
        ),
    ),
    clean=(Service(place=place(1883), at=AT, protocol="unknown"),),
)
