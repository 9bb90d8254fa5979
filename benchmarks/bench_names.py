"""Names: is everything planted found, and nothing else; how fast, and how much is lost on the way.

``python -m benchmarks.bench_names [--short]``. Real authoritative servers (BIND, Knot, NSD) stand
behind a real recursor (Unbound), in a private network, as root.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence

from benchmarks.names.laboratory import lacks
from benchmarks.names.measured import Found, Rates
from benchmarks.scan.namespace import measured_inside, why_not
from benchmarks.table import Named, Row, is_missed, lay_out, missing, verdict

_SHARE = 0.25
"""Of the peer's rate, at least."""
_MEMORY_KIB = 131_072


def _found(*, short: bool) -> Iterator[Row]:
    what = "names planted in BIND, Knot and NSD, behind Unbound"
    if absent := lacks() or why_not():
        yield missing(what, absent)
        return
    options = ["--short"] if short else []
    told = measured_inside("benchmarks.names.measured", Found, "found", *options)
    yield (
        f"{what}: found of {told.planted}",
        f"{told.planted - len(told.missed)} in {told.wall_s:.0f} s, {told.asked:,} questions",
        "-",
        "",
        verdict(not told.missed, "all"),
    )
    yield (
        "names told that are not planted",
        str(len(told.false)),
        "-",
        "",
        verdict(not told.false, "none"),
    )
    yield (
        "wildcards, slow and lame zones told as they are not",
        str(len(told.wrong)),
        "-",
        "",
        (verdict(not told.wrong, "none")),
    )
    for line in (*told.missed, *told.false, *told.wrong):
        sys.stderr.write(f"  {line}\n")


def _rates(*, short: bool) -> Iterator[Row]:
    what = "answers a second, 2 % lost each way"
    if absent := lacks() or why_not():
        yield missing(what, absent)
        return
    options = ["--short"] if short else []
    told = measured_inside("benchmarks.names.measured", list[Rates], "rates", *options)
    for ours in [one for one in told if one.who == "Vigie"]:
        theirs = next((one for one in told if one.behind == ours.behind and one is not ours), None)
        yield from _beside(ours, theirs)


def _beside(ours: Rates, theirs: Rates | None) -> Iterator[Row]:
    place = f"{ours.names:,} names, {ours.behind}, 2 % lost each way"
    if theirs is None:
        yield missing(place, "adnshost (adns-tools)")
        return
    peer = theirs.who
    yield (
        f"{place}: answers a second",
        f"{ours.per_second:,.0f}",
        f"{peer} {theirs.per_second:,.0f}",
        f"{ours.per_second / theirs.per_second:.1f} ×",
        verdict(ours.per_second >= _SHARE * theirs.per_second, f"≥ {_SHARE} ×"),
    )
    yield (
        f"{place}: lost",
        str(ours.lost),
        f"{peer} {theirs.lost}",
        "",
        verdict(ours.lost < theirs.lost or ours.lost == theirs.lost == 0, "fewer, or none"),
    )
    yield (
        f"{place}: wrong",
        str(ours.wrong),
        f"{peer} {theirs.wrong}",
        "",
        verdict(not ours.wrong, "none"),
    )
    yield (
        f"{place}: CPU; peak memory",
        f"{ours.cpu_s:.1f} s; {ours.peak_kib // 1024} MiB",
        f"{peer} {theirs.cpu_s:.1f} s; {theirs.peak_kib // 1024} MiB",
        "",
        verdict(ours.peak_kib <= _MEMORY_KIB, f"≤ {_MEMORY_KIB // 1024} MiB"),
    )


BENCHMARKS: Named = {"found": _found, "rates": _rates}
"""By name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="smaller and fewer")
    parser.add_argument("--only", choices=tuple(BENCHMARKS))
    chosen = parser.parse_args(arguments)
    names = [chosen.only] if chosen.only else list(BENCHMARKS)
    rows = [row for name in names for row in BENCHMARKS[name](short=chosen.short)]
    sys.stdout.write(lay_out(rows))
    return int(is_missed(rows))


if __name__ == "__main__":
    raise SystemExit(main())
