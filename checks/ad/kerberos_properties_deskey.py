"""Accounts whose Kerberos keys may only be DES (vuln_kerberos_properties_deskey)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import computer, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose enabled accounts are held to DES."""
    found = [
        (one, Proof("des", {"dn": one.dn}))
        for one in forest.having("useraccountcontrol")
        if one.uac & flags.DES_ONLY and one.is_account and one.is_enabled
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "user", "computer", "useraccountcontrol")


POINT = Point(
    id="vuln_kerberos_properties_deskey",
    levels=(2,),
    condition=Condition.PUBLISHED,
    effort=2,
    base="{D}",
    query="(&(userAccountControl:1.2.840.113556.1.4.803:=2097152)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.kerberos-properties-deskey",
    title_fr="Comptes restreints au chiffrement DES",
    title_en="Accounts restricted to DES encryption",
    risk_fr="Le DES se casse en quelques heures : le secret de ces comptes, et ce qu'il protège, sont à la portée de quiconque écoute.",
    risk_en="DES breaks in hours: the secret of these accounts, and what it protects, is within reach of whoever listens.",
    criticality=Criticality.HIGH,
    references=(
        "ANSSI vuln_kerberos_properties_deskey",
        "MITRE T1558",
        "RFC 6649",
    ),
    remedy_fr="Décocher « utiliser uniquement les types de chiffrement DES via Kerberos », changer le mot de passe, et faire évoluer l'application qui l'exigeait.",
    remedy_en="Clear « Use only Kerberos DES encryption types », change the password, and upgrade the application that asked for it.",
    proofs={
        **PROOFS,
        "des": Wording(
            "{dn} a l'indicateur USE_DES_KEY_ONLY (userAccountControl).",
            "{dn} has the flag USE_DES_KEY_ONLY (userAccountControl).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("svc-sap", uac=flags.DES_ONLY)),
        healthy(computer("IRM-01", uac=flags.DES_ONLY)),
    ),
    clean=(
        healthy(),
        healthy(user("svc-sap", uac=flags.DES_ONLY, enabled=False)),
    ),
    unmeasured=(
        healthy(unread("domain", "user")),
        healthy(unread("domain", "useraccountcontrol")),
    ),
)
