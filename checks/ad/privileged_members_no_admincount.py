"""Privileged members whom the protection of descriptors does not mark (vuln_privileged_members_no_admincount)."""

from collections.abc import Iterator
from datetime import timedelta

from checks.ad._shared.healthy import (
    admin,
    child_domain,
    foreign,
    group,
    healthy,
    server,
    unread,
    user,
)
from checks.ad._shared.verdicts import PROOFS, by_domain, chain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_DELAY = timedelta(hours=2)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose privileged members carry no adminCount, machines and newcomers apart."""
    heads = set(forest.privileged.heads)
    found = [
        (one, Proof("unmarked", {"dn": one.dn, "via": chain(forest, one)}))
        for one in forest.privileged.via
        if one not in heads
        and not one.is_computer
        and not one.is_foreign
        and one.number("admincount") in (None, 0)
        and not _is_new(forest, one)
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "group", "user", "admincount")


def _is_new(forest: Directory, one: Entry) -> bool:
    """Whether it joined too lately for the hourly task to have marked it."""
    if one.created is not None and forest.at - one.created < _DELAY:
        return True
    above = forest.privileged.via[one][:1]
    return any(
        told.value.lower() == one.dn.lower()
        and told.at is not None
        and forest.at - told.at < _DELAY
        for group in above
        for told in group.changes("member")
    )


POINT = Point(
    id="vuln_privileged_members_no_admincount",
    levels=(2,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(!(adminCount=1))",
)

CHECK = Check(
    id="ad.privileged-members-no-admincount",
    title_fr="Membres privilégiés dont adminCount est vide ou nul",
    title_en="Privileged members whose adminCount is empty or 0",
    risk_fr="Ces comptes ne sont pas marqués comme protégés : leurs droits peuvent rester ouverts, et les outils qui s'y fient ne les voient pas. C'est aussi le signe d'une dissimulation.",
    risk_en="These accounts are not marked as protected: their rights may stay open, and tools that rely on the mark do not see them. It is also a sign of concealment.",
    criticality=Criticality.HIGH,
    references=(
        "ANSSI vuln_privileged_members_no_admincount",
        "MITRE T1562",
        "MITRE T1098",
    ),
    remedy_fr="Rechercher qui a modifié l'attribut (métadonnées de réplication), vérifier les droits du compte, puis remettre adminCount à 1.",
    remedy_en="Find out who changed the attribute (replication metadata), check the rights of the account, then set adminCount back to 1.",
    proofs={
        **PROOFS,
        "unmarked": Wording(
            "{dn}, privilégié par {via}, n'a pas adminCount = 1.",
            "{dn}, privileged through {via}, does not have adminCount = 1.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("caché", groups=["Domain Admins"])),
        healthy(admin("adm.zero", attributes={"admincount": 0})),
        healthy(group("Sous-groupe", members=["adm.martin"], groups=["Domain Admins"])),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(server("SRV-ADM", groups=["Backup Operators"])),
        healthy(foreign("S-1-5-21-7-7-7-1104", "Administrators")),
        healthy(user("tout-neuf", created_days=0.05, groups=["Domain Admins"])),
    ),
    unmeasured=(healthy(unread("domain", "admincount")),),
)
