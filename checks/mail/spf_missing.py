"""A domain without SPF: any server may send in its name."""

from collections.abc import Iterator

from checks._shared.mail import mail
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import MailPolicy, Spf


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag a domain that publishes no SPF record; less grave where it takes no mail."""
    del facts
    if seen.spf is None:
        yield NotMeasured(seen.place, seen.why.get("spf", "undetermined"))
    elif not seen.spf.records:
        takes_none = seen.mx is not None and not seen.mx
        proof = Proof("no-mail" if takes_none else "missing", {"domain": seen.domain})
        criticality = Criticality.LOW if takes_none else None
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,), criticality)


CHECK = Check(
    id="mail.spf-missing",
    title_fr="Domaine sans SPF",
    title_en="Domain without SPF",
    risk_fr="Rien ne dit quels serveurs ont le droit d'écrire au nom de l'établissement : n'importe qui peut envoyer des messages qui semblent venir de lui, à ses agents comme à ses patients.",
    risk_en="Nothing says which servers may write in the name of the establishment: anybody can send messages that seem to come from it, to its staff as to its patients.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R44", "RFC 7208"),
    remedy_fr="Publier un seul enregistrement TXT « v=spf1 … -all » qui énumère les serveurs d'envoi (commencer par « ~all » le temps de les recenser). Pour un domaine qui n'envoie pas de courrier : « v=spf1 -all », et DMARC « p=reject ».",
    remedy_en="Publish one TXT record « v=spf1 … -all » that lists the sending servers (begin with ~all while they are being listed). For a domain that sends no mail: v=spf1 -all, and DMARC p=reject.",
    proofs={
        "missing": Wording(
            "Aucun enregistrement « v=spf1 » à {domain}.", "No v=spf1 record at {domain}."
        ),
        "no-mail": Wording(
            "Aucun enregistrement « v=spf1 » à {domain}, qui ne reçoit pas de courrier (pas de MX) : s'il n'en envoie pas non plus, « v=spf1 -all » suffit. Criticité ramenée à « faible ».",
            "No v=spf1 record at {domain}, which takes no mail (no MX): if it sends none either, v=spf1 -all is enough. Lowered to low.",
        ),
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(mail(spf=Spf(records=())), mail(spf=Spf(records=()), mx=())),
    clean=(mail(), mail(spf=Spf(records=("v=spf1 +all",), default="+"))),
    unmeasured=(mail(spf=None),),
)
