"""Objects left by replication conflicts."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    healthy,
    thing,
    unread,
    user,
)
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_MARKS = ("\\0acnf:", "\ncnf:")


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the configuration, that keeps the losers of replication conflicts."""
    found = [
        (one, Proof("conflict", {"dn": one.dn}))
        for one in forest.entries
        if not one.is_deleted
        and (_is_loser(one.dn) or one.text("samaccountname").upper().startswith("$DUPLICATE-"))
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "user", "computer", "group")


def _is_loser(dn: str) -> bool:
    first = dn.partition(",")[0].lower()
    return any(mark in first for mark in _MARKS)


POINT = Point(
    id="duplicate_objects",
    condition=Condition.OURS,
    effort=1,
    base="{D}",
    query="(|(cn=*\\0ACNF:*)(sAMAccountName=$DUPLICATE-*))",
)

CHECK = Check(
    id="ad.duplicate-objects",
    title_fr="Objets en conflit de réplication",
    title_en="Replication conflict objects",
    risk_fr="Ces doublons portent des droits que personne ne suit.",
    risk_en="These duplicates carry rights that nobody follows.",
    criticality=Criticality.LOW,
    references=("PingCastle S-Duplicate", "MITRE T1098"),
    remedy_fr=(
        "Comparer chaque doublon à l'objet qu'il double, puis supprimer celui qui ne sert pas."
    ),
    remedy_en=(
        "Compare each duplicate with the object that it doubles, then delete the one not in use."
    ),
    proofs={
        **PROOFS,
        "conflict": Wording(
            "{dn} vient d'un conflit de réplication.", "{dn} comes from a replication conflict."
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(thing("OU=Bloc\\0ACNF:6a53cd2a-1111-2222-3333-444444444444", "organizationalunit")),
        healthy(user("$DUPLICATE-44f")),
    ),
    clean=(healthy(),),
    unmeasured=(healthy(unread("domain", "user")),),
)
