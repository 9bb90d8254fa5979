"""Some accounts sleep (info_user_accounts_dormant)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import ASLEEP, asleep, dormancy
from checks.ad._shared.healthy import child_domain, healthy, many, unread, user
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_NEAR = 0.1


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """List the dormant accounts of a forest where they are a tenth at most."""
    share = dormancy(forest)
    if 0 < share.of_all <= _NEAR:
        values = {"count": str(len(share.dormant)), "percent": f"{100 * share.of_all:.0f}"}
        head = [Proof("share", values)]
        yield from failed(forest, None, map(asleep, share.dormant), head=head)
    yield from gaps(forest, "domain", "user", "computer", "pwdlastset", "lastlogontimestamp")


POINT = Point(
    id="info_user_accounts_dormant",
    effort=2,
    base="{D}",
    query="(&(|(sAMAccountType=805306368)(sAMAccountType=805306369))(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.info-user-accounts-dormant",
    title_fr="Comptes dormants",
    title_en="Dormant accounts",
    risk_fr="Des comptes sans titulaire, au mot de passe ancien, sont autant de portes que personne ne surveille.",
    risk_en="Accounts without a holder, with an old password, are so many doors that nobody watches.",
    criticality=Criticality.INFO,
    references=(
        "ANSSI info_user_accounts_dormant",
        "MITRE T1078.002",
    ),
    remedy_fr="Désactiver ces comptes et vider leurs groupes ; brancher les départs sur les ressources humaines.",
    remedy_en="Disable these accounts and empty their groups; tie leavers to human resources.",
    proofs={
        **PROOFS,
        **ASLEEP,
        "share": Wording(
            "{count} comptes dormants, soit {percent} % des comptes activés.",
            "{count} dormant accounts, that is {percent}% of the enabled ones.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(user("parti", password_days=1_200, logon_days=400, created_days=2_000)),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(many(9, "parti", password_days=1_200, logon_days=400, created_days=2_000)),
    ),
    unmeasured=(healthy(unread("domain", "lastlogontimestamp")),),
)
