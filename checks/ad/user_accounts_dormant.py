"""More than a quarter of the accounts sleep (vuln_user_accounts_dormant)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import ASLEEP, asleep, dormancy
from checks.ad._shared.healthy import child_domain, healthy, many, unread
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Confidence, Criticality, Proof, Verdict, Wording

_MOST = 0.25


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest more than a quarter of whose enabled accounts sleep; firm when people alone do."""
    share = dormancy(forest)
    if share.of_all > _MOST:
        values = {"count": str(len(share.dormant)), "all": str(share.accounts)}
        values |= {"percent": f"{100 * share.of_all:.0f}", "people": f"{100 * share.of_users:.0f}"}
        yield from failed(
            forest,
            None,
            map(asleep, share.dormant),
            *POINT.levels,
            confidence=Confidence.FIRM if share.of_users > _MOST else Confidence.TENTATIVE,
            head=[Proof("share", values)],
        )
    yield from gaps(forest, "domain", "user", "computer", "pwdlastset", "lastlogontimestamp")


POINT = Point(
    id="vuln_user_accounts_dormant",
    levels=(1,),
    condition=Condition.PUBLISHED,
    effort=2,
    base="{D}",
    query="(&(|(sAMAccountType=805306368)(sAMAccountType=805306369))(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.user-accounts-dormant",
    title_fr="Plus d'un quart de comptes dormants",
    title_en="More than a quarter of accounts dormant",
    risk_fr="Des comptes sans titulaire sont autant de portes que personne ne surveille, au mot de passe ancien, souvent avec des droits.",
    risk_en="Accounts without a holder are so many doors that nobody watches, with old passwords and often with rights.",
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_user_accounts_dormant",
        "MITRE T1078.002",
    ),
    remedy_fr="Désactiver les comptes dormants, vider leurs groupes, leur donner un secret aléatoire et les ranger dans une unité d'organisation dédiée ; brancher les départs sur les ressources humaines.",
    remedy_en="Disable dormant accounts, empty their groups, give them a random secret and move them to an organisational unit of their own; tie leavers to human resources.",
    proofs={
        **PROOFS,
        **ASLEEP,
        "share": Wording(
            "{count} comptes dormants sur {all} comptes activés, soit {percent} % (utilisateurs seuls : {people} %) ; le seuil est de 25 %.",
            "{count} dormant accounts of {all} enabled ones, that is {percent}% (users alone: {people}%); the threshold is 25%.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(many(9, "parti", password_days=1_200, logon_days=400, created_days=2_000)),
        healthy(many(9, "jamais", password_days=1_200, logon_days=None, created_days=2_000)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(many(9, "parti", password_days=1_200, logon_days=300, created_days=2_000)),
        healthy(many(2, "parti", password_days=1_200, logon_days=400, created_days=2_000)),
    ),
    unmeasured=(healthy(unread("domain", "lastlogontimestamp")),),
)
