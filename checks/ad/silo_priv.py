"""Privileged accounts outside any enforced authentication silo (vuln_silo_priv)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import is_break_glass
from checks.ad._shared.healthy import change, child_domain, healthy, hide, unread, user, without
from checks.ad._shared.verdicts import PROOFS, by_domain, chain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_ASSIGNED = "msds-assignedauthnpolicysilo"
_SILO = "CN=Niveau 0,CN=AuthN Silos,CN=AuthN Policy Configuration,CN=Services,CN=Configuration"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose enabled privileged users are in no silo that holds; RID 500 apart."""
    held = [one for one in forest.privileged.enabled_users if not is_break_glass(one)]
    reasons = [(one, _reason(one)) for one in held]
    found = [
        (one, Proof(why, {"dn": one.dn, "via": chain(forest, one)}))
        for one, why in reasons
        if why not in ("", "hidden")
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "group", "user", _ASSIGNED)
    yield from gaps(forest, "configuration", "msds-authnpolicysilo")
    for one, why in reasons:
        if why == "hidden":
            yield NotMeasured(forest.place(one.domain), f"hidden: {one.text(_ASSIGNED)}")
            return


def _reason(one: Entry) -> str:
    """Give what is wrong with the silo of an account; empty for nothing."""
    if not one.has(_ASSIGNED):
        return "none"
    silos = one.linked(_ASSIGNED)
    if not silos:
        return "hidden"
    if silos[0].flag("msds-authnpolicysiloenforced") is not True:
        return "audit"
    listed = {dn.lower() for dn in silos[0].texts("msds-authnpolicysilomembers")}
    return "" if one.dn.lower() in listed else "unlisted"


POINT = Point(
    id="vuln_silo_priv",
    levels=(4,),
    condition=Condition.PUBLISHED,
    effort=3,
    base="{D}",
    query="(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.803:=512)(adminCount=1)(!(msDS-AssignedAuthNPolicySilo=*))(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.silo-priv",
    title_fr="Comptes privilégiés hors d'un silo d'authentification appliqué",
    title_en="Privileged accounts outside an enforced authentication silo",
    risk_fr="Rien n'empêche ces administrateurs de se connecter à un poste ordinaire, où leur secret se vole.",
    risk_en="Nothing keeps these administrators from logging on to an ordinary workstation, where their secret is stolen.",
    criticality=Criticality.LOW,
    references=(
        "ANSSI vuln_silo_priv",
        "MITRE T1078.002",
    ),
    remedy_fr="Créer un silo de niveau 0 appliqué (pas en simple audit), y lister les comptes privilégiés et leurs postes d'administration, et l'assigner à chaque compte.",
    remedy_en="Create an enforced tier-0 silo (not audit only), list in it the privileged accounts and their administration workstations, and assign it to each account.",
    proofs={
        **PROOFS,
        "none": Wording(
            "{dn}, privilégié par {via}, n'a pas de silo (msDS-AssignedAuthNPolicySilo).",
            "{dn}, privileged through {via}, has no silo (msDS-AssignedAuthNPolicySilo).",
        ),
        "audit": Wording(
            "{dn}, privilégié par {via}, est dans un silo qui n'est pas appliqué (msDS-AuthNPolicySiloEnforced).",
            "{dn}, privileged through {via}, is in a silo that is not enforced (msDS-AuthNPolicySiloEnforced).",
        ),
        "unlisted": Wording(
            "{dn}, privilégié par {via}, n'est pas listé par le silo qui lui est assigné (msDS-AuthNPolicySiloMembers).",
            "{dn}, privileged through {via}, is not listed by the silo assigned to it (msDS-AuthNPolicySiloMembers).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("svc", groups=["Backup Operators"])),
        healthy(change(_SILO, {"msds-authnpolicysiloenforced": False})),
        healthy(hide(_SILO, "msds-authnpolicysilomembers")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("svc", groups=["Backup Operators"], enabled=False)),
    ),
    unmeasured=(
        healthy(unread("configuration", "msds-authnpolicysilo")),
        healthy(without(_SILO)),
    ),
)
