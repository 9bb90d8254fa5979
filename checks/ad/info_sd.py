"""Entries for Anonymous (info_sd)."""

from collections.abc import Iterator

from checks.ad._shared.aces import ACES, holding, unseen
from checks.ad._shared.healthy import child_domain, grant, healthy, hidden_descriptor, unread
from checks.ad._shared.verdicts import PROOFS, by_domain
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, with such entries."""
    found = holding(forest, lambda ace: ace.trustee == sids.ANONYMOUS)
    yield from by_domain(forest, found)
    yield from unseen(forest)


POINT = Point(
    id="info_sd",
    effort=1,
    base="{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.info-sd",
    title_fr="Permissions données à l'anonyme",
    title_en="Permissions given to Anonymous",
    risk_fr="Une permission de l'anonyme vaut pour quiconque atteint le réseau.",
    risk_en="A permission of Anonymous holds for anyone who reaches the network.",
    criticality=Criticality.INFO,
    references=(
        "ANSSI info_sd",
        "MITRE T1222.001",
    ),
    remedy_fr="Supprimer ces entrées si aucun logiciel n'en dépend.",
    remedy_en="Remove these entries if no software depends on them.",
    proofs={**PROOFS, **ACES},
    reads=Directory,
    judge=judge,
    flagged=(healthy(grant("OU=Personnel", "(A;;RP;;;AN)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(
        healthy(unread("domain", "ntsecuritydescriptor")),
        healthy(hidden_descriptor("m.durand")),
        healthy(hidden_descriptor("CN=Sites,CN=Configuration")),
    ),
)
