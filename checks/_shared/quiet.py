"""What an open quiet port tells: nothing was sent, so never more than a presumption."""

from collections.abc import Iterator

from checks._shared.examples import AT
from checks.host.answers_everywhere import judge as everywhere
from core.facts import Facts
from core.knowledge.model import PortFact
from core.model import (
    Confidence,
    Criticality,
    Flagged,
    Place,
    Proof,
    Transport,
    Verdict,
    Wording,
)
from core.observations.host import HostSeen

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


def presumed(seen: HostSeen, facts: Facts, kind: str) -> Iterator[Verdict]:
    """Flag the open ports of one quiet kind, tentatively, with what others say of them.

    Judged by host: one that accepts every port shows these too, and has none of them.
    """
    if any(True for _ in everywhere(seen, facts)):
        return
    for port in seen.quiet_open:
        fact = facts.knowledge.quiet_fact(port)
        if fact is not None and fact.quiet == kind:
            yield _told(_port_of(seen.place, port), facts, fact)


def host(*ports: int) -> HostSeen:
    """Give an example host with these quiet ports open."""
    where = Place(establishment="chu-exemple", ip="203.0.113.10")
    count = len(ports)
    return HostSeen(place=where, at=AT, open_tcp=count, tried_tcp=195, quiet_open=ports)


def _port_of(place: Place, port: int) -> Place:
    return Place(establishment=place.establishment, ip=place.ip, port=port, transport=Transport.TCP)


def _told(place: Place, facts: Facts, fact: PortFact) -> Flagged:
    proofs = [Proof("open", {"port": str(place.port), "usage": fact.service})]
    for claim in facts.claimed(place)[:3]:
        told = " ".join(one for one in (claim.protocol, claim.product, claim.version) if one)
        if not told:
            continue
        values = {"source": claim.source, "said": told}
        if claim.seen_on is None:
            proofs.append(Proof("claimed-undated", values))
        else:
            proofs.append(Proof("claimed", {**values, "day": claim.seen_on.isoformat()}))
    criticality: Criticality | None = None
    declared = facts.vouched(place)
    if declared is not None:
        proofs.append(Proof("declared", {"justification": declared.justification or "—"}))
        criticality = Criticality.INFO
    return Flagged(place, Confidence.TENTATIVE, tuple(proofs), criticality)
