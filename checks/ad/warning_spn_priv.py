"""Privileged accounts carry an SPN in the way that ANSSI tolerates (warning_spn_priv)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import admin, healthy, pso, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, chain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled privileged users carry an SPN in the tolerated way."""
    found = [
        (one, Proof("spn", {"dn": one.dn, "via": chain(forest, one), "spn": one.spns[0]}))
        for one in forest.privileged.enabled_users
        if one.spns and forest.is_hardened(one)
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "user", "serviceprincipalname")


POINT = Point(
    id="warning_spn_priv",
    effort=2,
    base="{D}",
    query="(&(objectCategory=person)(servicePrincipalName=*)(adminCount=1))",
)

CHECK = Check(
    id="ad.warning-spn-priv",
    title_fr="Comptes privilégiés portant un SPN, sous conditions tolérées",
    title_en="Privileged accounts with an SPN, under tolerated conditions",
    risk_fr="Ces comptes tiennent par la longueur de leur mot de passe et l'AES seul : à la moindre exception, ils se cassent hors ligne.",
    risk_en="These accounts hold by the length of their password and AES alone: at the least exception, they break offline.",
    criticality=Criticality.LOW,
    references=(
        "ANSSI warning_spn_priv",
        "MITRE T1558.003",
    ),
    remedy_fr="Retirer le SPN, ou faire porter le service par un compte géré (gMSA) hors des groupes privilégiés.",
    remedy_en="Remove the SPN, or have a managed account (gMSA) outside the privileged groups bear the service.",
    proofs={
        **PROOFS,
        "spn": Wording(
            "{dn}, privilégié par {via}, porte {spn}.",
            "{dn}, privileged through {via}, carries {spn}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(admin("svc-dur", spn="HTTP/x"), pso("PSO-services", 33, 1_095, "svc-dur")),),
    clean=(
        healthy(),
        healthy(admin("svc-mou", spn="HTTP/x")),
    ),
    unmeasured=(healthy(unread("domain", "user")),),
)
