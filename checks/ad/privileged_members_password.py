"""A weak password policy decides for privileged accounts (vuln_privileged_members_password)."""

from collections.abc import Iterator
from datetime import timedelta

from checks.ad._shared.healthy import ROOT, change, child_domain, healthy, hide, pso
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Domain
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_LEAST = 8
_MOST = timedelta(days=1_095)

_AGES = {False: "maxpwdage", True: "msds-maximumpasswordage"}


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled privileged users are under a short or lasting password policy."""
    found: list[Found] = []
    hidden: dict[Domain | None, str] = {}
    for one in forest.privileged.enabled_users:
        policy = forest.policy_of(one)
        source = policy.source
        if policy.is_hidden or source is None or not source.has(_AGES[policy.is_pso]):
            hidden.setdefault(one.domain, one.dn)
        elif (policy.min_length or 0) < _LEAST or policy.max_age is None or policy.max_age > _MOST:
            values = {"dn": one.dn, "policy": source.dn, "length": str(policy.min_length)}
            values["age"] = str(policy.max_age.days) if policy.max_age is not None else "∞"
            found.append((one, Proof("policy", values)))
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "group", "user", "msds-passwordsettings")
    for domain, dn in hidden.items():
        yield NotMeasured(forest.place(domain), f"hidden: {dn}")


POINT = Point(
    id="vuln_privileged_members_password",
    levels=(2,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(objectClass=domainDNS)",
)

CHECK = Check(
    id="ad.privileged-members-password",
    title_fr="Politique de mot de passe trop faible pour des comptes privilégiés",
    title_en="Password policy too weak for privileged accounts",
    risk_fr="Des administrateurs peuvent choisir un mot de passe de moins de 8 caractères, ou le garder plus de trois ans : il se devine, ou reste bon une fois volé.",
    risk_en="Administrators may choose a password of fewer than 8 characters, or keep it more than three years: it is guessed, or stays good once stolen.",
    criticality=Criticality.HIGH,
    references=(
        "ANSSI vuln_privileged_members_password",
        "MITRE T1110",
    ),
    remedy_fr="Créer une PSO pour les comptes privilégiés : 15 caractères ou plus (8 au moins), durée de vie de trois ans au plus ; ou corriger la politique du domaine.",
    remedy_en="Create a PSO for privileged accounts: 15 characters or more (8 at least), a lifetime of three years at most; or put the domain policy right.",
    proofs={
        **PROOFS,
        "policy": Wording(
            "{dn} dépend de {policy} : {length} caractères au moins, {age} jours au plus.",
            "{dn} is under {policy}: {length} characters at least, {age} days at most.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(change(ROOT, minpwdlength=7)),
        healthy(change(ROOT, maxpwdage=-(1 << 63))),
        healthy(change(ROOT, maxpwdage=0)),
        healthy(pso("PSO-admins", 14, None, "Domain Admins")),
        healthy(pso("PSO-admins", 7, 90, "adm.martin")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(change(ROOT, minpwdlength=8, maxpwdage=timedelta(days=1_095))),
        healthy(pso("PSO-postes", 4, None, "m.durand")),
    ),
    unmeasured=(
        healthy(hide(ROOT, "minpwdlength")),
        healthy(
            change(
                "adm.martin",
                {"msds-psoapplied": "CN=PSO,CN=Password Settings Container,CN=System," + ROOT},
            )
        ),
        healthy(hide(ROOT, "maxpwdage")),
    ),
)
