"""Groups that contain one another (vuln_group_loop)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, group, healthy, member, unread
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_TOLD = 10


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest whose groups loop, a group in itself included; members are followed, not memberOf."""
    found = [
        (
            one,
            Proof(
                "loop", {"dn": one.dn, "groups": ", ".join(other.name for other in loop[:_TOLD])}
            ),
        )
        for loop in forest.group_loops
        for one in loop
    ]
    yield from failed(forest, None, found, *POINT.levels)
    yield from gaps(forest, "domain", "group", "member")


POINT = Point(
    id="vuln_group_loop",
    levels=(4,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(&(objectCategory=group)(member=*)(memberOf=*))",
)

CHECK = Check(
    id="ad.group-loop",
    title_fr="Groupes imbriqués en boucle",
    title_en="Groups nested in a loop",
    risk_fr="Être dans l'un de ces groupes, c'est être dans tous : personne ne sait plus qui a quels droits.",
    risk_en="To be in one of these groups is to be in all: nobody knows any longer who has which rights.",
    criticality=Criticality.LOW,
    references=(
        "ANSSI vuln_group_loop",
        "MITRE T1069.002",
    ),
    remedy_fr="Retirer une appartenance par boucle, après avoir vérifié laquelle ne sert pas.",
    remedy_en="Remove one membership of each loop, after checking which one is of no use.",
    proofs={
        **PROOFS,
        "loop": Wording("{dn} est dans une boucle : {groups}.", "{dn} is in a loop: {groups}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(group("A"), group("B", members=["A"], groups=["A"])),
        healthy(group("Soi"), member("Soi", "Soi")),
        healthy(
            child_domain(),
            group("A"),
            group("B", domain="SUB", members=["A"]),
            member("A", "SUB\\B"),
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(group("A"), group("B", groups=["A"]), group("C", groups=["A", "B"])),
    ),
    unmeasured=(healthy(unread("domain", "group")),),
)
