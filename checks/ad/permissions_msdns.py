"""Others write the settings of the DNS service (vuln_permissions_msdns)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    grant,
    group,
    healthy,
    hidden_descriptor,
    member,
    owned,
    without,
)
from checks.ad._shared.permissions import PROOFS, controlled
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.rights import Right
from core.facts import Facts
from core.model import Criticality, NotMeasured, Verdict

_TARGET = "CN=MicrosoftDNS,CN=System"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose DNS settings the unexpected may write."""
    for domain in forest.domains:
        target = forest.in_system(domain, "CN=MicrosoftDNS")
        if target is None:
            yield NotMeasured(forest.place(domain), "hidden: CN=MicrosoftDNS,CN=System")
            continue
        yield from controlled(forest, POINT, [target], more=Right.WRITE_SOME)


POINT = Point(
    id="vuln_permissions_msdns",
    levels=(1,),
    effort=1,
    base="CN=MicrosoftDNS,CN=System,{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.permissions-msdns",
    title_fr="Réglages du service DNS modifiables par des comptes non privilégiés",
    title_en=("Settings of the DNS service writable by accounts that are not privileged"),
    risk_fr=(
        "Qui les modifie fait exécuter son programme par le service DNS, le plus souvent sur un "
        "contrôleur de domaine."
    ),
    risk_en=(
        "Whoever writes them has the DNS service run a program of theirs, most often on a domain "
        "controller."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_permissions_msdns",
        "MITRE T1543.003",
        "MITRE T1574.001",
    ),
    remedy_fr=(
        "Retirer l'écriture sur CN=MicrosoftDNS,CN=System, vider DnsAdmins et déléguer la gestion "
        "zone par zone."
    ),
    remedy_en=(
        "Remove write access to CN=MicrosoftDNS,CN=System, empty DnsAdmins and delegate "
        "management zone by zone."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant(_TARGET, "(A;;WP;;;@m.durand)")),
        healthy(member("DnsAdmins", "m.durand")),
        healthy(member("DnsAdmins", "adm.martin"), member("DnsAdmins", "m.durand")),
        healthy(owned(_TARGET, "m.durand")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(member("DnsAdmins", "adm.martin")),
        healthy(group("Vide"), grant(_TARGET, "(A;;GA;;;@Vide)")),
        healthy(grant(_TARGET, "(A;CIIO;GA;;;@m.durand)")),
    ),
    unmeasured=(
        healthy(hidden_descriptor(_TARGET)),
        healthy(without(_TARGET)),
    ),
)
