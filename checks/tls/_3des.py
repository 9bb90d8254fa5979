"""64-bit blocks: 3DES, IDEA, GOST 28147 (SWEET32)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, SUITE_PROOFS, family_accepted, service, suites
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a service that agreed to a cipher of 64-bit blocks."""
    yield from family_accepted("tls.3des", seen, facts, "triple_des", more=(Proof("sweet32"),))


CHECK = Check(
    id="tls.3des",
    title_fr="Chiffrement par blocs de 64 bits accepté (3DES)",
    title_en="64-bit block cipher accepted (3DES)",
    risk_fr=(
        "Sur une connexion longue, un attaquant qui observe assez d'échanges retrouve un "
        "jeton de session ou un mot de passe (attaque SWEET32)."
    ),
    risk_en=(
        "On a long connection, an attacker who observes enough of it recovers a session "
        "token or a password (the SWEET32 attack)."
    ),
    criticality=Criticality.MEDIUM,
    care=CARE,
    references=(
        "CVE-2016-2183",
        "RFC 9325, 4.1",
        f"{GUIDE}, R9",
    ),
    remedy_fr=(
        "Retirer les suites 3DES et IDEA. N'autoriser que des suites ECDHE avec AES-GCM ou "
        "ChaCha20-Poly1305."
    ),
    remedy_en=(
        "Remove the 3DES and IDEA suites. Allow only ECDHE suites with AES-GCM or "
        "ChaCha20-Poly1305."
    ),
    proofs={
        **SUITE_PROOFS,
        "sweet32": Wording(
            "Prouvé par la négociation : blocs de 64 bits, condition de SWEET32.",
            "Proved by the handshake: 64-bit blocks, the condition of SWEET32.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(triple_des=True, accepted={"TLS1.2": suites("TLS_RSA_WITH_3DES_EDE_CBC_SHA")}),
        service(triple_des=True),
    ),
    clean=(service(),),
    unmeasured=(service(triple_des=None),),
)
