"""DNS zones take updates from anyone (vuln_dnszone_bad_prop)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import ROOT, child_domain, healthy, hide, spoilt, unread, zone
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory import decode
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Domain
from core.directory.zones import Zone
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_ZONE = f"DC=chu.example,CN=MicrosoftDNS,DC=DomainDnsZones,{ROOT}"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag zones with unsecured dynamic updates: level 1 for those of the directory itself."""
    open_: dict[Domain | None, list[Zone]] = {}
    hidden: dict[Domain | None, Zone] = {}
    for one in forest.zones:
        if one.update is None:
            hidden.setdefault(one.entry.domain, one)
        elif one.update == decode.UPDATE_UNSECURE:
            open_.setdefault(one.entry.domain, []).append(one)
    for domain, zones in open_.items():
        levels = (1, 3) if any(one.is_of_directory for one in zones) else (3,)
        found = [
            (one.entry, Proof("zone", {"dn": one.entry.dn, "zone": one.name})) for one in zones
        ]
        yield from failed(forest, domain, found, *levels)
    for domain, one in hidden.items():
        yield NotMeasured(forest.place(domain), f"hidden: {one.entry.dn} (dNSProperty)")
    if not forest.zones:
        yield NotMeasured(forest.place(), "hidden: dnsZone")
    for kind in ("domain", "domain-dns", "forest-dns"):
        yield from gaps(forest, kind, "dnszone", "dnsproperty")


POINT = Point(
    id="vuln_dnszone_bad_prop",
    levels=(1, 3),
    condition=Condition.PUBLISHED,
    effort=1,
    base="CN=MicrosoftDNS,DC=DomainDnsZones,{D}",
    query="(objectClass=dnsZone)",
)

CHECK = Check(
    id="ad.dnszone-bad-prop",
    title_fr="Zones DNS acceptant les mises à jour de n'importe qui",
    title_en="DNS zones that take updates from anyone",
    risk_fr=(
        "Toute machine du réseau, même sans compte, redirige vers elle le nom d'un serveur et "
        "intercepte les mots de passe."
    ),
    risk_en=(
        "Any machine of the network, even without an account, redirects the name of a server to "
        "itself and intercepts passwords."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_dnszone_bad_prop",
        "MITRE T1557",
        "MITRE T1584.002",
    ),
    remedy_fr=(
        "Régler la zone sur « mises à jour dynamiques : sécurisées uniquement » (console DNS, "
        "propriétés de la zone), puis relire les enregistrements en place."
    ),
    remedy_en=(
        "Set the zone to « dynamic updates: secure only » (DNS console, properties of the zone), "
        "then review the records in place."
    ),
    proofs={
        **PROOFS,
        "zone": Wording(
            (
                "{zone} : mises à jour non sécurisées acceptées (dNSProperty ALLOW_UPDATE = 1) ; "
                "{dn}."
            ),
            ("{zone}: unsecured updates accepted (dNSProperty ALLOW_UPDATE = 1); {dn}."),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(zone("chu.example", 1)),
        healthy(zone("labo.example", 1)),
        healthy(zone("_msdcs.chu.example", 1, forest_wide=True)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(zone("labo.example", 0)),
        healthy(zone("RootDNSServers", 1)),
        healthy(zone("..TrustAnchors", 1)),
    ),
    unmeasured=(
        healthy(hide(_ZONE, "dnsproperty")),
        healthy(spoilt(_ZONE, "dnsproperty", b"\x01\x00")),
        healthy(unread("domain-dns")),
        healthy(unread("domain", "dnszone")),
    ),
)
