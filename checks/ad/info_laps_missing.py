"""LAPS is not in use (info_laps_missing)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import change, child_domain, computer, healthy, unread
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_EXPIRY = ("ms-mcs-admpwdexpirationtime", "mslaps-passwordexpirationtime")


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain where LAPS covers no machine."""
    for domain in forest.domains:
        machines = [
            one
            for one in forest.computers
            if one.domain is domain
            and one.is_enabled
            and "windows" in one.operating_system.lower()
            and not forest.is_controller(one)
        ]
        bare = [one for one in machines if not any(map(one.has, _EXPIRY))]
        if machines and len(bare) == len(machines):
            values = {"bare": str(len(bare)), "all": str(len(machines))}
            found = [(one, Proof("bare", {"dn": one.dn})) for one in bare]
            yield from failed(forest, domain, found, head=[Proof("share", values)])
    yield from gaps(forest, "domain", "computer", *_EXPIRY)


POINT = Point(
    id="info_laps_missing",
    effort=2,
    base="{D}",
    query="(&(objectClass=computer)(!(userAccountControl:1.2.840.113556.1.4.803:=8192)))",
)

CHECK = Check(
    id="ad.info-laps-missing",
    title_fr="LAPS absent",
    title_en="LAPS not in use",
    risk_fr=(
        "Un même mot de passe d'administration local ouvre toutes les machines à qui en a pris une."
    ),
    risk_en=("One local administration password opens every machine to whoever took one."),
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI info_laps_missing",
        "MITRE T1078.003",
    ),
    remedy_fr=(
        "Activer Windows LAPS par stratégie de groupe sur tous les postes et serveurs membres et "
        "vérifier son fonctionnement."
    ),
    remedy_en=(
        "Turn Windows LAPS on by group policy on all workstations and member servers and check "
        "that it works."
    ),
    proofs={
        **PROOFS,
        "share": Wording(
            "{bare} machines Windows sur {all} sans mot de passe local géré.",
            "{bare} Windows machines of {all} without a managed local password.",
        ),
        "bare": Wording(
            "{dn} : aucune date d'expiration LAPS.",
            "{dn}: no LAPS expiry date.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            *(
                change(one, {"mslaps-passwordexpirationtime": None})
                for one in ("POSTE-001$", "POSTE-002$", "SRV-FICHIERS$")
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(computer("NU", {"mslaps-passwordexpirationtime": None})),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
