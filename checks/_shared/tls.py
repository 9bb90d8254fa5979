"""TLS and certificates: what their checks ask alike, and examples."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import msgspec

from checks._shared.examples import AT, place
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import Certificate, KeyType, ShownChain, Suite, TlsService, Trust

CARE = ("D1.EXPO.8",)
GUIDE = "ANSSI, Recommandations de sécurité relatives à TLS v1.2"
_SUITES_TOLD = 6

VERSION_PROOFS = {
    "accepted-version": Wording(
        "Le service a négocié {version} (suite {suite}).",
        "The service negotiated {version} (suite {suite}).",
    )
}
"""Wording of :func:`version_accepted`."""

SUITE_PROOFS = {
    "accepted-suites": Wording(
        "Suites acceptées ({fr}{en:.0}) : {suites}.", "Suites accepted ({en}{fr:.0}): {suites}."
    ),
}
"""Wording of :func:`family_accepted`."""

CONTEXT_PROOFS = {
    # Data that is worded twice travels twice; each language cuts the other's to nothing.
    "context": Wording("Contexte : {fr}{en:.0}.", "Context: {en}{fr:.0}."),
}
"""Wording of :func:`in_context`."""


def version_accepted(
    check: str, seen: TlsService, facts: Facts, field: str, version: str, default: Criticality
) -> Iterator[Verdict]:
    """Flag a service that agreed to a version that the profile does not admit."""
    accepted: bool | None = getattr(seen, field)
    if facts.tls is not None and facts.tls.admits(version.replace(" ", "")):
        return
    if accepted is None:
        yield NotMeasured(seen.place, seen.why_not(field))
    elif accepted:
        suite = seen.suites.get(version.replace(" ", ""), "?")
        proof = Proof("accepted-version", {"version": version, "suite": suite})
        criticality, context = in_context(check, seen, facts, default)
        yield Flagged(seen.place, Confidence.CERTAIN, (proof, *context), criticality)


def unanswered(seen: TlsService, field: str) -> Iterator[NotMeasured]:
    """Give the question as not measured, unless the service has nothing to be asked about."""
    why = seen.why_not(field)
    if why.partition(":")[0] != "not-offered":
        yield NotMeasured(seen.place, why)


def in_context(
    check: str, seen: TlsService, facts: Facts, default: Criticality
) -> tuple[Criticality | None, tuple[Proof, ...]]:
    """Give the criticality where the use of the service lowers it, and the proof that says so."""
    for one in facts.knowledge.tls.contexts:
        if check in one.lowered and (seen.starttls, seen.place.port) == (one.starttls, one.port):
            words = {"fr": one.reason.fr, "en": one.reason.en}
            return one_step_less(default), (Proof("context", words),)
    return None, ()


def one_step_less(criticality: Criticality) -> Criticality:
    """Give the criticality just below; information stays what it is."""
    order = list(Criticality)
    return order[max(0, order.index(criticality) - 1)]


def on_login_portal(seen: TlsService, facts: Facts) -> bool:
    """Whether people give their passwords behind it: recognised as a portal, or declared as one."""
    return seen.portal or facts.declared(seen.place) is not None


def accepted_suites(seen: TlsService) -> dict[str, tuple[str, ...]]:
    """Give the names of the suites that were agreed to, by version; SSLv2 apart."""
    found = {
        version: tuple(one.name for one in suites) for version, suites in seen.accepted.items()
    }
    for version, suite in seen.suites.items():
        if suite not in found.get(version, ()):
            found[version] = (suite, *found.get(version, ()))
    return {version: names for version, names in found.items() if version != "SSLv2"}


def of_family(fault: str, seen: TlsService, facts: Facts) -> dict[str, tuple[str, ...]]:
    """Give those that the policy names as this fault, by version."""
    policy = facts.knowledge.tls
    every = accepted_suites(seen)
    if seen.accepted.get("SSLv2"):
        every["SSLv2"] = tuple(one.name for one in seen.accepted["SSLv2"])
    found = {version: policy.of_family(fault, names) for version, names in every.items()}
    return {version: names for version, names in found.items() if names}


def family_accepted(
    fault: str,
    seen: TlsService,
    facts: Facts,
    field: str,
    *,
    criticality: Criticality | None = None,
    more: tuple[Proof, ...] = (),
) -> Iterator[Verdict]:
    """Flag a service that agreed to suites of a family."""
    accepted: bool | None = getattr(seen, field)
    if accepted is None:
        yield from unanswered(seen, field)
    elif accepted:
        family = facts.knowledge.tls.family(fault)
        reason = family.reason if family else Wording("", "")
        values = {"suites": told(of_family(fault, seen, facts)), "fr": reason.fr, "en": reason.en}
        weighs = criticality or (family.criticality if family else None)
        proof = Proof("accepted-suites", values)
        yield Flagged(seen.place, Confidence.CERTAIN, (proof, *more), weighs)


def told(by_version: dict[str, tuple[str, ...]]) -> str:
    """Give suites by version for a proof, the first ones of each."""
    return (
        "; ".join(
            f"{version}: {', '.join(names[:_SUITES_TOLD])}{'…' if len(names) > _SUITES_TOLD else ''}"
            for version, names in sorted(by_version.items())
        )
        or "—"
    )


def shown_leaves(seen: TlsService) -> tuple[tuple[str, Certificate], ...]:
    """Give every certificate that the service showed as its own, with the name asked for."""
    first = ((seen.sni or "", seen.leaf),) if seen.leaf is not None else ()
    others = (
        (other.sni or "", other.chain[0])
        for other in seen.also_shown
        if other.chain and not other.chain[0].error
    )
    return (*first, *others)


def shown_with(trust: Trust, seen: TlsService) -> tuple[tuple[Certificate, str], ...]:
    """Give the certificates whose chain leads there, with the issuer where the chain ends.

    A chain that only whoever gives no name is shown is nobody's in particular: it is left out.
    """
    found: list[tuple[Certificate, str]] = []
    if seen.trust is trust and seen.leaf is not None:
        issuer = seen.missing_issuer or (seen.path[-1] if seen.path else seen.leaf.issuer)
        found.append((seen.leaf, issuer or "?"))
    for other in other_chains(seen):
        if other.trust is trust:
            last = other.chain[-1].issuer or other.chain[0].issuer
            found.append((other.chain[0], other.missing_issuer or last or "?"))
    return tuple(found)


def other_chains(seen: TlsService) -> tuple[ShownChain, ...]:
    """Give the other chains that are somebody's: shown to a name, or for another kind of key."""
    return tuple(
        one
        for one in seen.also_shown
        if one.chain and not one.chain[0].error and (one.sni or seen.sni is None)
    )


