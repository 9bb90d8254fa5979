"""SHA-1 or MD5 signs the key exchange (RFC 9155, SLOTH)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, service, unanswered
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a service that signed its key exchange with SHA-1 or MD5."""
    if seen.weak_signature is None:
        yield from unanswered(seen, "weak_signature")
    elif seen.weak_signature:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("signed"),))


CHECK = Check(
    id="tls.weak-signature",
    title_fr="Échange de clés signé en SHA-1 ou MD5",
    title_en="Key exchange signed with SHA-1 or MD5",
    risk_fr=(
        "Une signature fondée sur SHA-1 ou MD5 peut être contrefaite par un attaquant très "
        "bien équipé, qui se ferait alors passer pour le serveur (attaque SLOTH)."
    ),
    risk_en=(
        "A signature based on SHA-1 or MD5 can be forged by a very well-equipped attacker, "
        "who could then pose as the server (the SLOTH attack)."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        "RFC 9155",
        "CVE-2015-7575",
        f"{GUIDE}, R11",
    ),
    remedy_fr=(
        "Retirer SHA-1 et MD5 des algorithmes de signature (OpenSSL : « SignatureAlgorithms "
        "» ou niveau de sécurité 2) ou mettre à jour la bibliothèque TLS."
    ),
    remedy_en=(
        "Remove SHA-1 and MD5 from the signature algorithms (OpenSSL: “SignatureAlgorithms” "
        "or security level 2) or update the TLS library."
    ),
    proofs={
        "signed": Wording(
            "Quand le client n'offre que SHA-1 et MD5, le serveur signe quand même.",
            "When the client offers only SHA-1 and MD5, the server signs all the same.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(weak_signature=True),),
    clean=(service(),),
    unmeasured=(service(weak_signature=None),),
)
