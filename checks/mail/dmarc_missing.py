"""No DMARC policy applies to a domain."""

from collections.abc import Iterator

from checks._shared.mail import mail, quoted
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import Dmarc, MailPolicy


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag a domain for which neither itself nor a name above publishes a readable policy."""
    del facts
    if seen.dmarc is None:
        yield NotMeasured(seen.place, seen.why.get("dmarc", "undetermined"))
    elif not seen.dmarc.policy:
        dmarc = seen.dmarc
        if dmarc.records:
            values = {"at": dmarc.at or seen.domain, "record": quoted(" | ".join(dmarc.records))}
            proof = Proof("several" if dmarc.fault == "several-records" else "unread", values)
        else:
            proof = Proof("missing", {"domain": seen.domain})
        takes_none = seen.mx is not None and not seen.mx
        proofs = (proof, Proof("no-mail")) if takes_none else (proof,)
        criticality = Criticality.LOW if takes_none else None
        yield Flagged(seen.place, Confidence.CERTAIN, proofs, criticality)
    elif seen.dmarc.rule == "tree-walk":
        proof = Proof("walked", {"at": seen.dmarc.at, "domain": seen.domain})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,), Criticality.LOW)


CHECK = Check(
    id="mail.dmarc-missing",
    title_fr="Domaine sans DMARC",
    title_en="Domain without DMARC",
    risk_fr="L'adresse d'expéditeur que lit le destinataire n'est vérifiée par rien : un message peut afficher celle de l'établissement sans en venir. C'est le premier pas des hameçonnages et des fraudes au virement.",
    risk_en="Nothing verifies the sender's address that the recipient reads: a message can show that of the establishment without coming from it. It is the first step of phishing and payment fraud.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R48+", "RFC 7489", "RFC 9989"),
    remedy_fr="Publier à « _dmarc » du domaine un seul TXT « v=DMARC1; p=none; rua=mailto:… », lire les rapports quelques semaines, puis passer à « p=quarantine » et « p=reject ». Pour un domaine sans courrier : « p=reject » tout de suite.",
    remedy_en="Publish at the domain's _dmarc one TXT v=DMARC1; p=none; rua=mailto:…, read the reports for some weeks, then move to p=quarantine and p=reject. For a domain without mail: p=reject at once.",
    proofs={
        "missing": Wording(
            "Aucune politique DMARC à {domain}, ni au-dessus.",
            "No DMARC policy at {domain}, nor above it.",
        ),
        "several": Wording(
            "Plusieurs enregistrements DMARC à {at} : aucun n'est appliqué. {record}",
            "Several DMARC records at {at}: none is applied. {record}",
        ),
        "unread": Wording(
            "L'enregistrement DMARC de {at} est illisible : {record}",
            "The DMARC record of {at} cannot be read: {record}",
        ),
        "walked": Wording(
            "La politique de {at} ne vaut pour {domain} que chez les destinataires qui remontent l'arbre (RFC 9989) ; les autres ne regardent que le domaine de l'organisation. Criticité ramenée à « faible ».",
            "The policy of {at} holds for {domain} only with recipients that walk the tree (RFC 9989); the others look at the domain of the organisation alone. Lowered to low.",
        ),
        "no-mail": Wording(
            "Le domaine ne reçoit pas de courrier (pas de MX) : s'il n'en envoie pas non plus, « p=reject » ne gêne personne. Criticité ramenée à « faible ».",
            "The domain takes no mail (no MX): if it sends none either, p=reject hinders nobody. Lowered to low.",
        ),
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(
        mail(dmarc=Dmarc(records=())),
        mail(dmarc=Dmarc(records=()), mx=()),
        mail(dmarc=Dmarc(records=("v=DMARC1",), at="chu.example", fault="syntax")),
        mail(dmarc=Dmarc(records=("v=DMARC1; p=none",), policy="none", rule="tree-walk")),
        mail(dmarc=Dmarc(records=("v=DMARC1",) * 2, at="chu.example", fault="several-records")),
    ),
    clean=(mail(), mail(dmarc=Dmarc(records=("v=DMARC1; p=none",), policy="none"))),
    unmeasured=(mail(dmarc=None),),
)
