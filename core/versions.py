"""Versions as vendors write and rank them. Pure.

A version is read into numbers and marks; each order says how they rank and which leading parts
make a branch. What cannot be read is never guessed: :class:`ValueError`, and the question is open.
"""

import enum
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from core.knowledge.model import Cycle, Flaw

_LONGEST = 120
"""Characters of a version: what is longer is a page, not a version."""
_DIGITS = 12
"""Of one number: build dates have 12."""

Mark = tuple[int, str, int]
"""Rank of the word against a plain release (0), the word, the number behind it."""


@functools.total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """One version, read. Ordered and equal within one order of versions; hashable.

    ``7.4`` equals ``7.4.0``. Where two words meet that no vendor ranks (``8.8.15p41`` and
    ``8.8.15_GA_3869``), the order is only an order: :func:`satisfies` asks ``is_comparable``.
    """

    order: str
    text: str = field(compare=False)
    """As it was written."""
    numbers: tuple[int, ...] = field(compare=False)
    """As many as were written."""
    marks: tuple[Mark, ...] = field(compare=False, default=())
    """What stands behind the numbers: hotfix, update, patch level, build."""
    package: str = field(compare=False, default="")
    """What a distribution put behind: fixes then come without a new number."""
    key: tuple[tuple[int, ...], tuple[Mark, ...]] = field(init=False)

    def __post_init__(self) -> None:
        plain = list(self.numbers)
        while plain and plain[-1] == 0:
            plain.pop()
        object.__setattr__(self, "key", (tuple(plain), (*self.marks, _END)))

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Version) or other.order != self.order:
            return NotImplemented
        return self.key < other.key

    def is_comparable(self, other: "Version") -> bool:
        """Whether the vendor's own rules rank the two."""
        if self.key[0] != other.key[0]:
            return True
        for mine, its in zip(self.marks, other.marks, strict=False):
            if mine[0] > 0 and its[0] > 0 and mine[1] != its[1]:
                return False
            if mine != its:
                return True
        return True


class Standing(enum.Enum):
    """What is known of one flaw at one version."""

    AFFECTED = "affected"
    FIXED = "fixed"
    """Or never there."""
    OPEN = "open"
    """Nothing here tells."""


_END: Mark = (0, "", 0)
_BEFORE = {
    **{"dev": -6, "snapshot": -6, "alpha": -5, "a": -5, "beta": -4, "b": -4},
    **{"pre": -3, "preview": -3, "rc": -2},
}
_BEHIND = frozenset(
    """build cu fix fp ga h hf hotfix maintenance mp mr p patch r rev rp s sp u update""".split()  # noqa: SIM905 - read as a list of words
)
_EDITIONS = frozenset({"ce", "ee", "lts", "final", "release", "stable", "oss", "acp", "log"})
"""Words that tell a variant, not an age."""
_ONE_WORD = {"update": "u", "hotfix": "hf", "patch": "p", "servicepack": "sp"}

_PACKAGED = re.compile(
    r"debian|[+~]deb[0-9]|ubuntu|raspbian|freebsd|netbsd|\.el[5-9]|\.el10|\.fc[1-9]|amzn|alpine",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12}){0,9}")
_MARK = re.compile(r"[ ._-]?([a-z]{1,12})[ ._-]?([0-9]{1,12})?|[._-]([0-9]{1,12})")


def parse(text: str, order: str) -> Version:
    """Give a version of one of :data:`ORDERS`; raises ``ValueError`` on what that order is not."""
    reader = _READERS.get(order)
    if reader is None:
        raise ValueError(f"unknown order of versions {order!r}")
    cut = text.strip()
    if not cut or len(cut) > _LONGEST or not cut.isascii():
        raise ValueError(f"no version: {text[:40]!r}")
    read = reader(cut)
    if read is None:
        raise ValueError(f"no {order} version: {text[:40]!r}")
    return Version(order, cut, *read)


def branch_of(version: Version, parts: int) -> tuple[int, ...]:
    """Give the leading parts that name a branch; all builds of a plain counter are one branch."""
    if version.order == "build":
        return ()
    return _padded(version.numbers, parts)[:parts]


def satisfies(version: Version, comparisons: str) -> bool:
    """Whether every comparison holds: ``>=7.4.0 <7.4.3``, ``==13.0.*``, ``12.1.*``.

    Raises ``ValueError`` on a range that cannot be read, or that the vendor's rules do not rank.
    """
    return all(one.holds(version) for one in _range(comparisons, version.order))


