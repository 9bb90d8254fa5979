"""An SPF policy that passes the addresses of a platform which sends for many others."""

from collections.abc import Iterator

from checks._shared.mail import mail
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import Dmarc, MailPolicy, Spf


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Note the shared platforms; less lightly where no DMARC policy asks for more than SPF."""
    del facts
    if seen.spf is None:
        yield NotMeasured(seen.place, seen.why.get("spf", "undetermined"))
    elif seen.spf.platforms:
        proofs = [Proof("included", {"names": ", ".join(seen.spf.platforms)})]
        criticality = Criticality.INFO
        if seen.dmarc is not None and seen.dmarc.policy not in {"quarantine", "reject"}:
            proofs.append(Proof("alone"))
            criticality = Criticality.LOW
        yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs), criticality)


_SPF = Spf(
    records=("v=spf1 include:spf.protection.outlook.com -all",),
    default="-",
    platforms=("Microsoft 365",),
)

CHECK = Check(
    id="mail.spf-shared-platform",
    title_fr="SPF autorise une plateforme d'envoi partagée",
    title_en="SPF allows a shared sending platform",
    risk_fr="Les autres clients de la plateforme envoient depuis les mêmes adresses : SPF seul ne les distingue pas de l'établissement.",
    risk_en="Other customers of the platform send from the same addresses: SPF alone does not tell them from the establishment.",
    criticality=Criticality.INFO,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R44", "RFC 7208 11.4"),
    remedy_fr="Retirer les plateformes qui ne servent plus ; pour les autres, signer par DKIM au nom du domaine et publier une politique DMARC « quarantine » ou « reject ». Réserver si possible un sous-domaine à chaque plateforme.",
    remedy_en="Remove the platforms no longer in use; for the others, sign with DKIM in the domain's name and publish a DMARC policy of quarantine or reject. Give each platform a subdomain of its own where possible.",
    proofs={
        "included": Wording("Plateformes incluses : {names}.", "Platforms included: {names}."),
        "alone": Wording(
            "Aucune politique DMARC appliquée n'exige davantage que SPF : criticité portée à « faible ».",
            "No enforced DMARC policy asks for more than SPF: raised to low.",
        ),
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(
        mail(spf=_SPF),
        mail(spf=_SPF, dmarc=Dmarc(records=("v=DMARC1; p=none",), policy="none")),
    ),
    clean=(mail(), mail(spf=Spf(records=()))),
    unmeasured=(mail(spf=None),),
)
