"""Deployment servers that the directory names."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    healthy,
    thing,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_KINDS = ("mssmsmanagementpoint", "intellimirrorscp")


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose deployment servers are named: they command what they install."""
    found: list[Found] = []
    for one in forest.of(*_KINDS):
        host = one.text("dnshostname") or one.text("netbootserver") or "—"
        found.append((one, Proof("point", {"dn": one.dn, "kind": one.kind, "host": host})))
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", *_KINDS)


POINT = Point(
    id="sccm_wds",
    condition=Condition.OURS,
    effort=2,
    base="{D}",
    query="(|(objectClass=mSSMSManagementPoint)(objectClass=intellimirrorSCP))",
)

CHECK = Check(
    id="ad.sccm-wds",
    title_fr="Serveurs de déploiement à classer parmi les plus sensibles",
    title_en="Deployment servers to be ranked among the most sensitive",
    risk_fr=(
        "Qui tient un serveur de déploiement (SCCM, WDS) installe ce qu'il veut sur toutes "
        "les machines."
    ),
    risk_en="Whoever holds a deployment server (SCCM, WDS) installs anything on every machine.",
    criticality=Criticality.INFO,
    references=("MITRE T1018",),
    remedy_fr=(
        "Administrer ces serveurs comme des contrôleurs de domaine et protéger le démarrage "
        "par le réseau (PXE) par un mot de passe."
    ),
    remedy_en=(
        "Administer these servers like domain controllers and protect network boot (PXE) by "
        "a password."
    ),
    proofs={
        **PROOFS,
        "point": Wording("{dn} ({kind}) : {host}.", "{dn} ({kind}): {host}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            thing("CN=SMS-MP-001,CN=System", "mssmsmanagementpoint", dnshostname="sccm.chu.example")
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("domain", "mssmsmanagementpoint")),),
)
