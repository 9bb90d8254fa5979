"""Inbound trusts whose ticket delegation is left to the default (warning_trusts_tgt_deleg)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    healthy,
    trust,
    unread,
)
from checks.ad._shared.trusts import flag_trusts
from checks.ad._shared.verdicts import PROOFS
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.trusts import Trust
from core.facts import Facts
from core.model import Criticality, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain that holds such a trust."""
    yield from flag_trusts(forest, POINT, _is_at_fault)


def _is_at_fault(one: Trust) -> bool:
    return (
        one.is_inbound
        and one.is_forest
        and not one.is_within_forest
        and not one.attributes & (flags.TGT_DELEGATION | flags.NO_TGT_DELEGATION)
    )


POINT = Point(
    id="warning_trusts_tgt_deleg",
    condition=Condition.OURS,
    effort=1,
    base="CN=System,{D}",
    query="(objectClass=trustedDomain)",
)

CHECK = Check(
    id="ad.warning-trusts-tgt-deleg",
    title_fr="Approbation entrante : délégation des tickets laissée au réglage par défaut",
    title_en="Inbound trust: ticket delegation left to the default setting",
    risk_fr=(
        "Un contrôleur sans les correctifs de 2019 laisse encore partir les tickets de nos "
        "utilisateurs vers l'autre forêt."
    ),
    risk_en=(
        "A controller without the updates of 2019 still lets our users' tickets go to the "
        "other forest."
    ),
    criticality=Criticality.LOW,
    references=("ANSSI warning_trusts_tgt_deleg", "Microsoft KB4490425"),
    remedy_fr="Écrire l'interdiction : netdom trust /EnableTGTDelegation:no.",
    remedy_en="Write the refusal down: netdom trust /EnableTGTDelegation:no.",
    proofs={
        **PROOFS,
        "trust": Wording(
            (
                "{partner} : approbation de forêt entrante, ni interdiction ni autorisation "
                "écrite (trustAttributes {bits})."
            ),
            (
                "{partner}: inbound forest trust, neither refusal nor permission written "
                "(trustAttributes {bits})."
            ),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(trust("foret.example", trustattributes=flags.FOREST_TRANSITIVE, trustdirection=3)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(
            trust(
                "foret.example",
                trustattributes=flags.FOREST_TRANSITIVE | flags.NO_TGT_DELEGATION,
                trustdirection=3,
            )
        ),
    ),
    unmeasured=(
        healthy(unread("domain", "trusteddomain")),
        healthy(trust("amie.example", trustattributes=None)),
    ),
)
