"""A DMARC policy that asks receivers to let forged mail through."""

from collections.abc import Iterator

from checks._shared.mail import mail, quoted
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import Dmarc, MailPolicy

_RULES = {
    "own": {"rule_fr": "au domaine même", "rule_en": "at the domain itself"},
    "both": {"rule_fr": "domaine de l'organisation", "rule_en": "domain of the organisation"},
    "public-suffix": {
        "rule_fr": "domaine de l'organisation, RFC 7489",
        "rule_en": "domain of the organisation, RFC 7489",
    },
    "tree-walk": {
        "rule_fr": "en remontant l'arbre, RFC 9989",
        "rule_en": "walking up the tree, RFC 9989",
    },
}


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag ``p=none``, and less gravely a policy for some messages only, or in test."""
    del facts
    if seen.dmarc is None:
        yield NotMeasured(seen.place, seen.why.get("dmarc", "undetermined"))
        return
    dmarc = seen.dmarc
    values = {
        "at": dmarc.at or seen.domain,
        "record": quoted(dmarc.records[0] if dmarc.records else ""),
        "percent": str(dmarc.percent),
        **_RULES.get(dmarc.rule, _RULES["own"]),
    }
    if dmarc.policy == "none":
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("none", values),))
    elif dmarc.policy and (dmarc.is_testing or dmarc.percent < 100):
        proof = Proof("testing" if dmarc.is_testing else "partly", values)
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,), Criticality.LOW)


def _policy(policy: str, *, percent: int = 100, is_testing: bool = False) -> MailPolicy:
    return mail(
        dmarc=Dmarc(
            records=(f"v=DMARC1; p={policy}",),
            at="chu.example",
            policy=policy,
            percent=percent,
            is_testing=is_testing,
        )
    )


CHECK = Check(
    id="mail.dmarc-not-enforced",
    title_fr="DMARC sans effet",
    title_en="DMARC not enforced",
    risk_fr="L'établissement publie une politique, mais demande aux destinataires de laisser passer les messages qui l'usurpent.",
    risk_en="The establishment publishes a policy, but asks recipients to let the messages through that forge it.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R48+", "RFC 7489 6.3", "RFC 9989"),
    remedy_fr="Lire les rapports (« rua ») jusqu'à ce que tous les envois légitimes passent SPF ou DKIM, puis publier « p=quarantine » et enfin « p=reject », sans « pct » ni « t=y », sous-domaines compris (« sp »).",
    remedy_en="Read the reports (rua) until all legitimate mail passes SPF or DKIM, then publish p=quarantine and at last p=reject, without pct or t=y, subdomains included (sp).",
    proofs={
        "none": Wording(
            "La politique qui s'applique, publiée à {at} ({rule_fr}), est « none » : {record}{rule_en:.0}",
            "The policy that applies, published at {at} ({rule_en}), is none: {record}{rule_fr:.0}",
        ),
        "testing": Wording(
            "La politique est en essai (« t=y ») : {record} Criticité ramenée à « faible ».",
            "The policy is being tested (t=y): {record} Lowered to low.",
        ),
        "partly": Wording(
            "La politique ne vaut que pour {percent} % des messages : {record} Criticité ramenée à « faible ».",
            "The policy holds for {percent} % of the messages only: {record} Lowered to low.",
        ),
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(
        _policy("none"),
        _policy("reject", percent=20),
        _policy("quarantine", is_testing=True),
    ),
    clean=(mail(), _policy("quarantine"), mail(dmarc=Dmarc(records=()))),
    unmeasured=(mail(dmarc=None),),
)
