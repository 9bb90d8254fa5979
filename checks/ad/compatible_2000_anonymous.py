"""Anonymous may read the whole directory (vuln_compatible_2000_anonymous)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, emptied, foreign, healthy, unread, without
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_GROUP = "Pre-Windows 2000 Compatible Access"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose pre-Windows 2000 group holds Anonymous."""
    for domain in forest.domains:
        group_ = forest.by_sid(sids.PRE_WINDOWS_2000, domain)
        if group_ is None:
            yield NotMeasured(forest.place(domain), "hidden: S-1-5-32-554")
            continue
        found = [
            (one, Proof("member", {"dn": one.dn, "who": forest.name_of(one.sid, domain)}))
            for one in forest.members_of(group_)
            if one.sid == sids.ANONYMOUS
        ]
        yield from failed(forest, domain, found, *POINT.levels)
    yield from gaps(forest, "domain", "group", "member", "foreignsecurityprincipal")


POINT = Point(
    id="vuln_compatible_2000_anonymous",
    levels=(2,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(objectSid=S-1-5-32-554)",
)

CHECK = Check(
    id="ad.compatible-2000-anonymous",
    title_fr="Annuaire lisible sans compte (Accès compatible pré-Windows 2000)",
    title_en=("Directory readable without an account (Pre-Windows 2000 Compatible Access)"),
    risk_fr=(
        "Quiconque atteint le réseau peut, sans mot de passe, dresser la liste des comptes et "
        "préparer une attaque."
    ),
    risk_en=(
        "Anyone who reaches the network can, without a password, list the accounts and prepare an "
        "attack."
    ),
    criticality=Criticality.HIGH,
    references=(
        "ANSSI vuln_compatible_2000_anonymous",
        "MITRE T1087.002",
    ),
    remedy_fr=(
        "Retirer ANONYMOUS LOGON (S-1-5-7) de ce groupe, n'y laisser que Utilisateurs "
        "authentifiés ou le vider."
    ),
    remedy_en=(
        "Remove ANONYMOUS LOGON (S-1-5-7) from this group; leave only Authenticated Users in it, "
        "or empty it."
    ),
    proofs={
        **PROOFS,
        "member": Wording(
            "{who} est membre de « Accès compatible pré-Windows 2000 » ({dn}).",
            "{who} is a member of « Pre-Windows 2000 Compatible Access » ({dn}).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(foreign("S-1-5-7", _GROUP)),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(foreign("S-1-1-0", _GROUP)),
        healthy(emptied(_GROUP)),
    ),
    unmeasured=(
        healthy(unread("domain", "group")),
        healthy(without(_GROUP)),
    ),
)
