"""What ``vigie tls`` prints: a sheet per endpoint for people, everything seen for machines."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from checks._shared.grade import Letter
from checks._shared.tls import accepted_suites, day
from checks.registry import by_id
from core.knowledge.tls import Stance, TlsProfile
from core.model import Criticality, Flagged, Judged, Language, NotMeasured, Status
from core.observations.tls import (
    Certificate,
    Revocation,
    RevocationSource,
    RevocationStatus,
    TlsService,
    Trust,
)
from core.reasons import say as reason
from core.results import Asset
from reports.text import inert
from vigie.config import Settings
from vigie.results import asset, worded_proofs
from vigie.tls_alone import Assessed
from vigie.wording import CRITICALITIES

_VERSIONS = (
    ("sslv2", "SSLv2"),
    ("sslv3", "SSLv3"),
    ("tls1_0", "TLS1.0"),
    ("tls1_1", "TLS1.1"),
    ("tls1_2", "TLS1.2"),
    ("tls1_3", "TLS1.3"),
)
_LONGEST_LINE = 2_000
_MARKS = {Stance.RECOMMENDED: "+", Stance.ACCEPTABLE: "~", Stance.OUTSIDE: "-"}
_TRUST = {
    Trust.PUBLIC: ("autorité publique", "public authority"),
    Trust.DECLARED: ("autorité déclarée dans l'inventaire", "authority declared in the inventory"),
    Trust.PRIVATE: ("autorité non reconnue", "authority not publicly trusted"),
    Trust.SELF_SIGNED: ("autosigné", "self-signed"),
    Trust.MISSING_LINK: ("chaîne incomplète", "incomplete chain"),
}
_REVOCATION = {
    RevocationStatus.GOOD: ("non révoqué", "not revoked"),
    RevocationStatus.REVOKED: ("révoqué", "revoked"),
    RevocationStatus.UNKNOWN: ("inconnu de son autorité", "unknown to its authority"),
}
_SOURCES = {
    RevocationSource.STAPLE: "OCSP",
    RevocationSource.OCSP: "OCSP",
    RevocationSource.CRL: "CRL",
}
_FEATURES = (
    ("forward_secrecy", "confidentialité persistante", "forward secrecy"),
    ("server_order", "ordre du serveur", "server order"),
    ("secure_renegotiation", "renégociation sécurisée", "secure renegotiation"),
    ("extended_master_secret", "extended master secret", "extended master secret"),
    ("encrypt_then_mac", "encrypt-then-mac", "encrypt-then-mac"),
    ("downgrade_protection", "protection contre le repli", "downgrade protection"),
    ("compression", "compression", "compression"),
    ("heartbeat", "heartbeat", "heartbeat"),
    ("ocsp_stapling", "agrafage OCSP", "OCSP stapling"),
    ("session_tickets", "tickets de session", "session tickets"),
    ("hybrid_groups", "échange hybride post-quantique", "post-quantum hybrid exchange"),
    ("client_certificate", "certificat client demandé", "client certificate wanted"),
)


class FindingJson(msgspec.Struct, frozen=True, kw_only=True):
    """One finding."""

    check: str
    title: str
    criticality: Criticality
    confidence: str
    evidence: tuple[str, ...]
    remedy: str
    references: tuple[str, ...]


class GapJson(msgspec.Struct, frozen=True, kw_only=True):
    """One question without an answer."""

    check: str
    title: str
    why: str


class GradeJson(msgspec.Struct, frozen=True, kw_only=True):
    """The letter, and what made it."""

    letter: str
    at_best: bool
    reasons: tuple[str, ...]
    """Ids of checks, the gravest first."""
    unmeasured: tuple[str, ...]


class EndpointJson(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint."""

    asset: Asset
    starttls: str
    status: Status
    detail: str
    grade: GradeJson | None
    findings: tuple[FindingJson, ...]
    not_measured: tuple[GapJson, ...]
    seen: TlsService | None
    """Everything that was seen, as in ``observations.jsonl``."""


