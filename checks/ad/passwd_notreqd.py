"""Accounts that may have no password."""

from collections.abc import Iterator

from checks.ad._shared.accounts import is_monitoring
from checks.ad._shared.healthy import child_domain, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, day, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled users have the flag, Exchange's own monitoring apart."""
    found = [
        (one, Proof("none", {"dn": one.dn, "day": day(one, "pwdlastset")}))
        for one in forest.having("useraccountcontrol")
        if one.uac & flags.PASSWORD_NOT_REQUIRED
        and one.is_user
        and one.is_enabled
        and not is_monitoring(forest, one)
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "user", "useraccountcontrol")


POINT = Point(
    id="passwd_notreqd",
    effort=1,
    base="{D}",
    query="(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.803:=32)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.passwd-notreqd",
    title_fr="Comptes dispensés de mot de passe",
    title_en="Accounts that need no password",
    risk_fr="Ces comptes peuvent avoir un mot de passe vide : n'importe qui s'y connecte.",
    risk_en="These accounts may have an empty password: anyone logs in.",
    criticality=Criticality.HIGH,
    references=("MITRE T1078.002",),
    remedy_fr="Retirer l'indicateur PASSWD_NOTREQD et imposer un mot de passe conforme à la politique.",
    remedy_en="Clear the flag PASSWD_NOTREQD and require a password that meets the policy.",
    proofs={
        **PROOFS,
        "none": Wording(
            "{dn} a l'indicateur PASSWD_NOTREQD (userAccountControl) ; mot de passe du {day}.",
            "{dn} has the flag PASSWD_NOTREQD (userAccountControl); password of {day}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(user("borne", uac=flags.PASSWORD_NOT_REQUIRED)),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("borne", uac=flags.PASSWORD_NOT_REQUIRED, enabled=False)),
        healthy(user("HealthMailbox1", uac=flags.PASSWORD_NOT_REQUIRED)),
    ),
    unmeasured=(healthy(unread("domain", "user")),),
)
