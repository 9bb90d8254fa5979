"""Neither TLS 1.2 nor TLS 1.3 (RFC 9325)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, service
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a service that refused both; one of them is enough."""
    if seen.tls1_2 or seen.tls1_3:
        return
    for field in ("tls1_2", "tls1_3"):
        if getattr(seen, field) is None:
            yield NotMeasured(seen.place, seen.why_not(field))
            return
    proof = Proof("agreed-to", {"versions": ", ".join(sorted(seen.suites)) or "—"})
    yield Flagged(seen.place, Confidence.CERTAIN, (proof,))


CHECK = Check(
    id="tls.no-tls1-2",
    title_fr="Ni TLS 1.2 ni TLS 1.3",
    title_en="Neither TLS 1.2 nor TLS 1.3",
    risk_fr=(
        "Le service n'offre que des versions abandonnées de TLS : aucun échange avec lui "
        "n'est protégé comme il devrait l'être, et les navigateurs à jour le refusent."
    ),
    risk_en=(
        "The service offers only abandoned versions of TLS: no exchange with it is protected "
        "as it should be, and current browsers refuse it."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=(
        "RFC 8996",
        "RFC 9325",
        "ANSSI, Recommandations de sécurité relatives à TLS v1.2, R3, R4",
        "ReCyF 8.1",
    ),
    remedy_fr=(
        "Mettre à jour le composant pour qu'il parle TLS 1.2 et 1.3 ; s'il ne le peut plus, "
        "le placer derrière un mandataire inverse qui le fait, ou le retirer d'Internet."
    ),
    remedy_en=(
        "Update the component so that it speaks TLS 1.2 and 1.3; if it no longer can, put it "
        "behind a reverse proxy that does, or take it off the Internet."
    ),
    proofs={
        "agreed-to": Wording(
            "TLS 1.2 et TLS 1.3 ont été refusés ; versions négociées : {versions}.",
            "TLS 1.2 and TLS 1.3 were refused; versions negotiated: {versions}.",
        )
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(
            tls1_2=False,
            tls1_3=False,
            tls1_0=True,
            suites={"TLS1.0": "TLS_RSA_WITH_AES_128_CBC_SHA"},
        ),
    ),
    clean=(service(), service(tls1_3=None), service(tls1_2=False)),
    unmeasured=(service(tls1_2=None, tls1_3=None), service(tls1_2=False, tls1_3=None)),
)
