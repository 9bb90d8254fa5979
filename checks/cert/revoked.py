"""The authority revoked the certificate, and says so under its signature."""

from collections.abc import Iterator
from datetime import timedelta

from checks._shared.examples import AT
from checks._shared.tls import (
    CARE,
    GUIDE,
    certificate,
    day,
    leaf_or_why,
    service,
    shown_leaves,
)
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import (
    Certificate,
    Revocation,
    RevocationSource,
    RevocationStatus,
    TlsService,
)

_REASONS = {
    "keyCompromise": Wording("clé compromise", "key compromised"),
    "cACompromise": Wording("autorité compromise", "authority compromised"),
    "affiliationChanged": Wording("changement de titulaire", "affiliation changed"),
    "superseded": Wording("certificat remplacé", "superseded"),
    "cessationOfOperation": Wording("service arrêté", "cessation of operation"),
    "certificateHold": Wording("certificat suspendu", "certificate on hold"),
    "privilegeWithdrawn": Wording("droit retiré", "privilege withdrawn"),
    "aACompromise": Wording("autorité compromise", "authority compromised"),
}
_UNSAID = Wording("motif non précisé", "no reason given")


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag what a signed answer says; silence of the authority is never a good word."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    proofs = tuple(
        _proof(one) for one in seen.revocations if one.status is RevocationStatus.REVOKED
    )
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, proofs)
        return
    known = {one.sha256: one for one in seen.revocations}
    for _, one in shown_leaves(seen):
        told = known.get(one.sha256)
        if told is not None and told.status is not RevocationStatus.GOOD:
            yield NotMeasured(seen.place, told.why or "undetermined")
            return
        if told is None and _says_where(one):
            yield NotMeasured(seen.place, "not-configured")
            return


def _says_where(one: Certificate) -> bool:
    return not one.self_signed and any(
        url.lower().startswith("http") for url in (*one.ocsp_urls, *one.crl_urls)
    )


def _proof(one: Revocation) -> Proof:
    words = _REASONS.get(one.reason, _UNSAID)
    values = {
        "subject": one.subject or f"SHA-256 {one.sha256[:16]}",
        "serial": one.serial,
        "day": day(one.revoked_at),
        "fr": words.fr,
        "en": words.en,
        "url": one.url,
    }
    source = one.source or RevocationSource.OCSP
    return Proof(source.value, values)


_POINTED = certificate(ocsp_urls=("http://ocsp.example",))


def _told(status: RevocationStatus | None, **more: object) -> Revocation:
    fields: dict[str, object] = {"source": RevocationSource.OCSP, "url": "http://ocsp.example"}
    return Revocation(sha256=_POINTED.sha256, status=status, **{**fields, **more})  # type: ignore[arg-type]


_REVOKED = _told(
    RevocationStatus.REVOKED, revoked_at=AT - timedelta(days=3), reason="keyCompromise"
)

CHECK = Check(
    id="cert.revoked",
    title_fr="Certificat révoqué",
    title_en="Certificate revoked",
    risk_fr=(
        "L'autorité a retiré sa confiance, souvent parce que la clé a été volée : qui la détient "
        "peut se faire passer pour le service. Les navigateurs qui le vérifient refusent la "
        "connexion."
    ),
    risk_en=(
        "The authority withdrew its trust, often because the key was stolen: whoever holds it can "
        "pose as the service. Browsers that check refuse the connection."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=("RFC 6960", "RFC 5280, 5", f"{GUIDE}, R33"),
    remedy_fr=(
        "Générer une nouvelle clé, faire émettre un nouveau certificat, l'installer partout où "
        "l'ancien sert, et chercher auprès de l'autorité pourquoi il a été révoqué."
    ),
    remedy_en=(
        "Generate a new key, have a new certificate issued, install it wherever the old one "
        "serves, and find out from the authority why it was revoked."
    ),
    proofs={
        "ocsp": Wording(
            "Prouvé par la réponse OCSP signée de l'autorité ({url}) : « {subject} », numéro de série {serial}, révoqué le {day} ({fr}{en:.0}).",
            "Proved by the authority's signed OCSP answer ({url}): “{subject}”, serial number {serial}, revoked on {day} ({en}{fr:.0}).",
        ),
        "staple": Wording(
            "Prouvé par la réponse OCSP signée de l'autorité, que le serveur agrafe lui-même : « {subject} », numéro de série {serial}, révoqué le {day} ({fr}{en:.0}).",
            "Proved by the authority's signed OCSP answer, which the server itself staples: “{subject}”, serial number {serial}, revoked on {day} ({en}{fr:.0}).",
        ),
        "crl": Wording(
            "Prouvé par la liste de révocation signée de l'autorité ({url}) : « {subject} », numéro de série {serial}, révoqué le {day} ({fr}{en:.0}).",
            "Proved by the authority's signed revocation list ({url}): “{subject}”, serial number {serial}, revoked on {day} ({en}{fr:.0}).",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(_POINTED, revocations=(_REVOKED,)),
        service(
            _POINTED,
            revocations=(_told(RevocationStatus.REVOKED, source=RevocationSource.STAPLE, url=""),),
        ),
        service(
            _POINTED,
            revocations=(_told(RevocationStatus.REVOKED, source=RevocationSource.CRL),),
        ),
    ),
    clean=(
        service(),
        service(certificate(self_signed=True, ocsp_urls=("http://ocsp.example",))),
        service(_POINTED, revocations=(_told(RevocationStatus.GOOD),)),
    ),
    unmeasured=(
        service(chain=()),
        service(_POINTED),
        service(_POINTED, revocations=(_told(None, why="timeout"),)),
        service(_POINTED, revocations=(_told(RevocationStatus.UNKNOWN, why="authority-unaware"),)),
    ),
)
