"""Privileged accounts outside Protected Users (vuln_protected_users)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    admin,
    child_domain,
    emptied,
    group,
    healthy,
    unread,
    user,
    without,
)
from checks.ad._shared.verdicts import PROOFS, by_domain, chain, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose enabled privileged users are not in RID 525, nested or not."""
    groups = [forest.account(one, sids.PROTECTED_USERS) for one in forest.domains]
    inside = forest.everyone_in(*(one for one in groups if one is not None))
    found = [
        (one, Proof("outside", {"dn": one.dn, "via": chain(forest, one)}))
        for one in forest.privileged.enabled_users
        if one not in inside
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "group", "user", "member")


POINT = Point(
    id="vuln_protected_users",
    levels=(3,),
    condition=Condition.PUBLISHED,
    effort=2,
    base="{D}",
    query="(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.803:=512)(adminCount=1)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.protected-users",
    title_fr="Comptes privilégiés hors du groupe Protected Users",
    title_en="Privileged accounts outside Protected Users",
    risk_fr="Leurs secrets restent en mémoire des machines où ils se connectent, et NTLM, RC4 et la délégation leur restent ouverts.",
    risk_en="Their secrets stay in the memory of the machines where they log on, and NTLM, RC4 and delegation stay open to them.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI vuln_protected_users",
        "MITRE T1003",
        "MITRE T1550.002",
    ),
    remedy_fr="Après essai, ajouter les administrateurs à Protected Users (plus de NTLM, de RC4 ni de délégation ; tickets de 4 heures) ; n'y mettre ni service ni machine ; garder au besoin un compte bris de glace dehors.",
    remedy_en="After a trial, add administrators to Protected Users (no more NTLM, RC4 or delegation; 4-hour tickets); put neither services nor machines in it; keep a break-glass account outside if need be.",
    proofs={
        **PROOFS,
        "outside": Wording(
            "{dn}, privilégié par {via}, n'est pas membre de Protected Users.",
            "{dn}, privileged through {via}, is not a member of Protected Users.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("svc-sauve", groups=["Backup Operators"])),
        healthy(admin("adm.dehors", groups=["Domain Admins"])),
        healthy(emptied("Protected Users")),
        healthy(without("Protected Users")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(
            admin("adm.niche", groups=["Domain Admins"]),
            group("Niveau 0", members=["adm.niche"], groups=["Protected Users"]),
        ),
        healthy(admin("adm.dehors", groups=["Domain Admins"], enabled=False)),
    ),
    unmeasured=(healthy(unread("domain", "group")),),
)
