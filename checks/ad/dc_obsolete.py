"""Domain controllers on a Windows that is no longer corrected (vuln_dc_obsolete)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    computer,
    controller,
    healthy,
    hide,
    unread,
)
from checks.ad._shared.releases import has_ended, is_ahead, release_of
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Domain
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose controllers run a Windows past its end of support."""
    found: list[Found] = []
    unknown: dict[Domain | None, str] = {}
    for one in (each.account for each in forest.controllers if not each.is_entra):
        release = release_of(one, facts)
        version = one.text("operatingsystemversion")
        if release is not None and has_ended(release, forest.at.date()):
            values = {"dn": one.dn, "system": one.operating_system, "version": version}
            found.append((one, Proof("ended", {**values, "day": release.end_support.isoformat()})))
        elif not version:
            unknown.setdefault(one.domain, f"hidden: {one.dn} (operatingSystemVersion)")
        elif release is None and not is_ahead(one, facts):
            unknown.setdefault(one.domain, f"unknown-release: {one.operating_system} {version}")
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "computer", "operatingsystemversion")
    for domain, why in unknown.items():
        yield NotMeasured(forest.place(domain), why)


POINT = Point(
    id="vuln_dc_obsolete",
    levels=(1,),
    condition=Condition.PUBLISHED,
    effort=3,
    base="{D}",
    query="(&(sAMAccountType=805306369)(|(primaryGroupID=516)(primaryGroupID=521)))",
)

CHECK = Check(
    id="ad.dc-obsolete",
    title_fr="Contrôleurs de domaine sous un Windows qui n'est plus corrigé",
    title_en="Domain controllers on a Windows that is no longer corrected",
    risk_fr=(
        "Toute nouvelle faille de ce système y reste ouverte, sur la machine qui détient "
        "tous les mots de passe."
    ),
    risk_en=(
        "Every new flaw of this system stays open there, on the machine that holds every password."
    ),
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_dc_obsolete", "MITRE T1210"),
    remedy_fr=(
        "Installer de nouveaux contrôleurs sous une version suivie de Windows Server, "
        "transférer les rôles, puis rétrograder les anciens. Des correctifs payants (ESU) ne "
        "se voient pas dans l'annuaire : le justifier par une exception."
    ),
    remedy_en=(
        "Install new controllers on a supported Windows Server, transfer the roles, then "
        "demote the old ones. Paid updates (ESU) do not show in the directory: justify them "
        "by an exception."
    ),
    proofs={
        **PROOFS,
        "ended": Wording(
            "{dn} : {system} {version}, fin des correctifs le {day}.",
            "{dn}: {system} {version}, updates ended on {day}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(controller("DC3", system=("Windows Server 2012 R2 Standard", "6.3 (9600)"))),
        healthy(
            controller("RODC", read_only=True, system=("Windows Server 2008 R2", "6.1 (7601)"))
        ),
    ),
    clean=(
        healthy(),
        healthy(controller("DC3", system=("Windows Server 2016 Standard", "10.0 (14393)"))),
        healthy(controller("DC3", system=("Windows Server 2031", "10.0 (39999)"))),
        healthy(computer("AzureADKerberos", primarygroupid=521, system=("", ""))),
    ),
    unmeasured=(
        healthy(hide("DC1$", "operatingsystemversion")),
        healthy(controller("DC3", system=("Samba", "4.17.12"))),
        healthy(unread("domain", "computer")),
    ),
)
