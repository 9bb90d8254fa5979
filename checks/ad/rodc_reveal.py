"""Reserved principals whose secret a read-only controller may hold (vuln_rodc_reveal)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    computer,
    controller,
    healthy,
    hide,
    unread,
)
from checks.ad._shared.read_only import ON_DEMAND, read_only, shows_policy_of
from checks.ad._shared.verdicts import PROOFS, Found, failed
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_FIRST_ORDINARY = 1_000


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose read-only controllers are allowed a privileged or reserved principal."""
    for domain in forest.domains:
        why = forest.unread("domain", "computer", "group", "user", ON_DEMAND, domain=domain)
        hidden = ""
        found: list[Found] = []
        for one in read_only(forest, domain):
            if not shows_policy_of(one.account):
                hidden = hidden or f"hidden: {one.account.dn} (msDS-RevealOnDemandGroup)"
            for who in one.account.linked(ON_DEMAND):
                is_reserved = (
                    who.rid is not None
                    and who.rid < _FIRST_ORDINARY
                    and who.rid != sids.ALLOWED_REPLICATION
                )
                if is_reserved or who in forest.privileged:
                    values = {"dn": one.account.dn, "who": who.dn}
                    found.append((one.account, Proof("allowed", values)))
        yield from failed(forest, domain, found, *POINT.levels)
        if why or hidden:
            yield NotMeasured(forest.place(domain), why or hidden)


POINT = Point(
    id="vuln_rodc_reveal",
    levels=(3,),
    condition=Condition.OURS,
    effort=1,
    base="{D}",
    query="(primaryGroupID=521)",
)

CHECK = Check(
    id="ad.rodc-reveal",
    title_fr="Contrôleur en lecture seule : secrets de comptes réservés autorisés",
    title_en="Read-only controller: secrets of reserved accounts allowed",
    risk_fr=(
        "Le secret d'un compte d'administration ou de tout le domaine peut être recopié sur "
        "une machine exposée au vol."
    ),
    risk_en=(
        "The secret of an administration account, or of the whole domain, may be copied to a "
        "machine exposed to theft."
    ),
    criticality=Criticality.MEDIUM,
    references=("ANSSI vuln_rodc_reveal", "MITRE T1003"),
    remedy_fr=(
        "Retirer ces entrées de msDS-RevealOnDemandGroup et n'y mettre qu'un groupe propre "
        "au site de ce contrôleur."
    ),
    remedy_en=(
        "Remove these entries from msDS-RevealOnDemandGroup and put there only a group of "
        "this controller's site."
    ),
    proofs={
        **PROOFS,
        "allowed": Wording(
            "{dn} : msDS-RevealOnDemandGroup contient {who}.",
            "{dn}: msDS-RevealOnDemandGroup holds {who}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            controller(
                "RODC",
                {"msds-revealondemandgroup": "CN=Domain Users,CN=Users,DC=chu,DC=example"},
                read_only=True,
            )
        ),
        healthy(
            controller(
                "RODC",
                {"msds-revealondemandgroup": "CN=adm.martin,CN=Users,DC=chu,DC=example"},
                read_only=True,
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(
            controller(
                "RODC",
                {
                    "msds-revealondemandgroup": "CN=Allowed RODC Password Replication Group,CN=Users,DC=chu,DC=example"
                },
                read_only=True,
            )
        ),
        healthy(
            computer(
                "AzureADKerberos",
                {"msds-revealondemandgroup": "CN=Domain Users,CN=Users,DC=chu,DC=example"},
                primarygroupid=521,
            )
        ),
    ),
    unmeasured=(
        healthy(unread("domain", "computer")),
        healthy(
            controller("RODC", read_only=True),
            hide("RODC$", "msds-neverrevealgroup", "msds-krbtgtlink"),
        ),
    ),
)
