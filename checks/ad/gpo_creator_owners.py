"""Ordinary accounts create group policies."""

from collections.abc import Iterator

from checks.ad._shared.accounts import INSIDE, groups_of_rid, insiders
from checks.ad._shared.healthy import child_domain, healthy, member, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose Group Policy Creator Owners hold who is not privileged."""
    heads = groups_of_rid(forest, sids.POLICY_CREATOR_OWNERS)
    yield from by_domain(forest, insiders(forest, heads))
    yield from gaps(forest, "domain", "group", "user", "member")


POINT = Point(
    id="gpo_creator_owners",
    effort=1,
    base="{D}",
    query="(|(sAMAccountName=Group Policy Creator Owners)(sAMAccountName=Propriétaires créateurs de la stratégie de groupe))",
)

CHECK = Check(
    id="ad.gpo-creator-owners",
    title_fr="Groupe Propriétaires créateurs de la stratégie de groupe peuplé",
    title_en="Group Policy Creator Owners populated",
    risk_fr="Ses membres créent des stratégies et en restent propriétaires : liées un jour à des serveurs, elles leur en donnent le contrôle.",
    risk_en="Its members create policies and stay their owners: once linked to servers, these give them control.",
    criticality=Criticality.MEDIUM,
    references=("MITRE T1484.001",),
    remedy_fr="Vider le groupe ; faire créer les stratégies par les administrateurs, puis déléguer leur seule modification.",
    remedy_en="Empty the group; have administrators create policies, then delegate their edition alone.",
    proofs={
        **PROOFS,
        **INSIDE,
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(member("Group Policy Creator Owners", "m.durand")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(member("Group Policy Creator Owners", "adm.martin")),
    ),
    unmeasured=(healthy(unread("domain", "member")),),
)
