"""Ordinary accounts whose password is kept reversibly (warning_reversible_password)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import admin, computer, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose enabled accounts have the flag, privileged ones apart."""
    found = [
        (one, Proof("reversible", {"dn": one.dn}))
        for one in forest.having("useraccountcontrol")
        if one.uac & flags.REVERSIBLE_PASSWORD
        and one.is_account
        and one.is_enabled
        and one not in forest.privileged
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "user", "computer", "useraccountcontrol")


POINT = Point(
    id="warning_reversible_password",
    effort=1,
    base="{D}",
    query="(userAccountControl:1.2.840.113556.1.4.803:=128)",
)

CHECK = Check(
    id="ad.warning-reversible-password",
    title_fr="Comptes ordinaires au mot de passe réversible",
    title_en="Ordinary accounts with a reversible password",
    risk_fr="Qui vole une copie de l'annuaire lit ces mots de passe en clair.",
    risk_en="Whoever steals a copy of the directory reads these passwords in clear.",
    criticality=Criticality.LOW,
    references=(
        "ANSSI warning_reversible_password",
        "MITRE T1556.005",
    ),
    remedy_fr="Décocher « enregistrer le mot de passe en utilisant un chiffrement réversible », puis changer le mot de passe.",
    remedy_en="Clear « Store password using reversible encryption », then change the password.",
    proofs={
        **PROOFS,
        "reversible": Wording(
            "{dn} a l'indicateur ENCRYPTED_TEXT_PWD_ALLOWED (userAccountControl).",
            "{dn} has the flag ENCRYPTED_TEXT_PWD_ALLOWED (userAccountControl).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("m.durand", uac=flags.REVERSIBLE_PASSWORD)),
        healthy(computer("NAS", uac=flags.REVERSIBLE_PASSWORD)),
    ),
    clean=(
        healthy(),
        healthy(admin("adm.x", uac=flags.REVERSIBLE_PASSWORD)),
        healthy(user("m.durand", uac=flags.REVERSIBLE_PASSWORD, enabled=False)),
    ),
    unmeasured=(healthy(unread("domain", "user")),),
)
