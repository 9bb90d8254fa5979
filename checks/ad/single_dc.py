"""Domains held by one controller alone."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    healthy,
    unread,
    without,
)
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_LEAST = 2


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with fewer than two controllers that can be written to."""
    for domain in forest.domains:
        why = forest.unread("domain", "computer", "useraccountcontrol", domain=domain)
        held = [
            one.account
            for one in forest.controllers
            if one.account.domain is domain and not one.is_read_only and one.account.is_enabled
        ]
        if why or not held:
            yield NotMeasured(forest.place(domain), why or f"hidden: {domain.name}")
        elif len(held) < _LEAST:
            yield from failed(forest, domain, [(held[0], Proof("alone", {"dn": held[0].dn}))])


POINT = Point(
    id="single_dc",
    condition=Condition.OURS,
    effort=3,
    base="{D}",
    query="(primaryGroupID=516)",
)

CHECK = Check(
    id="ad.single-dc",
    title_fr="Un seul contrôleur de domaine",
    title_en="A single domain controller",
    risk_fr=(
        "Sa panne ou son chiffrement par un rançongiciel arrête toutes les connexions de "
        "l'établissement."
    ),
    risk_en="Its failure, or its encryption by ransomware, stops every logon of the hospital.",
    criticality=Criticality.MEDIUM,
    references=("MITRE T1490",),
    remedy_fr="Installer un second contrôleur sur un autre matériel, et sauvegarder les deux.",
    remedy_en="Install a second controller on other hardware, and back both up.",
    proofs={
        **PROOFS,
        "alone": Wording(
            "{dn} est le seul contrôleur accessible en écriture.",
            "{dn} is the only writable controller.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(without("DC2$")),),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
