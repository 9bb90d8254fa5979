"""The UDP side of RDP answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any RDP listener over UDP that answered."""
    return exposed(seen, facts, "rdp-udp")


CHECK = Check(
    id="rdp.udp-exposed",
    title_fr="Bureau à distance (UDP) joignable depuis Internet",
    title_en="Remote desktop (UDP) reachable from the Internet",
    risk_fr=(
        "La voie UDP du bureau à distance, ou de sa passerelle (3391), répond à Internet, "
        "parfois oubliée quand la voie TCP a été fermée. Des failles de cette voie ont permis "
        "de prendre la machine sans compte."
    ),
    risk_en=(
        "The UDP way of remote desktop, or of its gateway (3391), answers the Internet, at "
        "times forgotten when the TCP way was closed. Flaws of this way have allowed to take "
        "the machine without an account."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("MS-RDPEUDP", "ANSSI, Guide d'hygiène informatique, mesure 22", "CVE-2020-0609"),
    remedy_fr=(
        "Fermer 3389/udp côté Internet comme 3389/tcp. Pour une passerelle RDS, garder 3391/udp"
        " seulement si elle est à jour, ou désactiver le transport UDP."
    ),
    remedy_en=(
        "Close 3389/udp on the Internet side as well as 3389/tcp. For an RDS gateway, keep "
        "3391/udp only when it is up to date, or turn the UDP transport off."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(Service(place=place(3389), at=AT, protocol="rdp-udp", evidence=("SYN+ACK",)),),
    clean=(Service(place=place(3389), at=AT, protocol="unknown"),),
)
