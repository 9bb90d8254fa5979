"""Exposure alone: its criticality is data, and a declared service is information (CONTRACT.md, « Meanings »)."""

from collections.abc import Iterator

from core.facts import Facts
from core.model import Criticality, Flagged, Proof, Verdict, Wording
from core.observations.service import Service

PROOFS = {
    "answered": Wording(
        "Le service {protocol} a répondu sur ce port : {evidence}.",
        "The {protocol} service answered on this port: {evidence}.",
    ),
    "declared": Wording(
        "Exposition déclarée par l'établissement ({justification}) : criticité ramenée à « information ».",
        "Exposure declared by the establishment ({justification}): brought down to information.",
    ),
}
"""Wordings to spread into a check's own ``proofs``."""


def exposed(
    seen: Service, facts: Facts, *protocols: str, criticality: Criticality | None = None
) -> Iterator[Verdict]:
    """Flag a service of one of these protocols, for having answered at all."""
    if seen.protocol not in protocols:
        return
    proofs = [
        Proof(
            "answered",
            {"protocol": seen.protocol, "evidence": "; ".join(seen.evidence[:3]) or seen.protocol},
        )
    ]
    declared = facts.vouched(seen.place, seen.product, is_portal=seen.portal)
    if declared is not None:
        proofs.append(Proof("declared", {"justification": declared.justification or "—"}))
        criticality = Criticality.INFO
    yield Flagged(seen.place, seen.confidence, tuple(proofs), criticality)
