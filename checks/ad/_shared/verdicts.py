"""Verdicts of a directory: one per domain, or one for the forest, with its objects as the proof."""

from collections.abc import Iterable, Iterator

from core.directory.forest import Directory
from core.directory.level import OF_LEVEL
from core.directory.objects import Domain, Entry
from core.model import Confidence, Flagged, NotMeasured, Proof, Verdict, Wording

_TOLD = 50
"""Objects worded one by one; all of them are in :attr:`Flagged.objects`."""

PROOFS = {
    "more": Wording("Et {count} autres.", "And {count} more."),
}
"""Wordings to spread into a check's own ``proofs``."""

Found = tuple[Entry, Proof]
"""One object at fault, and what shows it."""


def failed(
    forest: Directory,
    domain: Domain | None,
    found: Iterable[Found],
    *levels: int,
    confidence: Confidence = Confidence.CERTAIN,
    head: Iterable[Proof] = (),
) -> Iterator[Flagged]:
    """Flag a domain (``None``: the forest) for these objects, at these levels; nothing for none.

    The criticality is that of the lowest level; without levels, the check's own. ``head`` comes
    first: a count, a threshold.
    """
    objects = list(found)
    first = tuple(head)
    if not objects and not first:
        return
    proofs = (*first, *(proof for _, proof in objects[:_TOLD]))
    if len(objects) > _TOLD:
        proofs += (Proof("more", {"count": str(len(objects) - _TOLD)}),)
    yield Flagged(
        forest.place(domain),
        confidence,
        proofs,
        OF_LEVEL[min(levels)] if levels else None,
        levels=tuple(sorted(set(levels))),
        objects=tuple(dict.fromkeys(entry.dn for entry, _ in objects)),
    )


def by_domain(
    forest: Directory,
    found: Iterable[Found],
    *levels: int,
    confidence: Confidence = Confidence.CERTAIN,
) -> Iterator[Flagged]:
    """Flag each domain that holds some of these objects; the forest for those of no domain."""
    sorted_: dict[Domain | None, list[Found]] = {}
    for one in found:
        sorted_.setdefault(one[0].domain, []).append(one)
    for domain, objects in sorted_.items():
        yield from failed(forest, domain, objects, *levels, confidence=confidence)


def gaps(forest: Directory, kind: str, *what: str, domains: bool = True) -> Iterator[Verdict]:
    """Tell, by domain where it lies in domains, that part of what a check reads did not come.

    To be yielded after what was found: a failure stands, and what was not seen is told beside it.
    """
    if kind != "domain" or not domains:
        why = forest.unread(kind, *what)
        if why:
            yield NotMeasured(forest.place(), why)
        return
    for domain in forest.domains:
        why = forest.unread(kind, *what, domain=domain)
        if why:
            yield NotMeasured(forest.place(domain), why)


def chain(forest: Directory, entry: Entry) -> str:
    """Give the groups through which an account is privileged, for a proof."""
    via = forest.privileged.via.get(entry, ())
    return " → ".join(one.name for one in via) or entry.name


def day(entry: Entry, attribute: str) -> str:
    """Give a date for a proof; a dash where there is none."""
    moment = entry.moment(attribute)
    return moment.date().isoformat() if moment else "—"
