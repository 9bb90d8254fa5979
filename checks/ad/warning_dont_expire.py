"""Some accounts never renew their password (warning_dont_expire)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import LASTING, lasting
from checks.ad._shared.healthy import child_domain, healthy, many, unread
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_MOST = 0.1


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """List the enabled users who never have to renew it, where they are a tenth at most."""
    enabled, found = lasting(forest)
    if len(found) <= _MOST * enabled:
        yield from failed(forest, None, found)
    yield from gaps(forest, "domain", "user", "useraccountcontrol")


POINT = Point(
    id="warning_dont_expire",
    effort=2,
    base="{D}",
    query="(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.803:=65536)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.warning-dont-expire",
    title_fr="Comptes dont le mot de passe n'expire jamais",
    title_en="Accounts with a password that never expires",
    risk_fr="Ces mots de passe finissent dans les fuites et les fichiers partagés, et y restent valables.",
    risk_en="These passwords end up in leaks and shared files, and stay valid there.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI warning_dont_expire",
        "MITRE T1078.002",
    ),
    remedy_fr="Retirer l'option ; pour les comptes de service recensés, définir une PSO ou passer en gMSA.",
    remedy_en="Clear the option; for listed service accounts, define a PSO or move to gMSA.",
    proofs={
        **PROOFS,
        **LASTING,
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(many(14, "base"), many(1, "service", uac=flags.NEVER_EXPIRES)),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(many(8, "service", uac=flags.NEVER_EXPIRES)),
    ),
    unmeasured=(healthy(unread("domain", "user")),),
)