class TlsJson(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer of ``vigie tls --json``."""

    schema: str = "vigie.tls/1"
    language: Language
    profile: str
    """Id of the reference."""
    endpoints: tuple[EndpointJson, ...]


def to_json(found: Sequence[Assessed], profile: TlsProfile | None, settings: Settings) -> str:
    """Give indented JSON."""
    whole = TlsJson(
        language=settings.language,
        profile=profile.id if profile else "",
        endpoints=tuple(_endpoint(one, settings) for one in found),
    )
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode()


def _endpoint(one: Assessed, settings: Settings) -> EndpointJson:
    graded = one.grade
    return EndpointJson(
        asset=asset(one.place),
        starttls=one.starttls,
        status=one.status,
        detail=one.detail,
        grade=None
        if graded is None
        else GradeJson(
            letter=graded.letter.value,
            at_best=graded.at_best,
            reasons=tuple(check for check, _ in graded.reasons),
            unmeasured=graded.unmeasured,
        ),
        findings=tuple(_findings(one.judged, settings)),
        not_measured=tuple(_gaps(one.judged, settings)),
        seen=one.seen,
    )


def _findings(judged: Sequence[Judged], settings: Settings) -> Iterator[FindingJson]:
    found: list[FindingJson] = []
    for one in judged:
        check = by_id()[one.check]
        if isinstance(one.verdict, Flagged):
            found.append(
                FindingJson(
                    check=check.id,
                    title=settings.say(check.title_fr, check.title_en),
                    criticality=one.verdict.criticality or check.criticality,
                    confidence=one.verdict.confidence.value,
                    evidence=worded_proofs(one, settings.language),
                    remedy=settings.say(check.remedy_fr, check.remedy_en),
                    references=check.references,
                )
            )
    yield from sorted(found, key=lambda one: (-list(Criticality).index(one.criticality), one.check))


def _gaps(judged: Sequence[Judged], settings: Settings) -> Iterator[GapJson]:
    for one in judged:
        check = by_id()[one.check]
        if isinstance(one.verdict, NotMeasured):
            title = settings.say(check.title_fr, check.title_en)
            yield GapJson(
                check=check.id, title=title, why=reason(one.verdict.why, settings.language)
            )


def to_text(
    found: Sequence[Assessed], profile: TlsProfile | None, settings: Settings
) -> Iterator[str]:
    """Give one sheet per endpoint, line by line."""
    if profile is not None:
        yield settings.say(
            f"Référentiel : {profile.name.fr} ({profile.edition}).",
            f"Reference: {profile.name.en} ({profile.edition}).",
        )
    for one in found:
        yield ""
        for line in _sheet(one, profile, settings):
            # Names in certificates are strangers' words: none of them commands the terminal.
            text = line.lstrip()
            yield line[: len(line) - len(text)] + inert(text, settings.language, _LONGEST_LINE)


def _label(settings: Settings, french: str, english: str) -> str:
    """Give a word with its colon, as each language writes it."""
    return settings.say(f"{french} :", f"{english}:")


def _sheet(one: Assessed, profile: TlsProfile | None, settings: Settings) -> Iterator[str]:
    say = settings.say
    address = f"[{one.place.ip}]" if ":" in (one.place.ip or "") else one.place.ip
    name = one.seen.sni if one.seen else one.place.hostname
    through = f" STARTTLS {one.starttls}" if one.starttls else ""
    head = f"{address}:{one.place.port}{f' ({name})' if name else ''}{through}"
    if one.seen is None or one.grade is None:
        why = f"{one.status.value}: {one.detail}" if one.detail else one.status.value
        if one.detail == "quiet-port":
            why = one.detail
        label = _label(settings, "non mesuré", "not measured")
        yield f"{head} — {label} {reason(why, settings.language)}"
        return
    letter = one.grade.letter
    best = say(" au mieux", " at best") if one.grade.at_best else ""
    said = say("indéterminée", "undetermined") if letter is Letter.UNKNOWN else letter.value + best
    yield f"{head} — {say('note', 'grade')} {said}"
    yield from (f"  {line}" for line in _seen(one.seen, profile, settings))
    findings = list(_findings(one.judged, settings))
    yield f"  {_label(settings, 'Constats', 'Findings')} {len(findings) or say('aucun', 'none')}"
    for finding in findings:
        word = CRITICALITIES[settings.language][finding.criticality]
        yield f"    {word:11}  {finding.title}  [{finding.check}]"
        yield from (f"                 {text}" for text in finding.evidence)
    gaps: dict[str, list[str]] = {}
    for gap in _gaps(one.judged, settings):
        gaps.setdefault(gap.why, []).append(gap.title)
    if gaps:
        yield f"  {_label(settings, 'Non mesuré', 'Not measured')}"
        for why, titles in sorted(gaps.items()):
            yield f"    {_label(settings, why, why)} {', '.join(titles)}"


def _seen(seen: TlsService, profile: TlsProfile | None, settings: Settings) -> Iterator[str]:
    say = settings.say
    told = {True: say("oui", "yes"), False: say("non", "no"), None: "?"}
    versions = (f"{label} {told[getattr(seen, field)]}" for field, label in _VERSIONS)
    yield f"{_label(settings, 'Versions', 'Versions')} {', '.join(versions)}"
    for version, names in sorted(accepted_suites(seen).items(), reverse=True):
        whole = "" if version in seen.enumerated else say(" (liste partielle)", " (partial list)")
        yield _label(settings, f"Suites {version}{whole}", f"Suites {version}{whole}")
        for name in names:
            mark = _MARKS.get(profile.suite(name), " ") if profile else " "
            yield f"  {mark} {name}"
    kinds = seen.accepted.get("SSLv2", ())
    if kinds:
        listed = ", ".join(one.name for one in kinds)
        yield f"{_label(settings, 'Suites SSLv2', 'Suites SSLv2')} {listed}"
    for version, groups in sorted(seen.groups.items(), reverse=True):
        yield f"{_label(settings, f'Groupes {version}', f'Groups {version}')} {', '.join(groups)}"
    if seen.alpn:
        yield f"ALPN: {', '.join(seen.alpn)}"
    features = (
        f"{say(french, english)} {told[getattr(seen, field)]}"
        for field, french, english in _FEATURES
    )
    yield f"{_label(settings, 'Propriétés', 'Features')} {', '.join(features)}"
    known = {one.sha256: one for one in seen.revocations}
    for certificate in seen.chain[:1]:
        yield from _certificate(certificate, seen.trust, known, settings)
    for other in seen.also_shown:
        for certificate in other.chain[:1]:
            asked = other.sni or say("sans nom", "no name")
            yield _label(
                settings, f"Autre certificat pour {asked}", f"Another certificate for {asked}"
            )
            lines = _certificate(certificate, other.trust, known, settings)
            yield from (f"  {line}" for line in lines)
    yield f"{_label(settings, 'Connexions', 'Connections')} {seen.connections}"


def _certificate(
    certificate: Certificate,
    trust: Trust | None,
    known: Mapping[str, Revocation],
    settings: Settings,
) -> Iterator[str]:
    say = settings.say
    if certificate.error:
        label = _label(settings, "Certificat illisible", "Unreadable certificate")
        yield f"{label} {certificate.error}"
        return
    key = certificate.key_type.name if certificate.key_type else "?"
    yield f"{_label(settings, 'Certificat', 'Certificate')} {certificate.subject or '—'}"
    yield f"  {_label(settings, 'Émetteur', 'Issuer')} {certificate.issuer or '—'}"
    yield f"  {_label(settings, 'Noms', 'Names')} {', '.join(certificate.names[:12]) or '—'}"
    until = f"{day(certificate.not_before)} → {day(certificate.not_after)}"
    yield f"  {_label(settings, 'Validité', 'Validity')} {until}"
    hashed = certificate.signature_hash.upper() or "—"
    yield f"  {_label(settings, 'Clé', 'Key')} {key} {certificate.key_bits or '?'} ; {hashed}"
    if trust is not None:
        yield f"  {_label(settings, 'Confiance', 'Trust')} {say(*_TRUST[trust])}"
    told = known.get(certificate.sha256)
    if told is not None:
        words = _REVOCATION.get(told.status) if told.status else None
        by = f" ({_SOURCES[told.source]}, {day(told.as_of)})" if words and told.source else ""
        said = say(*words) if words else reason(told.why, settings.language)
        yield f"  {_label(settings, 'Révocation', 'Revocation')} {said}{by}"
