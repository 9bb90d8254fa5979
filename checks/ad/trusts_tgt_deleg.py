"""Inbound trusts that hand tickets over (vuln_trusts_tgt_deleg)."""

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
        one.is_inbound and not one.is_within_forest and bool(one.attributes & flags.TGT_DELEGATION)
    )


POINT = Point(
    id="vuln_trusts_tgt_deleg",
    levels=(3,),
    condition=Condition.OURS,
    effort=1,
    base="CN=System,{D}",
    query="(objectClass=trustedDomain)",
)

CHECK = Check(
    id="ad.trusts-tgt-deleg",
    title_fr="Approbation entrante autorisant la délégation des tickets (TGT)",
    title_en="Inbound trust that allows ticket (TGT) delegation",
    risk_fr=(
        "Un serveur de l'autre forêt garde les tickets de nos utilisateurs qui s'y "
        "connectent et agit en leur nom ici."
    ),
    risk_en=(
        "A server of the other forest keeps the tickets of our users who connect to it and "
        "acts in their name here."
    ),
    criticality=Criticality.MEDIUM,
    references=("ANSSI vuln_trusts_tgt_deleg", "MITRE T1558"),
    remedy_fr="Interdire cette délégation : netdom trust /EnableTGTDelegation:no.",
    remedy_en="Forbid this delegation: netdom trust /EnableTGTDelegation:no.",
    proofs={
        **PROOFS,
        "trust": Wording(
            (
                "{partner} : approbation entrante avec "
                "CROSS_ORGANIZATION_ENABLE_TGT_DELEGATION (trustAttributes {bits})."
            ),
            (
                "{partner}: inbound trust with CROSS_ORGANIZATION_ENABLE_TGT_DELEGATION "
                "(trustAttributes {bits})."
            ),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            trust(
                "foret.example",
                trustattributes=flags.FOREST_TRANSITIVE | flags.TGT_DELEGATION,
                trustdirection=3,
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(
            trust("foret.example", trustattributes=flags.FOREST_TRANSITIVE | flags.TGT_DELEGATION)
        ),
        healthy(trust("foret.example", trustattributes=flags.FOREST_TRANSITIVE, trustdirection=3)),
    ),
    unmeasured=(
        healthy(unread("domain", "trusteddomain")),
        healthy(trust("amie.example", trustattributes=None)),
    ),
)
