"""Privileged accounts that a server may act for."""

from collections.abc import Iterator

from checks.ad._shared.accounts import groups_of_rid, lacking
from checks.ad._shared.healthy import child_domain, healthy, hide, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, chain, gaps
from checks.registry import Check
from core.directory import flags, sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled privileged users have no NOT_DELEGATED and are not protected users."""
    inside = forest.everyone_in(*groups_of_rid(forest, sids.PROTECTED_USERS))
    found = [
        (one, Proof("delegable", {"dn": one.dn, "via": chain(forest, one)}))
        for one in forest.privileged.enabled_users
        if not one.uac & flags.NOT_DELEGATED and one not in inside
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "user", "member")
    yield from lacking(forest, forest.privileged.users, "useraccountcontrol")


POINT = Point(
    id="priv_not_sensitive",
    effort=1,
    base="{D}",
    query="(&(objectCategory=person)(adminCount=1)(!(userAccountControl:1.2.840.113556.1.4.803:=1048576))(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.priv-not-sensitive",
    title_fr="Comptes privilégiés qu'un serveur peut représenter",
    title_en="Privileged accounts that a server may act for",
    risk_fr="Un serveur à qui la délégation est permise peut agir au nom de ces administrateurs, s'ils s'y connectent.",
    risk_en="A server allowed to delegate may act in the name of these administrators, if they connect to it.",
    criticality=Criticality.MEDIUM,
    references=(
        "MITRE T1558",
        "MITRE T1550.003",
    ),
    remedy_fr="Cocher « le compte est sensible et ne peut pas être délégué », ou ajouter le compte à Protected Users.",
    remedy_en="Tick « Account is sensitive and cannot be delegated », or add the account to Protected Users.",
    proofs={
        **PROOFS,
        "delegable": Wording(
            "{dn}, privilégié par {via}, n'a pas l'indicateur NOT_DELEGATED (userAccountControl).",
            "{dn}, privileged through {via}, does not have the flag NOT_DELEGATED (userAccountControl).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(user("svc", groups=["Backup Operators"])),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("svc", uac=flags.NOT_DELEGATED, groups=["Backup Operators"])),
        healthy(user("svc", groups=["Backup Operators", "Protected Users"])),
    ),
    unmeasured=(
        healthy(unread("domain", "user")),
        healthy(hide("adm.martin", "useraccountcontrol")),
    ),
)
