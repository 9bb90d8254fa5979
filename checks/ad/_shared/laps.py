"""Which machines have a managed local password (LAPS, either of its kinds)."""

from collections.abc import Iterator

import msgspec

from checks.ad._shared.verdicts import PROOFS as COMMON
from checks.ad._shared.verdicts import failed, gaps
from core.directory.forest import Directory
from core.directory.objects import Domain, Entry
from core.model import Criticality, Proof, Verdict, Wording

_EXPIRY = ("ms-mcs-admpwdexpirationtime", "mslaps-passwordexpirationtime")
"""Readable by all, where the password is not: no date, no managed password."""

QUERY = "(&(objectClass=computer)(!(userAccountControl:1.2.840.113556.1.4.803:=8192)))"

RISK_FR = (
    "Un même mot de passe d'administration local ouvre toutes les machines à qui en a pris une."
)
RISK_EN = "One local administration password opens every machine to whoever took one."
REMEDY_FR = (
    "Activer Windows LAPS par stratégie de groupe sur tous les postes et serveurs membres et "
    "vérifier son fonctionnement."
)
REMEDY_EN = (
    "Turn Windows LAPS on by group policy on all workstations and member servers and check that "
    "it works."
)

PROOFS = {
    **COMMON,
    "share": Wording(
        "{bare} machines Windows sur {all} sans mot de passe local géré.",
        "{bare} Windows machines of {all} without a managed local password.",
    ),
    "bare": Wording("{dn} : aucune date d'expiration LAPS.", "{dn}: no LAPS expiry date."),
}


def machines(forest: Directory, domain: Domain) -> tuple[list[Entry], list[Entry]]:
    """Give the Windows machines that should have one, controllers aside; and those without."""
    found = [
        one
        for one in forest.computers
        if one.domain is domain
        and one.is_enabled
        and "windows" in one.operating_system.lower()
        and not forest.is_controller(one)
    ]
    return found, [one for one in found if not any(map(one.has, _EXPIRY))]


def told(
    forest: Directory,
    domain: Domain,
    bare: list[Entry],
    of: int,
    criticality: Criticality | None = None,
) -> Iterator[Verdict]:
    """Flag a domain for its machines without."""
    share = Proof("share", {"bare": str(len(bare)), "all": str(of)})
    found = [(one, Proof("bare", {"dn": one.dn})) for one in bare]
    for verdict in failed(forest, domain, found, head=[share]):
        yield msgspec.structs.replace(verdict, criticality=criticality)


def unread(forest: Directory) -> Iterator[Verdict]:
    """Tell that part of what these checks read did not come."""
    return gaps(forest, "domain", "computer", *_EXPIRY)
