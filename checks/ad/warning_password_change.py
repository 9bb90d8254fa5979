"""Ordinary accounts keep their password too long (warning_password_change)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import OLD, THREE_YEARS, is_before, keeping, limit_of
from checks.ad._shared.healthy import child_domain, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled users have had one password for over three years; privileged ones apart."""
    limit = limit_of(forest, THREE_YEARS)
    held = [
        one
        for one in forest.users
        if is_before(one, "pwdlastset", limit) and one.is_enabled and one not in forest.privileged
    ]
    yield from by_domain(forest, keeping(forest, held, THREE_YEARS))
    yield from gaps(forest, "domain", "user", "pwdlastset")


POINT = Point(
    id="warning_password_change",
    effort=2,
    base="{D}",
    query="(&(objectCategory=person)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.warning-password-change",
    title_fr="Comptes ordinaires : mot de passe de plus de trois ans",
    title_en="Ordinary accounts: password more than three years old",
    risk_fr="Un mot de passe ancien a eu le temps de fuir, et ses clés de chiffrement peuvent être faibles.",
    risk_en="An old password had time to leak, and its encryption keys may be weak.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI warning_password_change",
        "MITRE T1078.002",
    ),
    remedy_fr="Faire changer ces mots de passe, ceux des services d'abord ; désactiver les comptes qui ne servent plus.",
    remedy_en="Have these passwords changed, those of services first; disable the accounts no longer used.",
    proofs={
        **PROOFS,
        **OLD,
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(user("m.durand", password_days=1_096)),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("m.durand", password_days=1_095)),
        healthy(user("m.durand", password_days=1_096, enabled=False)),
        healthy(user("m.durand", password_days=None)),
    ),
    unmeasured=(healthy(unread("domain", "pwdlastset")),),
)
