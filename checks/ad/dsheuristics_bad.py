"""Dangerous settings in dSHeuristics (vuln_dsheuristics_bad)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    change,
    healthy,
    unread,
    without,
)
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_UNLIKE: dict[int, tuple[int, str]] = {8: (1, "0"), 16: (1, "0"), 21: (2, "0"), 31: (2, "0")}
"""Position → level, and the only sound character."""
_LIKE: dict[int, tuple[int, str]] = {7: (2, "2"), 28: (2, "2"), 29: (2, "2")}
"""Position → level, and the character at fault."""
_EXPLICIT = (28, 29)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest whose dSHeuristics opens something; a character that is missing is a zero."""
    service = forest.directory_service
    why = forest.unread("configuration", "ntdsservice", "dsheuristics")
    if service is None or why:
        yield NotMeasured(forest.place(), why or "hidden: dSHeuristics")
        return
    wrong: list[tuple[int, int, str]] = []
    for position in sorted({*_UNLIKE, *_LIKE}):
        level, character = _UNLIKE.get(position) or _LIKE[position]
        held = forest.heuristic(position)
        if (held != character) == (position in _UNLIKE):
            wrong.append((level, position, held))
        elif position in _EXPLICIT and held != "1":
            wrong.append((4, position, held))
    found = [
        (service, Proof("character", {"position": str(at), "held": held, "level": str(level)}))
        for level, at, held in sorted(wrong)
    ]
    yield from failed(forest, None, found, *(level for level, _, _ in wrong))


POINT = Point(
    id="vuln_dsheuristics_bad",
    levels=(1, 2, 4),
    condition=Condition.PUBLISHED,
    effort=1,
    base="CN=Directory Service,CN=Windows NT,CN=Services,{C}",
    query="(objectClass=nTDSService)",
)

CHECK = Check(
    id="ad.dsheuristics-bad",
    title_fr="Réglages dSHeuristics dangereux",
    title_en="Dangerous dSHeuristics settings",
    risk_fr=(
        "Ces réglages ouvrent l'annuaire aux inconnus, ou retirent la protection des comptes "
        "d'administration."
    ),
    risk_en=(
        "These settings open the directory to strangers, or take the protection of "
        "administration accounts away."
    ),
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_dsheuristics_bad", "Microsoft MS-ADTS 6.1.1.2.4.1.2", "KB5008383"),
    remedy_fr=(
        "Remettre chaque caractère à sa valeur sûre ; mettre les positions 28 et 29 à 1 "
        "après lecture des journaux (KB5008383). Valeur qui convient partout : "
        "0000000001000000000200000001130."
    ),
    remedy_en=(
        "Put each character back to its safe value; set positions 28 and 29 to 1 once the "
        "events were reviewed (KB5008383). A value that suits everywhere: "
        "0000000001000000000200000001130."
    ),
    proofs={
        **PROOFS,
        "character": Wording(
            "dSHeuristics, position {position} : {held} (niveau {level}).",
            "dSHeuristics, position {position}: {held} (level {level}).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            change(
                "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration",
                dsheuristics="00000001",
            )
        ),
        healthy(
            change(
                "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration",
                dsheuristics="0000002",
            )
        ),
        healthy(
            change(
                "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration", dsheuristics=None
            )
        ),
        healthy(
            change(
                "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration",
                dsheuristics="000000000100000100020000000113",
            )
        ),
        healthy(
            change(
                "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration",
                dsheuristics="0000000001000000000200000001131",
            )
        ),
    ),
    clean=(healthy(),),
    unmeasured=(
        healthy(unread("configuration", "ntdsservice")),
        healthy(without("CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration")),
    ),
)
