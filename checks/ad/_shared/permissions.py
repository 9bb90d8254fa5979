"""The points on permissions: who controls what, without being expected to."""

from collections.abc import Iterable, Iterator

from checks.ad._shared.verdicts import PROOFS as VERDICT_PROOFS
from checks.ad._shared.verdicts import by_domain, failed, gaps
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Domain, Entry
from core.directory.paths import Control
from core.directory.rights import NO_RIGHT, Right
from core.directory.words import say_path
from core.model import Confidence, NotMeasured, Proof, Verdict, Wording

PROOFS = {
    **VERDICT_PROOFS,
    # Data that is worded twice travels twice; each language cuts the other's to nothing.
    "control": Wording("{dn} : {fr}.{en:.0}", "{dn}: {en}.{fr:.0}"),
}
"""Wordings to spread into a check's own ``proofs``."""


def controlled(
    forest: Directory,
    point: Point,
    targets: Iterable[Entry],
    *,
    whole_forest: bool = False,
    besides: Iterable[str] = (),
    more: Right = NO_RIGHT,
    only: Right | None = None,
) -> Iterator[Verdict]:
    """Flag each domain (or the forest) some of whose targets are controlled by the unexpected.

    The levels are those of ``point``: 1 for the rights that are used at once, 2 for every dangerous
    one; a point of one level alone is judged at that of its rights. A target whose descriptor is
    hidden is not measured, nor one that somebody controls if a condition is met. The other
    arguments are those of :meth:`~core.directory.forest.Directory.controllers_of`.
    """
    expected = tuple(besides)
    by_place: dict[Domain | None, list[Entry]] = {}
    for one in dict.fromkeys(targets):
        by_place.setdefault(None if whole_forest else one.domain, []).append(one)
    for domain, held in by_place.items():
        seen = [one for one in held if one.descriptor is not None]
        levels: set[int] = set()
        told: dict[tuple[Entry, str], Control] = {}
        for level in point.levels:
            found = forest.controllers_of(
                *seen, level=min(level, 2), besides=expected, more=more, only=only
            )
            if found:
                levels.add(level)
            for control in found:
                told.setdefault((control.target, control.trustee), control)
        yield from failed(
            forest,
            domain,
            [(control.target, proof_of(forest, control)) for control in told.values()],
            *levels,
            confidence=Confidence.FIRM,
        )
        unknown = forest.controls.under_condition(
            seen, level=min(max(point.levels), 2), besides=expected, more=more, only=only
        )
        for target, sid in unknown:
            if (target, sid) not in told:
                why = f"conditional: {forest.name_of(sid, target.domain)}, {target.dn}"
                yield NotMeasured(forest.place(domain), why)
                break
        for one in held:
            if one.descriptor is None:
                yield NotMeasured(forest.place(domain), f"hidden: {one.dn}")
                break


def tell_controls(forest: Directory, held: Iterable[Control], *classes: str) -> Iterator[Verdict]:
    """Flag each domain, or the forest, where these rights are held; tell what of ``classes`` did not come."""
    found = [(one.target, proof_of(forest, one)) for one in held]
    yield from by_domain(forest, found, confidence=Confidence.FIRM)
    yield from gaps(forest, "domain", *classes)


def proof_of(forest: Directory, control: Control) -> Proof:
    """Give the path by which a target is controlled."""
    said = say_path(forest, control.path)
    return Proof("control", {"dn": control.target.dn, "fr": said.fr, "en": said.en})
