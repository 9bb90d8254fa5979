"""Secrets that a read-only controller is not forbidden (vuln_rodc_never_reveal)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    computer,
    controller,
    healthy,
    hide,
    unread,
)
from checks.ad._shared.read_only import NEVER, read_only, shows_policy_of
from checks.ad._shared.verdicts import PROOFS, Found, failed
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_BUILTIN = (
    sids.ADMINISTRATORS,
    sids.SERVER_OPERATORS,
    sids.ACCOUNT_OPERATORS,
    sids.BACKUP_OPERATORS,
)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose read-only controllers are not denied the five groups by default."""
    for domain in forest.domains:
        why = forest.unread("domain", "computer", "group", NEVER, domain=domain)
        hidden = ""
        found: list[Found] = []
        for one in read_only(forest, domain) if not why else ():
            if not shows_policy_of(one.account):
                hidden = hidden or f"hidden: {one.account.dn} (msDS-NeverRevealGroup)"
                continue
            denied = {each.sid for each in one.account.linked(NEVER)}
            lacks = [
                forest.name_of(sid, domain)
                for sid in (*_BUILTIN, domain.rid(sids.DENIED_REPLICATION))
                if sid not in denied
            ]
            if lacks:
                values = {"dn": one.account.dn, "groups": ", ".join(lacks)}
                found.append((one.account, Proof("lacks", values)))
        yield from failed(forest, domain, found, *POINT.levels)
        if why or hidden:
            yield NotMeasured(forest.place(domain), why or hidden)


POINT = Point(
    id="vuln_rodc_never_reveal",
    levels=(3,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(primaryGroupID=521)",
)

CHECK = Check(
    id="ad.rodc-never-reveal",
    title_fr="Contrôleur en lecture seule : liste des secrets interdits incomplète",
    title_en="Read-only controller: incomplete list of forbidden secrets",
    risk_fr=(
        "Le secret d'un compte d'administration peut être recopié sur une machine exposée au vol."
    ),
    risk_en="The secret of an administration account may be copied to a machine exposed to theft.",
    criticality=Criticality.MEDIUM,
    references=("ANSSI vuln_rodc_never_reveal", "MITRE T1003"),
    remedy_fr=(
        "Remettre dans msDS-NeverRevealGroup les groupes par défaut : Administrateurs, "
        "Opérateurs de serveur, de compte et de sauvegarde, et le groupe de refus de "
        "réplication (RID 572)."
    ),
    remedy_en=(
        "Put the default groups back in msDS-NeverRevealGroup: Administrators, Server, "
        "Account and Backup Operators, and the denied replication group (RID 572)."
    ),
    proofs={
        **PROOFS,
        "lacks": Wording(
            "{dn} : msDS-NeverRevealGroup ne contient pas {groups}.",
            "{dn}: msDS-NeverRevealGroup lacks {groups}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            controller(
                "RODC",
                {"msds-neverrevealgroup": "CN=Administrators,CN=Builtin,DC=chu,DC=example"},
                read_only=True,
            )
        ),
        healthy(controller("RODC", read_only=True), hide("RODC$", "msds-neverrevealgroup")),
    ),
    clean=(
        healthy(),
        healthy(controller("RODC", read_only=True)),
        healthy(
            computer(
                "AzureADKerberos",
                {"msds-krbtgtlink": "CN=krbtgt,CN=Users,DC=chu,DC=example"},
                primarygroupid=521,
            )
        ),
    ),
    unmeasured=(
        healthy(unread("domain", "group")),
        healthy(
            controller("RODC", read_only=True),
            hide("RODC$", "msds-neverrevealgroup", "msds-krbtgtlink"),
        ),
    ),
)
