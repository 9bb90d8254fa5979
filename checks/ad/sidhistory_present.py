"""Accounts still carry the identifiers of another domain (vuln_sidhistory_present)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, group, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_TOLD = 3


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose accounts or groups have a sIDHistory."""
    found: list[Found] = []
    for one in forest.having("sidhistory"):
        held = one.sids("sidhistory")
        told = ", ".join(f"{sid} ({forest.name_of(sid)})" for sid in held[:_TOLD])
        found.append((one, Proof("history", {"dn": one.dn, "sids": told or "—"})))
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "user", "computer", "group", "sidhistory")


POINT = Point(
    id="vuln_sidhistory_present",
    levels=(3,),
    condition=Condition.PUBLISHED,
    effort=2,
    base="{D}",
    query="(sIDHistory=*)",
)

CHECK = Check(
    id="ad.sidhistory-present",
    title_fr="Historique de SID encore présent",
    title_en="SID history still present",
    risk_fr="Ces comptes gardent les droits de leur ancien domaine sans que les listes de groupes le montrent ; une valeur malveillante s'y cache aisément.",
    risk_en="These accounts keep the rights of their old domain without the lists of groups showing it; a malicious value hides there easily.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI vuln_sidhistory_present",
        "MITRE T1134.005",
    ),
    remedy_fr="Une fois la migration finie et les droits retraduits, effacer sIDHistory (Get-ADUser … | Set-ADUser -Remove @{sIDHistory=…}).",
    remedy_en="Once the migration is over and rights are translated, clear sIDHistory (Get-ADUser … | Set-ADUser -Remove @{sIDHistory=…}).",
    proofs={
        **PROOFS,
        "history": Wording("{dn} : sIDHistory = {sids}.", "{dn}: sIDHistory = {sids}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("migré", sidhistory="S-1-5-21-9-9-9-1104")),
        healthy(group("Ancien", sidhistory="S-1-5-21-9-9-9-1105")),
        healthy(child_domain(), user("migré", domain="SUB", sidhistory="m.durand")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("domain", "sidhistory")),),
)
