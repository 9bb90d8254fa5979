"""Anonymous has control of objects (warning_sd_anonymous_control)."""

from collections.abc import Iterator

from checks.ad._shared.aces import ACES, holding, unseen
from checks.ad._shared.healthy import child_domain, grant, healthy, hidden_descriptor, unread
from checks.ad._shared.verdicts import PROOFS, by_domain
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_CONTROL = 0xD0028
"""Delete, change rights or owner, write properties, validated writes."""


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, with such entries."""
    found = holding(
        forest,
        lambda ace: ace.trustee == sids.ANONYMOUS and ace.allows and bool(ace.rights & _CONTROL),
    )
    yield from by_domain(forest, found)
    yield from unseen(forest)


POINT = Point(
    id="warning_sd_anonymous_control",
    effort=1,
    base="{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.warning-sd-anonymous-control",
    title_fr="Objets contrôlés sans aucun compte",
    title_en="Objects controlled without any account",
    risk_fr=("Quiconque atteint le réseau peut modifier ces objets sans mot de passe."),
    risk_en=("Anyone who reaches the network may change these objects without a password."),
    criticality=Criticality.HIGH,
    references=(
        "ANSSI warning_sd_anonymous_control",
        "MITRE T1222.001",
    ),
    remedy_fr="Supprimer ces entrées d'ANONYMOUS LOGON (dsacls /R).",
    remedy_en="Remove these entries of ANONYMOUS LOGON (dsacls /R).",
    proofs={**PROOFS, **ACES},
    reads=Directory,
    judge=judge,
    flagged=(healthy(grant("OU=Personnel", "(A;;GA;;;AN)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(grant("OU=Personnel", "(A;;RP;;;AN)")),
    ),
    unmeasured=(
        healthy(unread("domain", "ntsecuritydescriptor")),
        healthy(hidden_descriptor("m.durand")),
        healthy(hidden_descriptor("CN=Sites,CN=Configuration")),
    ),
)
