"""DMARC reports asked for at an address that does not want them, or does not exist."""

from collections.abc import Iterator

import msgspec

from checks._shared.mail import is_told_above, mail
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import Dmarc, DmarcReports, MailPolicy


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag addresses of others that did not say that they want reports, and domains without mail."""
    if seen.dmarc is None:
        yield NotMeasured(seen.place, seen.why.get("dmarc", "undetermined"))
        return
    if is_told_above(seen.dmarc, seen.domain, facts):
        return
    proofs = tuple(_lost(seen.dmarc))
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, proofs)
    elif any(
        one.address and (one.has_mail is None or (one.is_external and one.is_wanted is None))
        for one in seen.dmarc.reports
    ):
        yield NotMeasured(seen.place, "resolver-failure")


def _lost(dmarc: Dmarc) -> Iterator[Proof]:
    for one in dmarc.reports:
        domain = one.address.rpartition("@")[2]
        values = {"tag": one.tag, "address": one.address, "domain": domain, "at": dmarc.at}
        if not one.address:
            yield Proof("unread", {"tag": one.tag})
        elif one.has_mail is False:
            yield Proof("nowhere", values)
        elif one.is_external and one.is_wanted is False:
            yield Proof("unwanted", values)


def _to(**changes: object) -> MailPolicy:
    usual = DmarcReports(tag="rua", address="d@tiers.example", has_mail=True)
    reports = msgspec.structs.replace(usual, **changes)
    return mail(
        dmarc=Dmarc(
            records=("v=DMARC1; p=reject; rua=mailto:d@tiers.example",),
            at="chu.example",
            policy="reject",
            has_reports=True,
            reports=(reports,),
        )
    )


CHECK = Check(
    id="mail.dmarc-reports-lost",
    title_fr="Rapports DMARC perdus",
    title_en="DMARC reports lost",
    risk_fr="Les rapports n'arrivent à personne : les usurpations du domaine, comme les envois légitimes refusés, restent ignorés.",
    risk_en="The reports reach nobody: forgeries of the domain, like legitimate mail that is refused, stay unknown.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R48+", "RFC 7489 7.1"),
    remedy_fr="Corriger l'adresse ; si elle est d'un autre organisme, lui demander de publier « v=DMARC1 » au nom cité, ou passer par une boîte de l'établissement.",
    remedy_en="Correct the address; if it belongs to another organisation, ask it to publish v=DMARC1 at the name quoted, or use a mailbox of the establishment.",
    proofs={
        "unwanted": Wording(
            "{address} ({tag}) est d'un autre organisme, qui ne dit pas vouloir ces rapports : rien à {at}._report._dmarc.{domain}.",
            "{address} ({tag}) is of another organisation, which does not say that it wants these reports: nothing at {at}._report._dmarc.{domain}.",
        ),
        "nowhere": Wording(
            "Le domaine de {address} ({tag}) n'existe pas.",
            "The domain of {address} ({tag}) does not exist.",
        ),
        "unread": Wording(
            "Une adresse de « {tag} » est illisible.", "An address of {tag} cannot be read."
        ),
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(
        _to(is_external=True, is_wanted=False),
        _to(has_mail=False),
        _to(address="", has_mail=None),
    ),
    clean=(mail(), _to(), _to(is_external=True, is_wanted=True)),
    unmeasured=(
        mail(dmarc=None),
        _to(has_mail=None),
        _to(is_external=True, is_wanted=None),
    ),
)
