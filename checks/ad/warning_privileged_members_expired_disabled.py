"""Privileged accounts that are disabled or expired (warning_privileged_members_expired_disabled)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import is_break_glass
from checks.ad._shared.healthy import admin, healthy, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, chain, day, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_EXPIRES = "accountexpires"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with privileged users that may not log in, RID 500 apart."""
    found = [
        (one, Proof(why, {"dn": one.dn, "via": chain(forest, one), "day": day(one, _EXPIRES)}))
        for one in forest.privileged.users
        if not is_break_glass(one)
        for why in (_reason(forest, one),)
        if why
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "user", _EXPIRES)


def _reason(forest: Directory, one: Entry) -> str:
    if not one.is_enabled:
        return "disabled"
    end = one.moment(_EXPIRES)
    return "expired" if end is not None and end < forest.at else ""


POINT = Point(
    id="warning_privileged_members_expired_disabled",
    effort=1,
    base="{D}",
    query="(&(adminCount=1)(userAccountControl:1.2.840.113556.1.4.803:=2))",
)

CHECK = Check(
    id="ad.warning-privileged-members-expired-disabled",
    title_fr="Comptes privilégiés désactivés ou expirés",
    title_en="Privileged accounts disabled or expired",
    risk_fr="Réactiver l'un de ces comptes suffit à redevenir administrateur, sans toucher à aucun groupe.",
    risk_en="To enable one of these accounts again is enough to become an administrator, without touching any group.",
    criticality=Criticality.LOW,
    references=(
        "ANSSI warning_privileged_members_expired_disabled",
        "MITRE T1098",
    ),
    remedy_fr="Retirer ces comptes de tous les groupes privilégiés, puis les supprimer.",
    remedy_en="Take these accounts out of all privileged groups, then delete them.",
    proofs={
        **PROOFS,
        "disabled": Wording(
            "{dn}, privilégié par {via}, est désactivé.{day:.0}",
            "{dn}, privileged through {via}, is disabled.{day:.0}",
        ),
        "expired": Wording(
            "{dn}, privilégié par {via}, est expiré depuis le {day}.",
            "{dn}, privileged through {via}, has been expired since {day}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(admin("adm.parti", enabled=False)),
        healthy(admin("adm.expiré", attributes={"accountexpires": 131_000_000_000_000_000})),
    ),
    clean=(
        healthy(),
        healthy(admin("Administrator", enabled=False)),
        healthy(admin("adm.x", attributes={"accountexpires": (1 << 63) - 1})),
    ),
    unmeasured=(healthy(unread("domain", "user")),),
)
