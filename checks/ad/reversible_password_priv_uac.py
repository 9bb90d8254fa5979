"""Privileged accounts whose password is kept reversibly (vuln_reversible_password_priv_uac)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import lacking
from checks.ad._shared.healthy import admin, child_domain, healthy, hide, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, chain, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose privileged users have the flag, disabled ones included."""
    found = [
        (one, Proof("reversible", {"dn": one.dn, "via": chain(forest, one)}))
        for one in forest.privileged.users
        if one.uac & flags.REVERSIBLE_PASSWORD
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "group", "user")
    yield from lacking(forest, forest.privileged.users, "useraccountcontrol")


POINT = Point(
    id="vuln_reversible_password_priv_uac",
    levels=(3,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.803:=128)(adminCount=1))",
)

CHECK = Check(
    id="ad.reversible-password-priv-uac",
    title_fr="Comptes privilégiés au mot de passe réversible",
    title_en="Privileged accounts with a reversible password",
    risk_fr="Le mot de passe de ces administrateurs est gardé de façon à être relu : qui vole une copie de l'annuaire le lit en clair.",
    risk_en="The password of these administrators is kept so that it can be read back: whoever steals a copy of the directory reads it in clear.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI vuln_reversible_password_priv_uac",
        "MITRE T1556.005",
    ),
    remedy_fr="Décocher « enregistrer le mot de passe en utilisant un chiffrement réversible », puis changer le mot de passe.",
    remedy_en="Clear « Store password using reversible encryption », then change the password.",
    proofs={
        **PROOFS,
        "reversible": Wording(
            "{dn}, privilégié par {via}, a l'indicateur ENCRYPTED_TEXT_PWD_ALLOWED (userAccountControl).",
            "{dn}, privileged through {via}, has the flag ENCRYPTED_TEXT_PWD_ALLOWED (userAccountControl).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(admin("adm.clair", uac=flags.REVERSIBLE_PASSWORD)),
        healthy(admin("adm.clair", uac=flags.REVERSIBLE_PASSWORD, enabled=False)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("m.durand", uac=flags.REVERSIBLE_PASSWORD)),
    ),
    unmeasured=(
        healthy(unread("domain", "user")),
        healthy(hide("adm.martin", "useraccountcontrol")),
    ),
)
