"""Deleted objects kept for too short a time."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    change,
    healthy,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_LEAST = 180
_UNSET = 60
"""What an absent value means on forests born before Windows Server 2003 SP1."""


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest that keeps its deleted objects less than 180 days."""
    service = forest.directory_service
    why = forest.unread("configuration", "ntdsservice", "tombstonelifetime")
    if service is None or why:
        yield NotMeasured(forest.place(), why or "hidden: CN=Directory Service")
        return
    held = service.number("tombstonelifetime")
    kept = _UNSET if held is None else held
    if kept < _LEAST:
        proof = Proof("days", {"dn": service.dn, "days": str(kept)})
        yield from failed(forest, None, [(service, proof)])


POINT = Point(
    id="tombstone_lifetime",
    condition=Condition.OURS,
    effort=1,
    base="CN=Directory Service,CN=Windows NT,CN=Services,{C}",
    query="(objectClass=nTDSService)",
)

CHECK = Check(
    id="ad.tombstone-lifetime",
    title_fr="Objets supprimés conservés moins de 180 jours",
    title_en="Deleted objects kept less than 180 days",
    risk_fr="Une sauvegarde plus ancienne que cette durée ne peut plus servir.",
    risk_en="A backup older than this can no longer be used.",
    criticality=Criticality.LOW,
    references=("MITRE T1490",),
    remedy_fr="Mettre tombstoneLifetime à 180 ; une valeur absente vaut 60 jours.",
    remedy_en="Set tombstoneLifetime to 180; an absent value means 60 days.",
    proofs={
        **PROOFS,
        "days": Wording(
            "{dn} : tombstoneLifetime de {days} jours.", "{dn}: tombstoneLifetime of {days} days."
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            change(
                "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration",
                tombstonelifetime=60,
            )
        ),
        healthy(
            change(
                "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration",
                tombstonelifetime=None,
            )
        ),
    ),
    clean=(healthy(),),
    unmeasured=(healthy(unread("configuration", "ntdsservice")),),
)
