"""A domain that takes mail and publishes no DKIM key at all."""

from collections.abc import Iterator

from checks._shared.mail import mail
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import DkimKey, MailPolicy


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag a domain with MX below whose ``_domainkey`` nothing stands; keys elsewhere stay unknown."""
    del facts
    if seen.dkim is None or seen.mx is None:
        unknown = "dkim" if seen.dkim is None else "mx"
        yield NotMeasured(seen.place, seen.why.get(unknown, "undetermined"))
    elif not seen.mx or any(not key.is_revoked for key in seen.dkim):
        return
    elif seen.has_dkim_names is False:
        yield Flagged(seen.place, Confidence.FIRM, (Proof("nothing", {"domain": seen.domain}),))
    else:
        yield NotMeasured(seen.place, "selector-unknown")


CHECK = Check(
    id="mail.dkim-missing",
    title_fr="Domaine sans clé DKIM",
    title_en="Domain without a DKIM key",
    risk_fr="Les messages de l'établissement ne sont pas signés : transférés, ils échouent à SPF et sont refusés, et DMARC ne peut être appliqué sans pertes.",
    risk_en="The messages of the establishment are not signed: forwarded, they fail SPF and are refused, and DMARC cannot be enforced without losses.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R46+", "RFC 6376", "RFC 8020"),
    remedy_fr="Activer la signature DKIM sur le serveur ou la plateforme d'envoi, publier la clé (RSA d'au moins 2 048 bits) sous « _domainkey ».",
    remedy_en="Turn on DKIM signing at the sending server or platform, publish the key (RSA of at least 2048 bits) under _domainkey.",
    proofs={
        "nothing": Wording(
            "Rien n'existe sous _domainkey.{domain} : aucun sélecteur ne peut y tenir.",
            "Nothing exists below _domainkey.{domain}: no selector can stand there.",
        )
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(mail(dkim=(), has_dkim_names=False),),
    clean=(
        mail(),
        mail(dkim=(), has_dkim_names=False, mx=()),
        mail(dkim=(DkimKey(selector="s1", algorithm="rsa", bits=2_048),), has_dkim_names=True),
    ),
    unmeasured=(
        mail(dkim=None),
        mail(mx=None),
        mail(dkim=(), has_dkim_names=True),
        mail(
            dkim=(DkimKey(selector="s1", algorithm="rsa", bits=None, is_revoked=True),),
            has_dkim_names=True,
        ),
    ),
)
