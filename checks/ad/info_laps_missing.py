"""LAPS is not in use (info_laps_missing)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import change, child_domain, computer, healthy, unread
from checks.ad._shared.laps import (
    PROOFS,
    QUERY,
    REMEDY_EN,
    REMEDY_FR,
    RISK_EN,
    RISK_FR,
    machines,
    told,
)
from checks.ad._shared.laps import unread as laps_unread
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain where LAPS covers no machine."""
    for domain in forest.domains:
        found, bare = machines(forest, domain)
        if found and len(bare) == len(found):
            yield from told(forest, domain, bare, len(found))
    yield from laps_unread(forest)


POINT = Point(
    id="info_laps_missing",
    effort=2,
    base="{D}",
    query=QUERY,
)

CHECK = Check(
    id="ad.info-laps-missing",
    title_fr="LAPS absent",
    title_en="LAPS not in use",
    risk_fr=RISK_FR,
    risk_en=RISK_EN,
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI info_laps_missing",
        "MITRE T1078.003",
    ),
    remedy_fr=REMEDY_FR,
    remedy_en=REMEDY_EN,
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            *(
                change(one, {"mslaps-passwordexpirationtime": None})
                for one in ("POSTE-001$", "POSTE-002$", "SRV-FICHIERS$")
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(computer("NU", {"mslaps-passwordexpirationtime": None})),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
