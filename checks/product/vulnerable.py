"""A product runs a version with a known flaw that no catalogue says is exploited."""

from collections.abc import Iterator

from checks._shared.flaws import PROOFS, flawed
from checks._shared.product import example
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.product import ProductSeen


def judge(seen: ProductSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a version in the range of a flaw that is not exploited as far as is known."""
    yield from flawed(seen, facts, exploited=False)


CHECK = Check(
    id="product.vulnerable",
    title_fr="Version touchée par une faille connue",
    title_en="Version with a known flaw",
    risk_fr=(
        "Cette faille est publiée et sa correction existe : rien ne dit qu'elle soit exploitée "
        "aujourd'hui, mais comparer les deux versions suffit souvent à écrire l'attaque."
    ),
    risk_en=(
        "This flaw is published and its fix exists: nothing says that it is exploited today, but "
        "comparing the two versions is often enough to write the attack."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.7",),
    references=(
        "ANSSI, Guide d'hygiène informatique, mesure 34",
        "NIST, National Vulnerability Database",
        "ReCyF 5.B.3 et 5.B.4",
    ),
    remedy_fr=(
        "Installer la dernière version corrigée de la branche lors de la prochaine intervention, "
        "plus tôt si le service est ouvert à tous ; à défaut, appliquer le contournement que "
        "donne l'éditeur et limiter les adresses admises."
    ),
    remedy_en=(
        "Install the latest fixed version of the branch at the next maintenance, sooner where the "
        "service is open to all; failing that, apply the vendor's workaround and limit the "
        "addresses let in."
    ),
    proofs=PROOFS,
    reads=ProductSeen,
    judge=judge,
    flagged=(example("stormshield_sns", version="4.3.41"),),
    clean=(
        example("stormshield_sns"),
        example("stormshield_sns", version="99.0.0"),
        example("nobody", version="1.0"),
    ),
)
