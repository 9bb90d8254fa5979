"""Machines in use on a Windows that is no longer corrected."""

from collections.abc import Iterator

from checks.ad._shared.accounts import is_older
from checks.ad._shared.healthy import (
    computer,
    healthy,
    server,
    unread,
)
from checks.ad._shared.releases import has_ended, release_of
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_ACTIVE_DAYS = 180


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose machines in use run a Windows past its end of support."""
    today = forest.at.date()
    found: list[Found] = []
    for one in forest.computers:
        if not one.is_enabled or forest.is_controller(one) or _is_silent(forest, one):
            continue
        release = release_of(one, facts)
        if release is not None and has_ended(release, today):
            paid = release.end_esu
            values = {
                "dn": one.dn,
                "system": one.operating_system,
                "version": one.text("operatingsystemversion"),
                "day": release.end_support.isoformat(),
                "paid": paid.isoformat() if paid is not None and paid >= today else "—",
            }
            found.append((one, Proof("ended", values)))
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "computer", "operatingsystemversion")


def _is_silent(forest: Directory, one: Entry) -> bool:
    moments = [each for each in (one.last_logon, one.password_set) if each is not None]
    return not moments or is_older(forest, max(moments), _ACTIVE_DAYS)


POINT = Point(
    id="obsolete_os_clients",
    condition=Condition.OURS,
    effort=3,
    base="{D}",
    query="(&(sAMAccountType=805306369)(operatingSystem=Windows*)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.obsolete-os-clients",
    title_fr="Postes et serveurs sous un Windows qui n'est plus corrigé",
    title_en="Workstations and servers on a Windows that is no longer corrected",
    risk_fr="Toute nouvelle faille y reste ouverte : un rançongiciel passe de l'un à l'autre.",
    risk_en="Every new flaw stays open there: ransomware spreads from one to the next.",
    criticality=Criticality.HIGH,
    references=("MITRE T1210",),
    remedy_fr=(
        "Migrer ces machines ; isoler celles que leur fabricant ne permet pas de migrer "
        "(équipement biomédical) et en tenir la liste par une exception datée."
    ),
    remedy_en=(
        "Migrate these machines; isolate those that their maker does not allow to migrate "
        "(medical devices) and keep their list by a dated exception."
    ),
    proofs={
        **PROOFS,
        "ended": Wording(
            (
                "{dn} : {system} {version}, fin des correctifs le {day} (correctifs payants "
                "possibles jusqu'au : {paid})."
            ),
            (
                "{dn}: {system} {version}, updates ended on {day} (paid updates possible "
                "until: {paid})."
            ),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(computer("SCANNER-2", system=("Windows 7 Professionnel", "6.1 (7601)"))),
        healthy(server("SRV-VIEUX", system=("Windows Server 2012 R2 Standard", "6.3 (9600)"))),
        healthy(computer("POSTE-9", system=("Windows 10 Professionnel", "10.0 (19045)"))),
    ),
    clean=(
        healthy(),
        healthy(computer("IRM", system=("Windows 10 Enterprise LTSC", "10.0 (19044)"))),
        healthy(
            computer("SCANNER-2", system=("Windows 7 Professionnel", "6.1 (7601)"), enabled=False)
        ),
        healthy(
            computer(
                "SCANNER-2", system=("Windows XP", "5.1 (2600)"), password_days=400, logon_days=400
            )
        ),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