def bounds(
    comparisons: str, order: str
) -> tuple[tuple[Version | None, bool], tuple[Version | None, bool]]:
    """Give the lower and the upper bound of a range, each with whether it belongs to it.

    A wildcard has none. Raises ``ValueError`` on a range that cannot be read.
    """
    lower: tuple[Version | None, bool] = (None, False)
    upper: tuple[Version | None, bool] = (None, False)
    for one in _range(comparisons, order):
        if one.any_below:
            continue
        if one.operator in {">", ">=", "=="}:
            lower = (one.version, one.operator != ">")
        if one.operator in {"<", "<=", "=="}:
            upper = (one.version, one.operator != "<")
    return lower, upper


def stands(version: str, flaw: Flaw, order: str, branch_parts: int) -> Standing:
    """Tell whether a flaw is there at a version, as it was read; what is not known stays open.

    A fixed build of its own branch always wins. Where a distribution mends without a new number,
    only its own packages, of the same release, can tell (``flaw.packages``).
    """
    try:
        seen = parse(version, order)
        fixed = [parse(one, order) for one in flaw.fixed]
        if any(_covers(one, seen, branch_parts) for one in fixed):
            return Standing.FIXED
        if seen.package:
            told = _by_package(seen, [parse(one, order) for one in flaw.packages])
            if told is not None:
                return told
        if not (flaw.affected or flaw.maybe) or _is_partial(seen):
            return Standing.OPEN
        if not any(satisfies(seen, one) for one in flaw.affected):
            in_doubt = any(satisfies(seen, one) for one in flaw.maybe)
            return Standing.OPEN if in_doubt else Standing.FIXED
    except ValueError:
        return Standing.OPEN
    return Standing.OPEN if seen.package else Standing.AFFECTED


def cycle_of(version: str, cycles: Sequence[Cycle], order: str) -> Cycle | None:
    """Give the support cycle of a version or branch: the most precise that names its first parts.

    A cycle that is no number (a generation of a device) is matched by its whole text.
    """
    word = version.strip().casefold()
    for cycle in cycles:
        if cycle.cycle.casefold() == word:
            return cycle
    try:
        seen = parse(version, order)
    except ValueError:
        return None
    found: tuple[int, Cycle] | None = None
    for cycle in cycles:
        parts = _parts_shared(seen, cycle.cycle)
        if parts and (found is None or parts > found[0]):
            found = (parts, cycle)
    return found[1] if found else None


def parse_cycle(cycle: str, order: str) -> tuple[Version, Version]:
    """Give the first and the last branch that a cycle names; raises ``ValueError``."""
    first, dots, last = cycle.partition("..")
    one = parse(_bare(first), order)
    other = parse(_bare(last), order) if dots else one
    if other < one:
        raise ValueError(f"a cycle from {first} down to {last}")
    return one, other


def _padded(numbers: tuple[int, ...], parts: int) -> tuple[int, ...]:
    return (*numbers, *((0,) * (parts - len(numbers))))


def _bare(cycle: str) -> str:
    return re.sub(r"\.(?:x|\*)\Z", "", cycle.strip())


def _parts_shared(seen: Version, cycle: str) -> int:
    try:
        first, last = parse_cycle(cycle, seen.order)
    except ValueError:
        return 0
    parts = max(len(first.numbers), len(last.numbers))
    own = branch_of(seen, parts)
    if not branch_of(first, len(first.numbers)) <= own[: len(first.numbers)]:
        return 0
    if not own[: len(last.numbers)] <= branch_of(last, len(last.numbers)):
        return 0
    if first.marks and seen.marks[: len(first.marks)] != first.marks:
        return 0
    return parts + len(first.marks)


def _is_partial(seen: Version) -> bool:
    # Three parts name Exchange's cumulative update; its security updates move the fourth alone.
    return seen.order == "exchange" and len(seen.numbers) < 4


def _covers(fixed: Version, seen: Version, branch_parts: int) -> bool:
    """Whether a fixed build speaks for a version: of the same branch, and not above it."""
    if fixed.order in _MENDS_ONE and fixed.marks:
        # A hotfix mends the maintenance release that it was made for; the next one may lack it.
        same = fixed.key[0] == seen.key[0]
    else:
        same = branch_of(fixed, branch_parts) == branch_of(seen, branch_parts)
    return same and fixed.is_comparable(seen) and fixed <= seen


# Ranges


@dataclass(frozen=True, slots=True)
class _Comparison:
    operator: str
    version: Version
    any_below: bool

    def holds(self, seen: Version) -> bool:
        wanted = self.version
        if self.any_below:
            parts = len(wanted.numbers)
            return branch_of(seen, parts) == branch_of(wanted, parts)
        if not seen.is_comparable(wanted):
            raise ValueError(f"{seen.text} and {wanted.text} are not ranked")
        return _OPERATORS[self.operator](seen, wanted)


