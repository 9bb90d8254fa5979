"""A DMARC policy that asks for no report."""

from collections.abc import Iterator

from checks._shared.mail import is_told_above, mail, quoted
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import Dmarc, MailPolicy


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag a readable policy without any address for aggregate reports."""
    if seen.dmarc is None:
        yield NotMeasured(seen.place, seen.why.get("dmarc", "undetermined"))
    elif is_told_above(seen.dmarc, seen.domain, facts):
        return
    elif seen.dmarc.policy and not seen.dmarc.has_reports:
        values = {"at": seen.dmarc.at, "record": quoted("".join(seen.dmarc.records[:1]))}
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("none", values),))


CHECK = Check(
    id="mail.dmarc-no-reports",
    title_fr="DMARC sans rapports",
    title_en="DMARC without reports",
    risk_fr="L'établissement ne voit ni les usurpations de son domaine, ni ses propres envois que la politique fait refuser.",
    risk_en="The establishment sees neither the forgeries of its domain, nor its own mail that the policy has refused.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R48+", "RFC 7489 6.2", "RFC 7489 7.2"),
    remedy_fr="Ajouter « rua=mailto:… » à l'enregistrement DMARC, vers une boîte qui est lue ou un service d'analyse.",
    remedy_en="Add rua=mailto:… to the DMARC record, to a mailbox that is read or an analysis service.",
    proofs={
        "none": Wording(
            "L'enregistrement publié à {at} n'a pas d'adresse « rua » utilisable : {record}",
            "The record published at {at} has no usable rua address: {record}",
        )
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(
        mail(dmarc=Dmarc(records=("v=DMARC1; p=reject",), at="chu.example", policy="reject")),
    ),
    clean=(mail(), mail(dmarc=Dmarc(records=()))),
    unmeasured=(mail(dmarc=None),),
)
