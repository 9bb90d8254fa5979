"""The registration of a domain has ended: the name may go to whoever asks for it."""

from collections.abc import Iterator
from datetime import date

from checks._shared.registration import ENDING, registration
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.registration import Registration


def judge(seen: Registration, facts: Facts) -> Iterator[Verdict]:
    """Flag a registration past its day, or that the registry is taking back."""
    if seen.told_at:
        return
    ending = next((one for one in seen.statuses if one.lower() in ENDING), "")
    if seen.expires_on is None and not ending:
        yield NotMeasured(seen.place, seen.why.get("expires_on", "undetermined"))
        return
    is_past = seen.expires_on is not None and seen.expires_on < facts.today
    if not (is_past or ending):
        return
    proofs: list[Proof] = []
    values = {"domain": seen.registered or seen.domain, "source": seen.source or "RDAP"}
    if is_past and seen.expires_on is not None:
        proofs.append(Proof("ended", {**values, "day": seen.expires_on.isoformat()}))
    if ending:
        proofs.append(Proof("ending", {**values, "status": ending}))
    # An answer that was kept may be older than a renewal.
    confidence = Confidence.CERTAIN if seen.told_on is None else Confidence.FIRM
    yield Flagged(seen.place, confidence, tuple(proofs))


CHECK = Check(
    id="dns.domain-expired",
    title_fr="Nom de domaine expiré",
    title_en="Domain name expired",
    risk_fr="Le domaine peut être repris par n'importe qui : son nouveau titulaire recevrait le courrier de l'établissement et servirait ses sites à sa place.",
    risk_en="Anyone may take the domain over: its new holder would receive the mail of the establishment and serve its sites in its place.",
    criticality=Criticality.HIGH,
    care=("D1.EXPO.1",),
    references=("RFC 9083", "ICANN ERRP"),
    remedy_fr="Renouveler aujourd'hui auprès du bureau d'enregistrement (une période de rachat suit l'expiration), puis activer le renouvellement automatique et vérifier l'adresse de contact.",
    remedy_en="Renew today with the registrar (a redemption period follows expiry), then turn automatic renewal on and check the contact address.",
    proofs={
        "ended": Wording(
            "L'enregistrement de {domain} a pris fin le {day}, selon {source}.",
            "The registration of {domain} ended on {day}, says {source}.",
        ),
        "ending": Wording(
            "{domain} est dans l'état « {status} », selon {source}.",
            "{domain} is in the state “{status}”, says {source}.",
        ),
    },
    reads=Registration,
    judge=judge,
    flagged=(
        registration(expires_on=date(2025, 12, 30)),
        registration(statuses=("pending delete",)),
        registration(expires_on=date(2025, 12, 30), told_on=date(2026, 1, 14)),
    ),
    clean=(
        registration(expires_on=date(2025, 12, 30), told_at="mere.example"),
        registration(),
        registration(statuses=("active",)),
    ),
    unmeasured=(registration(expires_on=None, why={"expires_on": "not-configured"}),),
)
