"""Suites that authenticate nobody."""

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
    """Flag a service that agreed not to show who it is."""
    if (seen.starttls, seen.place.port) == ("smtp", 25):
        # Relays do not check certificates there, and Postfix offers these suites to all.
        criticality, more = Criticality.INFO, (Proof("relay"),)
        yield from family_accepted(
            "tls.anonymous-suites",
            seen,
            facts,
            "anonymous_suites",
            criticality=criticality,
            more=more,
        )
        return
    critical = on_login_portal(seen, facts)
    yield from family_accepted(
        "tls.anonymous-suites",
        seen,
        facts,
        "anonymous_suites",
        criticality=Criticality.CRITICAL if critical else None,
        more=(Proof("portal"),) if critical else (),
    )


CHECK = Check(
    id="tls.anonymous-suites",
    title_fr="Suites anonymes acceptées",
    title_en="Anonymous suites accepted",
    risk_fr=(
        "Le serveur ne prouve pas qui il est : quiconque est placé sur le chemin se fait "
        "passer pour lui sans que rien ne le montre, et lit tout."
    ),
    risk_en=(
        "The server does not prove who it is: anyone on the way can pose as it without a "
        "trace, and read everything."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=(
        "RFC 9325, 4.1",
        f"{GUIDE}, R5, R8",
    ),
    remedy_fr=(
        "Retirer les suites anonymes (aNULL, ADH, AECDH). N'autoriser que des suites ECDHE "
        "avec AES-GCM ou ChaCha20-Poly1305."
    ),
    remedy_en=(
        "Remove the anonymous suites (aNULL, ADH, AECDH). Allow only ECDHE suites with AES- "
        "GCM or ChaCha20-Poly1305."
    ),
    proofs={
        **SUITE_PROOFS,
        "portal": Wording(
            "Le service est un portail où des personnes s'identifient : criticité critique.",
            "The service is a portal where people log in: critical.",
        ),
        "relay": Wording(
            "Relais de messagerie (port 25) : TLS y est opportuniste et sans vérification ; criticité ramenée à « information ».",
            "Mail relay (port 25): TLS is opportunistic and unverified there; brought down to information.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(
            anonymous_suites=True, accepted={"TLS1.2": suites("TLS_DH_anon_WITH_AES_128_CBC_SHA")}
        ),
        service(anonymous_suites=True, portal=True),
    ),
    clean=(service(),),
    unmeasured=(service(anonymous_suites=None),),
)
