"""A certificate signed with SHA-1 or older (RFC 9155)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, certificate, leaf_or_why, named, service, shown_certificates
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService

_BROKEN = frozenset({"md2", "md4", "md5", "sha1"})


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a broken hash below the root: what a certificate says of itself proves nothing anyway."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    proofs = tuple(
        Proof("broken", {"subject": named(one), "hash": one.signature_hash.upper()})
        for one in shown_certificates(seen)
        if one.signature_hash in _BROKEN and not one.self_signed
    )
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, proofs)


CHECK = Check(
    id="cert.weak-signature",
    title_fr="Signature de certificat faible (SHA-1, MD5)",
    title_en="Weak certificate signature (SHA-1, MD5)",
    risk_fr=(
        "Deux certificats différents peuvent porter la même signature : un faux certificat du "
        "serveur devient possible."
    ),
    risk_en=(
        "Two different certificates can carry the same signature: a false certificate of the "
        "server becomes possible."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=("ANSSI, Recommandations de sécurité relatives à TLS v1.2, R11, R24", "RFC 9155"),
    remedy_fr=(
        "Faire émettre de nouveau le certificat avec une signature SHA-256 ; pour une "
        "autorité interne, la renouveler en SHA-256 elle aussi."
    ),
    remedy_en=(
        "Have the certificate issued again with a SHA-256 signature; for an internal "
        "authority, renew it in SHA-256 as well."
    ),
    proofs={
        "broken": Wording(
            "Le certificat « {subject} » est signé avec {hash}.",
            "The certificate “{subject}” is signed with {hash}.",
        )
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(certificate(signature_hash="sha1")),
        service(certificate(), certificate(signature_hash="md5", is_ca=True)),
    ),
    clean=(
        service(),
        service(certificate(signature_hash="sha1", self_signed=True)),
        service(certificate(signature_hash="")),
    ),
    unmeasured=(service(chain=()),),
)
