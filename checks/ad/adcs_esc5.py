"""Others control the machines of certification authorities (ESC5)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, grant, healthy, server, unread
from checks.ad._shared.permissions import PROOFS, tell_controls
from checks.ad._shared.verdicts import gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, where the unexpected hold such rights."""
    targets = dict.fromkeys(
        one
        for service in forest.enrollment_services
        if service.text("dnshostname")
        for one in forest.spn_targets(f"HOST/{service.text('dnshostname')}")
    )
    yield from tell_controls(forest, forest.controllers_of(*targets), "user", "computer")
    yield from gaps(forest, "configuration", "pkienrollmentservice")


POINT = Point(
    id="adcs_esc5",
    effort=1,
    base="{D}",
    query="(objectClass=computer)",
)

CHECK = Check(
    id="ad.adcs-esc5",
    title_fr="Serveurs d'autorité de certification contrôlés par d'autres (ESC5)",
    title_en="Certification authority servers controlled by others (ESC5)",
    risk_fr=("Qui contrôle ce serveur signe des certificats au nom de n'importe qui."),
    risk_en="Whoever controls this server signs certificates in anyone's name.",
    criticality=Criticality.HIGH,
    references=(
        "SpecterOps Certified Pre-Owned",
        "MITRE T1649",
    ),
    remedy_fr=(
        "Traiter les serveurs d'autorité comme des contrôleurs de domaine et retirer ces droits."
    ),
    remedy_en=("Treat the authorities' servers as domain controllers and remove these rights."),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(healthy(server("SRV-PKI"), grant("SRV-PKI$", "(A;;GA;;;@m.durand)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(server("SRV-PKI")),
    ),
    unmeasured=(
        healthy(unread("domain", "computer")),
        healthy(unread("configuration", "pkienrollmentservice")),
    ),
)
