"""Windows RPC answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any RPC service, whatever its port."""
    yield from exposed(seen, facts, "msrpc")


CHECK = Check(
    id="msrpc.exposed",
    title_fr="Appels de procédure Windows (MSRPC) joignables depuis Internet",
    title_en="Windows remote procedure calls (MSRPC) reachable from the Internet",
    risk_fr=(
        "Cette interface interne de Windows n'est pas faite pour Internet : elle renseigne un "
        "attaquant sur la machine et a porté plusieurs failles donnant la main sans mot de passe."
    ),
    risk_en=(
        "This internal interface of Windows is not meant for the Internet: it tells an attacker "
        "about the machine and has carried several flaws that give control without a password."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=(
        "ANSSI, Guide d'hygiène informatique, mesures 23 et 28",
        "ReCyF 7.A.7 et 7.B.3",
        "[MS-RPCE] 2.1",
        "CVE-2003-0352",
    ),
    remedy_fr=(
        "Bloquer 135, 137 à 139, 593 et les ports RPC dynamiques (49152 à 65535) au pare-feu "
        "Internet. Un serveur qui les montre n'est sans doute protégé par aucun filtrage : revoir"
        " toute sa règle d'entrée."
    ),
    remedy_en=(
        "Block 135, 137 to 139, 593 and the dynamic RPC ports (49152 to 65535) at the Internet "
        "firewall. A server that shows them is probably behind no filter at all: review its whole"
        " inbound rule."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(Service(place=place(135), at=AT, protocol="msrpc", evidence=("epmapper: bind_ack",)),),
    clean=(Service(place=place(135), at=AT, protocol="unknown"),),
)
