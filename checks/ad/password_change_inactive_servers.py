"""Servers that no longer log on (vuln_password_change_inactive_servers)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import ASLEEP, asleep, is_idle
from checks.ad._shared.healthy import computer, healthy, server, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_DAYS = 90


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with enabled servers silent for more than 90 days, those just made apart."""
    found = [
        asleep(one) for one in forest.servers if one.is_enabled and is_idle(forest, one, _DAYS)
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "computer", "lastlogontimestamp", "operatingsystem")


POINT = Point(
    id="vuln_password_change_inactive_servers",
    levels=(3,),
    effort=2,
    base="{D}",
    query="(&(operatingSystem=*Server*)(!(primaryGroupID=516))(!(primaryGroupID=521))(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.password-change-inactive-servers",
    title_fr="Serveurs inactifs depuis plus de 90 jours",
    title_en="Servers inactive for more than 90 days",
    risk_fr="Le compte d'un serveur disparu reste une porte : son secret ne change plus et personne ne le surveille.",
    risk_en="The account of a server that is gone stays a door: its secret no longer changes and nobody watches it.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI vuln_password_change_inactive_servers",
        "MITRE T1078.002",
    ),
    remedy_fr="Désactiver le compte, le déplacer dans une unité d'organisation dédiée, puis le supprimer ; réinstaller le serveur s'il doit resservir.",
    remedy_en="Disable the account, move it to an organisational unit of its own, then delete it; reinstall the server if it must serve again.",
    proofs={
        **PROOFS,
        **ASLEEP,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(server("SRV-ETEINT", logon_days=91)),
        healthy(server("SRV-JAMAIS", logon_days=None)),
    ),
    clean=(
        healthy(),
        healthy(server("SRV-ETEINT", logon_days=90)),
        healthy(server("SRV-NEUF", logon_days=None, created_days=30)),
        healthy(server("SRV-ETEINT", logon_days=900, enabled=False)),
        healthy(computer("POSTE-003", logon_days=900)),
    ),
    unmeasured=(healthy(unread("domain", "lastlogontimestamp")),),
)
