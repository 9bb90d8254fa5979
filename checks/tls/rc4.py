"""RC4 is broken (RFC 7465)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, SUITE_PROOFS, family_accepted, service, suites
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a service that agreed to RC4."""
    yield from family_accepted("tls.rc4", seen, facts, "rc4", more=(Proof("biases"),))


CHECK = Check(
    id="tls.rc4",
    title_fr="Chiffrement RC4 accepté",
    title_en="RC4 encryption accepted",
    risk_fr=(
        "Les biais de RC4 permettent de retrouver ce qui se répète d'un échange à l'autre, "
        "comme un mot de passe ou un jeton de session."
    ),
    risk_en=(
        "The biases of RC4 let an observer recover what repeats from one exchange to the "
        "next, such as a password or a session token."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=(
        "RFC 7465",
        "CVE-2013-2566",
        "CVE-2015-2808",
        f"{GUIDE}, R9",
    ),
    remedy_fr=(
        "Retirer les suites RC4. N'autoriser que des suites ECDHE avec AES-GCM ou "
        "ChaCha20-Poly1305."
    ),
    remedy_en=("Remove the RC4 suites. Allow only ECDHE suites with AES-GCM or ChaCha20-Poly1305."),
    proofs={
        **SUITE_PROOFS,
        "biases": Wording(
            "Prouvé par la négociation : RC4, dont les biais statistiques sont exploitables.",
            "Proved by the handshake: RC4, whose statistical biases can be exploited.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(rc4=True, accepted={"TLS1.0": suites("TLS_RSA_WITH_RC4_128_SHA")}),
        service(rc4=True),
    ),
    clean=(service(),),
    unmeasured=(service(rc4=None),),
)
