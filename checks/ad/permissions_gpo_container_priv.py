"""Others may link policies above the privileged (vuln_permissions_gpo_container_priv)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    admin,
    child_domain,
    grant,
    healthy,
    hidden_descriptor,
    ou,
    owned,
    unread,
)
from checks.ad._shared.permissions import PROOFS, controlled
from checks.ad._shared.verdicts import gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.graph import OWNING
from core.directory.level import Point
from core.directory.objects import Entry
from core.directory.rights import Right
from core.facts import Facts
from core.model import Criticality, Verdict

_LINKING = OWNING | Right.GENERIC_WRITE | Right.WRITE_GPLINK
_LINK = "f30e3bbe-9ff0-11d1-b603-0000f80367c1"
_CONTROLLERS = "OU=Domain Controllers"
_SITE = "CN=Default-First-Site-Name,CN=Sites,CN=Configuration"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain where the unexpected may link a GPO above the privileged or a controller."""
    targets: dict[Entry, None] = {}
    for account in (*forest.privileged.accounts, *(one.account for one in forest.controllers)):
        above = account.parent
        while above is not None and above.kind != "domaindns" and above not in targets:
            targets[above] = None
            above = above.parent
    targets.update({one.site: None for one in forest.controllers if one.site is not None})
    yield from controlled(forest, POINT, targets, only=_LINKING)
    yield from gaps(
        forest, "domain", "organizationalunit", "container", "group", "user", "computer"
    )
    yield from gaps(forest, "configuration", "site", "server")


POINT = Point(
    id="vuln_permissions_gpo_container_priv",
    levels=(2,),
    effort=1,
    base="{D}",
    query="(|(objectClass=organizationalUnit)(objectClass=container))",
)

CHECK = Check(
    id="ad.permissions-gpo-container-priv",
    title_fr=("Stratégies de groupe que d'autres peuvent lier au-dessus des comptes privilégiés"),
    title_en="Group policies that others may link above privileged accounts",
    risk_fr=(
        "Qui peut lier une stratégie à ces conteneurs, ou les contrôle, impose ses réglages aux "
        "comptes d'administration ou aux contrôleurs de domaine."
    ),
    risk_en=(
        "Whoever may link a policy to these containers, or controls them, imposes settings on the "
        "administrators or on the domain controllers."
    ),
    criticality=Criticality.HIGH,
    references=(
        "ANSSI vuln_permissions_gpo_container_priv",
        "MITRE T1484.001",
    ),
    remedy_fr=(
        "Retirer l'écriture de gPLink et les droits de contrôle sur ces unités d'organisation, "
        "conteneurs et sites ; ranger les comptes privilégiés dans une unité réservée."
    ),
    remedy_en=(
        "Remove write access to gPLink and the control rights on these organisational units, "
        "containers and sites; keep privileged accounts in a unit of their own."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant(_CONTROLLERS, f"(OA;;WP;{_LINK};;@m.durand)")),
        healthy(grant(_SITE, f"(OA;;WP;{_LINK};;@m.durand)")),
        healthy(
            ou("Admins"),
            admin("adm.ici", ou="OU=Admins"),
            grant("OU=Admins", "(A;;GA;;;@m.durand)"),
        ),
        healthy(owned("CN=Users", "m.durand")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(grant("OU=Postes", f"(OA;;WP;{_LINK};;@m.durand)")),
        healthy(grant("CN=Users", "(A;;CC;;;@m.durand)")),
    ),
    unmeasured=(
        healthy(hidden_descriptor(_SITE)),
        healthy(unread("domain", "organizationalunit")),
        healthy(unread("domain", "computer")),
    ),
)
