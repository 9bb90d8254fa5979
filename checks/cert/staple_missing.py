"""The certificate wants a stapled OCSP answer and the server sends none (RFC 7633)."""

from collections.abc import Iterator

from checks._shared.tls import (
    CARE,
    GUIDE,
    another,
    certificate,
    leaf_or_why,
    named,
    service,
    shown_leaves,
)
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a must-staple certificate that is not stapled."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    wanting = [one for _, one in shown_leaves(seen) if one.must_staple]
    if wanting and seen.ocsp_stapling is None:
        yield NotMeasured(seen.place, seen.why_not("ocsp_stapling"))
    elif wanting and not seen.ocsp_stapling:
        proofs = tuple(Proof("none", {"subject": named(one)}) for one in wanting)
        yield Flagged(seen.place, Confidence.CERTAIN, proofs)


CHECK = Check(
    id="cert.staple-missing",
    title_fr="Preuve de non-révocation exigée et absente",
    title_en="Required proof of non-revocation missing",
    risk_fr=(
        "Le certificat demande aux navigateurs de refuser la connexion sans cette preuve : "
        "le service leur est inaccessible, ou le deviendra."
    ),
    risk_en=(
        "The certificate asks browsers to refuse the connection without this proof: the "
        "service is, or will be, out of their reach."
    ),
    criticality=Criticality.MEDIUM,
    care=CARE,
    references=(
        "RFC 7633",
        f"{GUIDE}, R33, R35",
    ),
    remedy_fr=(
        "Activer l'agrafage OCSP. nginx : « ssl_stapling on; ssl_stapling_verify on; » ; ou "
        "faire émettre un certificat sans cette exigence."
    ),
    remedy_en=(
        "Enable OCSP stapling. nginx: “ssl_stapling on; ssl_stapling_verify on;”; or have a "
        "certificate issued without that requirement."
    ),
    proofs={
        "none": Wording(
            "« {subject} » exige une réponse OCSP agrafée ; le serveur n'en a pas donné.",
            "“{subject}” requires a stapled OCSP answer; the server gave none.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(also_shown=(another(certificate(must_staple=True)),)),
        service(certificate(must_staple=True)),
    ),
    clean=(
        service(),
        service(certificate(must_staple=True), ocsp_stapling=True),
    ),
    unmeasured=(
        service(chain=()),
        service(certificate(must_staple=True), ocsp_stapling=None),
    ),
)
