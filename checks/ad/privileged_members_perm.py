"""Others control privileged accounts or groups (vuln_privileged_members_perm)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    entra_connect,
    exchange,
    grant,
    group,
    healthy,
    hidden_descriptor,
    owned,
    unread,
    user,
)
from checks.ad._shared.permissions import PROOFS, controlled
from checks.ad._shared.verdicts import gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_RESET = "00299570-246d-11d0-a768-00aa006e0529"
_SPN = "f3a64788-5306-11d1-a9c5-0000f80367c1"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose privileged accounts or groups are controlled by who is not privileged."""
    targets = [one for one in forest.privileged.via if not one.is_foreign]
    yield from controlled(forest, POINT, targets)
    yield from gaps(forest, "domain", "group", "user", "computer")


POINT = Point(
    id="vuln_privileged_members_perm",
    levels=(
        1,
        2,
    ),
    effort=2,
    base="{D}",
    query="(adminCount=1)",
)

CHECK = Check(
    id="ad.privileged-members-perm",
    title_fr="Comptes et groupes privilégiés contrôlables par d'autres",
    title_en="Privileged accounts and groups that others control",
    risk_fr="Qui tient l'un de ces comptes ordinaires peut changer le mot de passe d'un administrateur, ou entrer dans son groupe.",
    risk_en="Whoever holds one of these ordinary accounts may change the password of an administrator, or join their group.",
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_privileged_members_perm",
        "MITRE T1098",
        "MITRE T1222.001",
    ),
    remedy_fr="Corriger d'abord AdminSDHolder et les objets des contrôleurs, attendre une heure, puis supprimer les droits restants et rendre ces objets aux Admins du domaine.",
    remedy_en="First put AdminSDHolder and the objects of the controllers right, wait an hour, then remove the remaining rights and give these objects back to Domain Admins.",
    proofs={
        **PROOFS,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant("adm.martin", f"(OA;;CR;{_RESET};;@m.durand)")),
        healthy(grant("adm.martin", f"(OA;;SW;{_SPN};;@m.durand)")),
        healthy(owned("Domain Admins", "m.durand")),
        healthy(group("Support", members=["c.petit"]), grant("adm.leroy", "(A;;GA;;;@Support)")),
        healthy(
            user("svc", groups=["Backup Operators"], ou="OU=Personnel"),
            grant("OU=Personnel", "(A;CI;GA;;;@m.durand)"),
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(exchange()),
        healthy(entra_connect()),
        healthy(grant("adm.martin", "(D;;GA;;;@m.durand)", "(A;;GA;;;@m.durand)")),
        healthy(grant("adm.martin", "(A;CIIO;GA;;;@m.durand)")),
        healthy(group("Vide"), grant("adm.martin", "(A;;GA;;;@Vide)")),
        healthy(grant("adm.martin", "(A;;GA;;;@adm.leroy)")),
    ),
    unmeasured=(
        healthy(hidden_descriptor("adm.martin")),
        healthy(unread("domain", "group")),
    ),
)
