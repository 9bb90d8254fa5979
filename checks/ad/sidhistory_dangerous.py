"""Accounts carry a reserved or privileged identifier in their history (vuln_sidhistory_dangerous)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, group, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_RESERVED = 1_000


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with a sIDHistory that is no account's, reserved, or of a privileged one."""
    found = [
        (one, Proof("sid", {"dn": one.dn, "sid": sid, "name": forest.name_of(sid)}))
        for one in forest.having("sidhistory")
        for sid in one.sids("sidhistory")
        if _is_dangerous(forest, sid)
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "user", "computer", "group", "sidhistory")


def _is_dangerous(forest: Directory, sid: str) -> bool:
    rid = sids.rid_of(sid)
    if not sids.domain_of(sid) or rid is None or rid < _RESERVED:
        return True
    real = forest.by_sid(sid)
    return real is not None and not real.is_foreign and real in forest.privileged


POINT = Point(
    id="vuln_sidhistory_dangerous",
    levels=(2,),
    effort=1,
    base="{D}",
    query="(sIDHistory=*)",
)

CHECK = Check(
    id="ad.sidhistory-dangerous",
    title_fr="Historique de SID portant un identifiant réservé ou privilégié",
    title_en="SID history holding a reserved or privileged identifier",
    risk_fr="Ces comptes ont les droits d'un administrateur sans figurer dans aucun groupe : c'est une porte dérobée classique.",
    risk_en="These accounts have the rights of an administrator without being in any group: a classic back door.",
    criticality=Criticality.HIGH,
    references=(
        "ANSSI vuln_sidhistory_dangerous",
        "MITRE T1134.005",
    ),
    remedy_fr="Rechercher l'origine de la valeur (métadonnées de réplication), traiter comme une compromission en l'absence d'explication, puis effacer sIDHistory.",
    remedy_en="Look for the origin of the value (replication metadata), treat it as a compromise when unexplained, then clear sIDHistory.",
    proofs={
        **PROOFS,
        "sid": Wording(
            "{dn} : sIDHistory contient {sid} ({name}).", "{dn}: sIDHistory holds {sid} ({name})."
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("migré", sidhistory="S-1-5-21-9-9-9-512")),
        healthy(user("migré", sidhistory="S-1-5-32-544")),
        healthy(user("migré", sidhistory="adm.martin")),
        healthy(group("Ancien", sidhistory="S-1-5-21-9-9-9-519")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("migré", sidhistory="S-1-5-21-9-9-9-1104")),
        healthy(child_domain(), user("migré", domain="SUB", sidhistory="m.durand")),
    ),
    unmeasured=(healthy(unread("domain", "sidhistory")),),
)
