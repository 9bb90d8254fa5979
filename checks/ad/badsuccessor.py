"""Others create delegated service accounts (BadSuccessor)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, grant, healthy, thing, unread
from checks.ad._shared.permissions import PROOFS, tell_controls
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.rights import Right
from core.facts import Facts
from core.model import Criticality, Verdict

_DMSA = "msds-delegatedmanagedserviceaccount"
_GUID = "0feb936f-47b3-49f2-9386-1dedc2c23765"
_IN_SCHEMA = thing(
    "CN=dMSA,CN=Schema,CN=Configuration",
    "classschema",
    {"ldapdisplayname": "msDS-DelegatedManagedServiceAccount", "schemaidguid": _GUID},
)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, where the unexpected hold such rights."""
    targets = (
        forest.of("organizationalunit", "container", "domaindns")
        if forest.schema.has_class(_DMSA)
        else ()
    )
    held = forest.controllers_of(*targets, only=Right.CREATE_DMSA, level=2)
    yield from tell_controls(forest, held, "organizationalunit", "group")


POINT = Point(
    id="badsuccessor",
    effort=1,
    base="{D}",
    query="(objectClass=organizationalUnit)",
)

CHECK = Check(
    id="ad.badsuccessor",
    title_fr=("Comptes de service délégués (dMSA) créables par d'autres (BadSuccessor)"),
    title_en=("Delegated service accounts (dMSA) that others may create (BadSuccessor)"),
    risk_fr=(
        "Sur un contrôleur Windows Server 2025 non mis à jour (CVE-2025-53779), qui crée un tel "
        "compte prend la place de n'importe quel autre."
    ),
    risk_en=(
        "On a Windows Server 2025 controller that is not up to date (CVE-2025-53779), whoever "
        "creates such an account takes the place of any other."
    ),
    criticality=Criticality.HIGH,
    references=(
        "CVE-2025-53779",
        "MITRE T1098",
    ),
    remedy_fr=(
        "Installer les mises à jour d'août 2025 sur les contrôleurs (niveau non lu ici) et "
        "retirer le droit de créer ces comptes."
    ),
    remedy_en=(
        "Install the updates of August 2025 on the controllers (level not read here) and remove "
        "the right to create these accounts."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(healthy(_IN_SCHEMA, grant("OU=Personnel", f"(OA;;CC;{_GUID};;@m.durand)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(grant("OU=Personnel", f"(OA;;CC;{_GUID};;@m.durand)")),
        healthy(_IN_SCHEMA),
    ),
    unmeasured=(healthy(_IN_SCHEMA, unread("domain", "organizationalunit")),),
)
