"""A DMARC policy that leaves the names below the domain to whoever forges them."""

from collections.abc import Iterator

from checks._shared.mail import mail, quoted
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import Dmarc, MailPolicy

_STRENGTH = {"none": 0, "quarantine": 1, "reject": 2}


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag ``sp`` or ``np`` weaker than the policy of the domain itself."""
    del facts
    if seen.dmarc is None:
        yield NotMeasured(seen.place, seen.why.get("dmarc", "undetermined"))
        return
    dmarc = seen.dmarc
    own = _STRENGTH.get(dmarc.policy, 0)
    proofs = tuple(
        Proof(
            tag,
            {"policy": policy, "own": dmarc.policy, "record": quoted("".join(dmarc.records[:1]))},
        )
        for tag, policy in (("sp", dmarc.below), ("np", dmarc.below_missing))
        if _STRENGTH.get(policy, 2) < own
    )
    # « np » that only repeats « sp » is told once.
    if dmarc.below == dmarc.below_missing:
        proofs = proofs[:1]
    if proofs:
        is_void = "none" in {dmarc.below, dmarc.below_missing}
        criticality = None if is_void else Criticality.LOW
        yield Flagged(seen.place, Confidence.CERTAIN, proofs, criticality)


def _policy(own: str, below: str, missing: str) -> MailPolicy:
    return mail(
        dmarc=Dmarc(
            records=(f"v=DMARC1; p={own}; sp={below}; np={missing}",),
            at="chu.example",
            policy=own,
            below=below,
            below_missing=missing,
        )
    )


CHECK = Check(
    id="mail.dmarc-subdomains-weaker",
    title_fr="DMARC plus faible pour les sous-domaines",
    title_en="DMARC weaker for subdomains",
    risk_fr="Une adresse en « @quelque-chose.domaine » passe là où celle du domaine serait refusée ; le destinataire n'y voit guère de différence.",
    risk_en="An address at @something.domain passes where that of the domain would be refused; recipients hardly see the difference.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R48+", "RFC 7489 6.3", "RFC 9989", "RFC 9091"),
    remedy_fr="Retirer « sp » et « np », ou leur donner la même politique que « p » ; recenser d'abord les sous-domaines qui envoient.",
    remedy_en="Remove sp and np, or give them the same policy as p; list the subdomains that send first.",
    proofs={
        "sp": Wording(
            "Sous-domaines : « {policy} », quand le domaine a « {own} ». {record}",
            "Subdomains: {policy}, where the domain has {own}. {record}",
        ),
        "np": Wording(
            "Sous-domaines qui n'existent pas : « {policy} », quand le domaine a « {own} ». {record}",
            "Subdomains that do not exist: {policy}, where the domain has {own}. {record}",
        ),
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(
        _policy("reject", "none", "none"),
        _policy("reject", "reject", "none"),
        _policy("reject", "quarantine", "quarantine"),
    ),
    clean=(
        mail(),
        mail(dmarc=Dmarc(records=())),
        _policy("reject", "reject", "reject"),
        _policy("none", "none", "none"),
        _policy("quarantine", "reject", "reject"),
    ),
    unmeasured=(mail(dmarc=None),),
)
