"""Suites without encryption."""

from collections.abc import Iterator

from checks._shared.tls import (
    CARE,
    GUIDE,
    SUITE_PROOFS,
    family_accepted,
    on_login_portal,
    service,
    suites,
)
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a service that agreed to encrypt nothing."""
    criticality = Criticality.CRITICAL if on_login_portal(seen, facts) else None
    more = (Proof("portal"),) if criticality else ()
    yield from family_accepted(
        "tls.null-suites", seen, facts, "null_suites", criticality=criticality, more=more
    )


CHECK = Check(
    id="tls.null-suites",
    title_fr="Suites sans chiffrement acceptées",
    title_en="Suites without encryption accepted",
    risk_fr=(
        "La connexion paraît protégée et ne l'est pas : tout y circule en clair, mots de "
        "passe et données de santé compris."
    ),
    risk_en=(
        "The connection looks protected and is not: all that passes is in clear, passwords "
        "and health data included."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=(
        "RFC 9325, 4.1",
        f"{GUIDE}, R9",
    ),
    remedy_fr=(
        "Retirer les suites NULL. N'autoriser que des suites ECDHE avec AES-GCM ou "
        "ChaCha20-Poly1305."
    ),
    remedy_en=(
        "Remove the NULL suites. Allow only ECDHE suites with AES-GCM or ChaCha20-Poly1305."
    ),
    proofs={
        **SUITE_PROOFS,
        "portal": Wording(
            "Le service est un portail où des personnes s'identifient : criticité critique.",
            "The service is a portal where people log in: critical.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(null_suites=True, accepted={"TLS1.2": suites("TLS_RSA_WITH_NULL_SHA256")}),
        service(null_suites=True, portal=True),
    ),
    clean=(service(),),
    unmeasured=(service(null_suites=None),),
)
