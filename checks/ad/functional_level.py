"""Functional level too low (vuln_functional_level)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    ROOT,
    change,
    child_domain,
    healthy,
    hide,
)
from checks.ad._shared.verdicts import PROOFS, Found, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_NEEDED = {1: 4, 3: 6, 4: 7}
"""Level → functional level under which it fails: 2008 R2, 2012 R2, 2016."""
_ATTRIBUTE = "msds-behavior-version"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag the forest for its own functional level and that of its domains."""
    heads = [(domain, forest.head(domain)) for domain in forest.domains]
    partitions = forest.in_configuration("CN=Partitions")
    found: list[Found] = []
    levels: set[int] = set()
    for one in (partitions, *(head for _, head in heads)):
        held = one.number(_ATTRIBUTE) if one is not None else None
        failing = [level for level, least in _NEEDED.items() if held is not None and held < least]
        if one is not None and failing:
            levels.update(failing)
            found.append((one, Proof("level", {"dn": one.dn, "held": str(held)})))
    yield from failed(forest, None, found, *levels)
    if partitions is None or partitions.number(_ATTRIBUTE) is None:
        why = forest.unread("configuration", "crossrefcontainer", _ATTRIBUTE)
        yield NotMeasured(forest.place(), why or "hidden: msDS-Behavior-Version")
    for domain, head in heads:
        if head is None or head.number(_ATTRIBUTE) is None:
            why = forest.unread("domain", "domaindns", _ATTRIBUTE, domain=domain)
            yield NotMeasured(forest.place(domain), why or f"hidden: {domain.dn}")


POINT = Point(
    id="vuln_functional_level",
    levels=(1, 3, 4),
    condition=Condition.PUBLISHED,
    effort=2,
    base="CN=Partitions,{C}",
    query="(objectClass=crossRefContainer)",
)

CHECK = Check(
    id="ad.functional-level",
    title_fr="Niveau fonctionnel insuffisant",
    title_en="Insufficient functional level",
    risk_fr=(
        "Les protections récentes (Protected Users, silos, chiffrement AES) ne sont pas "
        "disponibles."
    ),
    risk_en="Recent protections (Protected Users, silos, AES encryption) are not available.",
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_functional_level",),
    remedy_fr=(
        "Mettre à niveau tous les contrôleurs, puis élever le niveau de chaque domaine et de "
        "la forêt après avoir vérifié Exchange et les logiciels tiers."
    ),
    remedy_en=(
        "Upgrade every controller, then raise the level of each domain and of the forest "
        "once Exchange and third-party software are checked."
    ),
    proofs={
        **PROOFS,
        "level": Wording(
            (
                "{dn} : msDS-Behavior-Version {held} (4 : 2008 R2, 6 : 2012 R2, 7 : 2016, 10 "
                ": 2025)."
            ),
            ("{dn}: msDS-Behavior-Version {held} (4: 2008 R2, 6: 2012 R2, 7: 2016, 10: 2025)."),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(change("CN=Partitions,CN=Configuration", {"msds-behavior-version": 3})),
        healthy(change(ROOT, {"msds-behavior-version": 6})),
        healthy(child_domain(), change("DC=sub,DC=chu,DC=example", {"msds-behavior-version": 5})),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(change("CN=Partitions,CN=Configuration", {"msds-behavior-version": 10})),
    ),
    unmeasured=(
        healthy(hide("CN=Partitions,CN=Configuration", "msds-behavior-version")),
        healthy(hide(ROOT, "msds-behavior-version")),
    ),
)
