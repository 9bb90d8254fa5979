"""Members lacking in the group whose secrets no read-only controller may hold (vuln_rodc_denied_group)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    change,
    child_domain,
    emptied,
    healthy,
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

_OF_DOMAIN = (
    sids.DOMAIN_CONTROLLERS,
    sids.READ_ONLY_CONTROLLERS,
    sids.POLICY_CREATOR_OWNERS,
    sids.DOMAIN_ADMINS,
    sids.CERT_PUBLISHERS,
    sids.KRBTGT,
)
_OF_ROOT = (sids.ENTERPRISE_ADMINS, sids.SCHEMA_ADMINS)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose group of denied replication lacks a member that it has by default."""
    for domain in forest.domains:
        why = forest.unread("domain", "group", "member", "user", domain=domain)
        denied = forest.account(domain, sids.DENIED_REPLICATION)
        if why or denied is None:
            yield NotMeasured(forest.place(domain), why or f"hidden: {domain.name} RID 572")
            continue
        held = {one.sid for one in forest.members_of(denied)}
        wanted = (*_OF_DOMAIN, *(_OF_ROOT if domain.is_root else ()))
        lacks = [sid for sid in map(domain.rid, wanted) if sid not in held]
        found = [
            (denied, Proof("lacks", {"dn": denied.dn, "who": forest.name_of(sid, domain)}))
            for sid in lacks
        ]
        yield from failed(forest, domain, found, *POINT.levels)


POINT = Point(
    id="vuln_rodc_denied_group",
    levels=(3,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(objectSid=<SID du domaine>-572)",
)

CHECK = Check(
    id="ad.rodc-denied-group",
    title_fr="Groupe de réplication refusée des contrôleurs en lecture seule incomplet",
    title_en="Denied replication group of read-only controllers incomplete",
    risk_fr=(
        "Le secret d'un compte d'administration peut être recopié sur une machine exposée au vol."
    ),
    risk_en="The secret of an administration account may be copied to a machine exposed to theft.",
    criticality=Criticality.MEDIUM,
    references=("ANSSI vuln_rodc_denied_group", "MITRE T1003"),
    remedy_fr=(
        "Remettre dans ce groupe (RID 572) les membres par défaut : groupes 512, 516, 517, "
        "520, 521 et krbtgt ; 518 et 519 dans le domaine racine."
    ),
    remedy_en=(
        "Put the default members back in this group (RID 572): groups 512, 516, 517, 520, "
        "521 and krbtgt; 518 and 519 in the root domain."
    ),
    proofs={
        **PROOFS,
        "lacks": Wording("{dn} ne contient pas {who}.", "{dn} lacks {who}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(emptied("Denied RODC Password Replication Group")),
        healthy(
            change(
                "Denied RODC Password Replication Group",
                member=["CN=krbtgt,CN=Users,DC=chu,DC=example"],
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(
        healthy(unread("domain", "group")),
        healthy(without("Denied RODC Password Replication Group")),
    ),
)
