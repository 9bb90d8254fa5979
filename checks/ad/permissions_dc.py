"""Others control the domain controllers (vuln_permissions_dc)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    controller,
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
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Verdict

_OU = "OU=Domain Controllers"
_MEMBER = "bf9679c0-0de6-11d0-a285-00aa003049e2"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose controllers, or their containers, the unexpected control."""
    targets: list[Entry] = []
    for one in forest.controllers:
        if not one.is_entra:
            above = one.account.parent
            targets += [one.account, *([above] if above is not None else [])]
    yield from controlled(forest, POINT, targets)
    yield from gaps(forest, "domain", "computer", "organizationalunit")


POINT = Point(
    id="vuln_permissions_dc",
    levels=(1, 2),
    effort=1,
    base="{D}",
    query="(|(primaryGroupID=516)(primaryGroupID=521))",
)

CHECK = Check(
    id="ad.permissions-dc",
    title_fr="Contrôleurs de domaine contrôlés par des comptes non privilégiés",
    title_en="Domain controllers controlled by accounts that are not privileged",
    risk_fr=(
        "Qui contrôle l'objet d'un contrôleur de domaine en prend la place et lit tous les mots "
        "de passe du domaine."
    ),
    risk_en=(
        "Whoever controls the object of a domain controller can take its place and read every "
        "password of the domain."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_permissions_dc",
        "MITRE T1098",
        "MITRE T1003.006",
    ),
    remedy_fr=(
        "Supprimer ces droits (dsacls ou ldp), rendre l'objet aux Admins du domaine et revenir "
        "aux droits d'origine ; à défaut, protéger le délégataire comme un compte de niveau 0. Le "
        "compte qui a joint le serveur en est souvent resté propriétaire ; l'attribut managedBy "
        "d'un contrôleur en lecture seule en donne l'administration locale."
    ),
    remedy_en=(
        "Remove these rights (dsacls or ldp), give the object back to Domain Admins and return to "
        "the default rights; failing that, protect the delegate as a tier-0 account. The account "
        "that joined the server often remained its owner; managedBy of a read-only controller "
        "gives local administration of it."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant("DC1$", "(A;;GA;;;@m.durand)")),
        healthy(grant(_OU, "(A;;WD;;;@m.durand)")),
        healthy(grant(_OU, "(A;CI;GA;;;@m.durand)")),
        healthy(owned("DC1$", "m.durand")),
        healthy(
            controller(
                "RODC", {"managedby": "CN=m.durand,OU=Personnel,DC=chu,DC=example"}, read_only=True
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(controller("RODC", read_only=True)),
        healthy(group("Vide"), grant("DC1$", "(A;;GA;;;@Vide)")),
        healthy(grant("SRV-FICHIERS$", "(A;;GA;;;@m.durand)")),
        healthy(
            grant(_OU, f"(OA;CIIO;WP;{_MEMBER};bf967a9c-0de6-11d0-a285-00aa003049e2;@m.durand)")
        ),
        healthy(
            controller("AzureADKerberos", read_only=True), owned("AzureADKerberos$", "m.durand")
        ),
    ),
    unmeasured=(
        healthy(hidden_descriptor("DC1$")),
        healthy(unread("domain", "computer")),
    ),
)
