"""A Diffie-Hellman group under 2048 bits (RFC 9325, Logjam)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, service
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService

_SHORTEST_BITS = 2048


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a finite-field group under 2048 bits; a service without DHE has none."""
    if seen.dh_bits is not None:
        if seen.dh_bits < _SHORTEST_BITS:
            proof = Proof("prime", {"bits": str(seen.dh_bits)})
            yield Flagged(seen.place, Confidence.CERTAIN, (proof,))
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
        )
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(dhe=True, dh_bits=1024),),
    clean=(service(), service(dhe=True, dh_bits=2048)),
    unmeasured=(service(dhe=None), service(dhe=True, dh_bits=None)),
)
