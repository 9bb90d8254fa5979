"""Outbound forest trusts that take SID history (vuln_trusts_forest_sidhistory)."""

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
    return one.is_outbound and one.is_forest and one.takes_sid_history


POINT = Point(
    id="vuln_trusts_forest_sidhistory",
    levels=(1,),
    condition=Condition.OURS,
    effort=1,
    base="CN=System,{D}",
    query="(objectClass=trustedDomain)",
)

CHECK = Check(
    id="ad.trusts-forest-sidhistory",
    title_fr="Approbation de forêt sortante acceptant l'historique de SID",
    title_en="Outbound forest trust that takes SID history",
    risk_fr=(
        "Un administrateur de la forêt approuvée, ou qui l'a prise, se fait passer ici pour "
        "un utilisateur à hauts droits."
    ),
    risk_en=(
        "An administrator of the trusted forest, or whoever took it, passes here for a user "
        "with high rights."
    ),
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_trusts_forest_sidhistory", "MITRE T1134.005"),
    remedy_fr="Finir la migration puis désactiver l'historique (netdom trust /EnableSIDHistory:no).",
    remedy_en="Finish the migration then turn the history off (netdom trust /EnableSIDHistory:no).",
    proofs={
        **PROOFS,
        "trust": Wording(
            (
                "{partner} : approbation de forêt sortante traitée comme externe, "
                "TREAT_AS_EXTERNAL (trustAttributes {bits})."
            ),
            (
                "{partner}: outbound forest trust treated as external, TREAT_AS_EXTERNAL "
                "(trustAttributes {bits})."
            ),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            trust(
                "foret.example", trustattributes=flags.FOREST_TRANSITIVE | flags.TREAT_AS_EXTERNAL
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(trust("foret.example", trustattributes=flags.FOREST_TRANSITIVE)),
        healthy(
            trust(
                "foret.example",
                trustattributes=flags.FOREST_TRANSITIVE | flags.TREAT_AS_EXTERNAL,
                trustdirection=flags.INBOUND,
            )
        ),
    ),
    unmeasured=(
        healthy(unread("domain", "trusteddomain")),
        healthy(trust("amie.example", trustattributes=None)),
    ),
)
