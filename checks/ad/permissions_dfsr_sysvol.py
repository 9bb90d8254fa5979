"""Others control the replication of SYSVOL (vuln_permissions_dfsr_sysvol)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    grant,
    group,
    healthy,
    hidden_descriptor,
    owned,
    thing,
    unread,
    without,
)
from checks.ad._shared.permissions import PROOFS, controlled
from checks.ad._shared.verdicts import gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, NotMeasured, Verdict

_TOP = "CN=DFSR-GlobalSettings"
_VOLUME = "domain system volume"
_CLASSES = (
    "msdfsr-replicationgroup",
    "msdfsr-content",
    "msdfsr-contentset",
    "msdfsr-topology",
    "msdfsr-member",
    "msdfsr-connection",
    "msdfsr-subscriber",
    "msdfsr-subscription",
)
_TARGET = f"{_TOP},CN=System"
_SHARE = f"CN=SYSVOL Share,CN=Content,CN=Domain System Volume,{_TARGET}"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose SYSVOL replication settings the unexpected control."""
    targets: list[Entry] = []
    for domain in forest.domains:
        top = forest.in_system(domain, _TOP)
        if top is None:
            yield NotMeasured(forest.place(domain), "hidden: DFSR-GlobalSettings")
            continue
        targets.append(top)
        for volume in forest.children(top):
            if volume.name.lower() == _VOLUME:
                targets += [volume, *forest.under(volume.dn, within=forest.of(*_CLASSES))]
    for controller_ in forest.controllers:
        for one in forest.children(controller_.account):
            if one.kind == "msdfsr-localsettings":
                targets += [one, *forest.under(one.dn, within=forest.of(*_CLASSES))]
    yield from controlled(forest, POINT, targets)
    yield from gaps(
        forest, "domain", "computer", "msdfsr-globalsettings", "msdfsr-localsettings", *_CLASSES
    )


POINT = Point(
    id="vuln_permissions_dfsr_sysvol",
    levels=(1, 2),
    effort=1,
    base="CN=DFSR-GlobalSettings,CN=System,{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.permissions-dfsr-sysvol",
    title_fr="Réplication de SYSVOL contrôlée par des comptes non privilégiés",
    title_en="SYSVOL replication controlled by accounts that are not privileged",
    risk_fr=(
        "Qui modifie ces objets impose ses propres scripts et stratégies à tous les postes et "
        "serveurs du domaine."
    ),
    risk_en=(
        "Whoever changes these objects imposes their own scripts and policies on every "
        "workstation and server of the domain."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_permissions_dfsr_sysvol",
        "MITRE T1484.001",
    ),
    remedy_fr=(
        "Supprimer ces droits (dsacls ou ldp), rendre l'objet aux Admins du domaine et revenir "
        "aux droits d'origine ; à défaut, protéger le délégataire comme un compte de niveau 0."
    ),
    remedy_en=(
        "Remove these rights (dsacls or ldp), give the object back to Domain Admins and return to "
        "the default rights; failing that, protect the delegate as a tier-0 account."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant(_TARGET, "(A;;GA;;;@m.durand)")),
        healthy(grant(_SHARE, "(A;;GW;;;@m.durand)")),
        healthy(owned("CN=DFSR-LocalSettings,CN=DC1,OU=Domain Controllers", "m.durand")),
        healthy(grant(_TARGET, "(A;;SD;;;@m.durand)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(group("Vide"), grant(_TARGET, "(A;;GA;;;@Vide)")),
        healthy(
            thing(f"CN=Partages,{_TARGET}", "msdfsr-replicationgroup"),
            owned(f"CN=Partages,{_TARGET}", "m.durand"),
        ),
    ),
    unmeasured=(
        healthy(hidden_descriptor(_TARGET)),
        healthy(without(_TARGET)),
        healthy(unread("domain", "msdfsr-subscriber")),
    ),
)
