"""A domain for which any authority may issue certificates."""

from collections.abc import Iterator

from checks._shared.domain import zone
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.domain import DomainSeen


def judge(seen: DomainSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a domain without CAA, at itself or above."""
    del facts
    if seen.caa is None:
        yield NotMeasured(seen.place, seen.why.get("caa", "undetermined"))
    elif not seen.caa and not seen.told_at:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("missing", {"domain": seen.domain}),))


CHECK = Check(
    id="dns.no-caa",
    title_fr="Domaine sans CAA",
    title_en="Domain without CAA",
    risk_fr="N'importe quelle autorité du monde peut délivrer un certificat au nom de l'établissement : une seule trompée suffit à l'imiter.",
    risk_en="Any authority in the world may issue a certificate in the name of the establishment: one of them deceived is enough to imitate it.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("RFC 8659",),
    remedy_fr='Publier au domaine des enregistrements CAA qui nomment les seules autorités dont il se sert (« 0 issue "autorite.example" ») et une adresse d\'alerte (« iodef »).',
    remedy_en='Publish at the domain CAA records that name the only authorities it uses (0 issue "authority.example") and an address for alerts (iodef).',
    proofs={
        "missing": Wording(
            "Aucun enregistrement CAA à {domain}, ni au-dessus.",
            "No CAA record at {domain}, nor above it.",
        )
    },
    reads=DomainSeen,
    judge=judge,
    flagged=(zone(caa=()),),
    clean=(zone(), zone(caa=(), told_at="mere.example")),
    unmeasured=(zone(caa=None),),
)
