"""What checks on recognised products say alike."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from core.facts import Facts
from core.knowledge.model import Product
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.product import ProductSeen, Shown

DOUBT = {
    "doubtful": Wording(
        "{product} : reconnu à des marques peu sûres, jamais vérifiées sur un appareil ; à "
        "confirmer sur place.",
        "{product}: recognised by markers of low confidence, never checked on a device; to be "
        "confirmed on site.",
    ),
}
PROOFS = {
    **DOUBT,
    "recognised": Wording(
        "{product} reconnu à : {shown}.",
        "{product} recognised by: {shown}.",
    ),
    "contradicted": Wording(
        "Le même service montre aussi {others} : un relais ou un leurre est possible.",
        "The same service also shows {others}: a proxy or a decoy is possible.",
    ),
    "declared": Wording(
        "Exposition déclarée par l'établissement ({justification}).",
        "Exposure declared by the establishment ({justification}).",
    ),
    # Data that is worded twice travels twice; each language cuts the other's to nothing.
    "advice": Wording("Pour ce produit : {fr}{en:.0}", "For this product: {en}{fr:.0}"),
}
"""Wordings to spread into a check's own ``proofs``."""
_LABELS = {
    "http_title": "<title>: ",
    "http_redirect": "Location: ",
    "favicon_md5": "favicon MD5: ",
    "favicon_mmh3": "favicon MMH3: ",
    "tls_subject": "X.509 subject: ",
    "tls_issuer": "X.509 issuer: ",
}
"""What a text would not be understood without."""


def named(id: str, facts: Facts) -> str:  # noqa: A002 - the word of the contract
    """Give a product as people call it; an unknown id stays what it is."""
    product = facts.knowledge.product(id)
    return id if product is None else product.full_name


def doubts(product: Product | None) -> tuple[Proof, ...]:
    """Give the reserve that goes with a product of which little is sure."""
    if product is None or product.confidence != "low":
        return ()
    return (Proof("doubtful", {"product": product.full_name}),)


def recognised(
    seen: ProductSeen, facts: Facts, *, criticality: Criticality | None = None
) -> Iterator[Verdict]:
    """Flag a recognised product by its exposure, with the signals that showed it."""
    shown = "; ".join(_told(one) for one in seen.shown[:3]) or seen.product
    proofs = [Proof("recognised", {"product": named(seen.product, facts), "shown": shown})]
    if seen.contradicted_by:
        others = ", ".join(named(other, facts) for other in seen.contradicted_by[:5])
        proofs.append(Proof("contradicted", {"others": others}))
    product = facts.knowledge.product(seen.product)
    if product is not None:
        proofs.append(Proof("advice", {"fr": product.advice.fr, "en": product.advice.en}))
        proofs += doubts(product)
    declared = facts.declared(seen.place)
    if declared is not None:
        proofs.append(Proof("declared", {"justification": declared.justification or "—"}))
    yield Flagged(seen.place, seen.confidence, tuple(proofs), criticality)


def _told(one: Shown) -> str:
    return f"{one.path} {_LABELS.get(one.kind, '')}{one.text}".strip()


def example(product: str, *, port: int = 443, **changes: object) -> ProductSeen:
    """Give a product recognised with certainty at the example hospital."""
    fields: dict[str, object] = {
        "place": place(port),
        "at": AT,
        "product": product,
        "vendor": "Exemple",
        "confidence": Confidence.CERTAIN,
        "shown": (Shown(kind="http_header", text="Server: Exemple/1", strength="strong"),),
        **changes,
    }
    return ProductSeen(**fields)  # type: ignore[arg-type]
