"""Machine accounts made beforehand, with a password that can be guessed."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    computer,
    healthy,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, day, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain that keeps enabled machine accounts no machine has ever used."""
    found: list[Found] = []
    for one in forest.computers:
        never = one.last_logon is None and not one.number("logoncount")
        if one.is_enabled and never and one.uac & flags.PASSWORD_NOT_REQUIRED:
            values = {"dn": one.dn, "created": day(one, "whencreated")}
            found.append((one, Proof("unused", values)))
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "computer", "useraccountcontrol", "lastlogontimestamp")


POINT = Point(
    id="precreated_computers",
    condition=Condition.OURS,
    effort=1,
    base="{D}",
    query="(&(sAMAccountType=805306369)(userAccountControl:1.2.840.113556.1.4.803:=32)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.precreated-computers",
    title_fr="Comptes de machine pré-créés au mot de passe prévisible",
    title_en="Pre-created machine accounts with a predictable password",
    risk_fr=(
        "Créé pour un système ancien, un tel compte a souvent son propre nom pour mot de "
        "passe : il ouvre le domaine à un inconnu. Vigie ne l'essaie pas."
    ),
    risk_en=(
        "Made for an old system, such an account often has its own name for password: it "
        "opens the domain to a stranger. Vigie does not try it."
    ),
    criticality=Criticality.HIGH,
    references=("MITRE T1078.002",),
    remedy_fr=(
        "Supprimer ces comptes, ou les réinitialiser avec un mot de passe aléatoire et "
        "retirer PASSWD_NOTREQD."
    ),
    remedy_en=(
        "Delete these accounts, or reset them with a random password and clear PASSWD_NOTREQD."
    ),
    proofs={
        **PROOFS,
        "unused": Wording(
            "{dn} : PASSWD_NOTREQD, jamais utilisé, créé le {created}.",
            "{dn}: PASSWD_NOTREQD, never used, created {created}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(computer("POSTE-NEUF", uac=flags.PASSWORD_NOT_REQUIRED, logon_days=None)),),
    clean=(
        healthy(),
        healthy(computer("POSTE-NEUF", uac=flags.PASSWORD_NOT_REQUIRED)),
        healthy(
            computer("POSTE-NEUF", uac=flags.PASSWORD_NOT_REQUIRED, logon_days=None, enabled=False)
        ),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
