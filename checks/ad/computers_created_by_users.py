"""Machines that ordinary users joined."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    computer,
    healthy,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_CREATOR = "ms-ds-creatorsid"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose machines were joined by an account that is not privileged."""
    found: list[Found] = []
    for one in forest.having(_CREATOR):
        for sid in one.sids(_CREATOR):
            who = forest.by_sid(sid)
            if who is None or who not in forest.privileged:
                values = {"dn": one.dn, "who": forest.name_of(sid, one.domain)}
                found.append((one, Proof("joined", values)))
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "computer", "group", _CREATOR)


POINT = Point(
    id="computers_created_by_users",
    condition=Condition.OURS,
    effort=1,
    base="{D}",
    query="(ms-DS-CreatorSID=*)",
)

CHECK = Check(
    id="ad.computers-created-by-users",
    title_fr="Machines jointes au domaine par de simples utilisateurs",
    title_en="Machines joined to the domain by ordinary users",
    risk_fr=(
        "Qui a joint une machine en garde des droits : il peut en lire le mot de passe local "
        "ou s'y présenter au nom d'autrui."
    ),
    risk_en=(
        "Whoever joined a machine keeps rights on it: they may read its local password or go "
        "to it in another's name."
    ),
    criticality=Criticality.MEDIUM,
    references=("MITRE T1136.002",),
    remedy_fr=(
        "Rendre la propriété de ces machines aux Admins du domaine, retirer les droits de "
        "leur créateur et mettre ms-DS-MachineAccountQuota à 0."
    ),
    remedy_en=(
        "Give the ownership of these machines to Domain Admins, remove their creator's "
        "rights and set ms-DS-MachineAccountQuota to 0."
    ),
    proofs={
        **PROOFS,
        "joined": Wording(
            "{dn} : créée par {who} (ms-DS-CreatorSID).",
            "{dn}: created by {who} (ms-DS-CreatorSID).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            computer(
                "POSTE-9", {"ms-ds-creatorsid": "S-1-5-21-1004336348-1177238915-682003330-4444"}
            )
        ),
    ),
    clean=(healthy(),),
    unmeasured=(healthy(unread("domain", "computer")),),
)
