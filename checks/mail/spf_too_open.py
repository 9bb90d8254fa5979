"""An SPF policy that lets nearly anybody through."""

from collections.abc import Iterator

from checks._shared.mail import mail, quoted
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import MailPolicy, Spf

_LARGE_V4 = 2**24
_LARGE_V6_64 = 2**48
"""One 256th of IPv4, one 65,536th of IPv6: no mail service holds as much."""
_MANY_V4 = 2**22
_MANY_V6_64 = 2**36
"""Well above what the largest platforms publish, some 2**20 addresses and 2**31 networks."""


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag « everyone passes », « nobody knows » and a large part of the Internet, by its share.

    A faulty policy is :mod:`checks.mail.spf_invalid`.
    """
    del facts
    if seen.spf is None:
        yield NotMeasured(seen.place, seen.why.get("spf", "undetermined"))
        return
    spf = seen.spf
    if not spf.records or spf.faults:
        return
    proofs = tuple(_open(spf))
    if proofs:
        is_large = any(proof.id != "many" for proof in proofs)
        platforms = [Proof("platforms", {"names": ", ".join(spf.platforms)})] * bool(spf.platforms)
        criticality = Criticality.HIGH if is_large else None
        yield Flagged(seen.place, Confidence.CERTAIN, (*proofs, *platforms), criticality)
    elif not spf.is_whole or spf.stranger == "temperror":
        yield NotMeasured(seen.place, seen.why.get("spf", "resolver-failure"))
    elif spf.default in {"", "?"}:
        values = {"record": quoted(spf.records[0])}
        proof = Proof("neutral" if spf.default else "unsaid", values)
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))


def _open(spf: Spf) -> Iterator[Proof]:
    """Give why nearly anybody, or too many, pass."""
    values = {"record": quoted(spf.records[0])}
    is_large = spf.passed_v4 >= _LARGE_V4 or spf.passed_v6_64 >= _LARGE_V6_64
    if spf.default == "+":
        yield Proof("everyone", values)
    elif spf.stranger == "pass":
        yield Proof("stranger", values)
    elif spf.wide:
        yield Proof("wide", {**values, "networks": ", ".join(spf.wide[:5])})
    elif is_large or spf.passed_v4 >= _MANY_V4 or spf.passed_v6_64 >= _MANY_V6_64:
        yield Proof("large" if is_large else "many", {**values, **_shares(spf)})


def _shares(spf: Spf) -> dict[str, str]:
    share = f"{100 * spf.passed_v4 / 2**32:.2f}"
    v4, v6 = f"{spf.passed_v4:,}", f"{spf.passed_v6_64:,}"
    return {
        "v4_fr": v4.replace(",", " "),
        "v4_en": v4,
        "v6_fr": v6.replace(",", " "),
        "v6_en": v6,
        "share_fr": share.replace(".", ","),
        "share_en": share,
    }


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
        "stranger": Wording(
            "Un expéditeur fictif, à une adresse que personne ne peut avoir, est accepté (une macro, « exists » ou « ptr » répond pour tous), criticité portée à « élevée » : {record}",
            "A made-up sender, at an address that nobody can have, passes (a macro, exists or ptr answers for all), raised to high: {record}",
        ),
        "large": Wording(
            "{v4_fr} adresses IPv4 ({share_fr} % d'Internet) et {v6_fr} réseaux IPv6 /64 sont autorisés, criticité portée à « élevée » : {record}{v4_en:.0}{v6_en:.0}{share_en:.0}",
            "{v4_en} IPv4 addresses ({share_en} % of the Internet) and {v6_en} IPv6 /64 networks pass, raised to high: {record}{v4_fr:.0}{v6_fr:.0}{share_fr:.0}",
        ),
        "many": Wording(
            "{v4_fr} adresses IPv4 ({share_fr} % d'Internet) et {v6_fr} réseaux IPv6 /64 sont autorisés, bien plus que n'en demandent les plus grandes plateformes : {record}{v4_en:.0}{v6_en:.0}{share_en:.0}",
            "{v4_en} IPv4 addresses ({share_en} % of the Internet) and {v6_en} IPv6 /64 networks pass, far more than the largest platforms ask for: {record}{v4_fr:.0}{v6_fr:.0}{share_fr:.0}",
        ),
        "platforms": Wording(
            "Plateformes partagées incluses : {names}.", "Shared platforms included: {names}."
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
        mail(spf=Spf(records=("v=spf1 exists:%{d} -all",), default="-", stranger="pass")),
        mail(spf=Spf(records=("v=spf1 a/9 a:b.example/9 -all",), default="-", passed_v4=2**24)),
        mail(spf=Spf(records=("v=spf1 ip6:2a00::/24 -all",), default="-", passed_v6_64=2**40)),
        mail(
            spf=Spf(
                records=("v=spf1 mx ip4:0.0.0.0/1 -all",),
                default="-",
                wide=("ip4:0.0.0.0/1",),
                platforms=("Microsoft 365",),
            )
        ),
        mail(spf=Spf(records=("v=spf1 ip4:0.0.0.0/1 -all",), default="-", wide=("ip4:0.0.0.0/1",))),
    ),
    clean=(
        mail(),
        mail(spf=Spf(records=("v=spf1 mx ~all",), default="~")),
        mail(spf=Spf(records=())),
        mail(spf=Spf(records=("v=spf1 exists:%{i}.x.example -all",), default="-", stranger="fail")),
        mail(spf=Spf(records=("v=spf1 ip4:192.0.0.0/11 -all",), default="-", passed_v4=2**21)),
    ),
    unmeasured=(
        mail(spf=None),
        mail(spf=Spf(records=("v=spf1 redirect=x.example",), is_whole=False)),
    ),
)
