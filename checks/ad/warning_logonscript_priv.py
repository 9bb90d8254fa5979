"""Privileged accounts run a script when they log on (warning_logonscript_priv)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import admin, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, chain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_PATH = "scriptpath"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose privileged users have a scriptPath."""
    found = [
        (one, Proof("script", {"dn": one.dn, "via": chain(forest, one), "path": one.text(_PATH)}))
        for one in forest.privileged.users
        if one.text(_PATH)
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "user", _PATH)


POINT = Point(
    id="warning_logonscript_priv",
    effort=1,
    base="{D}",
    query="(&(adminCount=1)(scriptPath=*))",
)

CHECK = Check(
    id="ad.warning-logonscript-priv",
    title_fr="Comptes privilégiés avec script d'ouverture de session",
    title_en="Privileged accounts with a logon script",
    risk_fr="Qui peut modifier le script, ou le partage qui le porte, fait exécuter ce qu'il veut par un administrateur.",
    risk_en="Whoever may change the script, or the share that holds it, has an administrator run whatever they want.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI warning_logonscript_priv",
        "MITRE T1037.003",
    ),
    remedy_fr="Vider scriptPath sur les comptes privilégiés ; à défaut, réserver l'écriture du script aux administrateurs.",
    remedy_en="Clear scriptPath on privileged accounts; failing that, let administrators alone write the script.",
    proofs={
        **PROOFS,
        "script": Wording(
            "{dn}, privilégié par {via}, lance {path} (scriptPath).",
            "{dn}, privileged through {via}, runs {path} (scriptPath).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(admin("adm.script", attributes={"scriptpath": "admin.bat"})),),
    clean=(
        healthy(),
        healthy(user("m.durand", scriptpath="commun.bat")),
    ),
    unmeasured=(healthy(unread("domain", "scriptpath")),),
)
