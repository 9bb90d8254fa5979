"""Accounts whose primary group was changed (vuln_primary_group_id_nochange)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import lacking, own_groups
from checks.ad._shared.healthy import (
    child_domain,
    computer,
    controller,
    healthy,
    hide,
    server,
    unread,
    user,
)
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose accounts have another primary group than that of their kind."""
    held = [one for one in forest.having("samaccounttype") if one.is_account]
    found = [
        (one, Proof("primary", {"dn": one.dn, "group": str(one.primary_group)}))
        for one in held
        if one.primary_group is not None and one.primary_group not in own_groups(one)
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "user", "computer", "primarygroupid")
    yield from lacking(forest, held, "primarygroupid")


POINT = Point(
    id="vuln_primary_group_id_nochange",
    levels=(3,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(&(|(sAMAccountType=805306368)(sAMAccountType=805306369))(!(primaryGroupID=513))(!(primaryGroupID=515))(!(primaryGroupID=516))(!(primaryGroupID=521)))",
)

CHECK = Check(
    id="ad.primary-group-id-nochange",
    title_fr="Groupe principal modifié",
    title_en="Primary group changed",
    risk_fr="Le groupe principal échappe aux listes de membres : les droits qu'il donne passent inaperçus.",
    risk_en="The primary group escapes the lists of members: the rights it gives go unnoticed.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI vuln_primary_group_id_nochange",
        "MITRE T1564",
        "MITRE T1098",
    ),
    remedy_fr="Remettre la valeur d'origine : 513 pour un utilisateur, 515 pour une machine, 516 et 521 pour les contrôleurs.",
    remedy_en="Set the original value back: 513 for a user, 515 for a machine, 516 and 521 for the controllers.",
    proofs={
        **PROOFS,
        "primary": Wording("{dn} : primaryGroupID = {group}.", "{dn}: primaryGroupID = {group}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("stagiaire", primarygroupid=1_600)),
        healthy(computer("POSTE-009", primarygroupid=513)),
        healthy(server("DC10", primarygroupid=516)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(controller("RODC1", read_only=True)),
        healthy(user("invité", primarygroupid=514)),
    ),
    unmeasured=(
        healthy(unread("domain", "primarygroupid")),
        healthy(hide("m.durand", "primarygroupid")),
    ),
)
