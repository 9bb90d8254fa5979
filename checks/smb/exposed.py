"""Windows file sharing answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any SMB service, whatever its port."""
    yield from exposed(seen, facts, "smb")


CHECK = Check(
    id="smb.exposed",
    title_fr="Partage de fichiers Windows (SMB) joignable depuis Internet",
    title_en="Windows file sharing (SMB) reachable from the Internet",
    risk_fr=(
        "Le partage de fichiers Windows est la voie de propagation de WannaCry et de nombreux "
        "rançongiciels : ouvert sur Internet, il permet d'essayer des mots de passe, de voler des"
        " fichiers et d'exploiter toute faille du serveur."
    ),
    risk_en=(
        "Windows file sharing is how WannaCry and much other ransomware spread: open to the "
        "Internet, it lets anyone try passwords, steal files and exploit any flaw of the server."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=(
        "ANSSI, Guide d'hygiène informatique, mesures 19 et 23",
        "ReCyF 7.A.7 et 7.B.3",
        "CVE-2017-0144",
        "[MS-SMB2] 2.1",
    ),
    remedy_fr=(
        "Bloquer 139 et 445 au pare-feu Internet, dans les deux sens. Échanger les fichiers par "
        "VPN ou par un service prévu pour cela (SFTP, plateforme d'échange). Exiger la signature "
        "SMB et désactiver SMB 1 sur le serveur."
    ),
    remedy_en=(
        "Block 139 and 445 at the Internet firewall, both ways. Exchange files over a VPN or a "
        "service meant for it (SFTP, exchange platform). Require SMB signing and disable SMB 1 on"
        " the server."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(Service(place=place(445), at=AT, protocol="smb", evidence=("SMB 3.1.1",)),),
    clean=(Service(place=place(445), at=AT, protocol="unknown"),),
)
