"""A remote desktop answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any RDP listener, whatever its port."""
    yield from exposed(seen, facts, "rdp")


CHECK = Check(
    id="rdp.exposed",
    title_fr="Bureau à distance (RDP) joignable depuis Internet",
    title_en="Remote desktop (RDP) reachable from the Internet",
    risk_fr=(
        "Le bureau à distance ouvert sur Internet est l'une des premières portes d'entrée des "
        "rançongiciels : des robots y essaient des mots de passe en continu, et chaque faille "
        "de Windows y est exploitable directement."
    ),
    risk_en=(
        "A remote desktop open to the Internet is one of the main ways in for ransomware: "
        "robots try passwords on it without pause, and each flaw of Windows can be exploited "
        "directly."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.4", "D1.EXPO.6", "DRA.EXPO.2"),
    references=(
        "ANSSI, Guide d'hygiène informatique, mesures 23 et 32",
        "ANSSI, Administration sécurisée des SI, R21, R24 et R49",
        "ReCyF 7.B.3 et 8.1",
        "[MS-RDPBCGR] 1.3.1.1",
    ),
    remedy_fr=(
        "Fermer ce port au pare-feu Internet, en TCP et en UDP. Donner l'accès par un VPN ou "
        "une passerelle avec second facteur ; pour un fournisseur, par un bastion, à la "
        "demande. Vérifier dans les journaux (événements 4624 et 4625, type 10) qui s'est "
        "déjà connecté."
    ),
    remedy_en=(
        "Close this port at the Internet firewall, TCP and UDP. Give access through a VPN or "
        "a gateway with a second factor; for a supplier, through a bastion, on demand. Look "
        "in the logs (events 4624 and 4625, type 10) for who logged on already."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(
        Service(
            place=place(3389),
            at=AT,
            protocol="rdp",
            evidence=("X.224 TLS+HYBRID → HYBRID",),
        ),
        Service(place=place(8443), at=AT, protocol="rdp"),
    ),
    clean=(Service(place=place(3389), at=AT, protocol="http"),),
)
