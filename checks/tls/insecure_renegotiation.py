"""Secure renegotiation is not supported (RFC 5746)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, service
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a service whose hello lacks RFC 5746: what a handshake proves, not that it is attacked."""
    if seen.secure_renegotiation is None:
        yield NotMeasured(seen.place, seen.why_not("secure_renegotiation"))
    elif not seen.secure_renegotiation:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("no-extension"),))


CHECK = Check(
    id="tls.insecure-renegotiation",
    title_fr="Renégociation sécurisée absente (RFC 5746)",
    title_en="Secure renegotiation not supported (RFC 5746)",
    risk_fr=(
        "Si le service accepte en outre de renégocier, un attaquant placé sur le chemin peut "
        "glisser ses propres requêtes au début de l'échange d'un utilisateur. L'absence de "
        "cette protection, générale depuis 2010, dénote aussi un composant très ancien."
    ),
    risk_en=(
        "If the service also accepts to renegotiate, someone on the way can slip requests of "
        "their own before a user's. The lack of this protection, universal since 2010, also "
        "betrays a very old component."
    ),
    criticality=Criticality.MEDIUM,
    care=CARE,
    references=(
        "RFC 5746",
        "CVE-2009-3555",
        "ANSSI, Recommandations de sécurité relatives à TLS v1.2, R22",
    ),
    remedy_fr=(
        "Mettre à jour la bibliothèque TLS du composant ; à défaut, y interdire toute "
        "renégociation ou le placer derrière un mandataire inverse à jour."
    ),
    remedy_en=(
        "Update the TLS library of the component; failing that, forbid renegotiation there or "
        "put it behind an up-to-date reverse proxy."
    ),
    proofs={
        "no-extension": Wording(
            "Prouvé par la négociation : RFC 5746 n'est pas prise en charge (la réponse ne porte pas renegotiation_info).",
            "Proved by the handshake: RFC 5746 is not supported (the answer does not carry renegotiation_info).",
        )
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(secure_renegotiation=False),),
    clean=(service(),),
    unmeasured=(service(secure_renegotiation=None),),
)
