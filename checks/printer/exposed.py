"""A raw printing port is open to the Internet."""

from collections.abc import Iterator

from checks._shared.quiet import PROOFS, host, presumed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.host import HostSeen


def judge(seen: HostSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag an open printing port: tentatively, since any byte would come out on paper."""
    return presumed(seen, facts, "print")


CHECK = Check(
    id="printer.exposed",
    title_fr="Port d'impression ouvert sur Internet",
    title_en="Printing port open to the Internet",
    risk_fr=(
        "Tout ce qui arrive sur ce port s'imprime : n'importe qui peut vider le bac, y lire ce "
        "qui attend, ou se servir de l'imprimante pour entrer dans le réseau."
    ),
    risk_en=(
        "Whatever reaches this port is printed: anyone may empty the tray, read what waits, or "
        "use the printer to get into the network."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.6",),
    references=("ANSSI, Guide d'hygiène informatique, mesure 22",),
    remedy_fr=(
        "Fermer ce port côté Internet. Pour un site distant, imprimer à travers un tunnel ou un "
        "serveur d'impression authentifié (IPPS)."
    ),
    remedy_en=(
        "Close this port on the Internet side. For a remote site, print through a tunnel or an "
        "authenticated print server (IPPS)."
    ),
    proofs=PROOFS,
    reads=HostSeen,
    judge=judge,
    flagged=(host(9100),),
    clean=(host(), host(502)),
)
