"""SYSVOL still replicated by NTFRS (vuln_sysvol_ntfrs)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    change,
    child_domain,
    healthy,
    hide,
    thing,
    unread,
    without,
)
from checks.ad._shared.verdicts import PROOFS, Found, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_ELIMINATED = 48
_SYSVOL = 2


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose SYSVOL has not wholly gone over to DFSR."""
    sets = [
        one for one in forest.of("ntfrsreplicaset") if one.number("frsreplicasettype") == _SYSVOL
    ]
    for domain in forest.domains:
        settings = forest.in_system(domain, "CN=DFSR-GlobalSettings")
        state = settings.number("msdfsr-flags") if settings is not None else None
        old = [one for one in sets if one.domain is domain]
        # Domains born on DFSR may carry no state: members of its SYSVOL group show it in use.
        is_dfsr = any(one.domain is domain for one in forest.of("msdfsr-subscriber"))
        why = forest.unread(
            "domain", "ntfrsreplicaset", "msdfsr-globalsettings", "msdfsr-flags", domain=domain
        )
        found: list[Found] = []
        if state is None and old:
            found = [(one, Proof("set", {"dn": one.dn})) for one in old]
        elif state is not None and state != _ELIMINATED and settings is not None:
            found = [(settings, Proof("state", {"dn": settings.dn, "state": str(state)}))]
        yield from failed(forest, domain, found, *POINT.levels)
        if why or (state is None and not old and not is_dfsr):
            yield NotMeasured(forest.place(domain), why or "hidden: CN=DFSR-GlobalSettings")


POINT = Point(
    id="vuln_sysvol_ntfrs",
    levels=(2,),
    condition=Condition.OURS,
    effort=2,
    base="CN=System,{D}",
    query="(|(objectClass=nTFRSReplicaSet)(objectClass=msDFSR-GlobalSettings))",
)

CHECK = Check(
    id="ad.sysvol-ntfrs",
    title_fr="SYSVOL encore répliqué par NTFRS",
    title_en="SYSVOL still replicated by NTFRS",
    risk_fr=(
        "Ce service abandonné, qui n'est plus corrigé, transporte les stratégies appliquées "
        "à toutes les machines."
    ),
    risk_en=(
        "This abandoned service, no longer corrected, carries the policies applied to every "
        "machine."
    ),
    criticality=Criticality.HIGH,
    references=("ANSSI vuln_sysvol_ntfrs", "MITRE T1210"),
    remedy_fr=(
        "Migrer le SYSVOL vers DFSR (dfsrmig /setglobalstate 1, 2 puis 3) en attendant à "
        "chaque étape que tous les contrôleurs suivent."
    ),
    remedy_en=(
        "Migrate SYSVOL to DFSR (dfsrmig /setglobalstate 1, 2 then 3), waiting at each step "
        "for every controller to follow."
    ),
    proofs={
        **PROOFS,
        "set": Wording(
            "{dn} : jeu de réplicas NTFRS du SYSVOL.", "{dn}: NTFRS replica set of SYSVOL."
        ),
        "state": Wording(
            "{dn} : msDFSR-Flags {state} au lieu de 48 (migration non terminée).",
            "{dn}: msDFSR-Flags {state} instead of 48 (migration not finished).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(change("CN=DFSR-GlobalSettings,CN=System", {"msdfsr-flags": 16})),
        healthy(
            without("CN=DFSR-GlobalSettings,CN=System"),
            thing(
                "CN=Domain System Volume (SYSVOL share),CN=System",
                "ntfrsreplicaset",
                frsreplicasettype=2,
            ),
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(hide("CN=DFSR-GlobalSettings,CN=System", "msdfsr-flags")),
    ),
    unmeasured=(healthy(unread("domain", "msdfsr-globalsettings")),),
)
