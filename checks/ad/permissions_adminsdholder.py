"""Others control the model of the rights of privileged accounts (vuln_permissions_adminsdholder)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    grant,
    group,
    healthy,
    hidden_descriptor,
    owned,
    without,
)
from checks.ad._shared.permissions import PROOFS, controlled
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Verdict

_PLACE = "CN=AdminSDHolder"
_TARGET = "CN=AdminSDHolder,CN=System"
_SPN = "f3a64788-5306-11d1-a9c5-0000f80367c1"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose AdminSDHolder is controlled by who is not privileged."""
    for domain in forest.domains:
        target = forest.in_system(domain, _PLACE)
        if target is None:
            why = forest.unread("domain", "container", domain=domain)
            yield NotMeasured(forest.place(domain), why or "hidden: AdminSDHolder")
            continue
        yield from controlled(forest, POINT, [target])


POINT = Point(
    id="vuln_permissions_adminsdholder",
    levels=(1, 2),
    effort=1,
    base="CN=AdminSDHolder,CN=System,{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.permissions-adminsdholder",
    title_fr="adminSDHolder contrôlé par des comptes non privilégiés",
    title_en="AdminSDHolder controlled by accounts that are not privileged",
    risk_fr=(
        "Les droits de cet objet sont recopiés chaque heure sur tous les comptes privilégiés : "
        "qui les modifie devient administrateur, et le redevient après chaque nettoyage."
    ),
    risk_en=(
        "The rights of this object are copied every hour to all privileged accounts: whoever "
        "changes them becomes an administrator, and again after each clean-up."
    ),
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_permissions_adminsdholder", "MITRE T1098", "MITRE T1222.001"),
    remedy_fr=(
        "Supprimer ces droits sur CN=AdminSDHolder,CN=System (dsacls ou ldp) et rendre l'objet aux "
        "Admins du domaine ; à défaut, protéger le délégataire comme un compte de niveau 0."
    ),
    remedy_en=(
        "Remove these rights from CN=AdminSDHolder,CN=System (dsacls or ldp) and give the object "
        "back to Domain Admins; failing that, protect the delegate as a tier-0 account."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant(_TARGET, "(A;;WD;;;@m.durand)")),
        healthy(group("Support", members=["m.durand"]), grant(_TARGET, "(A;;GA;;;@Support)")),
        healthy(owned(_TARGET, "m.durand")),
        healthy(grant(_TARGET, "(A;;GA;;;AU)")),
        healthy(grant(_TARGET, "(A;;SD;;;@m.durand)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(group("Vide"), grant(_TARGET, "(A;;GA;;;@Vide)")),
        healthy(grant(_TARGET, "(A;;WD;;;@adm.martin)")),
        healthy(grant(_TARGET, "(D;;GA;;;@m.durand)", "(A;;GA;;;@m.durand)")),
        healthy(grant(_TARGET, "(A;CIIO;GA;;;@m.durand)")),
        healthy(grant(_TARGET, "(XA;;WD;;;@adm.martin;(@User.a == 1))")),
        healthy(grant(_TARGET, f"(OA;;RP;{_SPN};;@m.durand)")),
    ),
    unmeasured=(
        healthy(hidden_descriptor(_TARGET)),
        healthy(without(_TARGET)),
        healthy(grant(_TARGET, "(XA;;WD;;;@m.durand;(@User.a == 1))")),
    ),
)
