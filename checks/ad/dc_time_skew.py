"""Controllers whose clock is wrong."""

from collections.abc import Iterator
from datetime import datetime

from checks.ad._shared.healthy import child_domain, clocks, healthy, unread
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory import decode
from core.directory.controllers import ASKED_AT
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.raw import Collection
from core.facts import Facts
from core.model import Confidence, Criticality, NotMeasured, Proof, Verdict, Wording

_MOST = 60
_SPREAD = 30
"""Seconds between controllers above which it is not our own clock that is wrong."""


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag the controllers a minute away from this machine, with what the others say."""
    ahead = {
        host: seconds
        for collection in forest.collections
        for host, seconds in _read(collection).items()
    }
    lost = {one.what.lower(): one.why for each in forest.collections for one in each.unread}
    found: list[Found] = []
    for one in forest.controllers:
        account = one.account
        host = account.text("dnshostname").lower()
        if one.is_entra or not account.is_enabled:
            continue
        if host not in ahead:
            why = lost.get(f"rootdse {host}", f"not-collected: {account.dn} (currentTime)")
            yield NotMeasured(forest.place(account.domain), why)
        elif abs(ahead[host]) > _MOST:
            values = {"dn": account.dn, "seconds": f"{ahead[host]:+d}"}
            found.append((account, Proof("skew", values)))
    is_theirs = bool(ahead) and max(ahead.values()) - min(ahead.values()) > _SPREAD
    confidence = Confidence.FIRM if is_theirs else Confidence.TENTATIVE
    yield from by_domain(forest, found, confidence=confidence)
    yield from gaps(forest, "domain", "computer", "dnshostname")


def _read(collection: Collection) -> dict[str, int]:
    """Give how many seconds each controller was ahead of us when it was asked."""
    found: dict[str, int] = {}
    for host, root in collection.controllers.items():
        said = decode.seconds_of("".join(root.get("currenttime", ())[:1]).encode())
        asked = _moment("".join(root.get(ASKED_AT, ())[:1]))
        if said is not None and asked is not None:
            found[host.lower()] = round(said - asked.timestamp())
    return found


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


POINT = Point(
    id="dc_time_skew",
    condition=Condition.OURS,
    effort=1,
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.dc-time-skew",
    title_fr="Contrôleurs de domaine dont l'horloge est décalée",
    title_en="Domain controllers whose clock is wrong",
    risk_fr=(
        "Au-delà de cinq minutes, Kerberos refuse les connexions ; les journaux, eux, ne se "
        "recoupent plus dès la première minute."
    ),
    risk_en=(
        "Beyond five minutes Kerberos refuses logons; from the first minute on, logs no longer "
        "match one another."
    ),
    criticality=Criticality.MEDIUM,
    references=("MITRE T1070.006", "RFC 4120"),
    remedy_fr=(
        "Vérifier d'abord l'heure de la machine de Vigie, puis rétablir la hiérarchie NTP : le "
        "contrôleur PDC de la racine sur une source sûre, les autres sur lui (w32tm /resync)."
    ),
    remedy_en=(
        "Check the clock of Vigie's own machine first, then restore the NTP hierarchy: the PDC of "
        "the root on a safe source, the others on it (w32tm /resync)."
    ),
    proofs={
        **PROOFS,
        "skew": Wording(
            "{dn} : {seconds} s par rapport à la machine de Vigie (currentTime de la rootDSE).",
            "{dn}: {seconds} s from Vigie's machine (currentTime of the rootDSE).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(clocks(DC1=61)),
        healthy(clocks(DC1=-400)),
        healthy(clocks(DC1=90, DC2=None)),
        # All alike: the clock of this machine may be the wrong one.
        healthy(clocks(DC1=600, DC2=600)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(clocks(DC1=60, DC2=-60)),
    ),
    unmeasured=(
        healthy(clocks(DC2=None)),
        healthy(unread("domain", "computer")),
    ),
)
