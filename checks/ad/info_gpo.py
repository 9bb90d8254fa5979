"""Group policies that changed lately (info_gpo)."""

from collections.abc import Iterator

from checks._shared.examples import AT
from checks.ad._shared.accounts import is_older
from checks.ad._shared.healthy import child_domain, gpo, healthy, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, day, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_DAYS = 7
_GUID = "AAAAAAAA-1111-2222-3333-444444444444"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with policies changed within a week of the collection."""
    found = [
        (one, Proof("changed", {"dn": one.dn, "name": one.text("displayname"), "day": when}))
        for one in forest.gpos
        if one.changed is not None and not is_older(forest, one.changed, _DAYS)
        for when in (day(one, "whenchanged"),)
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "grouppolicycontainer", "whenchanged")


POINT = Point(
    id="info_gpo",
    effort=1,
    base="CN=Policies,CN=System,{D}",
    query="(objectClass=groupPolicyContainer)",
)

CHECK = Check(
    id="ad.info-gpo",
    title_fr="Stratégies de groupe modifiées depuis peu",
    title_en="Group policies changed lately",
    risk_fr=("Une modification que personne n'attendait peut être celle d'un attaquant."),
    risk_en="A change that nobody expected may be an attacker's.",
    criticality=Criticality.INFO,
    references=(
        "ANSSI info_gpo",
        "MITRE T1484.001",
    ),
    remedy_fr=("Rapprocher ces modifications des changements prévus (Get-GPOReport)."),
    remedy_en="Match these modifications with the planned changes (Get-GPOReport).",
    proofs={
        **PROOFS,
        "changed": Wording(
            "{name} ({dn}) : modifiée le {day}.",
            "{name} ({dn}): changed on {day}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(gpo(_GUID, {"whenchanged": AT})),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(gpo(_GUID)),
    ),
    unmeasured=(healthy(unread("domain", "grouppolicycontainer")),),
)
