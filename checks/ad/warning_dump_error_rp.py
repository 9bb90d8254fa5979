"""Objects whose attributes the account of the audit may not read (warning_dump_error_rp)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    healthy,
    hide,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose objects came without the class that every object has."""
    found = [
        (one, Proof("mute", {"dn": one.dn}))
        for one in forest.entries
        if not one.is_deleted and not one.kind
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "objectclass")


POINT = Point(
    id="warning_dump_error_rp",
    condition=Condition.OURS,
    effort=1,
    base="{D}",
    query="(!(objectClass=*))",
)

CHECK = Check(
    id="ad.warning-dump-error-rp",
    title_fr="Objets dont les attributs sont cachés au compte d'audit",
    title_en="Objects whose attributes are hidden from the audit account",
    risk_fr="Ces objets n'ont pas été jugés : un compte ou un groupe caché peut s'y trouver.",
    risk_en="These objects were not judged: a hidden account or group may be among them.",
    criticality=Criticality.LOW,
    references=("ANSSI warning_dump_error_rp", "ANSSI warning_dump_error_vuln_rp"),
    remedy_fr=(
        "Chercher qui refuse la lecture (Read Property) sur ces objets, rétablir les droits "
        "par défaut et refaire l'audit."
    ),
    remedy_en=(
        "Find what denies reading (Read Property) on these objects, restore the default "
        "rights and run the audit again."
    ),
    proofs={
        **PROOFS,
        "mute": Wording("{dn} : objectClass illisible.", "{dn}: objectClass not readable."),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(hide("m.durand", "objectclass")),),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("domain")),),
)
