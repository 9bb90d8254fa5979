"""Any account creates records in a DNS zone (ADIDNS)."""

from collections.abc import Iterator

from checks.ad._shared import defaults
from checks.ad._shared.healthy import (
    ROOT,
    child_domain,
    descriptor,
    grant,
    healthy,
    hidden_descriptor,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.descriptors import CREATE_CHILD
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Domain
from core.directory.zones import Zone
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_NODE = "dnsnode"
_ZONE = f"DC=chu.example,CN=MicrosoftDNS,DC=DomainDnsZones,{ROOT}"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, with zones where nearly every account creates records.

    Machines register themselves: where they alone may, nothing is told.
    """
    found: list[Found] = []
    hidden: dict[Domain | None, Zone] = {}
    node = forest.schema.classes[_NODE]
    for zone in forest.zones:
        held = zone.entry.descriptor
        if held is None:
            hidden.setdefault(zone.entry.domain, zone)
            continue
        for trustee in forest.rights.trustees(held, CREATE_CHILD, node, kind=zone.entry.kind):
            if sids.is_broad(trustee) and sids.rid_of(trustee) != sids.DOMAIN_COMPUTERS:
                who = forest.name_of(trustee, zone.entry.domain)
                found.append((zone.entry, Proof("zone", {"zone": zone.name, "who": who})))
    yield from by_domain(forest, found)
    for domain, zone in hidden.items():
        yield NotMeasured(forest.place(domain), f"hidden: {zone.entry.dn}")
    if not forest.zones:
        yield NotMeasured(forest.place(), "hidden: dnsZone")
    for kind in ("domain", "domain-dns", "forest-dns"):
        yield from gaps(forest, kind, "dnszone", "ntsecuritydescriptor")


POINT = Point(
    id="dns_create_child",
    effort=2,
    base="CN=MicrosoftDNS,DC=DomainDnsZones,{D}",
    query="(objectClass=dnsZone)",
)

CHECK = Check(
    id="ad.dns-create-child",
    title_fr="Création d'enregistrements DNS ouverte à tous les comptes",
    title_en="Any account may create DNS records",
    risk_fr=(
        "N'importe quel compte donne à sa machine un nom que d'autres cherchent encore (ancien "
        "serveur, WPAD) et reçoit leurs connexions. C'est le réglage d'origine de Windows."
    ),
    risk_en=(
        "Any account gives its machine a name that others still look for (an old server, WPAD) "
        "and receives their connections. It is the original setting of Windows."
    ),
    criticality=Criticality.INFO,
    references=("MITRE T1557",),
    remedy_fr=(
        "Réserver « Créer tous les objets enfants » sur la zone aux « Ordinateurs du domaine » et "
        "au service DHCP ; créer wpad et isatap vers une adresse sans service."
    ),
    remedy_en=(
        "Keep “Create all child objects” on the zone for Domain Computers and the DHCP service; "
        "create wpad and isatap towards an address without a service."
    ),
    proofs={
        **PROOFS,
        "zone": Wording(
            "Zone {zone} : {who} y crée des enregistrements.",
            "Zone {zone}: {who} may create records in it.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(descriptor(_ZONE, defaults.OF_CLASS["dnszone"])),
        healthy(grant(_ZONE, "(OA;;CC;e0fa1e8c-9b45-11d0-afdd-00c04fd930c9;;WD)")),
        healthy(grant(_ZONE, "(A;;GA;;;DU)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(grant(_ZONE, "(A;;CC;;;@m.durand)")),
        healthy(grant(_ZONE, "(OA;;CC;bf967aba-0de6-11d0-a285-00aa003049e2;;AU)")),
        healthy(grant(_ZONE, "(A;CIIO;CC;;;AU)")),
    ),
    unmeasured=(
        healthy(hidden_descriptor(_ZONE)),
        healthy(unread("domain-dns", "dnszone")),
    ),
)
