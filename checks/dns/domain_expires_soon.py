"""The registration of a domain ends within the days that the operator set (30)."""

from collections.abc import Iterator
from datetime import date

from checks._shared.registration import ENDING, registration
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.registration import Registration

_URGENT_DAYS = 7


def judge(seen: Registration, facts: Facts) -> Iterator[Verdict]:
    """Flag a registration that still runs, and not for long."""
    if seen.told_at or any(one.lower() in ENDING for one in seen.statuses):
        return
    if seen.expires_on is None:
        yield NotMeasured(seen.place, seen.why.get("expires_on", "undetermined"))
        return
    left = (seen.expires_on - facts.today).days
    if not 0 <= left < facts.expires_soon_days:
        return
    values = {
        "domain": seen.registered or seen.domain,
        "day": seen.expires_on.isoformat(),
        "days": str(left),
        "source": seen.source or "RDAP",
    }
    is_urgent = left < _URGENT_DAYS
    proofs = [Proof("ends", values)]
    if is_urgent:
        proofs.append(Proof("urgent", {"within": str(_URGENT_DAYS)}))
    yield Flagged(
        seen.place,
        Confidence.CERTAIN if seen.told_on is None else Confidence.FIRM,
        tuple(proofs),
        criticality=Criticality.MEDIUM if is_urgent else None,
    )


CHECK = Check(
    id="dns.domain-expires-soon",
    title_fr="Nom de domaine bientôt expiré",
    title_en="Domain name expires soon",
    risk_fr="Sans renouvellement, les sites et le courrier de l'établissement s'arrêtent ce jour-là, et le nom peut ensuite être repris par un autre.",
    risk_en="Unless renewed, the sites and the mail of the establishment stop that day, and another may then take the name.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.1",),
    references=("RFC 9083",),
    remedy_fr="Vérifier auprès du bureau d'enregistrement que le renouvellement automatique est actif et le moyen de paiement valide, ou renouveler pour plusieurs années.",
    remedy_en="Check with the registrar that automatic renewal is on and the means of payment valid, or renew for several years.",
    proofs={
        "ends": Wording(
            "L'enregistrement de {domain} prend fin le {day}, dans {days} jours, selon {source}.",
            "The registration of {domain} ends on {day}, in {days} days, says {source}.",
        ),
        "urgent": Wording(
            "Criticité relevée : moins de {within} jours, un renouvellement automatique aurait déjà eu lieu chez la plupart des bureaux d'enregistrement.",
            "Graver: less than {within} days, most registrars would already have renewed automatically.",
        ),
    },
    reads=Registration,
    judge=judge,
    flagged=(
        registration(expires_on=date(2026, 2, 10)),
        registration(expires_on=date(2026, 1, 18)),
    ),
    clean=(
        registration(),
        registration(expires_on=date(2026, 1, 18), told_at="mere.example"),
        registration(expires_on=date(2025, 12, 30)),
        registration(expires_on=None, statuses=("pending delete",)),
    ),
    unmeasured=(registration(expires_on=None, why={"expires_on": "timeout"}),),
)