def shown_certificates(seen: TlsService) -> tuple[Certificate, ...]:
    """Give every certificate sent in any chain, each once."""
    every = (*seen.chain, *(one for other in seen.also_shown for one in other.chain))
    return tuple({one.sha256: one for one in every}.values())


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


def another(leaf: Certificate, **changes: object) -> ShownChain:
    """Give another chain that the example service shows, for another kind of key."""
    shown = ShownChain(sni="portail.chu-exemple.example", chain=(leaf,), trust=Trust.PUBLIC)
    return msgspec.structs.replace(shown, **changes)


def suites(*names: str) -> tuple[Suite, ...]:
    """Give suites by name, numbered for the examples."""
    return tuple(Suite(number, name) for number, name in enumerate(names, 1))


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
        sslv2=False,
        sslv3=False,
        suites={
            "TLS1.2": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS1.3": "TLS_AES_128_GCM_SHA256",
        },
        accepted={
            "TLS1.2": suites("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            "TLS1.3": suites("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"),
        },
        enumerated=("TLS1.2", "TLS1.3"),
        groups={"TLS1.2": ("x25519",), "TLS1.3": ("X25519MLKEM768", "x25519")},
        groups_enumerated=("TLS1.2", "TLS1.3"),
        forward_secrecy=True,
        dhe=False,
        secure_renegotiation=True,
        extended_master_secret=True,
        chain=chain or (certificate(),),
        trust=Trust.PUBLIC,
        chain_ordered=True,
        null_suites=False,
        anonymous_suites=False,
        export_suites=False,
        rc4=False,
        des=False,
        triple_des=False,
        static_rsa=False,
        cbc_without_encrypt_then_mac=False,
        weak_curve=False,
        weak_signature=False,
        dh_public_reused=False,
        ec_public_reused=False,
        compression=False,
        server_order=True,
        downgrade_protection=True,
        session_tickets=True,
        ticket_lifetime_s=7_200,
        ocsp_stapling=False,
        heartbeat=False,
        early_data_bytes=0,
    )
    return msgspec.structs.replace(sound, **changes)
