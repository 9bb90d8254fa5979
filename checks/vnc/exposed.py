"""VNC reachable from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag a VNC service, for having answered."""
    yield from exposed(seen, facts, "vnc")


def _service(protocol: str) -> Service:
    return Service(
        place=place(5900),
        at=AT,
        protocol=protocol,
        evidence=("RFB 003.008", "security-types: VncAuth (2)"),
    )


CHECK = Check(
    id="vnc.exposed",
    title_fr="VNC joignable depuis Internet",
    title_en="VNC reachable from the Internet",
    risk_fr=(
        "Ce service donne l'écran, le clavier et la souris d'un poste, parfois d'un équipement "
        "biomédical. Son mot de passe, de huit caractères au plus dans la plupart des produits, se "
        "devine."
    ),
    risk_en=(
        "This service gives the screen, keyboard and mouse of a computer, sometimes of a medical "
        "device. Its password, at most eight characters in most products, can be guessed."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.6", "DRA.EXPO.2"),
    references=("ANSSI hygiène 23", "ANSSI hygiène 32", "ANSSI administration R21", "RFC 6143 §9"),
    remedy_fr=(
        "Fermer le port sur le pare-feu. Si la prise en main à distance est nécessaire, la faire "
        "passer par le VPN ou le bastion, avec un second facteur."
    ),
    remedy_en=(
        "Close the port on the firewall. If remote control is needed, take it through the VPN or "
        "the bastion, with a second factor."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(_service("vnc"),),
    clean=(_service("ssh"),),
)
