"""Accounts made long ago that nobody ever used."""

from collections.abc import Iterator

from checks.ad._shared.accounts import ASLEEP, asleep, is_older
from checks.ad._shared.healthy import child_domain, computer, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_DAYS = 30
_LOGONS = ("lastlogontimestamp", "lastlogon")


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with enabled accounts over 30 days old and no logon; controllers apart."""
    found = [
        asleep(one)
        for one in (*forest.users, *forest.computers)
        if one.is_enabled
        and not any(one.moment(name) for name in _LOGONS)
        and is_older(forest, one.created, _DAYS)
        and not forest.is_controller(one)
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "user", "computer", *_LOGONS)


POINT = Point(
    id="never_logged_on",
    effort=1,
    base="{D}",
    query="(&(|(sAMAccountType=805306368)(sAMAccountType=805306369))(!(lastLogonTimestamp=*))(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.never-logged-on",
    title_fr="Comptes jamais utilisés",
    title_en="Accounts never used",
    risk_fr="Ces comptes ont souvent gardé leur mot de passe de création, connu de plusieurs, et personne ne remarquera leur usage.",
    risk_en="These accounts often kept their first password, known to several people, and nobody will notice their use.",
    criticality=Criticality.LOW,
    references=("MITRE T1078.002",),
    remedy_fr="Désactiver ces comptes, puis les supprimer s'ils ne sont pas réclamés.",
    remedy_en="Disable these accounts, then delete them when nobody claims them.",
    proofs={
        **PROOFS,
        **ASLEEP,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("intérimaire", logon_days=None)),
        healthy(computer("POSTE-099", logon_days=None)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("neuf", logon_days=None, created_days=29)),
        healthy(user("parti", logon_days=None, enabled=False)),
    ),
    unmeasured=(healthy(unread("domain", "lastlogontimestamp")),),
)
