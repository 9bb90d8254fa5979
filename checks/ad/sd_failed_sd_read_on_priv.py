"""Privileged accounts whose rights cannot be read (vuln_sd_failed_sd_read_on_priv)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    healthy,
    hidden_descriptor,
    hide,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_KEY = ("userAccountControl", "pwdLastSet")


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain that hides the rights or key attributes of privileged accounts."""
    found: list[Found] = []
    for one in forest.privileged.accounts:
        missing = [name for name in _KEY if not one.has(name.lower())]
        if one.descriptor is None:
            missing.append("nTSecurityDescriptor")
        if missing:
            values = {"dn": one.dn, "missing": ", ".join(missing)}
            found.append((one, Proof("hidden", values)))
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "group", "user")


POINT = Point(
    id="vuln_sd_failed_sd_read_on_priv",
    levels=(3,),
    effort=1,
    base="{D}",
    query="(adminCount=1)",
)

CHECK = Check(
    id="ad.sd-failed-sd-read-on-priv",
    title_fr="Comptes privilégiés dont les droits ne peuvent être lus",
    title_en="Privileged accounts whose rights cannot be read",
    risk_fr=(
        "Ce qui est caché ne peut être contrôlé : un droit abusif sur ces comptes passerait "
        "inaperçu."
    ),
    risk_en=(
        "What is hidden cannot be checked: an abusive right on these accounts would go unseen."
    ),
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI vuln_sd_failed_sd_read_on_priv",
        "MITRE T1087.002",
    ),
    remedy_fr=(
        "Donner à un groupe réservé à l'audit la lecture des permissions de ces comptes (par "
        "AdminSDHolder), ou relever avec un compte mieux doté."
    ),
    remedy_en=(
        "Give a group kept for audits read access to the permissions of these accounts (through "
        "AdminSDHolder), or collect with a better endowed account."
    ),
    proofs={
        **PROOFS,
        "hidden": Wording(
            "{dn} : non lisible avec le compte d'audit : {missing}.",
            "{dn}: not readable with the audit account: {missing}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(hidden_descriptor("adm.martin")),
        healthy(hide("adm.martin", "useraccountcontrol")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(hidden_descriptor("m.durand")),
    ),
    unmeasured=(healthy(unread("domain", "group")),),
)
