"""EXPORT suites: keys of 40 to 56 bits (FREAK, Logjam)."""

from collections.abc import Iterator

from checks._shared.tls import (
    CARE,
    GUIDE,
    SUITE_PROOFS,
    accepted_suites,
    family_accepted,
    service,
    suites,
)
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a service that agreed to keys made breakable on purpose, and the attacks that proves."""
    names = [name for names in accepted_suites(seen).values() for name in names]
    more: list[Proof] = []
    if any("_RSA_EXPORT" in name and "_DH" not in name for name in names):
        more.append(Proof("freak"))
    if any("_DHE_" in name and "_EXPORT" in name for name in names):
        more.append(Proof("logjam"))
    yield from family_accepted("tls.export-suites", seen, facts, "export_suites", more=tuple(more))


CHECK = Check(
    id="tls.export-suites",
    title_fr="Suites EXPORT acceptées",
    title_en="EXPORT suites accepted",
    risk_fr=(
        "Ces suites ont été affaiblies à dessein dans les années 1990. Un attaquant placé "
        "sur le chemin y ramène un navigateur récent et lit tout, mots de passe compris."
    ),
    risk_en=(
        "These suites were weakened on purpose in the 1990s. Someone on the way brings a "
        "recent browser down to them and reads everything, passwords included."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=(
        "CVE-2015-0204",
        "CVE-2015-4000",
        "RFC 9325, 4.1",
        f"{GUIDE}, R9",
    ),
    remedy_fr=(
        "Retirer les suites EXPORT et mettre à jour la bibliothèque TLS, qui date d'avant "
        "2015. N'autoriser que des suites ECDHE avec AES-GCM ou ChaCha20-Poly1305."
    ),
    remedy_en=(
        "Remove the EXPORT suites and update the TLS library, which dates from before 2015. "
        "Allow only ECDHE suites with AES-GCM or ChaCha20-Poly1305."
    ),
    proofs={
        **SUITE_PROOFS,
        "freak": Wording(
            "Prouvé par la négociation : une suite RSA_EXPORT est acceptée (FREAK).",
            "Proved by the handshake: an RSA_EXPORT suite is accepted (FREAK).",
        ),
        "logjam": Wording(
            "Prouvé par la négociation : une suite DHE_EXPORT est acceptée (Logjam).",
            "Proved by the handshake: a DHE_EXPORT suite is accepted (Logjam).",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(
            export_suites=True,
            accepted={
                "TLS1.0": suites(
                    "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"
                )
            },
        ),
        service(export_suites=True),
    ),
    clean=(service(),),
    unmeasured=(service(export_suites=None),),
)
