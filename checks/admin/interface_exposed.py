"""An administration interface answers from the Internet."""

from collections.abc import Iterator

import msgspec

from checks._shared.product import PROOFS, example, recognised
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Verdict
from core.observations.product import ProductSeen

_ELSEWHERE = frozenset({"backup"})
"""Categories whose exposure has a check of its own."""
_OWN_CHECK = frozenset({"docker_api"})
_WHOLE_SITE = frozenset({"hypervisor", "remote_admin", "pam", "container"})
"""Who holds one of these holds every machine behind it."""


def judge(seen: ProductSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag what shows an administration side; declaring it excuses nothing."""
    product = facts.knowledge.product(seen.product)
    category = product.category if product else ""
    if not seen.admin or category in _ELSEWHERE or seen.product in _OWN_CHECK:
        return
    criticality = Criticality.CRITICAL if category in _WHOLE_SITE else None
    yield from recognised(seen, facts, criticality=criticality)


CHECK = Check(
    id="admin.interface-exposed",
    title_fr="Interface d'administration joignable depuis Internet",
    title_en="Administration interface reachable from the Internet",
    risk_fr=(
        "Cette page commande un équipement entier. Un mot de passe faible, ou la prochaine "
        "faille de l'éditeur, en donne la maîtrise complète à un inconnu."
    ),
    risk_en=(
        "This page commands a whole device. A weak password, or the vendor's next flaw, gives "
        "a stranger full control of it."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=(
        "ANSSI, Guide d'hygiène informatique, mesures 23 et 28",
        "ANSSI, Administration sécurisée des SI, R21 et R24",
        "ReCyF 7.A.7 et 7.B.3",
        "NIS 2, article 21(2) e et g",
    ),
    remedy_fr=(
        "Lier l'interface au réseau d'administration seul, ou la fermer au pare-feu Internet ; "
        "y accéder par un VPN d'administration avec second facteur. Changer ensuite les mots de "
        "passe, contrôler les comptes et la configuration, et mettre à jour."
    ),
    remedy_en=(
        "Bind the interface to the administration network alone, or close it at the Internet "
        "firewall; reach it through an administration VPN with a second factor. Then change "
        "passwords, review accounts and configuration, and update."
    ),
    proofs=PROOFS,
    reads=ProductSeen,
    judge=judge,
    flagged=(
        example("fortinet_fortios", admin=True),
        example("hpe_ilo", admin=True),
        msgspec.structs.replace(
            example("webmin", port=10000, admin=True), confidence=Confidence.TENTATIVE
        ),
    ),
    clean=(
        example("fortinet_fortios", portal=True),
        example("docker_api", port=2375, admin=True),
    ),
)
