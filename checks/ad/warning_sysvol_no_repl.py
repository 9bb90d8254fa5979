"""No replication of SYSVOL is declared (warning_sysvol_no_repl)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    ROOT,
    child_domain,
    controller,
    healthy,
    thing,
    unread,
    without,
)
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_DECLARED = ("msdfsr-subscriber", "ntfrsreplicaset")
_DFSR_OF_ROOT = tuple(
    f"CN=Domain System Volume,CN=DFSR-LocalSettings,CN={name},OU=Domain Controllers,{ROOT}"
    for name in ("DC1", "DC2")
)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain of several controllers where nothing says how SYSVOL goes between them."""
    declared = {one.domain for one in forest.of(*_DECLARED)}
    for domain in forest.domains:
        held = [
            one.account
            for one in forest.controllers
            if one.account.domain is domain and not one.is_entra
        ]
        is_told = not forest.unread("domain", "computer", *_DECLARED, domain=domain)
        if is_told and len(held) > 1 and domain not in declared:
            yield from failed(
                forest, domain, [(one, Proof("alone", {"dn": one.dn})) for one in held]
            )
    yield from gaps(forest, "domain", "computer", *_DECLARED)


POINT = Point(
    id="warning_sysvol_no_repl",
    condition=Condition.OURS,
    effort=2,
    base="{D}",
    query="(|(objectClass=msDFSR-Subscriber)(objectClass=nTFRSReplicaSet))",
)

CHECK = Check(
    id="ad.warning-sysvol-no-repl",
    title_fr="Aucune réplication du SYSVOL déclarée",
    title_en="No replication of SYSVOL declared",
    risk_fr=(
        "Les stratégies de groupe diffèrent d'un contrôleur à l'autre : un réglage de sécurité "
        "corrigé sur l'un reste faible sur l'autre."
    ),
    risk_en=(
        "Group policies differ from one controller to the next: a security setting mended on one "
        "stays weak on the other."
    ),
    criticality=Criticality.MEDIUM,
    references=("ANSSI warning_sysvol_no_repl",),
    remedy_fr=(
        "Rétablir la réplication DFSR du SYSVOL sur chaque contrôleur (dfsrmig, puis l'objet "
        "DFSR-LocalSettings), et vérifier que les stratégies y sont les mêmes."
    ),
    remedy_en=(
        "Restore the DFSR replication of SYSVOL on each controller (dfsrmig, then the "
        "DFSR-LocalSettings object), and verify that their policies are the same."
    ),
    proofs={
        **PROOFS,
        "alone": Wording(
            "{dn} : ni abonnement DFSR (msDFSR-Subscriber) ni jeu NTFRS dans son domaine.",
            "{dn}: neither a DFSR subscription (msDFSR-Subscriber) nor an NTFRS set in its domain.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(without(*_DFSR_OF_ROOT)),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(controller("DC3")),
        healthy(without(_DFSR_OF_ROOT[0])),
        # A single controller has no one to replicate with.
        healthy(without(*_DFSR_OF_ROOT, "DC2$")),
        healthy(
            without(*_DFSR_OF_ROOT),
            thing(
                "CN=Domain System Volume (SYSVOL share),CN=System",
                "ntfrsreplicaset",
                frsreplicasettype=2,
            ),
        ),
    ),
    unmeasured=(
        healthy(unread("domain", "msdfsr-subscriber")),
        healthy(without(*_DFSR_OF_ROOT), unread("domain", "ntfrsreplicaset")),
    ),
)
