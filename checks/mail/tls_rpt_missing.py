"""A domain that takes mail and asks for no report of failed encryption."""

from collections.abc import Iterator

from checks._shared.mail import mail
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import MailPolicy


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag a domain with MX and without TLS-RPT."""
    del facts
    if seen.mx is None or seen.tls_rpt is None:
        unknown = "mx" if seen.mx is None else "tls_rpt"
        yield NotMeasured(seen.place, seen.why.get(unknown, "undetermined"))
    elif seen.mx and not seen.tls_rpt:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("missing", {"domain": seen.domain}),))


CHECK = Check(
    id="mail.tls-rpt-missing",
    title_fr="Pas de rapports sur le chiffrement du courrier entrant (TLS-RPT)",
    title_en="No reports on the encryption of incoming mail (TLS-RPT)",
    risk_fr="L'établissement n'apprend pas que des expéditeurs n'ont pas pu lui écrire de façon chiffrée, par panne ou par attaque.",
    risk_en="The establishment does not learn that senders could not write to it encrypted, through a failure or an attack.",
    criticality=Criticality.INFO,
    care=("D1.EXPO.8",),
    references=("RFC 8460",),
    remedy_fr="Publier à « _smtp._tls » du domaine le TXT « v=TLSRPTv1; rua=mailto:… », avant de mettre en place MTA-STS ou DANE.",
    remedy_en="Publish at the domain's _smtp._tls the TXT v=TLSRPTv1; rua=mailto:…, before MTA-STS or DANE is set up.",
    proofs={
        "missing": Wording(
            "Aucun enregistrement à _smtp._tls.{domain}.", "No record at _smtp._tls.{domain}."
        )
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(mail(tls_rpt=()),),
    clean=(mail(), mail(tls_rpt=(), mx=())),
    unmeasured=(mail(tls_rpt=None), mail(mx=None)),
)
