"""Privileged accounts that Kerberos answers without pre-authentication (vuln_kerberos_properties_preauth_priv)."""

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
    """Flag each domain some of whose enabled privileged users need no pre-authentication."""
    found = [
        (one, Proof("open", {"dn": one.dn, "via": chain(forest, one)}))
        for one in forest.privileged.enabled_users
        if one.uac & flags.NO_PREAUTH
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "group", "user")
    yield from lacking(forest, forest.privileged.users, "useraccountcontrol")


POINT = Point(
    id="vuln_kerberos_properties_preauth_priv",
    levels=(1,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.803:=4194304)(adminCount=1)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.kerberos-properties-preauth-priv",
    title_fr="Comptes privilégiés sans pré-authentification Kerberos",
    title_en="Privileged accounts without Kerberos pre-authentication",
    risk_fr="N'importe qui sur le réseau, sans même un compte, obtient de quoi chercher hors ligne le mot de passe d'un administrateur.",
    risk_en="Anyone on the network, even without an account, obtains what it takes to search an administrator's password offline.",
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_kerberos_properties_preauth_priv",
        "MITRE T1558.004",
    ),
    remedy_fr="Retirer l'option « la pré-authentification Kerberos n'est pas nécessaire », puis changer le mot de passe.",
    remedy_en="Clear « Do not require Kerberos preauthentication », then change the password.",
    proofs={
        **PROOFS,
        "open": Wording(
            "{dn}, privilégié par {via}, a l'indicateur DONT_REQ_PREAUTH (userAccountControl).",
            "{dn}, privileged through {via}, has the flag DONT_REQ_PREAUTH (userAccountControl).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(admin("adm.ouvert", uac=flags.NO_PREAUTH)),
        healthy(
            child_domain(),
            user("x", domain="SUB", uac=flags.NO_PREAUTH, groups=["SUB\\Backup Operators"]),
        ),
    ),
    clean=(
        healthy(),
        healthy(admin("adm.ouvert", uac=flags.NO_PREAUTH, enabled=False)),
        healthy(user("m.durand", uac=flags.NO_PREAUTH)),
    ),
    unmeasured=(
        healthy(unread("domain", "user")),
        healthy(hide("adm.martin", "useraccountcontrol")),
    ),
)
