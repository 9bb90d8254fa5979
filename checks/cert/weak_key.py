"""RSA under 2048 bits, elliptic curve under 256."""

from collections.abc import Iterator

from checks._shared.tls import CARE, certificate, leaf_or_why, named, service, shown_certificates
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import KeyType, TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a short key of the service, or of an authority that it sent."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    rsa, ec = (facts.tls.rsa_bits, facts.tls.ec_bits) if facts.tls else (2048, 256)
    shortest = {KeyType.RSA: rsa, KeyType.DSA: rsa, KeyType.EC: ec}
    proofs = tuple(
        Proof("short", {"subject": named(one), "key": f"{one.key_type.name} {one.key_bits}"})
        for one in shown_certificates(seen)
        if one.key_type and one.key_bits and one.key_bits < shortest.get(one.key_type, 0)
    )
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, proofs)
    elif leaf.key_type is None or (leaf.key_bits is None and leaf.key_type in shortest):
        yield NotMeasured(seen.place, "protocol-error")


CHECK = Check(
    id="cert.weak-key",
    title_fr="Clé de certificat trop courte",
    title_en="Certificate key too short",
    risk_fr=(
        "La clé peut être retrouvée par calcul. Qui la retrouve se fait passer pour le "
        "serveur et lit les mots de passe des agents."
    ),
    risk_en=(
        "The key can be found by computation. Whoever finds it can pose as the server and "
        "read the passwords of staff."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=("ANSSI, Recommandations de sécurité relatives à TLS v1.2, R26", "RFC 9325, 4.5"),
    remedy_fr=(
        "Générer une nouvelle clé (ECDSA P-256, ou RSA d'au moins 2048 bits, 3072 conseillés) "
        "et faire émettre un nouveau certificat."
    ),
    remedy_en=(
        "Generate a new key (ECDSA P-256, or RSA of at least 2048 bits, 3072 advised) and "
        "have a new certificate issued."
    ),
    proofs={
        "short": Wording(
            "Le certificat « {subject} » a une clé {key} bits.",
            "The certificate “{subject}” has a {key}-bit key.",
        )
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(certificate(key_bits=1024)),
        service(certificate(key_type=KeyType.EC, key_bits=192)),
        service(certificate(), certificate(key_bits=1024, is_ca=True)),
    ),
    clean=(service(), service(certificate(key_type=KeyType.EC, key_bits=256))),
    unmeasured=(service(chain=()), service(certificate(key_type=None, key_bits=None))),
)
