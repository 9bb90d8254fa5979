"""The pre-Windows 2000 group has other members (vuln_compatible_2000_not_default)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    emptied,
    foreign,
    healthy,
    member,
    unread,
    without,
)
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_GROUP = "Pre-Windows 2000 Compatible Access"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose pre-Windows 2000 group holds other than Authenticated Users."""
    for domain in forest.domains:
        group_ = forest.by_sid(sids.PRE_WINDOWS_2000, domain)
        if group_ is None:
            yield NotMeasured(forest.place(domain), "hidden: S-1-5-32-554")
            continue
        found = [
            (one, Proof("member", {"dn": one.dn, "who": forest.name_of(one.sid, domain)}))
            for one in forest.members_of(group_)
            if one.sid != sids.AUTHENTICATED_USERS
        ]
        yield from failed(forest, domain, found, *POINT.levels)
    yield from gaps(forest, "domain", "group", "member", "foreignsecurityprincipal")


POINT = Point(
    id="vuln_compatible_2000_not_default",
    levels=(3,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(objectSid=S-1-5-32-554)",
)

CHECK = Check(
    id="ad.compatible-2000-not-default",
    title_fr=("Groupe « Accès compatible pré-Windows 2000 » aux membres inhabituels"),
    title_en="Unusual members in « Pre-Windows 2000 Compatible Access »",
    risk_fr=(
        "Ce groupe de compatibilité lit tous les attributs des comptes ; plus il compte de "
        "membres, plus la reconnaissance est facile."
    ),
    risk_en=(
        "This compatibility group reads every attribute of accounts; the more members it has, the "
        "easier reconnaissance is."
    ),
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI vuln_compatible_2000_not_default",
        "MITRE T1087.002",
    ),
    remedy_fr=(
        "Retirer ces membres, serveurs AD CS compris (le retrait est réversible), et n'y laisser "
        "que Utilisateurs authentifiés."
    ),
    remedy_en=(
        "Remove these members, AD CS servers included (this can be undone), and leave only "
        "Authenticated Users."
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
    flagged=(
        healthy(foreign("S-1-1-0", _GROUP)),
        healthy(member(_GROUP, "SRV-FICHIERS$")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(emptied(_GROUP)),
    ),
    unmeasured=(
        healthy(unread("domain", "group")),
        healthy(without(_GROUP)),
    ),
)
