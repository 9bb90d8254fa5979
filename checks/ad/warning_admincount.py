"""Accounts still marked as privileged that no longer are (warning_admincount)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, group, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, day, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with adminCount = 1 on what is privileged or protected in no way."""
    protected = _protected(forest)
    found = [
        (one, Proof("orphan", {"dn": one.dn, "day": day(one, "whenchanged")}))
        for one in forest.having("admincount")
        if one.number("admincount") == 1
        and one not in forest.privileged
        and one not in protected
        and (one.is_account or one.is_group)
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "user", "admincount")


def _protected(forest: Directory) -> frozenset[Entry]:
    """Give what Windows protects besides what ANSSI calls privileged."""
    heads = [
        found
        for domain in forest.domains
        for found in (
            forest.account(domain, sids.READ_ONLY_CONTROLLERS),
            forest.by_sid(sids.REPLICATOR, domain),
            forest.krbtgt(domain),
        )
        if found is not None
    ]
    return forest.everyone_in(*heads) | frozenset(heads)


POINT = Point(
    id="warning_admincount",
    effort=1,
    base="{D}",
    query="(adminCount=1)",
)

CHECK = Check(
    id="ad.warning-admincount",
    title_fr="Comptes marqués privilégiés qui ne le sont plus (adminCount)",
    title_en="Accounts marked as privileged that no longer are (adminCount)",
    risk_fr="Ces comptes gardent des droits figés, hors héritage : les délégations du support n'y passent plus, et d'anciens droits y restent.",
    risk_en="These accounts keep frozen rights, out of inheritance: the delegations of the help desk do not reach them, and old rights stay.",
    criticality=Criticality.LOW,
    references=(
        "ANSSI warning_admincount",
        "MITRE T1098",
    ),
    remedy_fr="Remettre adminCount à 0 ou le vider, puis rétablir l'héritage des droits sur l'objet.",
    remedy_en="Set adminCount to 0 or clear it, then restore the inheritance of rights on the object.",
    proofs={
        **PROOFS,
        "orphan": Wording(
            "{dn} : adminCount = 1, sans appartenance à un groupe protégé (modifié le {day}).",
            "{dn}: adminCount = 1, in no protected group (changed on {day}).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("ancien-admin", admincount=1)),
        healthy(group("Ancien groupe", admincount=1)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("réplique", admincount=1, groups=["Replicator"])),
        healthy(user("m.durand", admincount=0)),
    ),
    unmeasured=(healthy(unread("domain", "admincount")),),
)
