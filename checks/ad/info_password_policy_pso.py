"""The fine-grained password policies of the domain (info_password_policy_pso)."""

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
    """List the PSOs of each domain."""
    found = [(one, pso_proof(one)) for one in forest.of("msds-passwordsettings")]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "msds-passwordsettings")


POINT = Point(
    id="info_password_policy_pso",
    effort=1,
    base="CN=Password Settings Container,CN=System,{D}",
    query="(objectClass=msDS-PasswordSettings)",
)

CHECK = Check(
    id="ad.info-password-policy-pso",
    title_fr="Politiques de mot de passe affinées (PSO) en place",
    title_en="Fine-grained password policies (PSO) in place",
    risk_fr="Pour information : ces politiques l'emportent sur celle du domaine pour les comptes qu'elles visent.",
    risk_en="For information: these policies win over that of the domain for the accounts they aim at.",
    criticality=Criticality.INFO,
    references=(
        "ANSSI info_password_policy_pso",
        "MITRE T1110",
    ),
    remedy_fr="Vérifier que chaque PSO est voulue, et que ses cibles et sa priorité sont les bonnes.",
    remedy_en="Check that each PSO is wanted, and that its targets and its precedence are right.",
    proofs={
        **PROOFS,
        **WEAK,
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(pso("PSO", 15, 365, "Domain Admins")),),
    clean=(healthy(),),
    unmeasured=(healthy(unread("domain", "msds-passwordsettings")),),
)
