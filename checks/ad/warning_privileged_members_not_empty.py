"""Operator groups, or Schema Admins, have members (warning_privileged_members_not_empty)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import groups_of_rid, groups_of_sid
from checks.ad._shared.healthy import child_domain, healthy, member, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_TOLD = 5
_OPERATORS = (
    sids.ACCOUNT_OPERATORS,
    sids.SERVER_OPERATORS,
    sids.PRINT_OPERATORS,
    sids.BACKUP_OPERATORS,
    sids.REPLICATOR,
)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose operator groups have members, and the root whose schema administrators do."""
    heads = groups_of_sid(forest, *_OPERATORS) + groups_of_rid(forest, sids.SCHEMA_ADMINS)
    found = [
        (
            head,
            Proof(
                "filled", {"dn": head.dn, "members": _names(members), "count": str(len(members))}
            ),
        )
        for head in heads
        for members in (forest.members_of(head),)
        if members
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "member")


def _names(members: tuple[Entry, ...]) -> str:
    return ", ".join(one.name for one in members[:_TOLD])


POINT = Point(
    id="warning_privileged_members_not_empty",
    effort=2,
    base="{D}",
    query="(|(objectSid=S-1-5-32-548)(objectSid=S-1-5-32-549)(objectSid=S-1-5-32-550)(objectSid=S-1-5-32-551)(objectSid=S-1-5-32-552))",
)

CHECK = Check(
    id="ad.warning-privileged-members-not-empty",
    title_fr="Groupes d'opérateurs ou Administrateurs du schéma non vides",
    title_en="Operator groups or Schema Admins not empty",
    risk_fr="Ces groupes hérités donnent de quoi devenir administrateur (sauvegarde, pilotes, comptes, schéma) à des comptes souvent oubliés.",
    risk_en="These inherited groups give what it takes to become an administrator (backup, drivers, accounts, schema) to accounts often forgotten.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI warning_privileged_members_not_empty",
        "MITRE T1078.002",
        "MITRE T1068",
    ),
    remedy_fr="Vider ces groupes et déléguer par unité d'organisation ; n'entrer dans Administrateurs du schéma que le temps d'une extension.",
    remedy_en="Empty these groups and delegate by organisational unit; join Schema Admins only for the time of an extension.",
    proofs={
        **PROOFS,
        "filled": Wording(
            "{dn} : {count} membre(s), dont {members}.",
            "{dn}: {count} member(s), among them {members}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(member("Backup Operators", "m.durand")),
        healthy(member("Schema Admins", "adm.martin")),
        healthy(user("impression", primarygroupid=518)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("domain", "member")),),
)
