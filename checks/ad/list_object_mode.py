"""Objects may be hidden one by one (List Object mode)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import change, child_domain, healthy, without
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_SERVICE = "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest in List Object mode (third character of dSHeuristics)."""
    service = forest.directory_service
    if service is None:
        yield NotMeasured(forest.place(), "hidden: CN=Directory Service")
    elif forest.heuristic(3) == "1":
        yield from failed(forest, None, [(service, Proof("mode", {"dn": service.dn}))])


POINT = Point(
    id="list_object_mode",
    effort=1,
    base="CN=Directory Service,CN=Windows NT,CN=Services,{C}",
    query="(dSHeuristics=*)",
)

CHECK = Check(
    id="ad.list-object-mode",
    title_fr="Mode « List Object » actif : des objets peuvent échapper à l'audit",
    title_en="List Object mode on: objects may escape the audit",
    risk_fr=("Dans ce mode, des objets peuvent être cachés un par un ; l'audit en est moins sûr."),
    risk_en=("In this mode objects may be hidden one by one; the audit is less sure."),
    criticality=Criticality.INFO,
    references=("MS-ADTS 6.1.1.2.4.1.2",),
    remedy_fr=("Vérifier que ce mode est voulu ; relever avec un compte qui voit tout l'annuaire."),
    remedy_en=(
        "Check that this mode is on purpose; collect with an account that sees the whole directory."
    ),
    proofs={
        **PROOFS,
        "mode": Wording(
            "{dn} : dSHeuristics, 3e caractère égal à 1 (fDoListObject).",
            "{dn}: dSHeuristics, third character is 1 (fDoListObject).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(change(_SERVICE, dsheuristics="001")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(change(_SERVICE, dsheuristics="00")),
    ),
    unmeasured=(healthy(without(_SERVICE)),),
)
