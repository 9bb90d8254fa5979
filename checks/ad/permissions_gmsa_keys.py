"""Others control the KDS root keys (vuln_permissions_gmsa_keys)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    grant,
    group,
    healthy,
    hidden_descriptor,
    owned,
    unread,
    without,
)
from checks.ad._shared.permissions import PROOFS, controlled
from checks.ad._shared.verdicts import gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Verdict

_SERVICE = "CN=Group Key Distribution Service,CN=Services"
_GMSA = "msds-groupmanagedserviceaccount"
_KEYS = f"CN=Master Root Keys,{_SERVICE},CN=Configuration"
_KEY = f"CN=8d5e2a4c,{_KEYS}"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest whose KDS root keys, or their container, the unexpected control."""
    keys = forest.of("mskds-provrootkey")
    places = [forest.in_configuration(one) for one in (_SERVICE, f"CN=Master Root Keys,{_SERVICE}")]
    if None in places or (not keys and any(one.kind == _GMSA for one in forest.managed)):
        yield NotMeasured(forest.place(), "hidden: msKds-ProvRootKey")
    targets = [*(one for one in places if one is not None), *keys]
    yield from controlled(forest, POINT, targets, whole_forest=True)
    yield from gaps(forest, "configuration", "mskds-provrootkey")


POINT = Point(
    id="vuln_permissions_gmsa_keys",
    levels=(1, 2),
    effort=1,
    base="CN=Group Key Distribution Service,CN=Services,{C}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.permissions-gmsa-keys",
    title_fr="Clés racines KDS contrôlées par des comptes non privilégiés",
    title_en="KDS root keys controlled by accounts that are not privileged",
    risk_fr=(
        "Qui lit une clé racine calcule, hors ligne et pour toujours, le mot de passe de tous les "
        "comptes de service gérés."
    ),
    risk_en=(
        "Whoever reads a root key computes, offline and for ever, the password of every managed "
        "service account."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_permissions_gmsa_keys",
        "MITRE T1555",
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
        healthy(grant(_KEY, "(A;;GA;;;@m.durand)")),
        healthy(grant(_KEY, "(A;;CR;;;@m.durand)")),
        healthy(grant(_KEYS, "(A;CI;GA;;;@m.durand)")),
        healthy(owned(_KEY, "m.durand")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(group("Vide"), grant(_KEY, "(A;;GA;;;@Vide)")),
        healthy(without(_KEY), without("gmsa-sauve$")),
    ),
    unmeasured=(
        healthy(hidden_descriptor(_KEY)),
        healthy(without(_KEY)),
        healthy(unread("configuration", "mskds-provrootkey")),
    ),
)
