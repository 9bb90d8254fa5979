"""Clusters keep their secret for more than three years (vuln_password_change_cluster_no_change_3years)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import OLD, THREE_YEARS, is_cluster, is_older, keeping, lacking
from checks.ad._shared.healthy import healthy, hide, server, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_ACTIVE = 45


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose clusters in use have had one secret for more than three years."""
    held = [
        one
        for one in forest.having("serviceprincipalname")
        if one.is_computer and one.is_enabled and is_cluster(one)
    ]
    active = [one for one in held if not is_older(forest, one.last_logon, _ACTIVE)]
    yield from by_domain(forest, keeping(forest, active, THREE_YEARS), *POINT.levels)
    yield from gaps(forest, "domain", "computer", "pwdlastset", "serviceprincipalname")
    yield from lacking(forest, held, "pwdlastset")


POINT = Point(
    id="vuln_password_change_cluster_no_change_3years",
    levels=(2,),
    effort=2,
    base="{D}",
    query="(servicePrincipalName=MSClusterVirtualServer/*)",
)

CHECK = Check(
    id="ad.password-change-cluster-no-change-3years",
    title_fr="Noms de grappe (cluster) au secret de plus de trois ans",
    title_en="Cluster names with a secret older than three years",
    risk_fr="Le nom d'une grappe de serveurs porte ses services : son secret, jamais renouvelé, permet d'usurper tout ce qu'elle héberge.",
    risk_en="The name of a cluster bears its services: its secret, never renewed, lets one usurp all that it hosts.",
    criticality=Criticality.HIGH,
    references=(
        "ANSSI vuln_password_change_cluster_no_change_3years",
        "MITRE T1078.002",
    ),
    remedy_fr="Depuis le gestionnaire du cluster de basculement, mettre le nom hors connexion puis « Réparer » ; vérifier que le compte du cluster peut renouveler son mot de passe.",
    remedy_en="From Failover Cluster Manager, take the name offline then « Repair »; check that the cluster's account may renew its password.",
    proofs={
        **PROOFS,
        **OLD,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(server("GRAPPE", password_days=1_096, spn=["MSClusterVirtualServer/GRAPPE"])),
    ),
    clean=(
        healthy(),
        healthy(server("GRAPPE", password_days=1_095, spn=["MSClusterVirtualServer/GRAPPE"])),
        healthy(
            server("GRAPPE", password_days=2_000, logon_days=60, spn=["MSClusterVirtualServer/G"])
        ),
        healthy(server("SRV-VIEUX", password_days=2_000)),
    ),
    unmeasured=(
        healthy(unread("domain", "computer")),
        healthy(server("GRAPPE", spn=["MSClusterVirtualServer/G"]), hide("GRAPPE$", "pwdlastset")),
    ),
)
