"""Entra Connect accounts that anyone may take over."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    entra_connect,
    healthy,
    hidden_descriptor,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory.descriptors import DACL_PROTECTED
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_PREFIXES = ("msol_", "aad_", "adsyncmsa", "provagentgmsa")


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose synchronisation accounts inherit the rights of where they lie."""
    accounts = [
        one
        for one in forest.of("user")
        if one.is_account and one.is_enabled and one.name.lower().startswith(_PREFIXES)
    ]
    found: list[Found] = []
    for one in accounts:
        read = one.descriptor
        if read is not None and not read.control & DACL_PROTECTED:
            found.append((one, Proof("inherits", {"dn": one.dn})))
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "user", "computer", "ntsecuritydescriptor")
    for one in accounts:
        if one.descriptor is None:
            yield NotMeasured(forest.place(one.domain), f"hidden: {one.dn}")


POINT = Point(
    id="entra_connect_accounts",
    condition=Condition.OURS,
    effort=2,
    base="{D}",
    query="(|(sAMAccountName=MSOL_*)(sAMAccountName=AAD_*)(sAMAccountName=ADSyncMSA*)(sAMAccountName=provAgentgMSA*))",
)

CHECK = Check(
    id="ad.entra-connect-accounts",
    title_fr="Comptes Entra Connect sans protection de leurs droits",
    title_en="Entra Connect accounts whose rights are not protected",
    risk_fr=(
        "Ce compte peut répliquer tous les mots de passe ; qui gère l'unité où il se trouve "
        "peut le prendre."
    ),
    risk_en=(
        "This account may replicate every password; whoever manages the unit where it lies "
        "may take it."
    ),
    criticality=Criticality.HIGH,
    references=("MITRE T1003.006",),
    remedy_fr=(
        "Bloquer l'héritage des droits sur ce compte (Set-ADSyncRestrictedPermissions), le "
        "traiter, lui et son serveur, comme un contrôleur de domaine."
    ),
    remedy_en=(
        "Block inheritance of rights on this account (Set-ADSyncRestrictedPermissions); "
        "treat it and its server as a domain controller."
    ),
    proofs={
        **PROOFS,
        "inherits": Wording(
            "{dn} hérite des droits de son unité (descripteur non protégé).",
            "{dn} inherits the rights of its unit (descriptor not protected).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(entra_connect(protected=False)),),
    clean=(
        healthy(),
        healthy(entra_connect()),
    ),
    unmeasured=(
        healthy(entra_connect(), hidden_descriptor("MSOL_0123456789ab")),
        healthy(unread("domain", "user")),
    ),
)
