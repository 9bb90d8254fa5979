"""Password policies apply that the account of the audit cannot read (warning_password_policy_pso_missing)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import healthy, pso, unread, without
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_APPLIED = "msds-psoapplied"
_PSO = "CN=PSO-admins,CN=Password Settings Container,CN=System"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with accounts or groups to which a PSO applies that was not read."""
    found = [
        (one, Proof("unseen", {"dn": one.dn, "pso": one.text(_APPLIED)}))
        for one in forest.having(_APPLIED)
        if len(one.linked(_APPLIED)) < len(one.raw(_APPLIED))
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "user", _APPLIED)


POINT = Point(
    id="warning_password_policy_pso_missing",
    effort=1,
    base="CN=Password Settings Container,CN=System,{D}",
    query="(objectClass=msDS-PasswordSettings)",
)

CHECK = Check(
    id="ad.warning-password-policy-pso-missing",
    title_fr="Politiques de mot de passe affinées illisibles",
    title_en="Fine-grained password policies that cannot be read",
    risk_fr="Des comptes suivent une politique que l'audit ne voit pas : sa faiblesse éventuelle reste inconnue.",
    risk_en="Some accounts follow a policy that the audit does not see: its weakness, if any, stays unknown.",
    criticality=Criticality.LOW,
    references=(
        "ANSSI warning_password_policy_pso_missing",
        "MITRE T1110",
    ),
    remedy_fr="Donner au compte d'audit la lecture de CN=Password Settings Container,CN=System, puis relancer l'audit.",
    remedy_en="Give the audit account read access to CN=Password Settings Container,CN=System, then run the audit again.",
    proofs={
        **PROOFS,
        "unseen": Wording(
            "{dn} suit {pso}, qui n'a pas pu être lue.",
            "{dn} follows {pso}, which could not be read.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(pso("PSO-admins", 15, 365, "Domain Admins"), without(_PSO)),),
    clean=(
        healthy(),
        healthy(pso("PSO-admins", 15, 365, "Domain Admins")),
    ),
    unmeasured=(healthy(unread("domain", "group")),),
)
