"""A product was recognised and its version could not be read."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.product import named
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Flagged, Proof, Verdict, Wording
from core.observations.service import Service

_ANYHOW = Wording(
    "lire la version dans la console de l'équipement",
    "read the version in the device's console",
)


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Say how the version of a known product is found out, when the scan could not."""
    product = facts.knowledge.product(seen.product) if seen.product else None
    if product is None or seen.version is not None:
        return
    how = product.version_how or _ANYHOW
    proof = Proof("how", {"product": named(product.id, facts), "fr": how.fr, "en": how.en})
    yield Flagged(seen.place, seen.confidence, (proof,))


CHECK = Check(
    id="product.version-unknown",
    title_fr="Version du produit non déterminée",
    title_en="Version of the product not determined",
    risk_fr=(
        "Sans la version, rien ne dit si les failles connues de ce produit sont corrigées : la "
        "question reste ouverte, elle n'est pas close."
    ),
    risk_en=(
        "Without the version, nothing tells whether the known flaws of this product are fixed: "
        "the question stays open, it is not settled."
    ),
    criticality=Criticality.INFO,
    care=("D1.EXPO.7",),
    references=("ANSSI, Guide d'hygiène informatique, mesure 34", "ReCyF 5.B.3 et 5.B.4"),
    remedy_fr=(
        "Relever la version sur l'équipement, la comparer aux avis du CERT-FR et de l'éditeur, "
        "et noter dans l'inventaire qui la suit."
    ),
    remedy_en=(
        "Read the version on the device, compare it with the advisories of CERT-FR and of the "
        "vendor, and note in the inventory who follows it."
    ),
    proofs={"how": Wording("{product} : {fr}{en:.0}", "{product}: {en}{fr:.0}")},
    reads=Service,
    judge=judge,
    flagged=(
        Service(place=place(443), at=AT, protocol="http", tls=True, product="fortinet_fortios"),
    ),
    clean=(
        Service(place=place(443), at=AT, protocol="http", tls=True),
        Service(
            place=place(443), at=AT, protocol="http", product="cisco_asa_ftd", version="9.18(4)"
        ),
    ),
)
