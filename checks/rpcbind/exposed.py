"""rpcbind answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any rpcbind that answered."""
    return exposed(seen, facts, "rpcbind")


CHECK = Check(
    id="rpcbind.exposed",
    title_fr="Service rpcbind joignable depuis Internet",
    title_en="rpcbind reachable from the Internet",
    risk_fr=(
        "rpcbind liste les services RPC de la machine, souvent des partages NFS sans mot de "
        "passe, et sert à amplifier des attaques."
    ),
    risk_en=(
        "rpcbind lists the RPC services of the machine, often NFS shares without a password, "
        "and serves to amplify attacks."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("RFC 1833", "ANSSI, Guide d'hygiène informatique, mesure 22"),
    remedy_fr=(
        "Fermer 111 et 2049 (TCP et UDP) côté Internet ; arrêter rpcbind là où NFS ne sert pas."
    ),
    remedy_en=(
        "Close 111 and 2049 (TCP and UDP) on the Internet side; stop rpcbind where NFS is not used."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(Service(place=place(111), at=AT, protocol="rpcbind", evidence=("RPC MSG_ACCEPTED",)),),
    clean=(Service(place=place(111), at=AT, protocol="unknown"),),
)
