"""Privileged accounts that nobody has used for six months."""

from collections.abc import Iterator

from checks.ad._shared.accounts import ASLEEP, asleep, is_break_glass, is_idle
from checks.ad._shared.healthy import admin, child_domain, healthy, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_DAYS = 180


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with enabled privileged users silent for more than 180 days; RID 500 apart."""
    found = [
        asleep(one)
        for one in forest.privileged.enabled_users
        if is_idle(forest, one, _DAYS) and not is_break_glass(one)
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "user", "lastlogontimestamp")


POINT = Point(
    id="inactive_admins",
    effort=1,
    base="{D}",
    query="(&(objectCategory=person)(adminCount=1)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.inactive-admins",
    title_fr="Comptes privilégiés inactifs depuis plus de 180 jours",
    title_en="Privileged accounts inactive for more than 180 days",
    risk_fr="Un administrateur parti garde les clés ; son compte volé ne gênera personne et ne se remarquera pas.",
    risk_en="An administrator who left keeps the keys; the theft of the account will bother nobody and go unnoticed.",
    criticality=Criticality.HIGH,
    references=("MITRE T1078.002",),
    remedy_fr="Retirer ces comptes des groupes privilégiés, puis les désactiver.",
    remedy_en="Take these accounts out of the privileged groups, then disable them.",
    proofs={
        **PROOFS,
        **ASLEEP,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(admin("adm.parti", logon_days=181)),
        healthy(admin("adm.jamais", logon_days=None)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(admin("adm.parti", logon_days=180)),
        healthy(admin("Administrator", logon_days=900)),
        healthy(admin("adm.parti", logon_days=181, enabled=False)),
    ),
    unmeasured=(healthy(unread("domain", "lastlogontimestamp")),),
)
