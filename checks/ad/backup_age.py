"""Backups of the directory that are old, or were never made."""

from collections.abc import Iterator
from datetime import timedelta

from checks._shared.examples import AT
from checks.ad._shared.accounts import is_older
from checks.ad._shared.healthy import (
    ROOT,
    change,
    healthy,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Domain
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_MOST_DAYS = 7
_MARK = "dsasignature"
_HEADS = (
    ROOT,
    f"CN=Configuration,{ROOT}",
    f"CN=Schema,CN=Configuration,{ROOT}",
    f"DC=DomainDnsZones,{ROOT}",
    f"DC=ForestDnsZones,{ROOT}",
)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each place some of whose partitions were not marked as backed up for over a week."""
    found: list[Found] = []
    hidden: dict[Domain | None, str] = {}
    for one in forest.partition_heads:
        if not one.changes():
            hidden.setdefault(one.domain, f"hidden: {one.dn} (msDS-ReplAttributeMetaData)")
            continue
        latest = next((each.at for each in one.changes(_MARK) if each.at is not None), None)
        if latest is None:
            found.append((one, Proof("never", {"dn": one.dn})))
        elif is_older(forest, latest, _MOST_DAYS):
            values = {"dn": one.dn, "day": latest.date().isoformat()}
            found.append((one, Proof("old", values)))
    yield from by_domain(forest, found)
    for domain, why in hidden.items():
        yield NotMeasured(forest.place(domain), why)


def _backed_up(days: int | None) -> bytes:
    name = "dSASignature" if days is not None else "objectClass"
    moment = AT - timedelta(days=days or 0)
    return (
        f"<DS_REPL_ATTR_META_DATA><pszAttributeName>{name}</pszAttributeName>"
        "<dwVersion>3</dwVersion><ftimeLastOriginatingChange>"
        f"{moment:%Y-%m-%dT%H:%M:%SZ}</ftimeLastOriginatingChange></DS_REPL_ATTR_META_DATA>"
    ).encode()


def _forest(days: int | None) -> Directory:
    mark = {"msds-replattributemetadata": _backed_up(days)}
    return healthy(*(change(dn, mark) for dn in _HEADS))


POINT = Point(
    id="backup_age",
    condition=Condition.OURS,
    effort=2,
    base="{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.backup-age",
    title_fr="Sauvegarde de l'annuaire trop ancienne",
    title_en="Backup of the directory too old",
    risk_fr=(
        "Après un rançongiciel, l'annuaire ne se reconstruit que depuis une sauvegarde "
        "récente et faite selon les règles."
    ),
    risk_en=(
        "After ransomware, the directory is rebuilt only from a backup that is recent and "
        "made by the rules."
    ),
    criticality=Criticality.HIGH,
    references=("MITRE T1490",),
    remedy_fr=(
        "Sauvegarder chaque jour l'état système de deux contrôleurs par domaine, hors du "
        "domaine, et essayer la restauration. Une simple copie instantanée de machine "
        "virtuelle ne laisse pas de marque ici."
    ),
    remedy_en=(
        "Back up the system state of two controllers per domain every day, off the domain, "
        "and try the restore. A mere snapshot of a virtual machine may leave no mark here."
    ),
    proofs={
        **PROOFS,
        "never": Wording(
            "{dn} : aucune sauvegarde marquée (dSASignature absent des métadonnées).",
            "{dn}: no backup marked (dSASignature absent from the metadata).",
        ),
        "old": Wording(
            "{dn} : dernière sauvegarde marquée le {day} (métadonnées de dSASignature).",
            "{dn}: last backup marked on {day} (metadata of dSASignature).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(*(_forest(8), _forest(None)),),
    clean=(*(_forest(1), _forest(7)),),
    unmeasured=(healthy(),),
)
