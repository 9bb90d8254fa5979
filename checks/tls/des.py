"""Single DES, or RC2: a key of 56 bits or less."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, SUITE_PROOFS, family_accepted, service, suites
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a service that agreed to DES or RC2."""
    yield from family_accepted("tls.des", seen, facts, "des")


CHECK = Check(
    id="tls.des",
    title_fr="Chiffrement DES accepté",
    title_en="DES encryption accepted",
    risk_fr=(
        "Une clé de 56 bits se retrouve par essais en quelques heures sur du matériel "
        "courant : les échanges chiffrés ainsi sont lisibles par qui les a enregistrés."
    ),
    risk_en=(
        "A 56-bit key is found by trying in hours on ordinary hardware: exchanges encrypted "
        "this way can be read by whoever recorded them."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=(
        "RFC 9325, 4.1",
        "RFC 5469",
        f"{GUIDE}, R9",
    ),
    remedy_fr=(
        "Retirer les suites DES et RC2. N'autoriser que des suites ECDHE avec AES-GCM ou "
        "ChaCha20-Poly1305."
    ),
    remedy_en=(
        "Remove the DES and RC2 suites. Allow only ECDHE suites with AES-GCM or ChaCha20-Poly1305."
    ),
    proofs=SUITE_PROOFS,
    reads=TlsService,
    judge=judge,
    flagged=(
        service(des=True, accepted={"TLS1.2": suites("TLS_RSA_WITH_DES_CBC_SHA")}),
        service(des=True),
    ),
    clean=(service(),),
    unmeasured=(service(des=None, why={"des": "timeout"}),),
)
