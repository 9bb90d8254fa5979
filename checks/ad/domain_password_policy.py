"""The password policy of the domain is weak."""

from collections.abc import Iterator

from checks.ad._shared.healthy import ROOT, change, child_domain, healthy, hide
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.policies import domain_policy
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_LENGTH = 12
_HISTORY = 5
_TRIES = 10


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose own policy is short, simple, forgetful or lets one try without end."""
    for domain in forest.domains:
        head = forest.head(domain)
        policy = domain_policy(head) if head is not None else None
        if head is None or policy is None or policy.is_hidden:
            why = forest.unread("domain", "domaindns", "minpwdlength", domain=domain)
            yield NotMeasured(forest.place(domain), why or "hidden: minPwdLength")
            continue
        told = [
            (head, Proof(fault, {"dn": head.dn, "value": str(value)}))
            for fault, value, is_weak in (
                ("length", policy.min_length, (policy.min_length or 0) < _LENGTH),
                ("simple", head.number("pwdproperties"), policy.is_complex is False),
                (
                    "history",
                    policy.history,
                    policy.history is not None and policy.history < _HISTORY,
                ),
                ("lockout", policy.lockout_threshold, _is_lax(policy.lockout_threshold)),
            )
            if is_weak
        ]
        yield from failed(forest, domain, told)


def _is_lax(threshold: int | None) -> bool:
    return threshold is not None and not 0 < threshold <= _TRIES


POINT = Point(
    id="domain_password_policy",
    effort=1,
    base="{D}",
    query="(objectClass=domainDNS)",
)

CHECK = Check(
    id="ad.domain-password-policy",
    title_fr="Politique de mot de passe du domaine trop faible",
    title_en="Password policy of the domain too weak",
    risk_fr="Les mots de passe des agents se devinent : quelques essais sur chaque compte suffisent à entrer.",
    risk_en="People's passwords are guessed: a few tries on each account are enough to get in.",
    criticality=Criticality.MEDIUM,
    references=("MITRE T1110",),
    remedy_fr="Exiger 12 caractères ou plus, la complexité, 5 mots de passe mémorisés au moins, et un verrouillage après 10 essais au plus ; interdire les mots courants.",
    remedy_en="Require 12 characters or more, complexity, 5 remembered passwords at least, and a lockout after 10 tries at most; ban common words.",
    proofs={
        **PROOFS,
        "length": Wording(
            "{dn} : {value} caractères au moins (minPwdLength).",
            "{dn}: {value} characters at least (minPwdLength).",
        ),
        "simple": Wording(
            "{dn} : complexité non exigée (pwdProperties = {value}).",
            "{dn}: complexity not required (pwdProperties = {value}).",
        ),
        "history": Wording(
            "{dn} : {value} mots de passe mémorisés (pwdHistoryLength).",
            "{dn}: {value} passwords remembered (pwdHistoryLength).",
        ),
        "lockout": Wording(
            "{dn} : verrouillage après {value} essais (lockoutThreshold ; 0 : jamais).",
            "{dn}: lockout after {value} tries (lockoutThreshold; 0: never).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(change(ROOT, minpwdlength=11)),
        healthy(change(ROOT, pwdproperties=0)),
        healthy(change(ROOT, pwdhistorylength=4)),
        healthy(change(ROOT, lockoutthreshold=0)),
        healthy(change(ROOT, lockoutthreshold=11)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(hide(ROOT, "minpwdlength")),),
)
