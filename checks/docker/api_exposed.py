"""A Docker Engine API answers to strangers."""

from collections.abc import Iterator

from checks._shared.product import PROOFS, example, recognised
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.product import ProductSeen


def judge(seen: ProductSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag an engine that answered a question without asking who we are."""
    if seen.product == "docker_api":
        yield from recognised(seen, facts)


CHECK = Check(
    id="docker.api-exposed",
    title_fr="Commande de Docker ouverte sans authentification",
    title_en="Docker control open without authentication",
    risk_fr=(
        "Qui joint cette interface devient administrateur de la machine en une commande. Des "
        "robots la cherchent sans cesse pour y installer mineurs et rançongiciels."
    ),
    risk_en=(
        "Whoever reaches this interface becomes the machine's administrator in one command. "
        "Robots look for it without pause to install miners and ransomware."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=(
        "docs.docker.com, Protect the Docker daemon socket",
        "ANSSI, Guide d'hygiène informatique, mesures 23 et 28",
        "ReCyF 7.A.7 et 7.B.3",
    ),
    remedy_fr=(
        "Retirer « -H tcp:// » (ou « hosts » dans /etc/docker/daemon.json) et n'utiliser que la "
        "socket locale ou SSH ; si un accès réseau est nécessaire, TLS avec certificat client "
        "et filtrage par adresse. Considérer la machine comme compromise : contrôler images, "
        "conteneurs et tâches planifiées, ou la réinstaller."
    ),
    remedy_en=(
        'Remove "-H tcp://" (or "hosts" in /etc/docker/daemon.json) and use only the local '
        "socket or SSH; if network access is needed, TLS with client certificates and address "
        "filtering. Treat the machine as compromised: review images, containers and scheduled "
        "tasks, or reinstall it."
    ),
    proofs=PROOFS,
    reads=ProductSeen,
    judge=judge,
    flagged=(example("docker_api", port=2375, admin=True),),
    clean=(example("fortinet_fortios", admin=True),),
)
