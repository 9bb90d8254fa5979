"""Servers keep their secret for more than 45 days (vuln_password_change_server_no_change_45)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import OLD, is_cluster, keeping, lacking
from checks.ad._shared.healthy import computer, controller, healthy, hide, server, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_DAYS = 45


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled servers have had one secret for more than 45 days, clusters apart."""
    held = [one for one in forest.servers if one.is_enabled and not is_cluster(one)]
    yield from by_domain(forest, keeping(forest, held, _DAYS), *POINT.levels)
    yield from gaps(forest, "domain", "computer", "pwdlastset", "operatingsystem")
    yield from lacking(forest, held, "pwdlastset")


POINT = Point(
    id="vuln_password_change_server_no_change_45",
    levels=(3,),
    effort=2,
    base="{D}",
    query="(&(operatingSystem=*Server*)(!(primaryGroupID=516))(!(primaryGroupID=521))(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.password-change-server-no-change-45",
    title_fr="Serveurs au secret de plus de 45 jours",
    title_en="Servers with a secret older than 45 days",
    risk_fr="Un serveur renouvelle son secret chaque mois ; s'il ne le fait plus, un secret volé reste bon, et le serveur est souvent oublié, éteint ou cloné.",
    risk_en="A server renews its secret every month; when it no longer does, a stolen one stays good, and the server is often forgotten, off or cloned.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI vuln_password_change_server_no_change_45",
        "MITRE T1078.002",
    ),
    remedy_fr="Vérifier DisablePasswordChange, MaximumPasswordAge et le service Netlogon, réparer le canal sécurisé (Test-ComputerSecureChannel -Repair) ; désactiver les comptes des serveurs qui n'existent plus.",
    remedy_en="Check DisablePasswordChange, MaximumPasswordAge and the Netlogon service, repair the secure channel (Test-ComputerSecureChannel -Repair); disable the accounts of servers that are no more.",
    proofs={
        **PROOFS,
        **OLD,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(server("SRV-VIEUX", password_days=46)),
        healthy(
            server(
                "SRV-2012",
                password_days=500,
                system=("Windows Server 2012 R2 Standard", "6.3 (9600)"),
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(server("SRV-LIMITE", password_days=45)),
        healthy(server("SRV-CREE-AVANT", password_days=None)),
        healthy(server("GRAPPE", password_days=500, spn=["MSClusterVirtualServer/GRAPPE"])),
        healthy(server("SRV-VIEUX", password_days=500, enabled=False)),
        healthy(controller("DC2", password_days=500)),
        healthy(computer("POSTE-003", password_days=500)),
    ),
    unmeasured=(
        healthy(unread("domain", "computer")),
        healthy(hide("SRV-FICHIERS$", "pwdlastset")),
    ),
)
