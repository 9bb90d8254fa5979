"""A public certificate valid for longer than the CA/Browser Forum allowed on its day of issue."""

from collections.abc import Iterator
from datetime import timedelta

from checks._shared.examples import AT
from checks._shared.tls import (
    CARE,
    another,
    certificate,
    leaf_or_why,
    named,
    service,
    shown_with,
    utc,
)
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import Certificate, TlsService, Trust


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag by the limit of the day of issue; it binds publicly trusted issuers only."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
    elif seen.trust is None:
        yield NotMeasured(seen.place, seen.why_not("trust"))
    else:
        public = [
            one
            for trust in (Trust.PUBLIC, Trust.MISSING_LINK)
            for one, _ in shown_with(trust, seen)
        ]
        proofs = tuple(proof for one in public for proof in _too_long(one, facts))
        if proofs:
            yield Flagged(seen.place, Confidence.CERTAIN, proofs)
        elif any(one.not_before is None or one.not_after is None for one in public):
            yield NotMeasured(seen.place, "protocol-error")


def _too_long(one: Certificate, facts: Facts) -> Iterator[Proof]:
    if one.not_before is None or one.not_after is None:
        return
    begins, lasts = utc(one.not_before), utc(one.not_after) - utc(one.not_before)
    limit = facts.knowledge.tls.public_days(begins.date())
    if limit is not None and lasts > timedelta(days=limit):
        values = {"subject": named(one), "days": str(lasts.days), "limit": str(limit)}
        yield Proof("too-long", values)


CHECK = Check(
    id="cert.validity-too-long",
    title_fr="Durée de validité excessive",
    title_en="Validity too long",
    risk_fr=(
        "Une clé volée ou un certificat émis par erreur resteraient utilisables trop "
        "longtemps ; les navigateurs refusent ces certificats."
    ),
    risk_en=(
        "A stolen key or a certificate issued by mistake would stay usable for too long; "
        "browsers refuse such certificates."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        "ANSSI, Recommandations de sécurité relatives à TLS v1.2, R25",
        "CA/Browser Forum, Baseline Requirements, 6.3.2",
    ),
    remedy_fr=(
        "Faire émettre de nouveau le certificat pour une durée admise et automatiser son "
        "renouvellement (ACME)."
    ),
    remedy_en=(
        "Have the certificate issued again for an allowed duration and automate its renewal (ACME)."
    ),
    proofs={
        "too-long": Wording(
            "Le certificat « {subject} » dure {days} jours ; limite au jour de son émission : {limit}.",
            "The certificate “{subject}” lasts {days} days; limit on its day of issue: {limit}.",
        )
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(also_shown=(another(certificate(not_after=AT + timedelta(days=900))),)),
        service(certificate(not_after=AT + timedelta(days=420))),
    ),
    clean=(
        service(),
        service(certificate(not_after=AT + timedelta(days=3650)), trust=Trust.PRIVATE),
    ),
    unmeasured=(service(chain=()), service(trust=None)),
)
