"""A DKIM key short enough to be computed by others."""

from collections.abc import Iterator

from checks._shared.mail import mail
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import DkimKey, MailPolicy

_ENOUGH = 2_048
"""Bits that signers should use; under ``_LEAST``, verifiers must refuse (RFC 8301, 3.2)."""
_LEAST = 1_024


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag RSA keys under 2048 bits; less gravely from 1024 on."""
    del facts
    if seen.dkim is None:
        yield NotMeasured(seen.place, seen.why.get("dkim", "undetermined"))
        return
    short = [
        (key, key.bits)
        for key in seen.dkim
        if key.algorithm == "rsa" and key.bits is not None and key.bits < _ENOUGH
    ]
    if not short:
        return
    proofs = tuple(
        Proof("short", {"selector": key.selector, "domain": seen.domain, "bits": str(bits)})
        for key, bits in short[:10]
    )
    is_broken = any(bits < _LEAST for _, bits in short)
    yield Flagged(seen.place, Confidence.CERTAIN, proofs, None if is_broken else Criticality.LOW)


def _keys(*bits: int | None, algorithm: str = "rsa") -> MailPolicy:
    keys = (
        DkimKey(selector=f"s{at}", algorithm=algorithm, bits=one) for at, one in enumerate(bits)
    )
    return mail(dkim=tuple(keys))


CHECK = Check(
    id="mail.dkim-weak-key",
    title_fr="Clé DKIM trop courte",
    title_en="DKIM key too short",
    risk_fr="Qui retrouve la clé signe des messages au nom de l'établissement, et ils passent tous les contrôles. Sous 1 024 bits, c'est à la portée d'un particulier.",
    risk_en="Whoever computes the key signs messages in the name of the establishment, and they pass every control. Under 1024 bits, an individual can.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R46+", "RFC 8301 3.2", "RFC 6376"),
    remedy_fr="Créer une clé RSA d'au moins 2 048 bits sous un nouveau sélecteur, signer avec elle, puis retirer l'ancienne du DNS après quelques jours.",
    remedy_en="Make an RSA key of at least 2048 bits under a new selector, sign with it, then remove the old one from the DNS after some days.",
    proofs={
        "short": Wording(
            "{selector}._domainkey.{domain} : clé RSA de {bits} bits (2 048 attendus ; faible à partir de 1 024, moyenne en dessous).",
            "{selector}._domainkey.{domain}: RSA key of {bits} bits (2048 expected; low from 1024 on, medium below).",
        )
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(_keys(512), _keys(2048, 1024)),
    clean=(mail(), _keys(2048, None), _keys(256, algorithm="ed25519")),
    unmeasured=(mail(dkim=None),),
)
