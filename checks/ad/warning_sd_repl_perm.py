"""Replication rights of who is not expected (warning_sd_repl_perm)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    ROOT,
    child_domain,
    controller,
    entra_connect,
    grant,
    healthy,
    unread,
)
from checks.ad._shared.permissions import PROOFS, tell_controls
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.rights import Right
from core.facts import Facts
from core.model import Criticality, Verdict

_RODC = sids.READ_ONLY_CONTROLLERS
_ALL_RODC = sids.ENTERPRISE_READ_ONLY_CONTROLLERS


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, where the unexpected hold such rights."""
    held = forest.controllers_of(
        *forest.partition_heads,
        only=Right.GET_CHANGES
        | Right.GET_CHANGES_ALL
        | Right.GET_CHANGES_FILTERED
        | Right.INSTALL_REPLICA,
        level=2,
        besides=[one.rid(rid) for one in forest.domains for rid in (_RODC, _ALL_RODC)],
    )
    named = [one for one in held if isinstance(one.label, Right)]
    yield from tell_controls(forest, named, "domaindns", "group")


POINT = Point(
    id="warning_sd_repl_perm",
    effort=1,
    base="{D}",
    query="(objectClass=domainDNS)",
)

CHECK = Check(
    id="ad.warning-sd-repl-perm",
    title_fr="Droits de réplication inhabituels",
    title_en="Unusual replication rights",
    risk_fr=(
        "Ces droits donnent à lire plus que l'annuaire ne montre et, réunis, tous les mots de "
        "passe."
    ),
    risk_en=("These rights show more than the directory does and, put together, every password."),
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI warning_sd_repl_perm",
        "MITRE T1003.006",
    ),
    remedy_fr=(
        "Retirer ces droits (dsacls ou ldp) ou traiter le délégataire comme un compte de niveau 0."
    ),
    remedy_en=("Remove these rights (dsacls or ldp) or treat the delegate as a tier-0 account."),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(healthy(grant(ROOT, "(OA;;CR;1131f6aa-9c07-11d1-f79f-00c04fc2dcd2;;@m.durand)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(entra_connect()),
        healthy(controller("RODC", read_only=True)),
    ),
    unmeasured=(healthy(unread("domain", "group")),),
)
