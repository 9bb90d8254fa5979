"""An SPF policy that rests on the reverse names of senders."""

from collections.abc import Iterator

from checks._shared.mail import mail, quoted
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import MailPolicy, Spf


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag ``ptr``, in the policy or in what it includes."""
    del facts
    if seen.spf is None:
        yield NotMeasured(seen.place, seen.why.get("spf", "undetermined"))
    elif seen.spf.has_ptr:
        record = Proof("record", {"record": quoted("".join(seen.spf.records[:1]))})
        yield Flagged(seen.place, Confidence.CERTAIN, (record,))
    elif not seen.spf.is_whole:
        yield NotMeasured(seen.place, seen.why.get("spf", "undetermined"))


CHECK = Check(
    id="mail.spf-uses-ptr",
    title_fr="SPF fondé sur les noms inverses (« ptr »)",
    title_en="SPF that rests on reverse names (ptr)",
    risk_fr="Bien des destinataires ne cherchent plus les noms inverses : des messages légitimes échouent, et le résultat dépend de zones que tient l'hébergeur de l'expéditeur.",
    risk_en="Many recipients no longer look up reverse names: legitimate messages fail, and the result depends on zones kept by whoever hosts the sender.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R44", "RFC 7208 5.5"),
    remedy_fr="Remplacer « ptr » par les adresses des serveurs d'envoi (ip4, ip6), ou par « a » et « mx ».",
    remedy_en="Replace ptr by the addresses of the sending servers (ip4, ip6), or by a and mx.",
    proofs={
        "record": Wording(
            "Le mécanisme « ptr » figure dans la politique ou dans ce qu'elle inclut : {record}",
            "The ptr mechanism stands in the policy or in what it includes: {record}",
        )
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(mail(spf=Spf(records=("v=spf1 ptr -all",), default="-", has_ptr=True)),),
    clean=(mail(), mail(spf=Spf(records=()))),
    unmeasured=(mail(spf=None), mail(spf=Spf(records=("v=spf1 a -all",), is_whole=False))),
)
