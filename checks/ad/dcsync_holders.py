"""Others may copy the passwords of a domain (DCSync)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, entra_connect, exchange, healthy, unread
from checks.ad._shared.permissions import PROOFS, tell_controls
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.rights import NO_RIGHT
from core.facts import Facts
from core.model import Criticality, Verdict


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, where the unexpected hold such rights."""
    targets = [one for one in map(forest.head, forest.domains) if one is not None]
    held = forest.controllers_of(*targets, only=NO_RIGHT, level=2)
    yield from tell_controls(forest, held, "domaindns", "group")


POINT = Point(
    id="dcsync_holders",
    effort=1,
    base="{D}",
    query="(objectClass=domainDNS)",
)

CHECK = Check(
    id="ad.dcsync-holders",
    title_fr="Copie des mots de passe du domaine possible par d'autres (DCSync)",
    title_en="Passwords of the domain may be copied by others (DCSync)",
    risk_fr=(
        "Ces comptes copient à distance tous les mots de passe du domaine, comme un contrôleur."
    ),
    risk_en=("These accounts copy every password of the domain from afar, as a controller does."),
    criticality=Criticality.CRITICAL,
    references=("MITRE T1003.006",),
    remedy_fr=(
        "Retirer ces droits (dsacls ou ldp) ou traiter le délégataire comme un compte de niveau 0."
    ),
    remedy_en=("Remove these rights (dsacls or ldp) or treat the delegate as a tier-0 account."),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(healthy(entra_connect(protected=False)),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(entra_connect()),
        healthy(exchange()),
    ),
    unmeasured=(healthy(unread("domain", "group")),),
)
