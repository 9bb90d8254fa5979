"""An intermediate certificate was not sent (RFC 8446, 4.4.2)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, another, certificate, leaf_or_why, named, service, shown_with
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService, Trust


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a public certificate without the certificates that lead to its root."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    if seen.trust is None:
        yield NotMeasured(seen.place, seen.why_not("trust"))
        return
    proofs = tuple(
        Proof("missing", {"subject": named(one), "issuer": issuer})
        for one, issuer in shown_with(Trust.MISSING_LINK, seen)
    )
    if proofs:
        yield Flagged(seen.place, Confidence.FIRM, proofs)


CHECK = Check(
    id="cert.incomplete-chain",
    title_fr="Chaîne de certification incomplète",
    title_en="Incomplete certificate chain",
    risk_fr=(
        "Certains navigateurs retrouvent le certificat manquant, mais pas les téléphones, les "
        "automates ni les logiciels métier : pannes intermittentes, et tentation de "
        "désactiver la vérification."
    ),
    risk_en=(
        "Some browsers find the missing certificate by themselves, but phones, machines and "
        "business software do not: intermittent failures, and the temptation to turn "
        "verification off."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=("ANSSI, Recommandations de sécurité relatives à TLS v1.2, R34", "RFC 8446, 4.4.2"),
    remedy_fr=(
        "Installer sur le serveur la chaîne complète fournie par l'autorité (« fullchain »), "
        "le certificat du serveur en premier et sans la racine."
    ),
    remedy_en=(
        "Install on the server the full chain given by the authority (“fullchain”), the "
        "server's own certificate first and without the root."
    ),
    proofs={
        "missing": Wording(
            "L'émetteur « {issuer} » du certificat « {subject} » n'a pas été envoyé.",
            "“{issuer}”, the issuer of “{subject}”, was not sent.",
        )
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(also_shown=(another(certificate(), trust=Trust.MISSING_LINK),)),
        service(trust=Trust.MISSING_LINK, missing_issuer="CN=R11"),
    ),
    clean=(service(), service(trust=Trust.PRIVATE)),
    unmeasured=(service(chain=()), service(trust=None)),
)
