"""Session tickets that live too long."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, service, unanswered
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a lifetime over the profile's; a service without tickets has none."""
    if seen.session_tickets is False or facts.tls is None:
        return
    if seen.ticket_lifetime_s is None:
        yield from unanswered(seen, "ticket_lifetime_s")
    elif seen.ticket_lifetime_s > facts.tls.ticket_hours * 3600:
        values = {
            "hours": f"{seen.ticket_lifetime_s / 3600:.0f}",
            "limit": str(facts.tls.ticket_hours),
        }
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("long", values),))


CHECK = Check(
    id="tls.ticket-lifetime",
    title_fr="Tickets de session trop durables",
    title_en="Session tickets live too long",
    risk_fr=(
        "La clé qui protège ces tickets protège toutes les sessions reprises : plus elle "
        "dure, plus son vol en révèle."
    ),
    risk_en=(
        "The key that protects these tickets protects all resumed sessions: the longer it "
        "lives, the more its theft reveals."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        "RFC 8446, 4.6.1",
        "RFC 5077",
        f"{GUIDE}, R20",
    ),
    remedy_fr=(
        "Limiter la durée des tickets à 24 heures et renouveler leur clé chaque jour. nginx "
        ": « ssl_session_timeout 1d; »."
    ),
    remedy_en=(
        "Limit tickets to 24 hours and renew their key every day. nginx: “ssl_session_timeout 1d;”."
    ),
    proofs={
        "long": Wording(
            "Durée annoncée : {hours} h ; limite du référentiel : {limit} h.",
            "Announced lifetime: {hours} h; limit of the reference: {limit} h.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(ticket_lifetime_s=604_800),),
    clean=(
        service(),
        service(session_tickets=False, ticket_lifetime_s=None),
    ),
    unmeasured=(service(ticket_lifetime_s=None),),
)
