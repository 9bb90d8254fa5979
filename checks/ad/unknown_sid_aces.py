"""Entries for accounts of nowhere."""

from collections.abc import Iterator

from checks.ad._shared.aces import ACES, holding, unseen
from checks.ad._shared.healthy import child_domain, grant, healthy, hidden_descriptor, trust, unread
from checks.ad._shared.verdicts import PROOFS, by_domain
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_OF_DOMAIN = "S-1-5-21-"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, with such entries."""
    known = {one.sid for one in forest.domains}
    known.update(sid for one in forest.trusts for sid in one.sids("securityidentifier"))
    found = holding(
        forest,
        lambda ace: (
            ace.trustee.startswith(_OF_DOMAIN)
            and sids.domain_of(ace.trustee) not in known
            and forest.by_sid(ace.trustee) is None
        ),
    )
    yield from by_domain(forest, found)
    yield from unseen(forest)


POINT = Point(
    id="unknown_sid_aces",
    effort=1,
    base="{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.unknown-sid-aces",
    title_fr="Permissions données à des domaines inconnus",
    title_en="Permissions given to unknown domains",
    risk_fr=(
        "Ces permissions visent un domaine qui n'est ni de la forêt ni approuvé : reste d'une "
        "migration, ou accès caché."
    ),
    risk_en=(
        "These permissions are for a domain neither of the forest nor trusted: what is left of a "
        "migration, or a hidden access."
    ),
    criticality=Criticality.LOW,
    references=(
        "MS-DTYP 2.4.4",
        "MITRE T1222.001",
    ),
    remedy_fr="Supprimer ces entrées une fois leur origine établie (dsacls /R).",
    remedy_en="Remove these entries once their origin is known (dsacls /R).",
    proofs={**PROOFS, **ACES},
    reads=Directory,
    judge=judge,
    flagged=(healthy(grant("OU=Personnel", "(A;;RP;;;S-1-5-21-9-8-7-1104)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(
            trust("voisin.example", securityidentifier="S-1-5-21-9-8-7"),
            grant("OU=Personnel", "(A;;RP;;;S-1-5-21-9-8-7-1104)"),
        ),
    ),
    unmeasured=(
        healthy(unread("domain", "ntsecuritydescriptor")),
        healthy(hidden_descriptor("m.durand")),
        healthy(hidden_descriptor("CN=Sites,CN=Configuration")),
    ),
)
