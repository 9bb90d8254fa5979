"""Objects whose rights the account of the audit may not read."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    healthy,
    hidden_descriptor,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Domain
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_WITHOUT = frozenset({"dnsnode"})
"""Classes whose descriptors are not asked for."""


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose descriptors did not come, with the share that did."""
    hidden: dict[Domain | None, list[Found]] = {}
    totals: dict[Domain | None, int] = {}
    for one in forest.entries:
        if one.is_deleted or one.kind in _WITHOUT:
            continue
        totals[one.domain] = totals.get(one.domain, 0) + 1
        if one.descriptor is None:
            hidden.setdefault(one.domain, []).append((one, Proof("object", {"dn": one.dn})))
    for domain, found in hidden.items():
        total = totals[domain]
        share = f"{100 * (total - len(found)) / total:.1f}"
        head = Proof("share", {"hidden": str(len(found)), "total": str(total), "share": share})
        yield from failed(forest, domain, found, head=[head])
    yield from gaps(forest, "domain")


POINT = Point(
    id="auditor_view_limits",
    condition=Condition.OURS,
    effort=1,
    base="{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.auditor-view-limits",
    title_fr="Part de l'annuaire cachée au compte d'audit",
    title_en="Share of the directory hidden from the audit account",
    risk_fr="Un attaquant peut y cacher des droits que l'audit ne verra pas.",
    risk_en="An attacker may hide rights there that the audit will not see.",
    criticality=Criticality.MEDIUM,
    references=("ANSSI warning_sd_failed_sd_read",),
    remedy_fr=(
        "Donner la lecture des droits (READ_CONTROL) à un groupe d'audit et refaire l'audit "
        "; enquêter sur tout objet volontairement caché."
    ),
    remedy_en=(
        "Give an audit group the right to read rights (READ_CONTROL) and run the audit "
        "again; investigate any object hidden on purpose."
    ),
    proofs={
        **PROOFS,
        "share": Wording(
            "{hidden} descripteurs de sécurité illisibles sur {total} ({share} % lus).",
            "{hidden} security descriptors not readable out of {total} ({share}% read).",
        ),
        "object": Wording(
            "{dn} : descripteur illisible (nTSecurityDescriptor).",
            "{dn}: descriptor not readable (nTSecurityDescriptor).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(hidden_descriptor("m.durand")),
        healthy(hidden_descriptor("CN=Sites,CN=Configuration")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("domain")),),
)
