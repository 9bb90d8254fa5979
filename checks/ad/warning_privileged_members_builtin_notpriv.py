"""Default groups with powers hold unprotected accounts (warning_privileged_members_builtin_notpriv)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import INSIDE, groups_of_rid, groups_of_sid, insiders
from checks.ad._shared.healthy import child_domain, healthy, member, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose Replicator, trust builders or cloneable controllers hold who is not privileged."""
    heads = groups_of_rid(forest, sids.CLONEABLE_CONTROLLERS) + groups_of_sid(
        forest, sids.REPLICATOR, sids.FOREST_TRUST_BUILDERS
    )
    yield from by_domain(forest, insiders(forest, heads))
    yield from gaps(forest, "domain", "group", "user", "computer", "member")


POINT = Point(
    id="warning_privileged_members_builtin_notpriv",
    effort=1,
    base="{D}",
    query="(|(objectSid=S-1-5-32-552)(objectSid=S-1-5-32-557))",
)

CHECK = Check(
    id="ad.warning-privileged-members-builtin-notpriv",
    title_fr="Groupes par défaut puissants hors des groupes protégés",
    title_en="Powerful default groups besides the protected ones",
    risk_fr="Ces groupes par défaut donnent des pouvoirs sur l'annuaire (réplication, approbations, clonage de contrôleurs) à des comptes qu'on ne protège pas.",
    risk_en="These default groups give powers over the directory (replication, trusts, cloning of controllers) to accounts that nobody protects.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI warning_privileged_members_builtin_notpriv",
        "MITRE T1078.002",
    ),
    remedy_fr="Vider ces groupes ; n'y mettre un membre que le temps d'une opération.",
    remedy_en="Empty these groups; put a member in one only for the time of an operation.",
    proofs={
        **PROOFS,
        **INSIDE,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(member("Incoming Forest Trust Builders", "m.durand")),
        healthy(member("Replicator", "c.petit")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(member("Replicator", "adm.martin")),
    ),
    unmeasured=(healthy(unread("domain", "member")),),
)
