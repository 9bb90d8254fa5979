"""CBC without encrypt-then-mac (RFC 7366): what Lucky 13 and BEAST need."""

from collections.abc import Iterator

from checks._shared.tls import (
    CARE,
    GUIDE,
    SUITE_PROOFS,
    family_accepted,
    of_family,
    service,
    suites,
)
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording
from core.observations.tls import TlsService

_FAULT = "tls.cbc-without-encrypt-then-mac"


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a CBC suite agreed to, where encrypt-then-mac was offered and left out."""
    old = {"SSLv3", "TLS1.0"} & of_family(_FAULT, seen, facts).keys()
    more = (Proof("beast"),) if old else ()
    yield from family_accepted(
        _FAULT, seen, facts, "cbc_without_encrypt_then_mac", more=(Proof("lucky"), *more)
    )


CHECK = Check(
    id="tls.cbc-without-encrypt-then-mac",
    title_fr="Mode CBC accepté sans encrypt-then-mac",
    title_en="CBC mode accepted without encrypt-then-mac",
    risk_fr=(
        "Ce mode de chiffrement a donné lieu à une série d'attaques par temps de réponse ou "
        "par bourrage. Elles demandent de nombreux essais sur le chemin ; les suites "
        "récentes n'y donnent pas prise."
    ),
    risk_en=(
        "This mode of encryption has led to a series of timing and padding attacks. They "
        "take many tries by someone on the way; recent suites give them no hold."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        "RFC 7366",
        "CVE-2013-0169",
        "CVE-2011-3389",
        f"{GUIDE}, R10, R10-",
    ),
    remedy_fr=(
        "N'autoriser que des suites ECDHE avec AES-GCM ou ChaCha20-Poly1305. À défaut, "
        "mettre à jour la bibliothèque TLS pour qu'elle négocie encrypt-then-mac."
    ),
    remedy_en=(
        "Allow only ECDHE suites with AES-GCM or ChaCha20-Poly1305. Failing that, update "
        "the TLS library so that it negotiates encrypt-then-mac."
    ),
    proofs={
        **SUITE_PROOFS,
        "lucky": Wording(
            "L'extension encrypt_then_mac était proposée et n'a pas été reprise : condition préalable de Lucky 13.",
            "The encrypt_then_mac extension was offered and not taken up: a precondition of Lucky 13.",
        ),
        "beast": Wording(
            "CBC en TLS 1.0 ou plus ancien : condition préalable de BEAST, que les navigateurs récents neutralisent.",
            "CBC in TLS 1.0 or older: a precondition of BEAST, which recent browsers neutralise.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(
            cbc_without_encrypt_then_mac=True,
            accepted={"TLS1.0": suites("TLS_RSA_WITH_AES_128_CBC_SHA")},
        ),
        service(cbc_without_encrypt_then_mac=True),
    ),
    clean=(service(),),
    unmeasured=(service(cbc_without_encrypt_then_mac=None),),
)
