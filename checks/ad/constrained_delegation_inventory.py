"""Constrained delegations to be looked at."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    healthy,
    server,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_ALLOWED = "msds-allowedtodelegateto"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose accounts delegate with transition, or to a lost service."""
    found: list[Found] = []
    for one in forest.having(_ALLOWED):
        if not one.is_enabled or forest.is_controller(one):
            continue
        spns = one.texts(_ALLOWED)
        lost = [spn for spn in spns if not forest.spn_targets(spn)]
        if lost:
            found.append((one, Proof("lost", {"dn": one.dn, "spn": ", ".join(lost[:3])})))
        elif one.uac & flags.PROTOCOL_TRANSITION:
            found.append((one, Proof("transition", {"dn": one.dn, "spn": ", ".join(spns[:3])})))
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "user", "computer", _ALLOWED)


POINT = Point(
    id="constrained_delegation_inventory",
    condition=Condition.OURS,
    effort=2,
    base="{D}",
    query="(msDS-AllowedToDelegateTo=*)",
)

CHECK = Check(
    id="ad.constrained-delegation-inventory",
    title_fr="Délégations contraintes à revoir",
    title_en="Constrained delegations to review",
    risk_fr=(
        "Un service qui n'existe plus peut être recréé par un attaquant, et la transition de "
        "protocole permet d'agir au nom de quelqu'un qui ne s'est jamais connecté."
    ),
    risk_en=(
        "A service that is gone may be made anew by an attacker, and protocol transition "
        "lets it act for someone who never logged on."
    ),
    criticality=Criticality.MEDIUM,
    references=("MITRE T1558",),
    remedy_fr=(
        "Retirer de msDS-AllowedToDelegateTo les services disparus et se passer de la "
        "transition de protocole quand le service le permet."
    ),
    remedy_en=(
        "Remove services that are gone from msDS-AllowedToDelegateTo and do without protocol "
        "transition where the service allows it."
    ),
    proofs={
        **PROOFS,
        "lost": Wording(
            (
                "{dn} : délégation vers {spn}, que ne porte aucune machine connue (hôte hors "
                "de la forêt, ou disparu)."
            ),
            (
                "{dn}: delegation to {spn}, carried by no known machine (host outside the "
                "forest, or gone)."
            ),
        ),
        "transition": Wording(
            "{dn} : délégation avec transition de protocole vers {spn}.",
            "{dn}: delegation with protocol transition to {spn}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(server("SRV-APP", {"msds-allowedtodelegateto": "http/DISPARU"})),
        healthy(
            server(
                "SRV-APP",
                {"msds-allowedtodelegateto": "http/SRV-FICHIERS"},
                uac=flags.PROTOCOL_TRANSITION,
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(server("SRV-APP", {"msds-allowedtodelegateto": "http/SRV-FICHIERS:8080"})),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
