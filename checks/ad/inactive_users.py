"""Users who have not logged on for six months."""

from collections.abc import Iterator

from checks.ad._shared.accounts import ASLEEP, asleep, is_before, limit_of
from checks.ad._shared.healthy import admin, child_domain, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_DAYS = 180


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with enabled users silent for more than 180 days; privileged ones apart."""
    limit = limit_of(forest, _DAYS)
    found = [
        asleep(one)
        for one in forest.users
        if one.is_enabled
        and is_before(one, "lastlogontimestamp", limit)
        and one not in forest.privileged
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "user", "lastlogontimestamp")


POINT = Point(
    id="inactive_users",
    effort=2,
    base="{D}",
    query="(&(objectCategory=person)(lastLogonTimestamp=*)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.inactive-users",
    title_fr="Comptes inactifs depuis plus de 180 jours",
    title_en="Accounts inactive for more than 180 days",
    risk_fr="Le compte d'un agent parti reste ouvert : un ancien collègue ou un voleur de mot de passe s'en sert sans gêner personne.",
    risk_en="The account of someone who left stays open: a former colleague or a thief of passwords uses it without bothering anyone.",
    criticality=Criticality.MEDIUM,
    references=("MITRE T1078.002",),
    remedy_fr="Désactiver ces comptes après revue avec les services, chaque trimestre ; brancher les départs sur les ressources humaines.",
    remedy_en="Disable these accounts after a review with the wards, every quarter; tie leavers to human resources.",
    proofs={
        **PROOFS,
        **ASLEEP,
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(user("parti", logon_days=181)),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("parti", logon_days=180)),
        healthy(user("parti", logon_days=181, enabled=False)),
        healthy(admin("adm.parti", logon_days=400)),
    ),
    unmeasured=(healthy(unread("domain", "lastlogontimestamp")),),
)
