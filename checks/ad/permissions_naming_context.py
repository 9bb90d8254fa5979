"""Others control a naming context, or replicate its secrets (vuln_permissions_naming_context)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    ROOT,
    child_domain,
    entra_connect,
    exchange,
    grant,
    group,
    healthy,
    hidden_descriptor,
    owned,
    unread,
)
from checks.ad._shared.permissions import PROOFS, controlled
from checks.ad._shared.verdicts import gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Verdict

_GET = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"
_GET_ALL = "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"
_REPLICA = "9923a32a-3607-11d2-b9be-0000f87a36b2"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, the head of one of whose partitions others control."""
    for domain in forest.domains:
        if forest.head(domain) is None:
            why = forest.unread("domain", "domaindns", domain=domain)
            yield NotMeasured(forest.place(domain), why or f"hidden: {domain.dn}")
    yield from controlled(forest, POINT, forest.partition_heads)
    for kind in ("configuration", "schema"):
        yield from gaps(forest, kind, kind)


POINT = Point(
    id="vuln_permissions_naming_context",
    levels=(1, 2),
    effort=2,
    base="{D}",
    query="(objectClass=domainDNS)",
)

CHECK = Check(
    id="ad.permissions-naming-context",
    title_fr=("Racine d'un contexte de nommage contrôlée par des comptes non privilégiés"),
    title_en=("Head of a naming context controlled by accounts that are not privileged"),
    risk_fr=(
        "Ces droits suffisent pour copier tous les mots de passe du domaine (« DCSync ») ou "
        "prendre le contrôle de tout ce qu'il contient."
    ),
    risk_en=(
        "These rights are enough to copy every password of the domain (DCSync) or to take control "
        "of all that it holds."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_permissions_naming_context",
        "MITRE T1003.006",
        "MITRE T1222.001",
    ),
    remedy_fr=(
        "Supprimer ces droits (dsacls ou ldp), rendre l'objet aux Admins du domaine et revenir "
        "aux droits d'origine ; à défaut, protéger le délégataire comme un compte de niveau 0. "
        "Exchange : appliquer les droits réduits de la mise à jour cumulative "
        "(PrepareAllDomains). Entra Connect : traiter son compte et son serveur en niveau 0."
    ),
    remedy_en=(
        "Remove these rights (dsacls or ldp), give the object back to Domain Admins and return to "
        "the default rights; failing that, protect the delegate as a tier-0 account. Exchange: "
        "apply the reduced rights of the cumulative update (PrepareAllDomains). Entra Connect: "
        "treat its account and its server as tier 0."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant(ROOT, f"(OA;;CR;{_GET};;@m.durand)", f"(OA;;CR;{_GET_ALL};;@m.durand)")),
        healthy(
            group("Lot A", members=["m.durand"]),
            group("Lot B", members=["m.durand"]),
            grant(ROOT, f"(OA;;CR;{_GET};;@Lot A)", f"(OA;;CR;{_GET_ALL};;@Lot B)"),
        ),
        healthy(grant("CN=Configuration", "(A;;WD;;;@m.durand)")),
        healthy(owned(f"DC=DomainDnsZones,{ROOT}", "m.durand")),
        healthy(entra_connect(protected=False)),
        healthy(grant(ROOT, f"(OA;;CR;{_REPLICA};;@m.durand)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(exchange()),
        healthy(entra_connect()),
        healthy(grant(ROOT, f"(OA;;CR;{_GET};;@m.durand)")),
        healthy(grant(ROOT, "(A;CIIO;GA;;;@adm.martin)")),
    ),
    unmeasured=(
        healthy(hidden_descriptor(ROOT)),
        healthy(unread("schema")),
    ),
)
