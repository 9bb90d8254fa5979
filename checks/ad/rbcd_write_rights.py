"""Others choose who acts for anyone on a machine (RBCD)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, exchange, grant, healthy, unread
from checks.ad._shared.permissions import PROOFS, tell_controls
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.rights import Right
from core.facts import Facts
from core.model import Criticality, Verdict


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, where the unexpected hold such rights."""
    targets = [*forest.computers, *forest.managed]
    held = forest.controllers_of(*targets, only=Right.WRITE_RBCD, level=2)
    yield from tell_controls(forest, held, "user", "computer")


POINT = Point(
    id="rbcd_write_rights",
    effort=1,
    base="{D}",
    query="(objectClass=computer)",
)

CHECK = Check(
    id="ad.rbcd-write-rights",
    title_fr="Délégation contrainte par ressource modifiable par d'autres",
    title_en="Resource-based constrained delegation writable by others",
    risk_fr=(
        "Qui écrit cet attribut se connecte à la machine au nom de n'importe quel utilisateur."
    ),
    risk_en=("Whoever writes this attribute connects to the machine in the name of any user."),
    criticality=Criticality.HIGH,
    references=("MITRE T1134.001",),
    remedy_fr=(
        "Retirer ces droits (dsacls ou ldp) ou traiter le délégataire comme un compte de niveau 0."
    ),
    remedy_en=("Remove these rights (dsacls or ldp) or treat the delegate as a tier-0 account."),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant("SRV-FICHIERS$", "(OA;;WP;3f78c3e5-f79a-46bd-a0b8-9d18116ddc79;;@m.durand)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(exchange()),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
