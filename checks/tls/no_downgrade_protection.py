"""No protection against downgrades (RFC 7507)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, service, unanswered
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a service that took a fallback hello."""
    if seen.downgrade_protection is None:
        yield from unanswered(seen, "downgrade_protection")
    elif not seen.downgrade_protection:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("accepted"),))


CHECK = Check(
    id="tls.no-downgrade-protection",
    title_fr="Protection contre le repli absente (RFC 7507)",
    title_en="No protection against downgrade (RFC 7507)",
    risk_fr=(
        "Un attaquant placé sur le chemin peut forcer un client à se replier sur une "
        "version plus ancienne que celle que les deux parties connaissent."
    ),
    risk_en=(
        "Someone on the way can force a client down to an older version than both sides know."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        "RFC 7507",
        f"{GUIDE}, R3, R4",
    ),
    remedy_fr=(
        "N'offrir que TLS 1.2 et 1.3, ou mettre à jour la bibliothèque TLS pour qu'elle "
        "refuse TLS_FALLBACK_SCSV."
    ),
    remedy_en=(
        "Offer only TLS 1.2 and 1.3, or update the TLS library so that it refuses "
        "TLS_FALLBACK_SCSV."
    ),
    proofs={
        "accepted": Wording(
            "Une négociation de repli marquée TLS_FALLBACK_SCSV a été acceptée au lieu d'être refusée.",
            "A fallback hello marked TLS_FALLBACK_SCSV was accepted instead of refused.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(downgrade_protection=False),),
    clean=(service(),),
    unmeasured=(service(downgrade_protection=None),),
)
