"""A signed zone whose signatures do not hold."""

from collections.abc import Iterator

from checks._shared.domain import zone
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.domain import DomainSeen


def judge(seen: DomainSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a domain that a validating resolver withholds, and gives when told not to validate."""
    del facts
    if seen.told_at:
        return
    if seen.is_bogus is None:
        yield NotMeasured(seen.place, seen.why.get("is_bogus", "undetermined"))
    elif seen.is_bogus:
        yield Flagged(seen.place, Confidence.FIRM, (Proof("bogus", {"domain": seen.domain}),))


CHECK = Check(
    id="dns.dnssec-broken",
    title_fr="Signatures DNSSEC invalides",
    title_en="Invalid DNSSEC signatures",
    risk_fr="Pour tous ceux dont le résolveur vérifie les signatures, soit une grande partie des opérateurs, le domaine n'existe plus : ni site, ni courrier.",
    risk_en="For all those whose resolver verifies signatures, a large part of the operators, the domain no longer exists: neither site nor mail.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R50+", "RFC 4035 5"),
    remedy_fr="Vérifier chez l'hébergeur DNS que la zone est encore signée, que ses signatures ne sont pas expirées et que le DS déclaré au bureau d'enregistrement est celui de sa clé ; à défaut, retirer le DS.",
    remedy_en="Verify with the DNS host that the zone is still signed, that its signatures have not expired and that the DS at the registrar is that of its key; failing that, remove the DS.",
    proofs={
        "bogus": Wording(
            "Le résolveur, qui vérifie les signatures, refuse de répondre pour {domain} ; il répond quand on lui demande de ne pas vérifier.",
            "The resolver, which verifies signatures, refuses to answer for {domain}; it answers when asked not to verify.",
        )
    },
    reads=DomainSeen,
    judge=judge,
    flagged=(zone(is_bogus=True),),
    clean=(zone(), zone(is_bogus=True, told_at="mere.example")),
    unmeasured=(zone(is_bogus=None),),
)