_OPERATORS: dict[str, Callable[[Version, Version], bool]] = {
    ">=": lambda seen, wanted: seen >= wanted,
    "<=": lambda seen, wanted: seen <= wanted,
    "==": lambda seen, wanted: seen == wanted,
    ">": lambda seen, wanted: seen > wanted,
    "<": lambda seen, wanted: seen < wanted,
}
_COMPARISON = re.compile(r"(>=|<=|==|>|<|)\s{0,3}([^<>=\s].*)\Z")


@functools.lru_cache(maxsize=8_192)
def _range(text: str, order: str) -> tuple[_Comparison, ...]:
    return tuple(_comparisons(text, order))


def _comparisons(text: str, order: str) -> Iterator[_Comparison]:
    # A version may hold a blank itself (« 2024.6 HF2 »): an operator starts the next comparison.
    for piece in re.split(r"\s+(?=[<>=])", text.strip()):
        found = _COMPARISON.match(piece)
        if found is None:
            raise ValueError(f"no comparison: {piece!r}")
        operator, wanted = found[1] or "==", found[2]
        any_below = wanted.endswith(".*")
        if any_below and operator != "==":
            raise ValueError(f"a wildcard is only equal: {piece!r}")
        if not any_below and not found[1]:
            raise ValueError(f"no operator: {piece!r}")
        yield _Comparison(operator, parse(wanted.removesuffix(".*"), order), any_below)


# Distributions


def _by_package(seen: Version, fixed: Sequence[Version]) -> Standing | None:
    """Judge a distribution's package by the fixed packages of the same release of it."""
    for one in fixed:
        if one.key[0] != seen.key[0] or one.marks != seen.marks:
            # A release keeps its upstream number for life.
            continue
        name, revision, release = _package(seen.package)
        wanted_name, wanted, wanted_release = _package(one.package)
        if name != wanted_name:
            continue
        if release == wanted_release:
            below = _debian_key(revision) < _debian_key(wanted)
            return Standing.AFFECTED if below else Standing.FIXED
        if not release and wanted.startswith(revision) and wanted[len(revision)] in "+~":
            # « 2 », where the fix is « 2+deb12u3 »: the package as the release first had it.
            return Standing.AFFECTED
    return None


def _package(text: str) -> tuple[str, str, str]:
    """Give distribution, revision and release: ``Debian-2+deb12u3`` is debian, …, 12."""
    name = next(
        (one for one in ("ubuntu", "raspbian", "debian") if one in text.casefold()),
        "debian" if "deb" in text.casefold() else text.casefold(),
    )
    revision = re.sub(r"\A(?:debian|ubuntu|raspbian)-", "", text, flags=re.IGNORECASE)
    told = re.search(r"[+~]deb([0-9]{1,3})u", revision)
    # Ubuntu's releases each keep an upstream number of their own: it stands for the release.
    return name, revision, told[1] if told else "ubuntu" if name == "ubuntu" else ""


