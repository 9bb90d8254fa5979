"""Entries for accounts of this forest that are gone (warning_sd_unknown_sid)."""

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


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, with such entries."""
    own = {one.sid for one in forest.domains if one.sid and one.is_read}
    found = holding(
        forest,
        lambda ace: sids.domain_of(ace.trustee) in own and forest.by_sid(ace.trustee) is None,
    )
    yield from by_domain(forest, found)
    yield from unseen(forest)


POINT = Point(
    id="warning_sd_unknown_sid",
    effort=1,
    base="{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.warning-sd-unknown-sid",
    title_fr="Permissions données à des comptes disparus",
    title_en="Permissions given to accounts that are gone",
    risk_fr=(
        "Ces permissions mortes cachent celles qui comptent ; un objet ranimé les retrouverait."
    ),
    risk_en=(
        "These dead permissions hide those that matter; a reanimated object would have them again."
    ),
    criticality=Criticality.LOW,
    references=(
        "ANSSI warning_sd_unknown_sid",
        "MITRE T1222.001",
    ),
    remedy_fr=("Supprimer les entrées dont le SID ne correspond plus à rien (dsacls /R)."),
    remedy_en=("Remove the entries whose SID stands for nothing any more (dsacls /R)."),
    proofs={**PROOFS, **ACES},
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant("OU=Personnel", "(A;;RP;;;S-1-5-21-1004336348-1177238915-682003330-9999)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(
        healthy(unread("domain", "ntsecuritydescriptor")),
        healthy(hidden_descriptor("m.durand")),
        healthy(hidden_descriptor("CN=Sites,CN=Configuration")),
    ),
)
