"""Others write the logon script of accounts."""

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
    held = forest.controllers_of(*forest.users, only=Right.WRITE_SCRIPT_PATH, level=2)
    yield from tell_controls(forest, held, "user", "computer")


POINT = Point(
    id="sensitive_attr_write",
    effort=1,
    base="{D}",
    query="(&(objectCategory=person)(objectClass=user))",
)

CHECK = Check(
    id="ad.sensitive-attr-write",
    title_fr="Script d'ouverture de session modifiable par d'autres",
    title_en="Logon script writable by others",
    risk_fr=(
        "Qui écrit scriptPath fait exécuter son programme à l'ouverture de session de la victime."
    ),
    risk_en=("Whoever writes scriptPath has a program of theirs run when the victim logs on."),
    criticality=Criticality.MEDIUM,
    references=("MITRE T1037.003",),
    remedy_fr=(
        "Retirer ces droits (dsacls ou ldp) ou traiter le délégataire comme un compte de niveau 0."
    ),
    remedy_en=("Remove these rights (dsacls or ldp) or treat the delegate as a tier-0 account."),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant("c.petit", "(OA;;WP;bf9679a8-0de6-11d0-a285-00aa003049e2;;@m.durand)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(exchange()),
    ),
    unmeasured=(healthy(unread("domain", "user")),),
)
