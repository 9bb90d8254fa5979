"""A zone stands in several partitions (warning_dnszone_duplicated_zones)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, healthy, unread, zone
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.zones import Zone
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest where two partitions hold zones of the same name."""
    by_name: dict[str, list[Zone]] = {}
    for one in forest.zones:
        by_name.setdefault(one.name, []).append(one)
    found = [
        (one.entry, Proof("zone", {"dn": one.entry.dn, "zone": name}))
        for name, zones in sorted(by_name.items())
        if len(zones) > 1
        for one in zones
    ]
    yield from failed(forest, None, found)
    for kind in ("domain", "domain-dns", "forest-dns"):
        yield from gaps(forest, kind, "dnszone")


POINT = Point(
    id="warning_dnszone_duplicated_zones",
    effort=1,
    base="CN=MicrosoftDNS,DC=DomainDnsZones,{D}",
    query="(objectClass=dnsZone)",
)

CHECK = Check(
    id="ad.warning-dnszone-duplicated-zones",
    title_fr="Zones DNS en double dans l'annuaire",
    title_en="DNS zones held twice in the directory",
    risk_fr=(
        "Les contrôleurs ne répondent pas tous la même chose ; la copie oubliée peut être la "
        "moins protégée."
    ),
    risk_en=(
        "Controllers do not all give the same answer; the forgotten copy may be the less "
        "protected one."
    ),
    criticality=Criticality.LOW,
    references=("ANSSI warning_dnszone_duplicated_zones",),
    remedy_fr=(
        "Garder la zone dans une seule partition et supprimer l'autre copie après sauvegarde."
    ),
    remedy_en=("Keep the zone in one partition and remove the other copy after a backup."),
    proofs={
        **PROOFS,
        "zone": Wording(
            "{zone} : {dn}.",
            "{zone}: {dn}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(zone("chu.example", forest_wide=True)),),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("forest-dns")),),
)
