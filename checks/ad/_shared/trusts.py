"""Trusts at fault, by domain."""

from collections.abc import Callable, Iterator

from checks.ad._shared.accounts import lacking
from checks.ad._shared.verdicts import by_domain, gaps
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.trusts import Trust
from core.model import Proof, Verdict


def flag_trusts(
    forest: Directory, point: Point, is_at_fault: Callable[[Trust], bool]
) -> Iterator[Verdict]:
    """Flag each domain that holds such a trust; the proof is ``trust``, with ``partner`` and ``bits``."""
    found = [
        (one.entry, Proof("trust", {"partner": one.partner, "bits": f"0x{one.attributes:X}"}))
        for one in map(forest.trust_of, forest.trusts)
        if one.entry.has("trustattributes") and is_at_fault(one)
    ]
    yield from by_domain(forest, found, *point.levels)
    yield from gaps(forest, "domain", "trusteddomain")
    yield from lacking(forest, forest.trusts, "trustdirection", "trusttype", "trustattributes")
