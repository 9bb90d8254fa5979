"""Domain controllers that no longer log on (vuln_password_change_inactive_dc)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import ASLEEP, asleep, is_idle
from checks.ad._shared.healthy import child_domain, controller, healthy, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Verdict

_DAYS = 45


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with controllers silent for more than 45 days, those just made apart."""
    held = [one.account for one in forest.controllers if not one.is_entra]
    found = [asleep(one) for one in held if is_idle(forest, one, _DAYS)]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "computer", "lastlogontimestamp")


POINT = Point(
    id="vuln_password_change_inactive_dc",
    levels=(1,),
    condition=Condition.PUBLISHED,
    effort=2,
    base="{D}",
    query="(&(|(primaryGroupID=516)(primaryGroupID=521)))",
)

CHECK = Check(
    id="ad.password-change-inactive-dc",
    title_fr="Contrôleurs de domaine sans authentification depuis 45 jours",
    title_en="Domain controllers without a logon for 45 days",
    risk_fr="Un contrôleur éteint ou coupé des autres garde des secrets périmés mais utilisables, sans correctifs ni surveillance ; rallumé, il ramène de vieilles données.",
    risk_en="A controller that is off or cut from the others keeps outdated yet usable secrets, unpatched and unwatched; once back on, it brings old data back.",
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_password_change_inactive_dc",
        "MITRE T1078.002",
    ),
    remedy_fr="Rétrograder ou réinstaller ce contrôleur ; s'il a disparu, supprimer son compte et nettoyer ses métadonnées (ntdsutil « metadata cleanup »).",
    remedy_en="Demote or reinstall this controller; if it is gone, delete its account and clean its metadata up (ntdsutil « metadata cleanup »).",
    proofs={
        **PROOFS,
        **ASLEEP,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(controller("DC2", logon_days=46)),
        healthy(controller("DC3", logon_days=None)),
        healthy(controller("RODC1", read_only=True, logon_days=90)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(controller("DC2", logon_days=45)),
        healthy(controller("DC3", logon_days=None, created_days=10)),
        healthy(controller("AzureADKerberos", read_only=True, logon_days=None)),
    ),
    unmeasured=(healthy(unread("domain", "lastlogontimestamp")),),
)
