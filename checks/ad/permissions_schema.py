"""Others control objects of the schema (vuln_permissions_schema)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    grant,
    group,
    healthy,
    hidden_descriptor,
    member,
    owned,
    unread,
)
from checks.ad._shared.permissions import PROOFS, controlled
from checks.ad._shared.verdicts import gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_SCHEMA = "CN=Schema,CN=Configuration"
_CLASS = f"CN=user,{_SCHEMA}"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest some object of whose schema the unexpected control."""
    targets = forest.of("dmd", "classschema", "attributeschema")
    yield from controlled(forest, POINT, targets, whole_forest=True)
    yield from gaps(forest, "schema", "dmd", "classschema", "attributeschema")


POINT = Point(
    id="vuln_permissions_schema",
    levels=(1, 2),
    effort=1,
    base="{S}",
    query="(|(objectClass=attributeSchema)(objectClass=classSchema)(objectClass=dMD))",
)

CHECK = Check(
    id="ad.permissions-schema",
    title_fr="Schéma contrôlé par des comptes non privilégiés",
    title_en="Schema controlled by accounts that are not privileged",
    risk_fr=(
        "Qui modifie le schéma donne à tout nouvel objet des droits cachés, dans toute la forêt "
        "et sans retour possible."
    ),
    risk_en=(
        "Whoever changes the schema gives every new object hidden rights, in the whole forest and "
        "with no way back."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_permissions_schema",
        "MITRE T1222.001",
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
        healthy(grant(_SCHEMA, "(A;CI;GA;;;@m.durand)")),
        healthy(owned(_CLASS, "m.durand")),
        healthy(grant(_CLASS, "(A;;GW;;;@m.durand)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(group("Vide"), grant(_CLASS, "(A;;GA;;;@Vide)")),
        healthy(member("Schema Admins", "adm.martin")),
    ),
    unmeasured=(
        healthy(hidden_descriptor(_CLASS)),
        healthy(unread("schema")),
    ),
)
