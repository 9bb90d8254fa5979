"""TLSA records of a mail server that no sender goes by."""

from collections.abc import Iterator

from checks._shared.mail import mail
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import MailHost, MailPolicy, Tlsa

_FOR_SMTP = frozenset({2, 3})


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag records that are not signed all the way, or of a usage that SMTP does not know."""
    del facts
    if seen.mx is None:
        yield NotMeasured(seen.place, seen.why.get("mx", "undetermined"))
        return
    void = [one for one in seen.mx if one.tlsa and one.has_valid_tlsa is False]
    odd = [one for one in void if all(each.usage not in _FOR_SMTP for each in one.tlsa)]
    unsigned = [one for one in void if one not in odd] if seen.resolver_validates else []
    proofs = (
        *(Proof("usage", {"host": one.host}) for one in odd[:5]),
        *(Proof("unsigned", {"host": one.host}) for one in unsigned[:5]),
    )
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, proofs)
    elif void:
        yield NotMeasured(seen.place, "resolver-not-validating")
    elif any(one.has_valid_tlsa is None for one in seen.mx):
        yield NotMeasured(seen.place, "resolver-failure")


def _mx(usage: int, valid: bool | None = False) -> tuple[MailHost, ...]:
    records = (Tlsa(usage, 1, 1, "aa" * 32),)
    return (MailHost(host="mx.chu.example", preference=10, has_valid_tlsa=valid, tlsa=records),)


CHECK = Check(
    id="mail.dane-without-effect",
    title_fr="DANE sans effet",
    title_en="DANE without effect",
    risk_fr="Les TLSA publiés ne protègent rien : les expéditeurs n'en tiennent pas compte, et le chiffrement du courrier entrant peut être écarté par qui se trouve sur le trajet.",
    risk_en="The TLSA records published protect nothing: senders pass over them, and whoever is on the path can strip the encryption of incoming mail.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=(
        "ANSSI interconnexion R42",
        "ANSSI interconnexion R50+",
        "RFC 7672 2.2",
        "RFC 7672 3.1.3",
    ),
    remedy_fr="Signer par DNSSEC la zone du domaine et celle du serveur de courrier, jusqu'au DS ; n'employer que les usages 3 (de préférence « 3 1 1 ») ou 2.",
    remedy_en="Sign the zone of the domain and that of the mail server with DNSSEC, up to the DS; use usages 3 (3 1 1 for choice) or 2 only.",
    proofs={
        "unsigned": Wording(
            "Les TLSA de _25._tcp.{host} ne sont pas validés : la zone du domaine, ou celle du serveur, n'est pas signée.",
            "The TLSA records of _25._tcp.{host} are not validated: the zone of the domain, or that of the server, is not signed.",
        ),
        "usage": Wording(
            "Les TLSA de _25._tcp.{host} sont d'un usage (0 ou 1) que SMTP ne connaît pas.",
            "The TLSA records of _25._tcp.{host} are of a usage (0 or 1) that SMTP does not know.",
        ),
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(mail(mx=_mx(3)), mail(mx=_mx(1))),
    clean=(mail(), mail(mx=_mx(3, True)), mail(mx=())),
    unmeasured=(
        mail(mx=None),
        mail(mx=_mx(3, None)),
        mail(mx=_mx(3), resolver_validates=False),
    ),
)
