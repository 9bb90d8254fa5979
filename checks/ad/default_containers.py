"""Machines left where new ones land."""

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

_ENTRA = "azureadssoacc"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with machines in CN=Computers, where no group policy can be linked."""
    found: list[Found] = []
    for domain in forest.domains:
        place = forest.by_dn(f"CN=Computers,{domain.dn}")
        for one in forest.children(place) if place is not None else ():
            is_entra = one.name.rstrip("$").lower() == _ENTRA
            if one.is_computer and one.is_enabled and not is_entra:
                found.append((one, Proof("left", {"dn": one.dn})))
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "computer", "container")


POINT = Point(
    id="default_containers",
    condition=Condition.OURS,
    effort=1,
    base="CN=Computers,{D}",
    query="(objectCategory=computer)",
)

CHECK = Check(
    id="ad.default-containers",
    title_fr="Machines laissées dans le conteneur par défaut",
    title_en="Machines left in the default container",
    risk_fr=(
        "Aucune stratégie de groupe propre ne s'y lie : ces machines échappent au durcissement."
    ),
    risk_en="No group policy of their own can be linked there: these machines escape hardening.",
    criticality=Criticality.LOW,
    references=("PingCastle S-DefaultOUChanged", "MITRE T1078"),
    remedy_fr=(
        "Rediriger les nouvelles machines vers une unité gérée (redircmp) et y déplacer celles-ci."
    ),
    remedy_en="Redirect new machines to a managed unit (redircmp) and move these there.",
    proofs={
        **PROOFS,
        "left": Wording("{dn} est dans CN=Computers.", "{dn} lies in CN=Computers."),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(computer("POSTE-9")),),
    clean=(
        healthy(),
        healthy(computer("AZUREADSSOACC")),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
