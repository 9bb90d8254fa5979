"""Privileged members whose descriptor is not that of AdminSDHolder (warning_privileged_members_no_adminsdholder)."""

from collections.abc import Iterator
from datetime import timedelta

from checks.ad._shared.healthy import (
    child_domain,
    grant,
    healthy,
    hidden_descriptor,
    server,
    user,
    without,
)
from checks.ad._shared.verdicts import PROOFS, chain, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_DELAY = timedelta(hours=2)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose privileged members have another DACL, machines and newcomers apart."""
    heads = set(forest.privileged.heads)
    for domain in forest.domains:
        holder = forest.in_system(domain, "CN=AdminSDHolder")
        if holder is None or holder.descriptor is None:
            yield NotMeasured(forest.place(domain), "hidden: AdminSDHolder")
            continue
        model = set(holder.descriptor.aces)
        held = [
            one
            for one in forest.privileged.via
            if one.domain is domain
            and one not in heads
            and not one.is_computer
            and not one.is_foreign
            and (one.created is None or forest.at - one.created > _DELAY)
        ]
        found = [
            (one, Proof("differs", {"dn": one.dn, "via": chain(forest, one)}))
            for one in held
            if one.descriptor is not None
            and (not one.descriptor.is_protected or set(one.descriptor.aces) != model)
        ]
        yield from failed(forest, domain, found)
        if any(one.descriptor is None for one in held):
            yield NotMeasured(forest.place(domain), "hidden: nTSecurityDescriptor")
    yield from gaps(forest, "domain", "group", "user")


POINT = Point(
    id="warning_privileged_members_no_adminsdholder",
    effort=1,
    base="{D}",
    query="(adminCount=1)",
)

CHECK = Check(
    id="ad.warning-privileged-members-no-adminsdholder",
    title_fr="Membres privilégiés dont les droits diffèrent d'AdminSDHolder",
    title_en="Privileged members whose rights differ from AdminSDHolder",
    risk_fr="La protection automatique ne s'applique pas à ces comptes : leurs droits peuvent s'ouvrir sans que rien ne les referme.",
    risk_en="Automatic protection does not apply to these accounts: their rights may open without anything closing them.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI warning_privileged_members_no_adminsdholder",
        "MITRE T1222.001",
    ),
    remedy_fr="Vérifier que la tâche SDProp tourne (contrôleur PDC) et que dSHeuristics n'exclut aucun groupe ; lancer RunProtectAdminGroupsTask.",
    remedy_en="Check that the SDProp task runs (PDC controller) and that dSHeuristics excludes no group; run RunProtectAdminGroupsTask.",
    proofs={
        **PROOFS,
        "differs": Wording(
            "{dn}, privilégié par {via}, n'a pas les droits d'AdminSDHolder (nTSecurityDescriptor).",
            "{dn}, privileged through {via}, does not have the rights of AdminSDHolder (nTSecurityDescriptor).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("sans-garde", groups=["Domain Admins"])),
        healthy(grant("adm.martin", "(A;;RP;;;@m.durand)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("neuf", created_days=0.05, groups=["Domain Admins"])),
        healthy(server("SRV-ADM", groups=["Backup Operators"])),
    ),
    unmeasured=(
        healthy(hidden_descriptor("adm.martin")),
        healthy(without("CN=AdminSDHolder,CN=System")),
    ),
)
