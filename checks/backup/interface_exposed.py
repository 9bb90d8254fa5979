"""A backup system shows itself to the Internet."""

from collections.abc import Iterator

from checks._shared.product import PROOFS, example, recognised
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.product import ProductSeen


def judge(seen: ProductSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag any recognised product of the backup category; declaring it excuses nothing."""
    product = facts.knowledge.product(seen.product)
    if product is not None and product.category == "backup":
        yield from recognised(seen, facts)


CHECK = Check(
    id="backup.interface-exposed",
    title_fr="Système de sauvegarde joignable depuis Internet",
    title_en="Backup system reachable from the Internet",
    risk_fr=(
        "La sauvegarde est la première chose que détruisent les rançongiciels. Joignable "
        "d'Internet, elle peut être effacée ou volée avant même l'attaque du reste."
    ),
    risk_en=(
        "Backups are the first thing that ransomware destroys. Reachable from the Internet, they "
        "can be erased or stolen before the rest is even attacked."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.4", "D1.EXPO.6", "D2.EXPO.1"),
    references=(
        "ANSSI, Sauvegarde des systèmes d'information",
        "ReCyF 7.B.3",
        "NIS 2, article 21(2) c",
    ),
    remedy_fr=(
        "Fermer tous les ports de la sauvegarde côté Internet, l'isoler dans un réseau qui lui "
        "est propre, avec des comptes hors de l'annuaire courant et une copie immuable. "
        "Appliquer les derniers correctifs de l'éditeur et vérifier que les copies se restaurent."
    ),
    remedy_en=(
        "Close every port of the backup system on the Internet side, isolate it in a network of "
        "its own, with accounts outside the everyday directory and an immutable copy. Apply the "
        "vendor's latest fixes and check that copies can be restored."
    ),
    proofs=PROOFS,
    reads=ProductSeen,
    judge=judge,
    flagged=(example("veeam_vbr", port=9419),),
    clean=(example("fortinet_fortios", portal=True),),
)
