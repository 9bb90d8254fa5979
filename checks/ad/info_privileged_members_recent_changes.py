"""Who came into privileged groups, or left them, lately (info_privileged_members_recent_changes)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import is_older
from checks.ad._shared.healthy import healthy
from checks.ad._shared.metadata import changed
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.decode import Change
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_DAYS = 90
_METADATA = "msds-replvaluemetadata"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """List the members who joined or left in the last 90 days, by replication metadata."""
    found = [
        (one, _proof(one, told))
        for one in forest.privileged.groups
        for told in one.changes("member")
        if told.at is not None and not is_older(forest, told.at, _DAYS)
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", _METADATA)
    for domain in forest.domains:
        heads = [one for one in forest.privileged.heads if one.domain is domain]
        if not any(one.has(_METADATA) for one in heads):
            yield NotMeasured(forest.place(domain), "hidden: msDS-ReplValueMetaData")


def _proof(group: Entry, told: Change) -> Proof:
    at = told.at.date().isoformat() if told.at is not None else "—"
    left = told.deleted_at is not None
    return Proof("left" if left else "joined", {"dn": group.dn, "member": told.value, "day": at})


POINT = Point(
    id="info_privileged_members_recent_changes",
    effort=1,
    base="{D}",
    query="(&(objectCategory=group)(adminCount=1))",
)

CHECK = Check(
    id="ad.info-privileged-members-recent-changes",
    title_fr="Changements récents dans les groupes privilégiés",
    title_en="Recent changes in privileged groups",
    risk_fr="Pour information : une entrée que personne n'attendait dans un groupe privilégié est le premier signe d'une intrusion.",
    risk_en="For information: an arrival that nobody expected in a privileged group is the first sign of an intrusion.",
    criticality=Criticality.INFO,
    references=(
        "ANSSI info_privileged_members_recent_changes",
        "MITRE T1098",
    ),
    remedy_fr="Rapprocher chaque changement d'une demande ; traiter comme un incident ce qui n'en a pas.",
    remedy_en="Match each change with a request; treat as an incident what has none.",
    proofs={
        **PROOFS,
        "joined": Wording(
            "{member} est entré dans {dn} le {day}.", "{member} joined {dn} on {day}."
        ),
        "left": Wording("{member} a quitté {dn} le {day}.", "{member} left {dn} on {day}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(changed("Domain Admins", "adm.martin", days=10)),
        healthy(changed("Domain Admins", "m.durand", days=5, left=True)),
    ),
    clean=(healthy(changed("Domain Admins", "adm.martin", days=91)),),
    unmeasured=(healthy(),),
)
