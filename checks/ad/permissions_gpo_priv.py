"""Others control the policies that reach the privileged (vuln_permissions_gpo_priv)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    ROOT,
    change,
    child_domain,
    gpo,
    grant,
    healthy,
    hidden_descriptor,
    linked,
    owned,
    unread,
)
from checks.ad._shared.permissions import PROOFS, controlled
from checks.ad._shared.verdicts import gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Domain, Entry
from core.facts import Facts
from core.model import Criticality, NotMeasured, Verdict

_GUID = "AAAAAAAA-1111-2222-3333-444444444444"
_GPO = f"CN={{{_GUID}}},CN=Policies,CN=System"
_CONTROLLERS = "OU=Domain Controllers"
_SITE = "CN=Default-First-Site-Name,CN=Sites,CN=Configuration"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose GPOs that reach privileged accounts or controllers others control."""
    reached = [*forest.privileged.accounts, *(one.account for one in forest.controllers)]
    targets: dict[Entry, None] = {}
    hidden: dict[Domain | None, str] = {}
    for account in reached:
        for link in forest.gpos_on(account):
            if link.gpo is None:
                hidden.setdefault(account.domain, link.gpo_dn)
            elif link.gpo not in targets:
                targets.update(dict.fromkeys((link.gpo, *forest.children(link.gpo))))
    yield from controlled(forest, POINT, targets)
    for domain, dn in hidden.items():
        yield NotMeasured(forest.place(domain), f"hidden: {dn}")
    yield from gaps(forest, "domain", "grouppolicycontainer", "gplink", "group", "user", "computer")
    yield from gaps(forest, "configuration", "site", "gplink")


POINT = Point(
    id="vuln_permissions_gpo_priv",
    levels=(1,),
    effort=1,
    base="CN=Policies,CN=System,{D}",
    query="(objectClass=groupPolicyContainer)",
)

CHECK = Check(
    id="ad.permissions-gpo-priv",
    title_fr=("Stratégies de groupe des comptes privilégiés modifiables par d'autres"),
    title_en="Group policies of privileged accounts writable by others",
    risk_fr=(
        "Qui modifie une de ces stratégies exécute ce qu'il veut sous les comptes "
        "d'administration ou sur les contrôleurs de domaine."
    ),
    risk_en=(
        "Whoever changes one of these policies runs what they want as the administrators or on "
        "the domain controllers."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_permissions_gpo_priv",
        "MITRE T1484.001",
    ),
    remedy_fr=(
        "Retirer la délégation de ces stratégies (console GPMC, onglet Délégation, vue avancée) "
        "et vérifier de même les droits de leur dossier dans SYSVOL, qui n'ont pas été lus."
    ),
    remedy_en=(
        "Remove the delegation of these policies (GPMC, Delegation tab, advanced view) and check "
        "likewise the rights of their folder in SYSVOL, which were not read."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(gpo(_GUID), linked(_CONTROLLERS, _GUID), grant(_GPO, "(A;;GA;;;@m.durand)")),
        healthy(gpo(_GUID), linked(_SITE, _GUID), owned(_GPO, "m.durand")),
        healthy(
            gpo(_GUID),
            linked(ROOT, _GUID, options=2),
            linked(_CONTROLLERS, blocked=True),
            change("CN=Users", gpoptions=1),
            grant(_GPO, "(A;;GW;;;@m.durand)"),
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(gpo(_GUID), linked("OU=Postes", _GUID), grant(_GPO, "(A;;GA;;;@m.durand)")),
        healthy(
            gpo(_GUID), linked(_CONTROLLERS, _GUID, options=1), grant(_GPO, "(A;;GA;;;@m.durand)")
        ),
        healthy(
            gpo(_GUID),
            linked(_SITE, _GUID),
            linked(_CONTROLLERS, blocked=True),
            grant(_GPO, "(A;;GA;;;@m.durand)"),
        ),
    ),
    unmeasured=(
        healthy(linked(_CONTROLLERS, _GUID)),
        healthy(gpo(_GUID), linked(_CONTROLLERS, _GUID), hidden_descriptor(_GPO)),
        healthy(unread("configuration", "site")),
        healthy(unread("domain", "computer")),
    ),
)
