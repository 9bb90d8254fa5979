"""TLS and certificates: what their checks ask alike, and examples."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import msgspec

from checks._shared.examples import AT, place
from core.facts import Facts
from core.model import Confidence, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import Certificate, KeyType, TlsService, Trust

CARE = ("D1.EXPO.8",)

VERSION_PROOFS = {
    "accepted-version": Wording(
        "Le service a négocié {version} (suite {suite}).",
        "The service negotiated {version} (suite {suite}).",
    )
}
"""Wording of :func:`version_accepted`."""


def version_accepted(seen: TlsService, field: str, version: str) -> Iterator[Verdict]:
    """Flag a service that agreed to an old version."""
    accepted: bool | None = getattr(seen, field)
    if accepted is None:
        yield NotMeasured(seen.place, seen.why_not(field))
    elif accepted:
        suite = seen.suites.get(version.replace(" ", ""), "?")
        proof = Proof("accepted-version", {"version": version, "suite": suite})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))


def leaf_or_why(seen: TlsService) -> Certificate | NotMeasured:
    """Give the certificate of the service, or why it could not be seen."""
    if seen.leaf is not None:
        return seen.leaf
    if seen.chain:
        return NotMeasured(seen.place, "protocol-error")
    return NotMeasured(seen.place, seen.why_not("chain"))


def judged_at(seen: TlsService, facts: Facts) -> datetime:
    """Give the moment as of which dates are judged: when it was seen, or today if that is later."""
    return max(utc(seen.at), datetime.combine(facts.today, time(), UTC))


def utc(moment: datetime) -> datetime:
    """Give a stored time with its zone: what has none is UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def day(moment: datetime | None) -> str:
    """Give a date for a proof."""
    return moment.date().isoformat() if moment else "?"


def named(certificate: Certificate) -> str:
    """Give a certificate as a person names it."""
    return certificate.subject or f"SHA-256 {certificate.sha256[:16]}"


def certificate(**changes: object) -> Certificate:
    """Give a sound certificate of the example hospital, with some fields changed."""
    sound = Certificate(
        sha256="1f" * 32,
        spki_sha256="2e" * 32,
        subject="CN=portail.chu-exemple.example",
        issuer="CN=Autorité publique",
        names=("portail.chu-exemple.example",),
        serial="5d",
        not_before=AT - timedelta(days=30),
        not_after=AT + timedelta(days=60),
        key_type=KeyType.RSA,
        key_bits=2048,
        signature_hash="sha256",
        self_signed=False,
        is_ca=False,
        has_sct=True,
    )
    return msgspec.structs.replace(sound, **changes)


def service(*chain: Certificate, **changes: object) -> TlsService:
    """Give a sound TLS service of the example hospital, with some fields changed."""
    sound = TlsService(
        place=place(hostname="portail.chu-exemple.example"),
        at=AT,
        sni="portail.chu-exemple.example",
        client_certificate=False,
        tls1_0=False,
        tls1_1=False,
        tls1_2=True,
        tls1_3=True,
        suites={"TLS1.2": "ECDHE-RSA-AES128-GCM-SHA256", "TLS1.3": "TLS_AES_128_GCM_SHA256"},
        forward_secrecy=True,
        dhe=False,
        secure_renegotiation=True,
        extended_master_secret=True,
        chain=chain or (certificate(),),
        trust=Trust.PUBLIC,
        chain_ordered=True,
    )
    return msgspec.structs.replace(sound, **changes)
