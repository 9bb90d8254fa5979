"""A Diffie-Hellman group under 2048 bits (RFC 9325, Logjam)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, service
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import DhPrime, TlsService

_LOGJAM_BITS = 1024
"""Up to there the computation is known to be within reach of a state."""


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a finite-field group under the profile's 2048 bits; without DHE there is none."""
    if seen.dh_bits is not None:
        if seen.dh_bits < (facts.tls.dh_bits if facts.tls else 2048):
            proofs = [Proof("prime", {"bits": str(seen.dh_bits)})]
            common = [one for one in seen.dh_primes if one.common and one.bits <= _LOGJAM_BITS]
            proofs += [Proof("logjam", {"name": one.name or f"{one.bits}"}) for one in common]
            yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs))
    elif seen.dhe is not False:
        yield NotMeasured(seen.place, seen.why_not("dh_bits"))


CHECK = Check(
    id="tls.weak-dh",
    title_fr="Groupe Diffie-Hellman trop court",
    title_en="Diffie-Hellman group too short",
    risk_fr=(
        "L'échange de clés s'appuie sur un nombre trop petit. Pour 1024 bits et moins, un "
        "attaquant bien équipé peut déchiffrer les échanges qu'il a enregistrés (attaque "
        "Logjam)."
    ),
    risk_en=(
        "The key exchange rests on too small a number. At 1024 bits and below, a "
        "well-equipped attacker can decrypt what was recorded (the Logjam attack)."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=(
        "CVE-2015-4000",
        "RFC 9325, 4.1, 4.2",
        "ANSSI, Recommandations de sécurité relatives à TLS v1.2, R7-",
        "ReCyF 8.1",
    ),
    remedy_fr=(
        "Préférer ECDHE et retirer les suites DHE ; s'il en faut, utiliser un groupe "
        "normalisé d'au moins 2048 bits (ffdhe2048, 3072 bits après 2030 ; RFC 7919)."
    ),
    remedy_en=(
        "Prefer ECDHE and remove the DHE suites; where they are needed, use a standard group "
        "of at least 2048 bits (ffdhe2048, 3072 bits after 2030; RFC 7919)."
    ),
    proofs={
        "prime": Wording(
            "Le service a proposé un nombre premier de {bits} bits.",
            "The service offered a prime of {bits} bits.",
        ),
        "logjam": Wording(
            "Prouvé par la négociation : le nombre premier « {name} » est commun à beaucoup de "
            "serveurs, ce qui en amortit le calcul (Logjam).",
            "Proved by the handshake: the prime “{name}” is shared by many servers, which pays "
            "for the computation (Logjam).",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(dhe=True, dh_bits=1024),
        service(
            dhe=True,
            dh_bits=1024,
            dh_primes=(DhPrime(bits=1024, sha256="ab" * 32, name="rfc2409-oakley-2", common=True),),
        ),
    ),
    clean=(service(), service(dhe=True, dh_bits=2048)),
    unmeasured=(service(dhe=None), service(dhe=True, dh_bits=None)),
)
