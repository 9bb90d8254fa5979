"""Groups nested in the groups of administration."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    group,
    healthy,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, chain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain that holds ordinary groups nested in those of ANSSI's definition."""
    heads = frozenset(forest.privileged.heads)
    found: list[Found] = []
    for one in forest.privileged.groups:
        if one not in heads:
            count = sum(each.is_account for each in forest.everyone_in(one))
            values = {"dn": one.dn, "via": chain(forest, one), "count": str(count)}
            found.append((one, Proof("nested", values)))
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "member")


POINT = Point(
    id="nested_privileges",
    condition=Condition.OURS,
    effort=2,
    base="{D}",
    query="(&(objectCategory=group)(adminCount=1))",
)

CHECK = Check(
    id="ad.nested-privileges",
    title_fr="Groupes imbriqués dans les groupes d'administration",
    title_en="Groups nested in the administration groups",
    risk_fr="Qui gère un de ces groupes fait un administrateur sans que personne ne le voie.",
    risk_en="Whoever manages one of these groups makes an administrator without anyone seeing it.",
    criticality=Criticality.MEDIUM,
    references=("MITRE T1069.002",),
    remedy_fr=(
        "Mettre les comptes directement dans les groupes d'administration, ou mieux "
        "déléguer, et retirer les groupes imbriqués."
    ),
    remedy_en=(
        "Put accounts straight into the administration groups, or better delegate, and take "
        "the nested groups out."
    ),
    proofs={
        **PROOFS,
        "nested": Wording(
            "{dn}, privilégié par {via}, compte {count} comptes.",
            "{dn}, privileged through {via}, holds {count} accounts.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(group("Équipe système", members=["adm.martin"], groups=["Domain Admins"])),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(group("Équipe système", members=["adm.martin"])),
    ),
    unmeasured=(healthy(unread("domain", "group")),),
)
