"""Privileged accounts that carry a service principal name (vuln_spn_priv)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import admin, healthy, managed, member, pso, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, chain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_TOLD = 3


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled privileged users carry an SPN, the tolerated ones apart."""
    found = [
        (one, _proof(forest, one))
        for one in forest.privileged.enabled_users
        if one.spns and not forest.is_hardened(one)
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "group", "user", "serviceprincipalname")


def _proof(forest: Directory, one: Entry) -> Proof:
    values = {"dn": one.dn, "via": chain(forest, one), "spns": ", ".join(one.spns[:_TOLD])}
    return Proof("spn", values)


POINT = Point(
    id="vuln_spn_priv",
    levels=(1,),
    condition=Condition.PUBLISHED,
    effort=2,
    base="{D}",
    query="(&(objectCategory=person)(servicePrincipalName=*)(adminCount=1))",
)

CHECK = Check(
    id="ad.spn-priv",
    title_fr="Comptes privilégiés portant un SPN",
    title_en="Privileged accounts with an SPN",
    risk_fr=(
        "N'importe quel compte du domaine obtient de quoi chercher leur mot de passe hors ligne, "
        "sans trace (« kerberoasting »)."
    ),
    risk_en=(
        "Any account of the domain obtains what it takes to search their password offline, "
        "leaving no trace (kerberoasting)."
    ),
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_spn_priv", "MITRE T1558.003"),
    remedy_fr=(
        "Retirer le SPN puis changer le mot de passe ; ou sortir le compte des groupes "
        "privilégiés ; ou faire porter le service par un compte géré (gMSA)."
    ),
    remedy_en=(
        "Remove the SPN then change the password; or take the account out of the privileged "
        "groups; or have a managed account (gMSA) bear the service."
    ),
    proofs={
        **PROOFS,
        "spn": Wording(
            "{dn}, privilégié par {via}, porte {spns}.",
            "{dn}, privileged through {via}, carries {spns}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("svc-sql", spn="MSSQLSvc/sql.chu.example:1433", groups=["Domain Admins"])),
        healthy(
            admin("svc-vieux", spn="HTTP/x", password_days=900),
            pso("PSO-services", 33, 1_095, "svc-vieux", changed_days=300),
        ),
    ),
    clean=(
        healthy(),
        healthy(user("svc-sql", spn="MSSQLSvc/sql.chu.example", enabled=False)),
        healthy(managed("gmsa-admin", spn=["HTTP/x"]), member("Domain Admins", "gmsa-admin$")),
        healthy(admin("svc-dur", spn="HTTP/x"), pso("PSO-services", 33, 1_095, "svc-dur")),
    ),
    unmeasured=(healthy(unread("domain", "user")),),
)
