"""A product was recognised and its version could not be read."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.flaws import is_new, known_flaws, unheard_of
from checks._shared.product import DOUBT, doubts, named
from checks.registry import Check
from core.facts import Facts
from core.knowledge.model import Product
from core.model import Criticality, Flagged, Proof, Verdict, Wording
from core.observations.service import Service
from core.versions import Standing

_TOLD = 10
_ANYHOW = Wording(
    "lire la version dans la console de l'équipement",
    "read the version in the device's console",
)


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Say how the version of a known product is found out, when the scan could not.

    Where one was read and some exploited flaw stays an open question all the same (a branch, a
    package of a distribution, a flaw without a known range), say which.
    """
    product = facts.knowledge.product(seen.product) if seen.product else None
    if product is None or not _matters(product, facts):
        return
    how = product.version_how or _ANYHOW
    values = {"product": named(product.id, facts), "fr": how.fr, "en": how.en}
    if seen.version is None:
        proof = Proof("how", values)
    else:
        cves = _open(seen.version, seen.version_gives, product, facts)
        if not cves:
            return
        told = ", ".join(cves[:_TOLD]) + (" …" if len(cves) > _TOLD else "")
        proof = Proof("open", {**values, "version": seen.version, "cves": told})
    sure = min(seen.confidence, seen.product_confidence or seen.confidence)
    yield Flagged(seen.place, sure, (proof, *doubts(product)))


def _matters(product: Product, facts: Facts) -> bool:
    # Where neither a flaw nor an end of support hangs on it, nobody needs to look for a version.
    support = product.support
    return bool(product.flaws or support.cycles or support.slug or unheard_of(product, facts))


def _open(version: str, gives: str, product: Product, facts: Facts) -> list[str]:
    asked = known_flaws(version, gives, product, facts)
    cves = [one.flaw.cve for one in asked if one.is_exploited and one.standing is Standing.OPEN]
    cves += [cve for cve in unheard_of(product, facts) if not is_new(cve, facts)]
    # The latest first: an old one is likely mended, though nothing here proves it.
    return sorted(cves, key=lambda cve: (cve[4:8], len(cve), cve), reverse=True)


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
    proofs={
        **DOUBT,
        "how": Wording("{product} : {fr}{en:.0}", "{product}: {en}{fr:.0}"),
        "open": Wording(
            "{product}, version lue {version} : question ouverte, elle ne suffit pas à dire si "
            "ces failles exploitées sont corrigées ({cves}). {fr}{en:.0}",
            "{product}, version read {version}: open question, it is not enough to tell whether "
            "these exploited flaws are fixed ({cves}). {en}{fr:.0}",
        ),
    },
    reads=Service,
    judge=judge,
    flagged=(
        Service(place=place(443), at=AT, protocol="http", tls=True, product="fortinet_fortios"),
        Service(
            place=place(443),
            at=AT,
            protocol="http",
            tls=True,
            product="fortinet_fortios",
            version="7.4",
            version_gives="branch",
        ),
    ),
    clean=(
        Service(place=place(443), at=AT, protocol="http", tls=True),
        Service(
            place=place(443), at=AT, protocol="http", product="stormshield_sns", version="5.0.6"
        ),
    ),
)
