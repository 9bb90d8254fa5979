"""Sensitive built-in groups hold people."""

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

_BUILTIN = ("S-1-5-32-562", "S-1-5-32-578", "S-1-5-32-580")


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose sensitive built-in groups hold people who are not privileged; machines apart."""
    heads = groups_of_rid(forest, sids.CERT_PUBLISHERS, sids.RAS_SERVERS) + groups_of_sid(
        forest, *_BUILTIN
    )
    yield from by_domain(forest, insiders(forest, heads))
    yield from gaps(forest, "domain", "group", "user", "member")


POINT = Point(
    id="hyperv_ras_cert_groups",
    effort=1,
    base="{D}",
    query="(|(objectSid=S-1-5-32-578)(objectSid=S-1-5-32-580)(objectSid=S-1-5-32-562))",
)

CHECK = Check(
    id="ad.hyperv-ras-cert-groups",
    title_fr="Groupes intégrés sensibles peuplés",
    title_en="Sensitive built-in groups populated",
    risk_fr="Ces groupes donnent la main sur les contrôleurs (Hyper-V, gestion à distance, DCOM), les certificats ou l'accès distant.",
    risk_en="These groups give a hold on the controllers (Hyper-V, remote management, DCOM), certificates or remote access.",
    criticality=Criticality.MEDIUM,
    references=("MITRE T1078.002",),
    remedy_fr="Revoir chaque membre, retirer les personnes ; n'y laisser que les machines qui rendent le service.",
    remedy_en="Review each member, remove people; leave only the machines that give the service.",
    proofs={
        **PROOFS,
        **INSIDE,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(member("Hyper-V Administrators", "m.durand")),
        healthy(member("Cert Publishers", "c.petit")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(member("Cert Publishers", "SRV-FICHIERS$")),
        healthy(member("Remote Management Users", "adm.martin")),
    ),
    unmeasured=(healthy(unread("domain", "member")),),
)
