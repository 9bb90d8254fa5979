"""Secrets of trusts older than a year (vuln_trusts_accounts)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import is_older, lacking
from checks.ad._shared.healthy import (
    child_domain,
    healthy,
    trust,
    unread,
    user,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, day, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_MOST_DAYS = 365


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose trust accounts kept the same secret for over a year."""
    accounts = [one for one in forest.of("user") if _is_trust(one)]
    partners = {(one.domain, f"{one.text('flatname')}$".lower()) for one in forest.trusts}
    found: list[Found] = []
    for one in accounts:
        if is_older(forest, one.password_set, _MOST_DAYS):
            known = (one.domain, one.name.lower()) in partners
            values = {"dn": one.dn, "day": day(one, "pwdlastset")}
            found.append((one, Proof("old" if known else "orphan", values)))
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "user", "pwdlastset")
    yield from lacking(forest, accounts, "pwdlastset")


def _is_trust(one: Entry) -> bool:
    return one.number("samaccounttype") == flags.TRUST or bool(one.uac & flags.TRUST_ACCOUNT)


POINT = Point(
    id="vuln_trusts_accounts",
    levels=(2,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(userAccountControl:1.2.840.113556.1.4.803:=2048)",
)

CHECK = Check(
    id="ad.trusts-accounts",
    title_fr="Secrets d'approbation de plus d'un an",
    title_en="Trust secrets older than a year",
    risk_fr=(
        "Qui a volé un jour ce secret fabrique encore des tickets valables entre les deux domaines."
    ),
    risk_en=(
        "Whoever once stole this secret still makes tickets that are valid between both domains."
    ),
    criticality=Criticality.HIGH,
    references=("ANSSI vuln_trusts_accounts",),
    remedy_fr=(
        "Supprimer les comptes sans approbation ; pour les autres, rétablir le "
        "renouvellement automatique (netdom trust /Reset)."
    ),
    remedy_en=(
        "Delete the accounts without a trust; for the others, restore automatic renewal "
        "(netdom trust /Reset)."
    ),
    proofs={
        **PROOFS,
        "old": Wording(
            (
                "{dn} : secret du {day} ; une approbation existe, son renouvellement ne se "
                "fait plus."
            ),
            "{dn}: secret of {day}; a trust exists, its renewal no longer happens.",
        ),
        "orphan": Wording(
            "{dn} : secret du {day} ; aucune approbation ne porte ce nom.",
            "{dn}: secret of {day}; no trust bears this name.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            user("AUTRE$", uac=flags.TRUST_ACCOUNT, samaccounttype=flags.TRUST, password_days=366)
        ),
        healthy(
            trust("autre.example"),
            user("AUTRE$", uac=flags.TRUST_ACCOUNT, samaccounttype=flags.TRUST, password_days=900),
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(
            user("AUTRE$", uac=flags.TRUST_ACCOUNT, samaccounttype=flags.TRUST, password_days=365)
        ),
    ),
    unmeasured=(
        healthy(unread("domain", "user")),
        healthy(
            user("AUTRE$", uac=flags.TRUST_ACCOUNT, samaccounttype=flags.TRUST, pwdlastset=None)
        ),
    ),
)
