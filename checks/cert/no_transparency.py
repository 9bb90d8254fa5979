"""A public certificate without proof of transparency (RFC 6962)."""

from collections.abc import Iterator

from checks._shared.tls import (
    CARE,
    GUIDE,
    another,
    certificate,
    leaf_or_why,
    named,
    service,
    shown_with,
)
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService, Trust


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a public certificate without SCT, in itself or in the handshake."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
    elif seen.trust is None:
        yield NotMeasured(seen.place, seen.why_not("trust"))
    elif not seen.transparency:
        proofs = tuple(
            Proof("no-sct", {"subject": named(one)})
            for one, _ in shown_with(Trust.PUBLIC, seen)
            if not one.has_sct
        )
        if proofs:
            asked = seen.transparency is False
            yield Flagged(seen.place, Confidence.CERTAIN if asked else Confidence.FIRM, proofs)


CHECK = Check(
    id="cert.no-transparency",
    title_fr="Certificat public absent des journaux de transparence",
    title_en="Public certificate not in the transparency logs",
    risk_fr=(
        "Les navigateurs refusent un certificat public qui n'est pas journalisé ; un "
        "certificat émis à tort passerait inaperçu."
    ),
    risk_en=(
        "Browsers refuse a public certificate that is not logged; one issued by mistake "
        "would go unnoticed."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        "RFC 6962",
        f"{GUIDE}, R38",
    ),
    remedy_fr=(
        "Demander à l'autorité un certificat journalisé (avec SCT) : c'est l'usage de "
        "toutes les autorités publiques."
    ),
    remedy_en=(
        "Ask the authority for a logged certificate (with SCTs): all public authorities do so."
    ),
    proofs={
        "no-sct": Wording(
            "Le certificat « {subject} » ne porte aucun SCT.",
            "The certificate “{subject}” carries no SCT.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(also_shown=(another(certificate(has_sct=False)),)),
        service(certificate(has_sct=False)),
    ),
    clean=(
        service(),
        service(certificate(has_sct=False), transparency=True),
        service(certificate(has_sct=False), trust=Trust.PRIVATE),
    ),
    unmeasured=(
        service(chain=()),
        service(trust=None),
    ),
)
