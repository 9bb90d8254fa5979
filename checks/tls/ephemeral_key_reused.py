"""The ephemeral key is used again (RFC 9325, 7.4; Raccoon)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, service, unanswered
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a public value that came in two handshakes."""
    reused = [
        kind
        for kind, again in (("DHE", seen.dh_public_reused), ("ECDHE", seen.ec_public_reused))
        if again
    ]
    if reused:
        proof = Proof("again", {"kinds": ", ".join(reused)})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))
    elif seen.ec_public_reused is None and seen.dh_public_reused is None:
        yield from unanswered(seen, "ec_public_reused")


CHECK = Check(
    id="tls.ephemeral-key-reused",
    title_fr="Clé éphémère réutilisée",
    title_en="Ephemeral key used again",
    risk_fr=(
        "Une clé éphémère qui sert plusieurs fois affaiblit la confidentialité persistante "
        "; avec DHE, elle est la condition de l'attaque Raccoon."
    ),
    risk_en=(
        "An ephemeral key that serves more than once weakens forward secrecy; with DHE, it "
        "is what the Raccoon attack needs."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        "RFC 9325, 7.4",
        "CVE-2020-1968",
        f"{GUIDE}, R6",
    ),
    remedy_fr=(
        "Mettre à jour la bibliothèque TLS, ou y activer une clé neuve par échange (OpenSSL "
        "ancien : SSL_OP_SINGLE_DH_USE, SSL_OP_SINGLE_ECDH_USE)."
    ),
    remedy_en=(
        "Update the TLS library, or have it make a new key for each exchange (old OpenSSL: "
        "SSL_OP_SINGLE_DH_USE, SSL_OP_SINGLE_ECDH_USE)."
    ),
    proofs={
        "again": Wording(
            "La même valeur publique est revenue dans deux négociations ({kinds}).",
            "The same public value came in two handshakes ({kinds}).",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(dh_public_reused=True),
        service(ec_public_reused=True),
    ),
    clean=(
        service(),
        service(dh_public_reused=None),
    ),
    unmeasured=(service(dh_public_reused=None, ec_public_reused=None),),
)
