"""Service accounts whose password anyone may search offline."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, healthy, managed, pso, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, day, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled users carry an SPN; privileged, krbtgt and hardened ones apart."""
    found = [
        (one, _proof(one))
        for one in forest.having("serviceprincipalname")
        if one.is_user
        and one.is_enabled
        and one.spns
        and one.rid != sids.KRBTGT
        and one not in forest.privileged
        and not forest.is_hardened(one)
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "user", "serviceprincipalname")


def _proof(one: Entry) -> Proof:
    values = {"dn": one.dn, "spn": one.spns[0], "day": day(one, "pwdlastset")}
    return Proof("spn", {**values, "types": str(one.encryption)})


POINT = Point(
    id="kerberoastable_users",
    effort=2,
    base="{D}",
    query="(&(objectCategory=person)(servicePrincipalName=*)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.kerberoastable-users",
    title_fr="Comptes de service au mot de passe cherchable hors ligne (« kerberoasting »)",
    title_en="Service accounts open to kerberoasting",
    risk_fr="N'importe quel compte du domaine obtient de quoi chercher ces mots de passe hors ligne, sans trace.",
    risk_en="Any account of the domain obtains what it takes to search these passwords offline, leaving no trace.",
    criticality=Criticality.MEDIUM,
    references=("MITRE T1558.003",),
    remedy_fr="Passer le service en compte géré (gMSA, dMSA) ; à défaut, mot de passe aléatoire de 30 caractères ou plus, et AES seul.",
    remedy_en="Move the service to a managed account (gMSA, dMSA); failing that, a random password of 30 characters or more, and AES alone.",
    proofs={
        **PROOFS,
        "spn": Wording(
            "{dn} porte {spn} ; mot de passe du {day}, msDS-SupportedEncryptionTypes = {types}.",
            "{dn} carries {spn}; password of {day}, msDS-SupportedEncryptionTypes = {types}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(user("svc-sql", {"msds-supportedencryptiontypes": 24}, spn="MSSQLSvc/sql")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("svc-sql", spn="MSSQLSvc/sql", enabled=False)),
        healthy(managed("gmsa-web", spn=["HTTP/web"])),
        healthy(
            user("svc-dur", {"msds-supportedencryptiontypes": 24}, spn="HTTP/x"),
            pso("PSO", 33, 1_095, "svc-dur"),
        ),
    ),
    unmeasured=(healthy(unread("domain", "user")),),
)
