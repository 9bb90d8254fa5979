"""What an open quiet port tells: nothing was sent, so never more than a presumption."""

from collections.abc import Iterator

from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.service import Service

PROOFS = {
    "open": Wording(
        "Le port {port} est ouvert et réservé d'ordinaire à {usage} ; rien n'y a été envoyé, donc "
        "rien ne le confirme.",
        "Port {port} is open and usually kept for {usage}; nothing was sent to it, so nothing "
        "confirms it.",
    ),
    "claimed": Wording("Vu par {source} le {day} : {said}.", "Seen by {source} on {day}: {said}."),
    "claimed-undated": Wording("Vu par {source} : {said}.", "Seen by {source}: {said}."),
    "declared": Wording(
        "Exposition déclarée par l'établissement ({justification}) : criticité ramenée à "
        "« information ».",
        "Exposure declared by the establishment ({justification}): brought down to information.",
    ),
}
"""Wordings to spread into a check's own ``proofs``."""


def presumed(seen: Service, facts: Facts, kind: str) -> Iterator[Verdict]:
    """Flag an open port of one quiet kind, tentatively, with what others say of it."""
    fact = facts.knowledge.quiet_fact(seen.place.port or 0)
    if not seen.quiet or fact is None or fact.quiet != kind:
        return
    proofs = [Proof("open", {"port": str(seen.place.port), "usage": fact.service})]
    for claim in facts.claimed(seen.place)[:3]:
        told = " ".join(one for one in (claim.protocol, claim.product, claim.version) if one)
        if not told:
            continue
        values = {"source": claim.source, "said": told}
        if claim.seen_on is None:
            proofs.append(Proof("claimed-undated", values))
        else:
            proofs.append(Proof("claimed", {**values, "day": claim.seen_on.isoformat()}))
    criticality: Criticality | None = None
    declared = facts.vouched(seen.place)
    if declared is not None:
        proofs.append(Proof("declared", {"justification": declared.justification or "—"}))
        criticality = Criticality.INFO
    yield Flagged(seen.place, Confidence.TENTATIVE, tuple(proofs), criticality)
