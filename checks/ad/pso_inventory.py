"""Fine-grained password policies that apply to nobody."""

from collections.abc import Iterator

from checks.ad._shared.accounts import WEAK, pso_proof
from checks.ad._shared.healthy import healthy, pso, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with PSOs that name nobody."""
    found = [
        (one, pso_proof(one))
        for one in forest.of("msds-passwordsettings")
        if not one.has("msds-psoappliesto")
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "msds-passwordsettings")


POINT = Point(
    id="pso_inventory",
    effort=1,
    base="CN=Password Settings Container,CN=System,{D}",
    query="(&(objectClass=msDS-PasswordSettings)(!(msDS-PSOAppliesTo=*)))",
)

CHECK = Check(
    id="ad.pso-inventory",
    title_fr="Politiques de mot de passe affinées sans cible",
    title_en="Fine-grained password policies without a target",
    risk_fr="On croit des comptes protégés par une politique qui ne s'applique à personne.",
    risk_en="Accounts are believed protected by a policy that applies to nobody.",
    criticality=Criticality.LOW,
    references=("MITRE T1110",),
    remedy_fr="Rattacher la PSO au groupe global voulu, ou la supprimer.",
    remedy_en="Apply the PSO to the intended global group, or delete it.",
    proofs={
        **PROOFS,
        **WEAK,
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(pso("PSO", 20, 365)),),
    clean=(
        healthy(),
        healthy(pso("PSO", 20, 365, "Domain Admins")),
    ),
    unmeasured=(healthy(unread("domain", "msds-passwordsettings")),),
)
