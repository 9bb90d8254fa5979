"""DHE is accepted: the conditions of D(HE)at (CVE-2002-20001)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, service
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a service that can be made to compute with large numbers, by whoever asks."""
    if seen.dhe is None:
        yield NotMeasured(seen.place, seen.why_not("dhe"))
    elif seen.dhe:
        largest = max([prime.bits for prime in seen.dh_primes], default=seen.dh_bits or 0)
        proof = Proof("accepted", {"bits": str(largest) if largest else "?"})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))


CHECK = Check(
    id="tls.dhe-exhaustion",
    title_fr="DHE accepté : conditions de D(HE)at réunies",
    title_en="DHE accepted: the conditions of D(HE)at are met",
    risk_fr=(
        "Chaque négociation DHE coûte au serveur bien plus qu'à celui qui la demande : "
        "quelques machines peuvent le ralentir. Aucun essai n'en est fait."
    ),
    risk_en=(
        "Each DHE handshake costs the server far more than whoever asks for it: a few "
        "machines can slow it down. No attempt is made."
    ),
    criticality=Criticality.INFO,
    care=CARE,
    references=(
        "CVE-2002-20001",
        "CVE-2022-40735",
        "RFC 9325, 4.1",
    ),
    remedy_fr=(
        "Retirer les suites DHE au profit d'ECDHE ; sinon, limiter le débit des "
        "négociations par adresse source."
    ),
    remedy_en=(
        "Remove the DHE suites in favour of ECDHE; failing that, limit the rate of "
        "handshakes per source address."
    ),
    proofs={
        "accepted": Wording(
            "Prouvé par la négociation : DHE accepté, nombre premier de {bits} bits, condition de D(HE)at ; aucun essai n'en est fait.",
            "Proved by the handshake: DHE accepted, with a prime of {bits} bits, the condition of D(HE)at; no attempt is made.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(dhe=True, dh_bits=2048),
        service(dhe=True),
    ),
    clean=(service(),),
    unmeasured=(service(dhe=None),),
)
