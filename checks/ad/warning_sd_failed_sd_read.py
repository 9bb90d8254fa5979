"""Objects whose rights were not given (warning_sd_failed_sd_read)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, healthy, hidden_descriptor
from checks.ad._shared.verdicts import PROOFS, by_domain
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, with objects whose descriptor did not come."""
    found = [
        (one, Proof("hidden", {"dn": one.dn}))
        for one in forest.entries
        if one.descriptor is None and not one.is_deleted
    ]
    yield from by_domain(forest, found)


POINT = Point(
    id="warning_sd_failed_sd_read",
    effort=1,
    base="{D}",
    query="(!(nTSecurityDescriptor=*))",
)

CHECK = Check(
    id="ad.warning-sd-failed-sd-read",
    title_fr="Objets dont les droits n'ont pu être lus",
    title_en="Objects whose rights could not be read",
    risk_fr="Ce qui est caché à l'audit n'est pas contrôlé.",
    risk_en="What is hidden from the audit is not checked.",
    criticality=Criticality.LOW,
    references=("ANSSI warning_sd_failed_sd_read",),
    remedy_fr=(
        "Donner au compte d'audit la lecture des permissions de ces objets, puis relever de "
        "nouveau."
    ),
    remedy_en=("Let the audit account read the permissions of these objects, then collect again."),
    proofs={
        **PROOFS,
        "hidden": Wording(
            "{dn} : nTSecurityDescriptor non rendu.",
            "{dn}: nTSecurityDescriptor not given.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(hidden_descriptor("m.durand")),),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
)
