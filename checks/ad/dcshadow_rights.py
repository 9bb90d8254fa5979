"""Others may add a controller of theirs (DCShadow)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import ROOT, child_domain, exchange, grant, healthy, unread
from checks.ad._shared.permissions import PROOFS, tell_controls
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.rights import Right
from core.facts import Facts
from core.model import Criticality, Verdict


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, where the unexpected hold such rights."""
    targets = [one for one in map(forest.head, forest.domains) if one is not None]
    rights = (Right.INSTALL_REPLICA, Right.MANAGE_TOPOLOGY)
    held = forest.controllers_of(*targets, only=rights[0] | rights[1], level=2)
    named = [one for one in held if one.label in rights]
    yield from tell_controls(forest, named, "domaindns", "group")


POINT = Point(
    id="dcshadow_rights",
    effort=1,
    base="{D}",
    query="(objectClass=domainDNS)",
)

CHECK = Check(
    id="ad.dcshadow-rights",
    title_fr="Ajout d'un contrôleur par d'autres (DCShadow)",
    title_en="A controller may be added by others (DCShadow)",
    risk_fr=(
        "Qui peut se faire passer pour un contrôleur inscrit dans l'annuaire ce qu'il veut, sans "
        "trace."
    ),
    risk_en=(
        "Whoever can pass for a controller writes what they want in the directory, leaving no "
        "trace."
    ),
    criticality=Criticality.HIGH,
    references=("MITRE T1207",),
    remedy_fr=(
        "Retirer ces droits (dsacls ou ldp) ou traiter le délégataire comme un compte de niveau 0."
    ),
    remedy_en=("Remove these rights (dsacls or ldp) or treat the delegate as a tier-0 account."),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(healthy(grant(ROOT, "(OA;;CR;9923a32a-3607-11d2-b9be-0000f87a36b2;;@m.durand)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(exchange()),
    ),
    unmeasured=(healthy(unread("domain", "group")),),
)
