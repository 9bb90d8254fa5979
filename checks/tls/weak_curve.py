"""A curve under 256 bits (RFC 9325, 4.2), or one that the server spells out itself (RFC 8422)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, service, unanswered
from checks.registry import Check
from core.facts import Facts
from core.knowledge.tls import Stance
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a service that agreed to a curve too small, or of its own making."""
    if seen.weak_curve is None:
        yield from unanswered(seen, "weak_curve")
    elif seen.weak_curve:
        names = [name for names in seen.groups.values() for name in names]
        profile = facts.tls
        weak = [name for name in names if profile and profile.group(name) is Stance.FORBIDDEN]
        proof = Proof("agreed", {"curves": ", ".join(dict.fromkeys(weak)) or "—"})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))


CHECK = Check(
    id="tls.weak-curve",
    title_fr="Courbe elliptique trop petite ou explicite acceptée",
    title_en="Elliptic curve too small, or explicit, accepted",
    risk_fr=(
        "Sur une courbe de moins de 256 bits, un attaquant bien équipé peut un jour "
        "retrouver la clé d'un échange enregistré. Une courbe que le serveur décrit lui-même "
        "(paramètres explicites) n'offre aucune garantie : personne ne peut la vérifier."
    ),
    risk_en=(
        "On a curve under 256 bits, a well-equipped attacker may one day find the key of a "
        "recorded exchange. A curve that the server describes itself (explicit parameters) "
        "guarantees nothing: nobody can check it."
    ),
    criticality=Criticality.MEDIUM,
    care=CARE,
    references=(
        "RFC 9325, 4.2",
        "RFC 8422",
        f"{GUIDE}, R7",
    ),
    remedy_fr=(
        "N'autoriser que x25519, secp256r1 et secp384r1. nginx : « ssl_ecdh_curve "
        "X25519:prime256v1:secp384r1; » ; Apache : « SSLOpenSSLConfCmd Groups … »."
    ),
    remedy_en=(
        "Allow only x25519, secp256r1 and secp384r1. nginx: “ssl_ecdh_curve "
        "X25519:prime256v1:secp384r1;”; Apache: “SSLOpenSSLConfCmd Groups …”."
    ),
    proofs={
        "agreed": Wording(
            "Courbes de moins de 256 bits, ou explicites, acceptées : {curves}.",
            "Curves under 256 bits, or explicit, accepted: {curves}.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(weak_curve=True, groups={"TLS1.2": ("secp192r1", "x25519")}),
        service(weak_curve=True, groups={"TLS1.2": ("arbitrary_explicit_prime_curves",)}),
        service(weak_curve=True),
    ),
    clean=(service(),),
    unmeasured=(service(weak_curve=None),),
)
