"""Unconstrained Kerberos delegation (vuln_delegation_t4d)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    controller,
    healthy,
    server,
    unread,
    user,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose accounts, controllers apart, keep their visitors' tickets."""
    found: list[Found] = []
    for one in forest.having("useraccountcontrol"):
        if one.uac & flags.UNCONSTRAINED and not forest.is_controller(one):
            proof = Proof("enabled" if one.is_enabled else "disabled", {"dn": one.dn})
            found.append((one, proof))
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "user", "computer", "useraccountcontrol")


POINT = Point(
    id="vuln_delegation_t4d",
    levels=(1,),
    condition=Condition.PUBLISHED,
    effort=2,
    base="{D}",
    query="(&(userAccountControl:1.2.840.113556.1.4.803:=524288)(!(primaryGroupID=516))(!(primaryGroupID=521)))",
)

CHECK = Check(
    id="ad.delegation-t4d",
    title_fr="Délégation Kerberos non contrainte",
    title_en="Unconstrained Kerberos delegation",
    risk_fr=(
        "Ce compte reçoit le ticket de quiconque s'y connecte ; un attaquant qui le tient y "
        "attire un contrôleur de domaine et prend l'annuaire."
    ),
    risk_en=(
        "This account receives the ticket of whoever connects to it; an attacker who holds "
        "it draws a domain controller to it and takes the directory."
    ),
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_delegation_t4d", "MITRE T1558", "MITRE T1187"),
    remedy_fr=(
        "Retirer l'option d'approbation pour toute délégation (TRUSTED_FOR_DELEGATION) et, "
        "si le service en a besoin, déléguer vers les seuls services utiles."
    ),
    remedy_en=(
        "Clear trust for any delegation (TRUSTED_FOR_DELEGATION) and, if the service needs "
        "it, delegate to the useful services alone."
    ),
    proofs={
        **PROOFS,
        "enabled": Wording(
            "{dn} : TRUSTED_FOR_DELEGATION (userAccountControl 0x80000).",
            "{dn}: TRUSTED_FOR_DELEGATION (userAccountControl 0x80000).",
        ),
        "disabled": Wording(
            ("{dn} : TRUSTED_FOR_DELEGATION (userAccountControl 0x80000), compte désactivé."),
            "{dn}: TRUSTED_FOR_DELEGATION (userAccountControl 0x80000), account disabled.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(server("SRV-VIEUX", uac=flags.UNCONSTRAINED)),
        healthy(user("svc", uac=flags.UNCONSTRAINED, enabled=False)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(controller("DC3")),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
