"""Accounts that Kerberos answers without pre-authentication (vuln_kerberos_properties_preauth)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import computer, healthy, pso, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, day, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose enabled accounts need none, the tolerated ones apart."""
    found = [
        (one, Proof("open", {"dn": one.dn, "day": day(one, "pwdlastset")}))
        for one in forest.having("useraccountcontrol")
        if one.uac & flags.NO_PREAUTH
        and one.is_account
        and one.is_enabled
        and not forest.is_hardened(one)
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "user", "computer", "useraccountcontrol")


POINT = Point(
    id="vuln_kerberos_properties_preauth",
    levels=(2,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.803:=4194304)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.kerberos-properties-preauth",
    title_fr="Comptes sans pré-authentification Kerberos",
    title_en="Accounts without Kerberos pre-authentication",
    risk_fr="N'importe qui sur le réseau, sans même un compte, obtient de quoi chercher ces mots de passe hors ligne.",
    risk_en="Anyone on the network, even without an account, obtains what it takes to search these passwords offline.",
    criticality=Criticality.HIGH,
    references=(
        "ANSSI vuln_kerberos_properties_preauth",
        "MITRE T1558.004",
    ),
    remedy_fr="Retirer l'option « la pré-authentification Kerberos n'est pas nécessaire », puis changer le mot de passe ; à défaut, mot de passe de plus de 32 caractères imposé par une PSO, renouvelé tous les trois ans au plus, et AES seul.",
    remedy_en="Clear « Do not require Kerberos preauthentication », then change the password; failing that, a password of more than 32 characters under a PSO, renewed every three years at most, and AES alone.",
    proofs={
        **PROOFS,
        "open": Wording(
            "{dn} a l'indicateur DONT_REQ_PREAUTH (userAccountControl) ; mot de passe du {day}.",
            "{dn} has the flag DONT_REQ_PREAUTH (userAccountControl); password of {day}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("svc-web", uac=flags.NO_PREAUTH)),
        healthy(computer("NAS", uac=flags.NO_PREAUTH)),
        healthy(
            user("svc-court", {"msds-supportedencryptiontypes": 0x18}, uac=flags.NO_PREAUTH),
            pso("PSO", 32, 1_095, "svc-court"),
        ),
    ),
    clean=(
        healthy(),
        healthy(user("svc-web", uac=flags.NO_PREAUTH, enabled=False)),
        healthy(
            user("svc-dur", {"msds-supportedencryptiontypes": 0x18}, uac=flags.NO_PREAUTH),
            pso("PSO", 33, 1_095, "svc-dur"),
        ),
    ),
    unmeasured=(healthy(unread("domain", "user")),),
)
