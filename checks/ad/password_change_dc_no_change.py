"""Domain controllers that no longer renew their secret (vuln_password_change_dc_no_change)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import OLD, keeping, lacking
from checks.ad._shared.healthy import child_domain, controller, healthy, hide, server, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Verdict

_DAYS = 45


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled controllers have had one secret for more than 45 days."""
    held = [
        one.account for one in forest.controllers if not one.is_entra and one.account.is_enabled
    ]
    yield from by_domain(forest, keeping(forest, held, _DAYS), *POINT.levels)
    yield from gaps(forest, "domain", "computer", "pwdlastset")
    yield from lacking(forest, held, "pwdlastset")


POINT = Point(
    id="vuln_password_change_dc_no_change",
    levels=(1,),
    condition=Condition.PUBLISHED,
    effort=2,
    base="{D}",
    query="(&(|(primaryGroupID=516)(primaryGroupID=521))(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.password-change-dc-no-change",
    title_fr="Contrôleurs de domaine au secret de plus de 45 jours",
    title_en="Domain controllers with a secret older than 45 days",
    risk_fr="Un contrôleur qui ne renouvelle plus son secret garde bon pour des mois un secret volé, qui suffit à prendre le domaine.",
    risk_en="A controller that no longer renews its secret leaves a stolen one good for months, and it is enough to take the domain.",
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_password_change_dc_no_change",
        "MITRE T1078.002",
    ),
    remedy_fr="Sur chaque contrôleur, vérifier que DisablePasswordChange vaut 0 et MaximumPasswordAge 30 (paramètres Netlogon), tester le canal sécurisé (nltest /sc_verify) puis forcer un renouvellement (netdom resetpwd).",
    remedy_en="On each controller, check that DisablePasswordChange is 0 and MaximumPasswordAge 30 (Netlogon parameters), test the secure channel (nltest /sc_verify), then force a renewal (netdom resetpwd).",
    proofs={
        **PROOFS,
        **OLD,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(controller("DC2", password_days=46)),
        healthy(controller("RODC1", read_only=True, password_days=400, logon_days=400)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(controller("DC2", password_days=45)),
        healthy(controller("AzureADKerberos", read_only=True, password_days=900)),
        healthy(server("DC10", password_days=46)),
    ),
    unmeasured=(
        healthy(unread("domain", "computer")),
        healthy(hide("DC2$", "pwdlastset")),
    ),
)
