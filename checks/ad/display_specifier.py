"""A menu of the administration consoles runs a file of elsewhere (vuln_display_specifier)."""

import re
from collections.abc import Iterator

from checks.ad._shared.healthy import change, child_domain, healthy, unread
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_MENUS = (
    "adminContextMenu",
    "adminPropertyPages",
    "contextMenu",
    "shellContextMenu",
    "shellPropertyPages",
)
_SHARE = re.compile(r"[\\/]{2}([^\\/,\s]{1,255})[\\/]([^\\/,\s]{1,255})")
_TOLD = 200
_TARGET = "CN=user-Display,CN=40C,CN=DisplaySpecifiers,CN=Configuration"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest whose display specifiers name a program on a share other than SYSVOL."""
    own = {one.name for one in forest.domains} | {one.netbios.lower() for one in forest.domains}
    for one in forest.controllers:
        own.update((one.account.name.rstrip("$").lower(), one.account.text("dnshostname").lower()))
    found = [
        (entry, Proof("menu", {"dn": entry.dn, "attribute": name, "value": value[:_TOLD]}))
        for entry in forest.of("displayspecifier")
        for name in _MENUS
        for value in entry.texts(name.lower())
        if _is_elsewhere(value, own)
    ]
    yield from failed(forest, None, found, *POINT.levels)
    yield from gaps(forest, "configuration", "displayspecifier", "admincontextmenu")


def _is_elsewhere(value: str, own: set[str]) -> bool:
    """Whether the third field of ``order,text,command`` holds a share that is no SYSVOL of ours."""
    command = value.partition(",")[2].partition(",")[2]
    shares = _SHARE.findall(command)
    return any(host.lower() not in own or name.lower() != "sysvol" for host, name in shares)


POINT = Point(
    id="vuln_display_specifier",
    levels=(1,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="CN=DisplaySpecifiers,{C}",
    query="(objectClass=displaySpecifier)",
)

CHECK = Check(
    id="ad.display-specifier",
    title_fr=("Menus des consoles d'administration lançant un programme hors de SYSVOL"),
    title_en=("Menus of the administration consoles that run a program outside SYSVOL"),
    risk_fr=(
        "Un clic d'administrateur dans la console exécute un fichier pris sur un autre serveur ; "
        "qui tient ce serveur tient l'annuaire."
    ),
    risk_en=(
        "An administrator's click in the console runs a file taken from another server; whoever "
        "holds that server holds the directory."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_display_specifier",
        "MITRE T1546",
    ),
    remedy_fr=(
        "Supprimer cette entrée (ADSI Edit, CN=DisplaySpecifiers), ou placer le script dans le "
        "SYSVOL d'un contrôleur de domaine."
    ),
    remedy_en=(
        "Remove this entry (ADSI Edit, CN=DisplaySpecifiers), or put the script in the SYSVOL of "
        "a domain controller."
    ),
    proofs={
        **PROOFS,
        "menu": Wording(
            "{dn} : {attribute} vaut « {value} ».",
            "{dn}: {attribute} is « {value} ».",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(change(_TARGET, admincontextmenu=r"3,&Ouvrir,\\SRV-FICHIERS\outils\x.vbs")),
        healthy(change(_TARGET, contextmenu=[r"1,a,\\chu.example\partage\x.cmd"])),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(
            change(
                _TARGET,
                admincontextmenu=r"3,&Ouvrir,\\chu.example\sysvol\chu.example\scripts\x.vbs",
            )
        ),
        healthy(change(_TARGET, admincontextmenu=r"3,&Ouvrir,\\DC1\SYSVOL\x.vbs")),
        healthy(change(_TARGET, contextmenu=r"3,voir \\autre\lieu,dsa.msc")),
    ),
    unmeasured=(healthy(unread("configuration", "displayspecifier")),),
)
