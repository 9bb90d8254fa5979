"""The built-in Administrator is used day to day (warning_rid500)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import is_older
from checks.ad._shared.healthy import child_domain, healthy, unread, user, without
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_DAYS = 30
_LOGONS = ("lastlogontimestamp", "lastlogon")


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose RID 500 logged on in the last 30 days, as far as the controller asked knows."""
    for domain in forest.domains:
        one = forest.account(domain, sids.ADMINISTRATOR)
        why = forest.unread("domain", "user", *_LOGONS, domain=domain)
        if one is None:
            yield NotMeasured(forest.place(domain), why or "hidden: Administrator")
            continue
        logons = [moment for name in _LOGONS if (moment := one.moment(name)) is not None]
        if logons and not is_older(forest, max(logons), _DAYS):
            values = {"dn": one.dn, "day": max(logons).date().isoformat()}
            yield from failed(forest, domain, [(one, Proof("used", values))])
        elif why:
            yield NotMeasured(forest.place(domain), why)


POINT = Point(
    id="warning_rid500",
    effort=1,
    base="{D}",
    query="(|(sAMAccountName=Administrator)(sAMAccountName=Administrateur))",
)

CHECK = Check(
    id="ad.warning-rid500",
    title_fr="Compte Administrateur intégré utilisé récemment",
    title_en="Built-in Administrator used recently",
    risk_fr="Ce compte ne se bloque pas et n'appartient à personne : utilisé au quotidien, il ne laisse pas savoir qui a fait quoi.",
    risk_en="This account does not lock out and belongs to nobody: used day to day, it does not tell who did what.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI warning_rid500",
        "MITRE T1078.002",
    ),
    remedy_fr="Le réserver au bris de glace, mot de passe long sous scellés ; donner à chacun un compte d'administration nominatif.",
    remedy_en="Keep it for emergencies, a long password under seal; give each administrator an account of their own.",
    proofs={
        **PROOFS,
        "used": Wording("{dn} : dernière connexion le {day}.", "{dn}: last logon on {day}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("Administrator", logon_days=10)),
        healthy(child_domain(), user("Administrator", domain="SUB", logon_days=1)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("Administrator", logon_days=None)),
        healthy(user("Administrator", logon_days=31)),
    ),
    unmeasured=(
        healthy(without("Administrator")),
        healthy(unread("domain", "lastlogontimestamp")),
    ),
)
