"""A domain that takes mail and does not ask senders to encrypt it."""

from collections.abc import Iterator

from checks._shared.mail import mail, quoted
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import MailHost, MailPolicy


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag a domain with MX, without MTA-STS, whose servers are not all under valid DANE."""
    del facts
    if seen.mx is None or seen.mta_sts is None:
        unknown = "mx" if seen.mx is None else "mta_sts"
        yield NotMeasured(seen.place, seen.why.get(unknown, "undetermined"))
    elif not seen.mx:
        return
    elif len(seen.mta_sts) > 1 or any("id=" not in one for one in seen.mta_sts):
        values = {"domain": seen.domain, "record": quoted(" | ".join(seen.mta_sts))}
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("void", values),))
    elif seen.mta_sts:
        return
    elif any(host.has_valid_tlsa is False for host in seen.mx):
        values = {"domain": seen.domain, "servers": ", ".join(one.host for one in seen.mx[:5])}
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("missing", values),))
    elif any(host.has_valid_tlsa is None for host in seen.mx):
        yield NotMeasured(seen.place, "resolver-failure")


def _mx(*valid: bool | None) -> tuple[MailHost, ...]:
    return tuple(
        MailHost(host=f"mx{at}.chu.example", preference=10, has_valid_tlsa=one)
        for at, one in enumerate(valid)
    )


CHECK = Check(
    id="mail.mta-sts-missing",
    title_fr="Chiffrement du courrier entrant non exigé (ni MTA-STS ni DANE)",
    title_en="Encryption of incoming mail not required (neither MTA-STS nor DANE)",
    risk_fr="Qui se trouve sur le trajet peut faire croire que le serveur ne chiffre pas, et lire ou détourner les messages adressés à l'établissement.",
    risk_en="Whoever is on the path can pretend that the server does not encrypt, and read or divert the messages sent to the establishment.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R42", "RFC 8461", "RFC 7672"),
    remedy_fr="Publier une politique MTA-STS (« _mta-sts » dans le DNS, puis https://mta-sts.DOMAINE/.well-known/mta-sts.txt), d'abord en « mode: testing », ou des enregistrements TLSA si la zone du serveur est signée.",
    remedy_en="Publish an MTA-STS policy (_mta-sts in the DNS, then https://mta-sts.DOMAIN/.well-known/mta-sts.txt), first in mode: testing, or TLSA records if the server's zone is signed.",
    proofs={
        "missing": Wording(
            "Ni « _mta-sts.{domain} » ni TLSA validé pour tous ses serveurs de courrier ({servers}).",
            "Neither _mta-sts.{domain} nor a validated TLSA for all its mail servers ({servers}).",
        ),
        "void": Wording(
            "Ce que _mta-sts.{domain} publie est ignoré (un seul enregistrement, avec « id ») : {record}",
            "What _mta-sts.{domain} publishes is passed over (one record alone, with id): {record}",
        ),
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(
        mail(mta_sts=("v=STSv1",)),
        mail(mta_sts=("v=STSv1; id=1",) * 2),
        mail(mta_sts=()),
        mail(mta_sts=(), mx=_mx(True, False)),
    ),
    clean=(mail(), mail(mta_sts=(), mx=()), mail(mta_sts=(), mx=_mx(True))),
    unmeasured=(mail(mta_sts=None), mail(mx=None), mail(mta_sts=(), mx=_mx(None))),
)
