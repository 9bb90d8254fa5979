"""A remote-access portal (SSL VPN, gateway) answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS as EXPOSURE_PROOFS
from checks._shared.product import PROOFS as PRODUCT_PROOFS
from checks._shared.product import doubts, named
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag a recognised portal: made to be exposed, so medium, and information once declared."""
    if not seen.portal or seen.product is None:
        return
    shown = "; ".join(seen.evidence[:3]) or seen.product
    sure = min(seen.confidence, seen.product_confidence or seen.confidence)
    product = facts.knowledge.product(seen.product)
    proofs = [Proof("recognised", {"product": named(seen.product, facts), "shown": shown})]
    if product is not None:
        proofs.append(Proof("advice", {"fr": product.advice.fr, "en": product.advice.en}))
        proofs += doubts(product)
    declared = facts.vouched(seen.place, seen.product, is_portal=True)
    if declared is None:
        # CONTRACT: high when a branch has an exploited flaw and the version is unknown.
        is_unknown = seen.version is None or seen.version_gives == "branch"
        exploited = product is not None and product.exploited and is_unknown
        if exploited:
            proofs.append(Proof("exploited", {}))
        grave = Criticality.HIGH if exploited else None
        yield Flagged(seen.place, sure, tuple(proofs), grave)
        return
    proofs.append(Proof("declared", {"justification": declared.justification or "—"}))
    yield Flagged(seen.place, sure, tuple(proofs), Criticality.INFO)


CHECK = Check(
    id="vpn.portal-exposed",
    title_fr="Portail d'accès distant exposé",
    title_en="Remote-access portal exposed",
    risk_fr=(
        "Ce portail ouvre sur le réseau interne. Les failles de ces équipements sont exploitées "
        "en masse dans les jours qui suivent leur publication, et un simple mot de passe volé "
        "suffit là où aucun second facteur n'est demandé."
    ),
    risk_en=(
        "This portal opens onto the internal network. Flaws of such devices are exploited en "
        "masse within days of their publication, and one stolen password is enough where no "
        "second factor is asked for."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.7", "DRA.EXPO.1", "DRA.EXPO.3"),
    references=(
        "ANSSI, Administration sécurisée des SI, R63 et R63-",
        "ReCyF 5.B.4, 8.1 et 8.3",
        "NIS 2, article 21(2) e et j",
    ),
    remedy_fr=(
        "Déclarer ce portail dans l'inventaire ([[expected]]) avec son responsable, sa "
        "justification et l'état du second facteur. Vérifier sa version et le dernier correctif "
        "de sa branche, exiger un second facteur pour tous, et fermer ses autres accès "
        "(administration, SSH) côté Internet. S'il ne sert plus, le retirer."
    ),
    remedy_en=(
        "Declare this portal in the inventory ([[expected]]) with its owner, its justification "
        "and the state of the second factor. Check its version and the latest fix of its branch, "
        "require a second factor of everyone, and close its other doors (administration, SSH) "
        "on the Internet side. If it is no longer used, remove it."
    ),
    proofs={
        **EXPOSURE_PROOFS,
        **PRODUCT_PROOFS,
        "exploited": Wording(
            "Des failles de ce produit sont activement exploitées (catalogue KEV de la CISA) et sa version n'a pas pu être lue : elle est à vérifier sans attendre.",
            "Flaws of this product are actively exploited (CISA KEV catalogue) and its version could not be read: check it without delay.",
        ),
    },
    reads=Service,
    judge=judge,
    flagged=(
        Service(
            place=place(443),
            at=AT,
            protocol="http",
            tls=True,
            product="fortinet_fortios",
            portal=True,
            evidence=("/remote/login src: /remote/fgt_lang?lang=en",),
        ),
        Service(
            place=place(10443),
            at=AT,
            protocol="http",
            tls=True,
            product="cisco_asa_ftd",
            portal=True,
            confidence=Confidence.TENTATIVE,
        ),
    ),
    clean=(
        Service(place=place(443), at=AT, protocol="http", tls=True),
        Service(place=place(443), at=AT, protocol="http", product="docker_api"),
    ),
)
