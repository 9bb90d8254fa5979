"""A public certificate valid for longer than the CA/Browser Forum allowed on its day of issue."""

from collections.abc import Iterator
from datetime import timedelta

from checks._shared.examples import AT
from checks._shared.tls import CARE, certificate, leaf_or_why, named, service, utc
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService, Trust


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag by the limit of the day of issue; it binds publicly trusted issuers only."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
    elif seen.trust is None:
        yield NotMeasured(seen.place, seen.why_not("trust"))
    elif seen.trust not in (Trust.PUBLIC, Trust.MISSING_LINK):
        return
    elif leaf.not_before is None or leaf.not_after is None:
        yield NotMeasured(seen.place, "protocol-error")
    else:
        begins, lasts = utc(leaf.not_before), utc(leaf.not_after) - utc(leaf.not_before)
        limit = facts.knowledge.tls.public_days(begins.date())
        if limit is not None and lasts > timedelta(days=limit):
            values = {"subject": named(leaf), "days": str(lasts.days), "limit": str(limit)}
            yield Flagged(seen.place, Confidence.CERTAIN, (Proof("too-long", values),))


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
    flagged=(service(certificate(not_after=AT + timedelta(days=420))),),
    clean=(
        service(),
        service(certificate(not_after=AT + timedelta(days=3650)), trust=Trust.PRIVATE),
    ),
    unmeasured=(service(chain=()), service(trust=None)),
)
