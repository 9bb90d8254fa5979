"""A reserved group is the primary group of an account that has no business there (vuln_primary_group_id_1000)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import lacking, own_groups
from checks.ad._shared.healthy import (
    child_domain,
    computer,
    controller,
    healthy,
    hide,
    unread,
    user,
)
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_RESERVED = 1_000


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose accounts have a reserved primary group not made for them."""
    held = [one for one in forest.having("samaccounttype") if one.is_account]
    found = [
        (one, Proof("primary", {"dn": one.dn, "group": str(one.primary_group)}))
        for one in held
        if one.primary_group is not None
        and one.primary_group < _RESERVED
        and one.primary_group not in own_groups(one)
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "user", "computer", "primarygroupid")
    yield from lacking(forest, held, "primarygroupid")


POINT = Point(
    id="vuln_primary_group_id_1000",
    levels=(1,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(&(|(sAMAccountType=805306368)(sAMAccountType=805306369))(primaryGroupID<=999)(!(primaryGroupID=513))(!(primaryGroupID=514))(!(primaryGroupID=515))(!(primaryGroupID=516))(!(primaryGroupID=521)))",
)

CHECK = Check(
    id="ad.primary-group-id-1000",
    title_fr="Groupe principal réservé, anormal pour le compte",
    title_en="Reserved primary group, abnormal for the account",
    risk_fr="Le groupe principal donne les droits d'un groupe sans figurer parmi ses membres : c'est une façon discrète d'être administrateur.",
    risk_en="The primary group gives the rights of a group without showing among its members: a quiet way to be an administrator.",
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_primary_group_id_1000",
        "MITRE T1098",
        "MITRE T1564",
    ),
    remedy_fr="Rechercher qui l'a posé, ajouter le compte à son groupe normal, remettre primaryGroupID à 513 (utilisateur) ou 515 (machine), puis retirer le compte de l'ancien groupe.",
    remedy_en="Find out who set it, add the account to its ordinary group, set primaryGroupID back to 513 (user) or 515 (machine), then take the account out of the old group.",
    proofs={
        **PROOFS,
        "primary": Wording("{dn} : primaryGroupID = {group}.", "{dn}: primaryGroupID = {group}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("discret", primarygroupid=512)),
        healthy(computer("POSTE-009", primarygroupid=513)),
        healthy(computer("POSTE-009", primarygroupid=516)),
        healthy(user("discret", primarygroupid=515)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(controller("RODC1", read_only=True)),
        healthy(controller("AzureADKerberos", read_only=True)),
        healthy(user("stagiaire", primarygroupid=1_600)),
    ),
    unmeasured=(
        healthy(unread("domain", "primarygroupid")),
        healthy(hide("m.durand", "primarygroupid")),
    ),
)
