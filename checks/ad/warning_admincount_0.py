"""Accounts whose adminCount was set to 0 (warning_admincount_0)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, day, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with accounts or groups whose adminCount was set to 0."""
    found = [
        (one, Proof("zero", {"dn": one.dn, "day": day(one, "whenchanged")}))
        for one in forest.having("admincount")
        if one.number("admincount") == 0 and (one.is_account or one.is_group)
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "user", "admincount")


POINT = Point(
    id="warning_admincount_0",
    effort=1,
    base="{D}",
    query="(adminCount=0)",
)

CHECK = Check(
    id="ad.warning-admincount-0",
    title_fr="adminCount explicitement à 0",
    title_en="adminCount explicitly 0",
    risk_fr="Quelqu'un a retiré la marque des comptes protégés : nettoyage légitime, ou compte qu'on a voulu cacher des outils.",
    risk_en="Someone took the mark of protected accounts off: a legitimate clean-up, or an account meant to be hidden from tools.",
    criticality=Criticality.LOW,
    references=(
        "ANSSI warning_admincount_0",
        "MITRE T1562",
    ),
    remedy_fr="Vérifier qui a fait ce changement (métadonnées de réplication) et que les droits de l'objet sont normaux ; vider l'attribut.",
    remedy_en="Check who made the change (replication metadata) and that the rights of the object are normal; clear the attribute.",
    proofs={
        **PROOFS,
        "zero": Wording(
            "{dn} : adminCount = 0 (objet modifié le {day}).",
            "{dn}: adminCount = 0 (object changed on {day}).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(user("m.durand", admincount=0)),),
    clean=(
        healthy(),
        healthy(user("m.durand")),
    ),
    unmeasured=(healthy(unread("domain", "admincount")),),
)
