"""The certificate ends within the days that the operator set (30)."""

from collections.abc import Iterator
from datetime import timedelta

from checks._shared.examples import AT
from checks._shared.tls import (
    CARE,
    another,
    certificate,
    day,
    judged_at,
    leaf_or_why,
    named,
    service,
    shown_leaves,
    utc,
)
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a certificate still valid today, and not for long."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    if leaf.not_after is None:
        yield NotMeasured(seen.place, "protocol-error")
        return
    proofs: list[Proof] = []
    for _, one in shown_leaves(seen):
        left = utc(one.not_after) - judged_at(seen, facts) if one.not_after else None
        if left is not None and timedelta() <= left < timedelta(days=facts.expires_soon_days):
            values = {"day": day(one.not_after), "days": str(left.days), "subject": named(one)}
            proofs.append(Proof("ends", values))
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs))


CHECK = Check(
    id="cert.expires-soon",
    title_fr="Certificat bientôt expiré",
    title_en="Certificate expires soon",
    risk_fr=(
        "Sans renouvellement, le service affichera une alerte ou cessera de fonctionner à "
        "cette date : téléconsultation, messagerie ou accès distant interrompus."
    ),
    risk_en=(
        "Unless renewed, the service will show a warning or stop working that day: remote "
        "consultation, mail or remote access interrupted."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=("ANSSI, Recommandations de sécurité relatives à TLS v1.2, R25",),
    remedy_fr=(
        "Renouveler le certificat avant cette date ; automatiser le renouvellement (ACME) et "
        "sa surveillance."
    ),
    remedy_en="Renew the certificate before that day; automate renewal (ACME) and its monitoring.",
    proofs={
        "ends": Wording(
            "Le certificat « {subject} » expire le {day}, dans {days} jours.",
            "The certificate “{subject}” expires on {day}, in {days} days.",
        )
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(also_shown=(another(certificate(not_after=AT + timedelta(days=3))),)),
        service(certificate(not_after=AT + timedelta(days=9))),
    ),
    clean=(service(), service(certificate(not_after=AT - timedelta(days=9)))),
    unmeasured=(service(chain=()),),
)