def _debian_key(revision: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Rank a revision as dpkg does: text, then number, in turn; a tilde comes before the end."""
    turns = re.findall(r"([^0-9]{0,120})([0-9]{0,12})", revision)
    return (*(((*map(_debian_letter, word), 0), int(n or 0)) for word, n in turns),)


def _debian_letter(letter: str) -> int:
    return -1 if letter == "~" else ord(letter) if letter.isalpha() else ord(letter) + 256


# Readers: one per order, from text to numbers, marks and package


_Read = tuple[tuple[int, ...], tuple[Mark, ...], str]


def _dotted(text: str) -> _Read | None:
    low = text.casefold().removeprefix("version ").removeprefix("v")
    numbers = _NUMBERS.match(low)
    if numbers is None:
        return None
    if _PACKAGED.search(low):
        return _ints(numbers[0]), (), low[numbers.end() :].lstrip(" +_.-")
    low = low.partition("+")[0].replace("service pack", "sp").strip()
    marks: list[Mark] = []
    at = numbers.end()
    while at < len(low):
        found = _MARK.match(low, at)
        if found is None or found.end() == at:
            return None
        at = found.end()
        word, digits = found[1] or "", found[2] or found[3]
        if word in _EDITIONS:
            if found[2]:
                return None
            continue
        mark = _mark(word, int(digits) if digits else None)
        if mark is None:
            return None
        marks.append(mark)
    return _ints(numbers[0]), tuple(marks), ""


def _mark(word: str, number: int | None) -> Mark | None:
    if len(word) == 1 and number is None:
        # « 1.0.2k », « 6.5U3n »: one letter counts on; which word it is says nothing.
        return 1, "letter", ord(word)
    word, number = _ONE_WORD.get(word, word), number or 0
    if word in _BEFORE:
        return _BEFORE[word], word, number
    return (1, word, number) if not word or word in _BEHIND else None


def _shaped(pattern: str, *, mark: str = "") -> Callable[[str], _Read | None]:
    """Read by a pattern: groups named ``n…`` are numbers in order, ``m`` is that of the mark."""
    compiled = re.compile(pattern, re.IGNORECASE | re.ASCII)

    def read(text: str) -> _Read | None:
        found = compiled.fullmatch(text)
        if found is None:
            return None
        told = found.groupdict()
        numbers = [
            int(value) for name, value in told.items() if name[0] == "n" and value is not None
        ]
        number = told.get("m")
        marks = ((1, mark, int(number)),) if number is not None and int(number) else ()
        return tuple(numbers), marks, ""

    return read


def _openssh(text: str) -> _Read | None:
    text = re.sub(r"\A(?:ssh-2\.0-)?openssh[_-]", "", text, flags=re.IGNORECASE)
    forked = re.match(r"for_windows_", text, re.IGNORECASE)
    found = _OPENSSH.match(text[forked.end() :] if forked else text)
    if found is None:
        return None
    numbers = tuple(int(one) for one in (found[1], found[2], found[3]) if one is not None)
    marks = ((1, "p", int(found[4])),) if found[4] is not None and int(found[4]) else ()
    rest = (found[5] or "").strip(" -_")
    return numbers, marks, "windows" if forked else rest


def _checkpoint(text: str) -> _Read | None:
    read = _R_NUMBER(text)
    # R81 is a release of its own beside R81.10, not all of them.
    return (_padded(read[0], 2), *read[1:]) if read else None


def _ints(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


_D = f"[0-9]{{1,{_DIGITS}}}"
_OPENSSH = re.compile(rf"({_D})\.({_D})(?:\.({_D}))?(?:p({_D}))?((?:[ +~_-].{{1,80}})?)\Z", re.I)
_R_NUMBER = _shaped(
    rf"r(?P<n1>{_D})(?:\.(?P<n2>{_D}))?(?: (?:jhf )?take (?P<m>{_D}))?", mark="take"
)
_READERS: dict[str, Callable[[str], _Read | None]] = {
    "dotted": _dotted,
    # 10.2.9-h1
    "panos": _shaped(
        rf"(?:pan-os )?(?P<n1>{_D})(?:\.(?P<n2>{_D})(?:\.(?P<n3>{_D})(?:-h(?P<m>{_D}))?)?)?",
        mark="h",
    ),
    # 13.1-49.13, « NS13.1: Build 49.13.nc »
    "netscaler": _shaped(
        rf"(?:ns)?(?P<n1>{_D})(?:\.(?P<n2>{_D})"
        rf"(?:(?:-|:? (?:build )?)(?P<n3>{_D})(?:\.(?P<n4>{_D}))?(?:\.nc)?)?)?"
    ),
    # 9.1R11.4, 22.7R2.5
    "ivanti": _shaped(
        rf"(?P<n1>{_D})(?:\.(?P<n2>{_D})(?:r(?:(?P<n3>{_D})(?:\.(?P<n4>{_D}))?)?)?)?"
    ),
    # 9.16(4)85, « 9.1(7.32) », 9.16.4.85
    "asa": _shaped(
        rf"(?P<n1>{_D})(?:\.(?P<n2>{_D})"
        rf"(?:\((?P<n3>{_D})(?:\.(?P<n4>{_D}))?\)(?P<n5>{_D})?"
        rf"|\.(?P<n6>{_D})(?:\.(?P<n7>{_D}))?)?)?"
    ),
    # 6.5.4.14-109n, 10.2.1.9-57sv, 7.0.1-5035
    "sonicos": _shaped(
        rf"(?:sonicos )?(?P<n1>{_D})(?:\.(?P<n2>{_D})(?:\.(?P<n3>{_D})(?:\.(?P<n4>{_D}))?)?)?"
        rf"(?:-r?(?P<m>{_D})[a-z]{{0,3}})?",
        mark="build",
    ),
    # 21.4R3-S5, 22.2R3-S2.8: the last number counts respins
    "junos": _shaped(
        rf"(?P<n1>{_D})\.(?P<n2>{_D})(?:r(?P<n3>{_D})(?:\.{_D})?(?:-s(?P<m>{_D})(?:\.{_D})?)?)?",
        mark="s",
    ),
    # R81.20, « R81.20 Take 41 », R81 is R81.00
    "checkpoint": _checkpoint,
    "openssh": _openssh,
    # 15.2.1544.4
    "exchange": _shaped(rf"(?P<n1>{_D})(?:\.(?P<n2>{_D})(?:\.(?P<n3>{_D})(?:\.(?P<n4>{_D}))?)?)?"),
    "build": _shaped(rf"(?P<n1>{_D})"),
}
_MENDS_ONE = frozenset({"panos", "junos"})
"""Orders whose marks are hotfixes of one maintenance release."""

ORDERS = frozenset(_READERS)
"""Known orders."""
