"""No accepted suite has forward secrecy (RFC 9325)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, service
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a service that refused every suite with forward secrecy."""
    if seen.forward_secrecy is None:
        yield NotMeasured(seen.place, seen.why_not("forward_secrecy"))
    elif not seen.forward_secrecy:
        proof = Proof("refused", {"suites": ", ".join(sorted(set(seen.suites.values()))) or "—"})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))


CHECK = Check(
    id="tls.no-forward-secrecy",
    title_fr="Aucune confidentialité persistante",
    title_en="No forward secrecy",
    risk_fr=(
        "Qui enregistre les échanges aujourd'hui et obtient un jour la clé du serveur pourra "
        "tout relire : dossiers, mots de passe, messages."
    ),
    risk_en=(
        "Whoever records the exchanges today and gets hold of the server's key one day can "
        "read all of them: files, passwords, messages."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=(
        "RFC 9325, 4.1",
        "ANSSI, Recommandations de sécurité relatives à TLS v1.2, R6, R7",
        "ReCyF 8.1",
    ),
    remedy_fr=(
        "Activer les suites ECDHE avec AES-GCM ou ChaCha20-Poly1305 et retirer celles dont le "
        "nom commence par TLS_RSA_."
    ),
    remedy_en=(
        "Enable the ECDHE suites with AES-GCM or ChaCha20-Poly1305 and remove those whose "
        "name begins with TLS_RSA_."
    ),
    proofs={
        "refused": Wording(
            "Les suites ECDHE et DHE proposées seules ont été refusées ; suites négociées : {suites}.",
            "ECDHE and DHE suites, offered alone, were refused; suites negotiated: {suites}.",
        )
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(
            forward_secrecy=False, tls1_3=False, suites={"TLS1.2": "TLS_RSA_WITH_AES_128_CBC_SHA"}
        ),
    ),
    clean=(service(),),
    unmeasured=(service(forward_secrecy=None),),
)
