"""Smart-card accounts whose hidden secret is old."""

from collections.abc import Iterator

from checks.ad._shared.accounts import OLD, keeping
from checks.ad._shared.healthy import child_domain, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_DAYS = 90


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled smart-card users have had one secret for more than 90 days."""
    held = [one for one in forest.users if one.is_enabled and one.uac & flags.SMARTCARD]
    yield from by_domain(forest, keeping(forest, held, _DAYS))
    yield from gaps(forest, "domain", "user", "pwdlastset")


POINT = Point(
    id="smartcard_not_rotated",
    effort=1,
    base="{D}",
    query="(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.803:=262144)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.smartcard-not-rotated",
    title_fr="Comptes à carte à puce au secret ancien",
    title_en="Smart-card accounts with an old secret",
    risk_fr="Derrière la carte, un secret permanent permet d'entrer sans elle : volé une fois, il sert longtemps.",
    risk_en="Behind the card, a permanent secret lets one in without it: once stolen, it serves for long.",
    criticality=Criticality.MEDIUM,
    references=("MITRE T1550.002",),
    remedy_fr="Activer msDS-ExpirePasswordsOnSmartCardOnlyAccounts, ou décocher puis recocher « carte à puce nécessaire » sur ces comptes.",
    remedy_en="Turn msDS-ExpirePasswordsOnSmartCardOnlyAccounts on, or clear then tick « Smart card is required » on these accounts.",
    proofs={
        **PROOFS,
        **OLD,
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(user("dr.carte", uac=flags.SMARTCARD, password_days=91)),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("dr.carte", uac=flags.SMARTCARD, password_days=90)),
    ),
    unmeasured=(healthy(unread("domain", "user")),),
)
