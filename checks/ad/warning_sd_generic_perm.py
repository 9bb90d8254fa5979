"""Entries stored with generic rights (warning_sd_generic_perm)."""

from collections.abc import Iterator

from checks.ad._shared.aces import ACES, holding, unseen
from checks.ad._shared.healthy import child_domain, grant, healthy, hidden_descriptor, unread
from checks.ad._shared.verdicts import PROOFS, by_domain
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_GENERIC = 0xF0000000


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, with such entries."""
    found = holding(forest, lambda ace: bool(ace.mask & _GENERIC) and not ace.is_inherit_only)
    yield from by_domain(forest, found)
    yield from unseen(forest)


POINT = Point(
    id="warning_sd_generic_perm",
    effort=1,
    base="{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.warning-sd-generic-perm",
    title_fr="Permissions enregistrées en droits génériques",
    title_en="Permissions stored as generic rights",
    risk_fr=(
        "Écrites par un outil et non par Windows, ces permissions échappent à bien des contrôles."
    ),
    risk_en=("Written by a tool rather than by Windows, these permissions escape many checks."),
    criticality=Criticality.LOW,
    references=(
        "ANSSI warning_sd_generic_perm",
        "MITRE T1222.001",
    ),
    remedy_fr=("Réécrire ces entrées avec les droits précis (dsacls), ou les retirer."),
    remedy_en=("Write these entries again with precise rights (dsacls), or remove them."),
    proofs={**PROOFS, **ACES},
    reads=Directory,
    judge=judge,
    flagged=(healthy(grant("OU=Personnel", "(A;;GA;;;@adm.martin)")),),
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
