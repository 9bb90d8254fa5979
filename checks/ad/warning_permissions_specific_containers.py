"""Others control well-known containers (warning_permissions_specific_containers)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, exchange, grant, healthy, owned, unread
from checks.ad._shared.permissions import PROOFS, tell_controls
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.graph import OWNING
from core.directory.level import Point
from core.directory.rights import Right
from core.facts import Facts
from core.model import Criticality, Verdict

_PATHS = (
    "CN=Users",
    "CN=Computers",
    "CN=System",
    "CN=Managed Service Accounts",
    "OU=Domain Controllers",
    "CN=Password Settings Container,CN=System",
)
_STRONG = OWNING | Right.GENERIC_WRITE | Right.CREATE_CHILD


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, where the unexpected hold such rights."""
    targets = [
        one
        for domain in forest.domains
        for path in _PATHS
        if (one := forest.by_dn(f"{path},{domain.dn}")) is not None
    ]
    held = forest.controllers_of(*targets, only=_STRONG, level=2)
    yield from tell_controls(forest, held, "container", "group")


POINT = Point(
    id="warning_permissions_specific_containers",
    effort=1,
    base="{D}",
    query="(objectClass=container)",
)

CHECK = Check(
    id="ad.warning-permissions-specific-containers",
    title_fr="Conteneurs d'origine contrôlés par d'autres",
    title_en="Well-known containers controlled by others",
    risk_fr=(
        "Ce qui est posé sur ces conteneurs vaut pour les comptes et machines qu'ils contiennent."
    ),
    risk_en=("What is set on these containers holds for the accounts and machines in them."),
    criticality=Criticality.MEDIUM,
    references=("ANSSI warning_permissions_specific_containers",),
    remedy_fr=(
        "Retirer ces droits (dsacls ou ldp) ou traiter le délégataire comme un compte de niveau 0."
    ),
    remedy_en=("Remove these rights (dsacls or ldp) or treat the delegate as a tier-0 account."),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant("CN=Users", "(A;;GA;;;@m.durand)")),
        healthy(owned("CN=Computers", "m.durand")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(grant("OU=Postes", "(A;;GA;;;@m.durand)")),
        healthy(exchange()),
    ),
    unmeasured=(healthy(unread("domain", "container")),),
)
