"""The KDS root key in use is old."""

from collections.abc import Iterator
from datetime import timedelta

from checks._shared.examples import AT
from checks.ad._shared.accounts import THREE_YEARS, is_older
from checks.ad._shared.healthy import (
    Departure,
    change,
    child_domain,
    healthy,
    thing,
    unread,
    without,
)
from checks.ad._shared.verdicts import PROOFS, day, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_KEYS = "CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services,CN=Configuration"
_KEY = f"CN=8d5e2a4c,{_KEYS}"
_START = "mskds-usestarttime"
_OF_GROUPS = frozenset({"msds-groupmanagedserviceaccount", "msds-delegatedmanagedserviceaccount"})
"""Classes of the accounts whose password is made from a root key."""


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest whose latest root key in use is older than three years, with all its keys."""
    keys = sorted(forest.of("mskds-provrootkey"), key=lambda one: one.created or forest.at)
    undated = next((one for one in keys if one.created is None), None)
    used = [
        one.created
        for one in keys
        if one.created is not None and (one.moment(_START) or one.created) <= forest.at
    ]
    if undated is not None:
        yield NotMeasured(forest.place(), f"hidden: {undated.dn} (whenCreated)")
    elif not keys and any(one.kind in _OF_GROUPS for one in forest.managed):
        # An ordinary account sees none by default.
        yield NotMeasured(forest.place(), "hidden: msKds-ProvRootKey")
    elif used and is_older(forest, max(used), THREE_YEARS):
        found = [
            (one, Proof("key", {"dn": one.dn, "made": day(one, "whencreated")})) for one in keys
        ]
        yield from failed(forest, None, found, head=(Proof("count", {"count": str(len(keys))}),))
    if keys:
        yield from gaps(forest, "configuration", "mskds-provrootkey")


def _aged(days: int) -> Departure:
    made = AT - timedelta(days=days)
    return change(_KEY, {"whencreated": made, _START: made})


def _another(days: int) -> Departure:
    made = AT - timedelta(days=days)
    return thing(f"CN=autre,{_KEYS}", "mskds-provrootkey", {"whencreated": AT, _START: made})


POINT = Point(
    id="kds_root_key_age",
    condition=Condition.OURS,
    effort=2,
    base=f"{_KEYS.removesuffix(',CN=Configuration')},{{C}}",
    query="(objectClass=msKds-ProvRootKey)",
)

CHECK = Check(
    id="ad.kds-root-key-age",
    title_fr="Clé racine KDS jamais renouvelée depuis trois ans",
    title_en="KDS root key not renewed for three years",
    risk_fr=(
        "Ces clés n'expirent jamais : si une seule a été copiée, ne serait-ce que dans une "
        "sauvegarde, le mot de passe des comptes de service gérés se calcule encore aujourd'hui."
    ),
    risk_en=(
        "These keys never expire: if one was ever copied, were it in a backup, the password of "
        "managed service accounts can still be computed today."
    ),
    criticality=Criticality.LOW,
    references=("MITRE T1555", "Microsoft Add-KdsRootKey"),
    remedy_fr=(
        "Documenter chaque clé et qui l'a créée. Pour changer de clé, en créer une "
        "(Add-KdsRootKey), attendre sa réplication, puis recréer les comptes gérés : ceux qui "
        "existent gardent l'ancienne. Le seuil de trois ans est celui de Vigie."
    ),
    remedy_en=(
        "Document each key and who made it. To change keys, make one (Add-KdsRootKey), wait for "
        "its replication, then make the managed accounts again: those that exist keep the old "
        "one. The threshold of three years is Vigie's own."
    ),
    proofs={
        **PROOFS,
        "count": Wording(
            "Clés racines visibles : {count} ; la plus récente en service a plus de trois ans.",
            "Root keys seen: {count}; the latest in use is older than three years.",
        ),
        "key": Wording("{dn} : créée le {made}.", "{dn}: made on {made}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(_aged(1_200)),
        # Made, and not in use yet.
        healthy(_aged(1_200), _another(-1)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(_aged(1_000)),
        healthy(_aged(2_000), _another(1)),
        healthy(without(_KEY), without("gmsa-sauve$")),
    ),
    unmeasured=(
        healthy(without(_KEY)),
        healthy(change(_KEY, whencreated=None)),
        healthy(unread("configuration", "mskds-provrootkey")),
    ),
)
