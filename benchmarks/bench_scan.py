"""The scan measured: against nmap on the demo region, against its caps, and its start.

``python -m benchmarks.bench_scan [--short] [--only nmap,rates,start]``. The region and both tools
live in a private network: root, or user namespaces.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.scan.against_nmap import Compared
from benchmarks.scan.namespace import ROOT, measured_inside, why_not
from benchmarks.scan.rates import Counted, Peak
from benchmarks.scan.truth import Marks
from benchmarks.table import Named, Row, is_missed, lay_out, missing, verdict

_TIMES = 20
_FIRST_S = 2.0
_PEAK_MIB = 150
_OVER = 1.05
_HELP_S = 0.4


def _nmap(*, short: bool) -> Iterator[Row]:
    hosts = 40 if short else 254
    what = f"scan of {hosts} hosts, limits lifted"
    if lacks := why_not():
        yield missing(what, lacks)
        return
    told = measured_inside("benchmarks.scan.against_nmap", Compared, "--hosts", str(hosts))
    ours = told.ours
    yield _against(what, told)
    yield (
        "first finding in the store",
        f"{ours.first_finding_s:.2f} s",
        "-",
        "-",
        verdict(ours.first_finding_s < _FIRST_S, f"< {_FIRST_S:.0f} s"),
    )
    yield (
        "peak memory of the scan",
        f"{ours.peak_mib:.0f} MiB",
        "-",
        "-",
        verdict(ours.peak_mib < _PEAK_MIB, f"< {_PEAK_MIB} MiB"),
    )
    yield _verdicts(told)
    yield (
        "said where nothing may be said",
        f"{told.ours_trespasses} times",
        f"nmap {told.theirs_trespasses} times" if told.theirs_marks else "-",
        "-",
        verdict(told.ours_trespasses == 0, "never"),
    )
    _list("Vigie", told.ours_marks)
    if told.theirs_marks is not None:
        _list("nmap", told.theirs_marks)


def _against(what: str, told: Compared) -> Row:
    mine = f"{told.ours.wall_s:.1f} s, {told.ours.cpu_s:.1f} s CPU"
    if told.theirs_wall_s is None:
        return what, mine, "-", "-", "NOT MEASURED: needs nmap"
    ratio = told.theirs_wall_s / told.ours.wall_s
    theirs = f"nmap {told.theirs_wall_s:.0f} s, {told.theirs_cpu_s:.1f} s CPU"
    if told.is_cut:
        theirs += f", cut with {told.finished}/{told.hosts} hosts done"
    # Killed at the first instant past the target.
    met = told.is_cut or ratio >= _TIMES
    return what, mine, theirs, f"{'> ' * told.is_cut}{ratio:.0f} ×", verdict(met, f">= {_TIMES} ×")


def _verdicts(told: Compared) -> Row:
    mine = f"{_wrong(told.ours_marks)} wrong of {_asked(told.ours_marks)}"
    if told.theirs_marks is None or told.ours_there is None:
        return "verdicts", mine, "-", "-", "NOT MEASURED: needs nmap"
    theirs, there = told.theirs_marks, told.ours_there
    return (
        f"verdicts on the {told.compared} hosts nmap finished, a sample included",
        f"{_wrong(there)} wrong, {_unsaid(there)} unsaid ({mine} on all)",
        f"nmap {_wrong(theirs)} wrong, {_unsaid(theirs)} unsaid of {_asked(theirs)}",
        "-",
        verdict(_wrong(there) < _wrong(theirs) and not _wrong(told.ours_marks), "fewer wrong"),
    )


def _wrong(marks: Marks) -> int:
    return sum(marks.wrong.values())


def _unsaid(marks: Marks) -> int:
    return sum(marks.unsaid.values())


def _asked(marks: Marks) -> int:
    return marks.right + _wrong(marks) + _unsaid(marks)


def _list(who: str, marks: Marks) -> None:
    """Tell each wrong verdict, and what was never answered, on stderr."""
    for what, count in sorted(marks.wrong.items()):
        sys.stderr.write(f"  {who} wrong {count} ×: {what}\n")
    unsaid = ", ".join(f"{what} {count} ×" for what, count in sorted(marks.unsaid.items()))
    if unsaid:
        sys.stderr.write(f"  {who} unsaid: {unsaid}\n")


def _rates(*, short: bool) -> Iterator[Row]:
    seconds = 20 if short else 45
    what = f"fullest second of {seconds}, default limits"
    if lacks := why_not():
        yield missing(what, lacks)
        return
    told = measured_inside("benchmarks.scan.rates", Counted, "--seconds", str(seconds))
    peaks = (("whole", told.whole), ("per /24", told.prefix24), ("per host", told.host))
    for name, peak in peaks:
        yield f"{what}, {name}", *_peak(peak)
    yield (
        "attempts told and counted on the wire",
        f"{told.told} told",
        f"{told.syns} counted, {told.dropped} lost",
        "-",
        verdict(told.told == told.syns and not told.dropped, "the same"),
    )


def _peak(peak: Peak) -> tuple[str, str, str, str]:
    share = peak.seen / peak.cap
    return (
        f"{peak.seen} SYNs",
        f"cap {peak.cap}",
        f"{share:.2f} ×",
        verdict(share <= _OVER, "<= 1.05 ×"),
    )


def _start(*, short: bool) -> Iterator[Row]:
    took = [_help_s() for _ in range(3 if short else 9)]
    # The least: what else runs on the machine only ever adds.
    best = min(took)
    yield (
        "vigie --help",
        f"{best:.2f} s (median {statistics.median(took):.2f} s)",
        "-",
        "-",
        verdict(best < _HELP_S, f"< {_HELP_S} s"),
    )


def _help_s() -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "vigie", "--help"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


BENCHMARKS: Named = {"nmap": _nmap, "rates": _rates, "start": _start}
"""By name."""


def main() -> int:
    """Print the table; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="smaller and fewer")
    parser.add_argument("--only", default=",".join(BENCHMARKS), help="some of nmap,rates,start")
    chosen = parser.parse_args()
    rows: list[Row] = []
    for name in chosen.only.split(","):
        rows.extend(BENCHMARKS[name](short=chosen.short))
    sys.stdout.write(lay_out(rows))
    return int(is_missed(rows))


if __name__ == "__main__":
    raise SystemExit(main())
