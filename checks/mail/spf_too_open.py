"""An SPF policy that lets nearly anybody through."""

from collections.abc import Iterator

from checks._shared.mail import mail, quoted
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import MailPolicy, Spf


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag « everyone passes », « nobody knows » and very large networks; a faulty policy is
    :mod:`checks.mail.spf_invalid`.
    """
    del facts
    if seen.spf is None:
        yield NotMeasured(seen.place, seen.why.get("spf", "undetermined"))
        return
    spf = seen.spf
    if not spf.records or spf.faults:
        return
    values = {"record": quoted(spf.records[0])}
    passing = [
        *([Proof("everyone", values)] if spf.default == "+" else []),
        *([Proof("wide", {**values, "networks": ", ".join(spf.wide[:5])})] if spf.wide else []),
    ]
    if passing:
        yield Flagged(seen.place, Confidence.CERTAIN, tuple(passing), Criticality.HIGH)
    elif not spf.is_whole:
        yield NotMeasured(seen.place, seen.why.get("spf", "undetermined"))
    elif spf.default in {"", "?"}:
        proof = Proof("neutral" if spf.default else "unsaid", values)
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))


CHECK = Check(
    id="mail.spf-too-open",
    title_fr="SPF trop permissif",
    title_en="SPF too permissive",
    risk_fr="La politique publiée autorise, ou ne refuse pas, des serveurs quelconques : un message usurpant l'établissement passe ce contrôle.",
    risk_en="The published policy allows any server, or refuses none: a message that forges the establishment passes this control.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R44", "RFC 7208 5.1", "RFC 7208 8.2"),
    remedy_fr="Finir l'enregistrement par « -all » (ou « ~all » pendant le recensement des serveurs d'envoi), et remplacer les réseaux trop larges par les adresses réelles ou l'« include » du prestataire.",
    remedy_en="End the record with -all (or ~all while the sending servers are being listed), and replace networks that are too large by the real addresses or the provider's include.",
    proofs={
        "everyone": Wording(
            "Tout expéditeur est accepté (« +all », directement ou par inclusion), criticité portée à « élevée » : {record}",
            "Every sender passes (+all, directly or through an include), raised to high: {record}",
        ),
        "wide": Wording(
            "Une grande partie d'Internet est autorisée ({networks}), criticité portée à « élevée » : {record}",
            "A large part of the Internet is allowed ({networks}), raised to high: {record}",
        ),
        "neutral": Wording(
            "La politique finit par « ?all » : personne n'est refusé. {record}",
            "The policy ends with ?all: nobody is refused. {record}",
        ),
        "unsaid": Wording(
            "La politique ne finit ni par « all » ni par « redirect » : personne n'est refusé. {record}",
            "The policy ends with neither all nor redirect: nobody is refused. {record}",
        ),
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(
        mail(spf=Spf(records=("v=spf1 +all",), default="+")),
        mail(spf=Spf(records=("v=spf1 mx ?all",), default="?")),
        mail(spf=Spf(records=("v=spf1 mx",))),
        mail(spf=Spf(records=("v=spf1 ip4:0.0.0.0/1 -all",), default="-", wide=("ip4:0.0.0.0/1",))),
    ),
    clean=(
        mail(),
        mail(spf=Spf(records=("v=spf1 mx ~all",), default="~")),
        mail(spf=Spf(records=())),
    ),
    unmeasured=(
        mail(spf=None),
        mail(spf=Spf(records=("v=spf1 redirect=x.example",), is_whole=False)),
    ),
)
