"""Names like those found: the next number, the test of a production, the same at another site."""

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from core.knowledge.names import Variants

_NUMBERED = re.compile(r"(.*?)(-?)([0-9]{1,3})")
_NEIGHBOURS = (1, -1, 2, -2, 3, 4, 5, -3)
_LONGEST = 63
_MOST_SITES = 24
_SITE = re.compile(r"[a-z]{2,12}")


def variants_of(
    found: Iterable[str], variants: Variants, *, sites: Collection[str] = ()
) -> Iterator[str]:
    """Give relative names like those found, likeliest first and each once, none of ``found``.

    Only the first label varies: ``pacs-test.nord`` gives ``pacs.nord``, ``pacs-dev.nord``… Every
    name has its turn before any has its second, so that a budget cuts all alike.
    """
    found = sorted(set(found), key=lambda one: (one.count("."), len(one), one))
    met = set(found)
    every = dict.fromkeys([*sites, *learnt_sites(found, variants), *variants.sites])
    places = tuple(every)[:_MOST_SITES]
    turns = [_of(one, variants, places) for one in found]
    for row in itertools.zip_longest(*turns):
        for name in row:
            if name is not None and name not in met:
                met.add(name)
                yield name


def learnt_sites(found: Iterable[str], variants: Variants) -> list[str]:
    """Give the words that stand beside others in several names, most often first: their codes."""
    known = {*variants.stages, *variants.numbers}
    counts: Counter[str] = Counter()
    for name in found:
        parts = name.partition(".")[0].split("-")
        if len(parts) > 1:
            counts.update({part for part in parts if _SITE.fullmatch(part)} - known)
    return [word for word, times in counts.most_common(_MOST_SITES) if times > 1]


def _of(name: str, variants: Variants, sites: tuple[str, ...]) -> Iterator[str]:
    label, dot, rest = name.partition(".")
    for one in _labels(label, variants, sites):
        if all(0 < len(part) <= _LONGEST and part[0] != "-" != part[-1] for part in one.split(".")):
            yield f"{one}{dot}{rest}"


def _labels(label: str, variants: Variants, sites: tuple[str, ...]) -> Iterator[str]:
    parts = label.split("-")
    for place, part in enumerate(parts):
        if part in variants.stages or part in sites:
            yield "-".join((*parts[:place], *parts[place + 1 :])) or label
            like = variants.stages if part in variants.stages else sites
            for other in like:
                yield "-".join((*parts[:place], other, *parts[place + 1 :]))
    yield from _numbers(label, variants)
    for word in (*variants.stages, *sites):
        if word not in parts:
            yield from (f"{label}{one}{word}" for one in variants.separators)
            yield from (f"{word}{one}{label}" for one in variants.separators)


def _numbers(label: str, variants: Variants) -> Iterator[str]:
    numbered = _NUMBERED.fullmatch(label)
    if numbered is None:
        for one in ("", "-"):
            yield from (f"{label}{one}{number}" for number in variants.numbers)
        return
    base, dash, digits = numbered.groups()
    for step in _NEIGHBOURS:
        if (number := int(digits) + step) >= 0:
            yield f"{base}{dash}{number:0{len(digits)}d}"
    if base:
        yield base
