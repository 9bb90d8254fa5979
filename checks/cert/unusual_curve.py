"""A key on a curve that clients do not expect: spelled out, or named and outside the profile."""

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
from core.knowledge.tls import Stance
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import EXPLICIT_CURVE, KeyType, TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag the curve of a certificate's key; one under 256 bits has its own check."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    profile = facts.tls
    proofs: list[Proof] = []
    for _, one in shown_leaves(seen):
        if one.key_type is not KeyType.EC or not one.curve:
            continue
        if one.curve == EXPLICIT_CURVE:
            proofs.append(Proof("explicit", {"subject": named(one)}))
        elif profile is not None and profile.group(one.curve) is Stance.OUTSIDE:
            proofs.append(Proof("outside", {"subject": named(one), "curve": one.curve}))
    if proofs:
        is_explicit = any(proof.id == "explicit" for proof in proofs)
        criticality = Criticality.MEDIUM if is_explicit else Criticality.LOW
        yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs), criticality)


CHECK = Check(
    id="cert.unusual-curve",
    title_fr="Clé de certificat sur une courbe inhabituelle",
    title_en="Certificate key on an unusual curve",
    risk_fr=(
        "Les navigateurs refusent une telle clé, et une courbe que le certificat décrit lui-même "
        "a permis de contrefaire des certificats (CVE-2020-0601)."
    ),
    risk_en=(
        "Browsers refuse such a key, and a curve that the certificate describes itself has let "
        "certificates be forged (CVE-2020-0601)."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=("RFC 5480, 2.1.1", "RFC 9325, 4.2", "CVE-2020-0601", f"{GUIDE}, R26"),
    remedy_fr="Faire émettre un certificat dont la clé est sur secp256r1 ou secp384r1.",
    remedy_en="Have a certificate issued whose key is on secp256r1 or secp384r1.",
    proofs={
        "explicit": Wording(
            "La clé du certificat « {subject} » décrit elle-même sa courbe (paramètres explicites), ce que RFC 5480 interdit.",
            "The key of the certificate “{subject}” spells out its curve (explicit parameters), which RFC 5480 forbids.",
        ),
        "outside": Wording(
            "La clé du certificat « {subject} » est sur la courbe {curve}, hors du référentiel.",
            "The key of the certificate “{subject}” is on curve {curve}, outside the reference.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(certificate(key_type=KeyType.EC, key_bits=256, curve="secp256k1")),
        service(certificate(key_type=KeyType.EC, key_bits=None, curve=EXPLICIT_CURVE)),
        service(
            also_shown=(another(certificate(key_type=KeyType.EC, key_bits=256, curve="secp256k1")),)
        ),
    ),
    clean=(
        service(),
        service(certificate(key_type=KeyType.EC, key_bits=256, curve="secp256r1")),
        service(certificate(key_type=KeyType.EC, key_bits=256, curve="brainpoolP256r1")),
        service(certificate(key_type=KeyType.EC, key_bits=192, curve="secp192r1")),
    ),
    unmeasured=(service(chain=()),),
)
