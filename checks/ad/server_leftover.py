"""Server objects that a controller left in the sites when it was demoted."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, controller, healthy, thing, unread, without
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_SERVERS = "CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration"
_OLD = thing(f"CN=ANCIEN,{_SERVERS}", "server")


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest with server objects of no controller, that nothing replicates by any more."""
    why = forest.unread("configuration", "server", "ntdsdsa", "ntdsdsaro", "serverreference")
    every = all(not forest.unread("domain", "computer", domain=one) for one in forest.domains)
    if every and not why:
        known = {one.server for one in forest.controllers}
        found = [
            (one, Proof("left", {"dn": one.dn}))
            for one in forest.of("server")
            if one not in known
            and not any(child.kind.startswith("ntdsdsa") for child in forest.children(one))
        ]
        yield from failed(forest, None, found)
    yield from gaps(forest, "domain", "computer")
    yield from gaps(forest, "configuration", "server", "ntdsdsa", "ntdsdsaro", "serverreference")


POINT = Point(
    id="server_leftover",
    condition=Condition.OURS,
    effort=1,
    base="CN=Sites,{C}",
    query="(objectClass=server)",
)

CHECK = Check(
    id="ad.server-leftover",
    title_fr="Objets de serveurs laissés dans les sites",
    title_en="Server objects left in the sites",
    risk_fr=(
        "Un contrôleur rétrogradé a laissé son nom dans les sites ; ces restes brouillent "
        "l'inventaire, et une vraie anomalie s'y cache plus facilement."
    ),
    risk_en=(
        "A demoted controller left its name in the sites; such remains blur the inventory, and a "
        "true anomaly hides among them more easily."
    ),
    criticality=Criticality.LOW,
    references=("Microsoft metadata cleanup",),
    remedy_fr=(
        "Vérifier que la machine n'est plus un contrôleur et qu'aucun autre service (MSMQ) ne se "
        "sert de l'objet, puis le supprimer (Sites et services Active Directory)."
    ),
    remedy_en=(
        "Check that the machine is no longer a controller and that no other service (MSMQ) uses "
        "the object, then delete it (Active Directory Sites and Services)."
    ),
    proofs={
        **PROOFS,
        "left": Wording(
            "{dn} : sans NTDS Settings, et ne désigne aucun contrôleur.",
            "{dn}: without NTDS Settings, and names no controller.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(_OLD),
        healthy(thing(f"CN=ANCIEN,{_SERVERS}", "server", serverreference="CN=X,DC=chu,DC=example")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        # Told by ad.dc-inconsistent-uac.
        healthy(_OLD, thing(f"CN=NTDS Settings,CN=ANCIEN,{_SERVERS}", "ntdsdsa")),
        healthy(controller("DC3"), without(f"CN=NTDS Settings,CN=DC3,{_SERVERS}")),
    ),
    unmeasured=(
        healthy(_OLD, unread("domain", "computer")),
        healthy(_OLD, unread("configuration", "ntdsdsa")),
    ),
)
