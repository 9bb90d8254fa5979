"""Windows Remote Management answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any WinRM service, whatever its port."""
    yield from exposed(seen, facts, "winrm")


CHECK = Check(
    id="winrm.exposed",
    title_fr="Administration Windows à distance (WinRM) joignable depuis Internet",
    title_en="Windows Remote Management (WinRM) reachable from the Internet",
    risk_fr=(
        "WinRM exécute des commandes d'administration : un mot de passe deviné ou volé y suffit "
        "pour prendre la main sur le serveur, puis sur le domaine."
    ),
    risk_en=(
        "WinRM runs administration commands: one guessed or stolen password is enough to take "
        "over the server, then the domain."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.4", "D1.EXPO.6", "DRA.EXPO.2"),
    references=(
        "ANSSI, Administration sécurisée des SI, R21 et R24",
        "ANSSI, Guide d'hygiène informatique, mesures 23 et 28",
        "ReCyF 7.A.7 et 7.B.3",
        "[MS-WSMV] 2.1",
    ),
    remedy_fr=(
        "Fermer 5985 et 5986 au pare-feu Internet. N'administrer que depuis le réseau "
        "d'administration, au travers d'un VPN avec second facteur ; limiter l'écoute "
        "(IPv4Filter, IPv6Filter) et retirer l'authentification Basic."
    ),
    remedy_en=(
        "Close 5985 and 5986 at the Internet firewall. Administer only from the administration "
        "network, through a VPN with a second factor; limit the listener (IPv4Filter, IPv6Filter)"
        " and remove Basic authentication."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(Service(place=place(5985), at=AT, protocol="winrm", evidence=("/wsman: 401",)),),
    clean=(Service(place=place(5985), at=AT, protocol="unknown"),),
)
