"""Privileged accounts whose password never expires (vuln_dont_expire_priv)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import lacking
from checks.ad._shared.healthy import admin, child_domain, healthy, hide, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, chain, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled privileged users never have to renew their password."""
    found = [
        (one, Proof("never", {"dn": one.dn, "via": chain(forest, one)}))
        for one in forest.privileged.enabled_users
        if one.uac & flags.NEVER_EXPIRES
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "group", "user")
    yield from lacking(forest, forest.privileged.users, "useraccountcontrol")


POINT = Point(
    id="vuln_dont_expire_priv",
    levels=(1,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.803:=65536)(adminCount=1)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.dont-expire-priv",
    title_fr="Comptes privilégiés dont le mot de passe n'expire jamais",
    title_en="Privileged accounts whose password never expires",
    risk_fr="Un mot de passe d'administrateur volé une fois reste bon pour toujours, et nul ne s'en aperçoit.",
    risk_en="An administrator's password that was stolen once stays good for ever, and nobody notices.",
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_dont_expire_priv",
        "MITRE T1078.002",
    ),
    remedy_fr="Retirer l'option « le mot de passe n'expire jamais » et changer le mot de passe, puis au plus tous les trois ans ; sortir les comptes de service des groupes privilégiés.",
    remedy_en="Clear « Password never expires » and change the password, then every three years at most; take service accounts out of the privileged groups.",
    proofs={
        **PROOFS,
        "never": Wording(
            "{dn}, privilégié par {via}, a l'indicateur DONT_EXPIRE_PASSWORD (userAccountControl).",
            "{dn}, privileged through {via}, has the flag DONT_EXPIRE_PASSWORD (userAccountControl).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(admin("adm.vieux", uac=flags.NEVER_EXPIRES)),
        healthy(user("Administrator", uac=flags.NEVER_EXPIRES)),
        healthy(user("svc", uac=flags.NEVER_EXPIRES, primarygroupid=512)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(admin("adm.vieux", uac=flags.NEVER_EXPIRES, enabled=False)),
        healthy(user("svc", uac=flags.NEVER_EXPIRES)),
    ),
    unmeasured=(
        healthy(unread("domain", "user")),
        healthy(unread("domain", "group")),
        healthy(hide("adm.martin", "useraccountcontrol")),
    ),
)
