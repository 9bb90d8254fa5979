"""Machines without a managed local password (info_laps)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, computer, healthy, unread
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

_MANY = 10
"""One machine in as many without, above which it is graver."""


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with machines that LAPS does not cover; graver above one in ten."""
    for domain in forest.domains:
        found, bare = machines(forest, domain)
        if bare:
            criticality = Criticality.MEDIUM if len(bare) * _MANY > len(found) else None
            yield from told(forest, domain, bare, len(found), criticality)
    yield from laps_unread(forest)


POINT = Point(
    id="info_laps",
    effort=2,
    base="{D}",
    query=QUERY,
)

CHECK = Check(
    id="ad.info-laps",
    title_fr="Machines sans mot de passe local géré (LAPS)",
    title_en="Machines without a managed local password (LAPS)",
    risk_fr=RISK_FR,
    risk_en=RISK_EN,
    criticality=Criticality.LOW,
    references=(
        "ANSSI info_laps",
        "MITRE T1078.003",
    ),
    remedy_fr=REMEDY_FR,
    remedy_en=REMEDY_EN,
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(healthy(computer("NU", {"mslaps-passwordexpirationtime": None})),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(computer("NU", {"mslaps-passwordexpirationtime": None}, enabled=False)),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
