"""Members of the group whose secrets every read-only controller may hold (vuln_rodc_allowed_group)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    healthy,
    member,
    unread,
    without,
)
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose group of allowed replication has members."""
    for domain in forest.domains:
        allowed = forest.account(domain, sids.ALLOWED_REPLICATION)
        members = forest.members_of(allowed) if allowed is not None else ()
        found = [(one, Proof("member", {"dn": one.dn})) for one in members]
        yield from failed(forest, domain, found, *POINT.levels)
        why = forest.unread("domain", "group", "member", domain=domain)
        if why or allowed is None:
            yield NotMeasured(forest.place(domain), why or f"hidden: {domain.name} RID 571")


POINT = Point(
    id="vuln_rodc_allowed_group",
    levels=(3,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(objectSid=<SID du domaine>-571)",
)

CHECK = Check(
    id="ad.rodc-allowed-group",
    title_fr="Groupe de réplication autorisée des contrôleurs en lecture seule non vide",
    title_en="Allowed replication group of read-only controllers not empty",
    risk_fr=(
        "Le secret de ces comptes peut être recopié sur tous les contrôleurs en lecture "
        "seule, donc volé avec l'un d'eux."
    ),
    risk_en=(
        "The secrets of these accounts may be copied to every read-only controller, so be "
        "stolen with any of them."
    ),
    criticality=Criticality.MEDIUM,
    references=("ANSSI vuln_rodc_allowed_group", "MITRE T1003"),
    remedy_fr=(
        "Vider ce groupe (RID 571) et donner à chaque contrôleur en lecture seule un groupe "
        "propre à son site."
    ),
    remedy_en=(
        "Empty this group (RID 571) and give each read-only controller a group of its own site."
    ),
    proofs={
        **PROOFS,
        "member": Wording(
            "{dn} est membre du groupe (RID 571).", "{dn} is a member of the group (RID 571)."
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(member("Allowed RODC Password Replication Group", "m.durand")),),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(
        healthy(unread("domain", "group")),
        healthy(without("Allowed RODC Password Replication Group")),
    ),
)
