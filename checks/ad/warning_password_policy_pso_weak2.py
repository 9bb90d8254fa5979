"""A fine-grained password policy is weak and applies to privileged accounts (warning_password_policy_pso_weak2)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import WEAK, reaches_privileged, weak_psos
from checks.ad._shared.healthy import healthy, pso, unread, without
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Verdict

_APPLIED = "msds-psoapplied"
_PSO = "CN=PSO,CN=Password Settings Container,CN=System"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with a weak PSO that applies to privileged accounts."""
    found = [found for found in weak_psos(forest) if reaches_privileged(forest, found[0])]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "msds-passwordsettings")
    for one in forest.having(_APPLIED):
        if len(one.linked(_APPLIED)) < len(one.raw(_APPLIED)):
            yield NotMeasured(forest.place(one.domain), "hidden: msDS-PasswordSettings")
            return


POINT = Point(
    id="warning_password_policy_pso_weak2",
    effort=1,
    base="CN=Password Settings Container,CN=System,{D}",
    query="(objectClass=msDS-PasswordSettings)",
)

CHECK = Check(
    id="ad.warning-password-policy-pso-weak2",
    title_fr="Politique de mot de passe affinée trop faible appliquée à des privilégiés",
    title_en="Fine-grained password policy too weak applied to privileged accounts",
    risk_fr="La politique laisse des comptes privilégiés choisir un mot de passe court ou simple, ou le garder plus de trois ans.",
    risk_en="The policy lets privileged accounts choose a short or simple password, or keep it for more than three years.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI warning_password_policy_pso_weak2",
        "MITRE T1110",
    ),
    remedy_fr="Imposer dans la PSO 8 caractères au moins (15 pour les administrateurs), la complexité, trois ans au plus, et pas de chiffrement réversible.",
    remedy_en="Require in the PSO 8 characters at least (15 for administrators), complexity, three years at most, and no reversible encryption.",
    proofs={
        **PROOFS,
        **WEAK,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(pso("PSO", 7, 365, "Domain Admins")),
        healthy(pso("PSO", 12, None, "Domain Admins")),
        healthy(
            pso(
                "PSO",
                12,
                365,
                "Domain Admins",
                attributes={"msds-passwordcomplexityenabled": False},
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(pso("PSO", 8, 1_095, "Domain Admins")),
        healthy(pso("PSO", 4, None, "m.durand")),
    ),
    unmeasured=(
        healthy(unread("domain", "msds-passwordsettings")),
        healthy(pso("PSO", 12, 365, "Domain Admins"), without(_PSO)),
    ),
)
