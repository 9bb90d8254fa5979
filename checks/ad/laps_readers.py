"""Many may read local passwords (LAPS)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, grant, group, healthy, unread
from checks.ad._shared.permissions import PROOFS, tell_controls
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.rights import Right
from core.facts import Facts
from core.model import Criticality, Verdict


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, where the unexpected hold such rights."""
    held = forest.controllers_of(*forest.computers, only=Right.READ_LAPS, level=2)
    broad = [one for one in held if sids.is_broad(one.trustee)]
    yield from tell_controls(forest, broad, "user", "computer")


POINT = Point(
    id="laps_readers",
    effort=1,
    base="{D}",
    query="(objectClass=computer)",
)

CHECK = Check(
    id="ad.laps-readers",
    title_fr="Mots de passe locaux (LAPS) lisibles par tous",
    title_en="Local passwords (LAPS) readable by everyone",
    risk_fr=(
        "Un groupe qui réunit presque tous les comptes lit le mot de passe d'administration de "
        "ces machines."
    ),
    risk_en=(
        "A group that holds nearly every account reads the administration password of these "
        "machines."
    ),
    criticality=Criticality.HIGH,
    references=("MITRE T1555",),
    remedy_fr=(
        "Retirer ce droit de lecture (Find-LapsADExtendedRights) et le réserver aux équipes de "
        "soutien."
    ),
    remedy_en=(
        "Remove this read right (Find-LapsADExtendedRights) and keep it for the support teams."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(healthy(grant("OU=Postes", "(A;CI;CR;;;AU)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(group("Soutien", members=["m.durand"]), grant("OU=Postes", "(A;CI;CR;;;@Soutien)")),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
