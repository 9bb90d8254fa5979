"""Services known by their handshake: what was said, and whose product says so."""

from collections.abc import Sequence

from core.model import Confidence
from core.observations.base import Observation
from core.observations.product import ProductSeen
from core.observations.service import Service
from scanner.products import Clues, index_of
from scanner.visit import Visit


def recognised(
    visit: Visit,
    protocol: str,
    said: Sequence[str],
    *,
    evidence: Sequence[str] | None = None,
    tls: bool = False,
) -> tuple[Service, tuple[Observation, ...]]:
    """Give the service, and the products that ``handshake`` signals tell.

    The signals read one line ``protocol=NAME`` and then ``said``, a line each; ``evidence`` is what
    people are shown, ``said`` by default. Nothing else of the answer is kept.
    """
    clues = Clues(handshake="\n".join((f"protocol={protocol}", *said)))
    matches = [
        one for one in index_of(visit.knowledge.products).match(clues) if one.confidence is not None
    ]
    best = next((one for one in matches if not one.is_decoy), None)
    confidence = Confidence.CERTAIN
    if best is not None and best.confidence is not None and best.product.category != "vpn_other":
        # The protocol is proved by its own answer; a maker is only as sure as its mark.
        confidence = best.confidence
    service = Service(
        place=visit.place,
        at=visit.now(),
        protocol=protocol,
        tls=tls,
        product=best.product.id if best else None,
        confidence=confidence,
        evidence=tuple(said if evidence is None else evidence),
        portal=best is not None and best.shows_portal,
    )
    seen = tuple(
        ProductSeen(
            place=visit.place,
            at=visit.now(),
            product=one.product.id,
            vendor=one.product.vendor,
            confidence=one.confidence,
            portal=one.shows_portal,
            admin=one.shows_admin,
            shown=one.shown,
            contradicted_by=one.contradicted_by,
            tls=tls,
        )
        for one in matches
        if one.confidence is not None and not one.is_decoy
    )
    return service, seen
