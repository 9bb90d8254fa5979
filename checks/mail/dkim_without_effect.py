"""A DKIM key that verifiers are told not to trust, or cannot."""

from collections.abc import Iterator

import msgspec

from checks._shared.mail import mail
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import DkimKey, MailPolicy


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag keys in test, for SHA-1 alone, of a kind nobody verifies, or that cannot be read."""
    del facts
    if seen.dkim is None:
        yield NotMeasured(seen.place, seen.why.get("dkim", "undetermined"))
        return
    proofs = tuple(
        Proof(fault, {"selector": key.selector, "domain": seen.domain, "kind": key.algorithm})
        for key in seen.dkim[:10]
        if (fault := _fault(key))
    )
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, proofs)


def _fault(key: DkimKey) -> str:
    if key.is_revoked:
        return ""
    if key.algorithm not in {"rsa", "ed25519"}:
        return "kind"
    if key.bits is None:
        return "unread"
    if key.hashes and "sha256" not in key.hashes:
        return "sha1"
    return "testing" if key.is_testing else ""


def _key(**changes: object) -> MailPolicy:
    usual = DkimKey(selector="s1", algorithm="rsa", bits=2_048)
    return mail(dkim=(msgspec.structs.replace(usual, **changes),))


CHECK = Check(
    id="mail.dkim-without-effect",
    title_fr="Clé DKIM sans effet",
    title_en="DKIM key without effect",
    risk_fr="Les messages sont signés, mais la signature ne compte pas : ils sont traités comme s'ils ne l'étaient pas.",
    risk_en="Messages are signed, but the signature does not count: they are treated as if they were not.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R46+", "RFC 6376 3.6.1", "RFC 8301 3.1", "RFC 8463"),
    remedy_fr="Retirer « t=y » une fois la signature vérifiée ; accepter SHA-256 (sans « h= », ou « h=sha256 ») ; republier la clé telle que le serveur d'envoi la donne.",
    remedy_en="Remove t=y once the signature is verified; accept SHA-256 (without h=, or h=sha256); publish the key again as the sending server gives it.",
    proofs={
        "testing": Wording(
            "{selector}._domainkey.{domain} est en essai (« t=y »).",
            "{selector}._domainkey.{domain} is being tested (t=y).",
        ),
        "sha1": Wording(
            "{selector}._domainkey.{domain} n'admet que SHA-1, que les destinataires doivent refuser.",
            "{selector}._domainkey.{domain} takes SHA-1 alone, which recipients must refuse.",
        ),
        "kind": Wording(
            "{selector}._domainkey.{domain} est d'un type inconnu : {kind}.",
            "{selector}._domainkey.{domain} is of an unknown kind: {kind}.",
        ),
        "unread": Wording(
            "La clé de {selector}._domainkey.{domain} est illisible.",
            "The key of {selector}._domainkey.{domain} cannot be read.",
        ),
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(
        _key(is_testing=True),
        _key(hashes=("sha1",)),
        _key(algorithm="dsa", bits=None),
        _key(bits=None),
    ),
    clean=(
        mail(),
        _key(),
        _key(bits=None, is_revoked=True),
        _key(hashes=("sha1", "sha256")),
        _key(algorithm="ed25519", bits=256),
    ),
    unmeasured=(mail(dkim=None),),
)
