"""The connect engine measured: against a bare loop, against nmap, and in memory.

``python -m benchmarks.bench_connect [--short] [--only cpu,lab,memory]``; the lab needs root and
nmap. Ratios are of the same run: absolute figures depend on the machine.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator

from benchmarks.connect import cpu, lab, memory
from benchmarks.table import Named, missing

_Row = tuple[str, str, str, str, str]


def _cpu(*, short: bool) -> Iterator[_Row]:
    bare, engine, ratio = cpu.compare(3 if short else 7)
    yield (
        "CPU per connect",
        f"{engine:.1f} µs",
        f"bare epoll loop {bare:.1f} µs",
        f"{ratio:.2f} ×",
        _verdict(ratio <= 1.3, "<= 1.3 ×"),
    )


def _lab(*, short: bool) -> Iterator[_Row]:
    hosts, ports = (254, 300) if short else (254, 1_000)
    what = f"{hosts} × {ports}, half filtered"
    lacks = "needs root" if os.geteuid() else "" if shutil.which("nmap") else "needs nmap"
    if lacks:
        yield missing(what, lacks)
        return
    theirs = lab.nmap(hosts, ports)
    mine = lab.ours(hosts, ports, loss=False)
    ratio = mine.wall_s / theirs.wall_s
    yield (
        what,
        f"{mine.wall_s:.1f} s, {mine.open}/{mine.truth} open, {mine.cpu_s:.1f} s CPU",
        f"nmap {theirs.wall_s:.1f} s, {theirs.open}/{theirs.truth} open, {theirs.cpu_s:.1f} s CPU",
        f"{ratio:.2f} ×",
        _verdict(ratio <= 1.0, "<= 1 ×"),
    )
    lossy = lab.ours(hosts, ports, loss=True)
    share = lossy.open / lossy.truth
    yield (
        "same, 1 % lost each way",
        f"{lossy.wall_s:.1f} s, {lossy.open}/{lossy.truth} open",
        f"{lossy.attempts} attempts",
        f"{share:.1%}",
        _verdict(share == 1, "100 %"),
    )


def _memory(*, short: bool) -> Iterator[_Row]:
    seconds = 20.0 if short else 120.0
    small, few = memory.peak_mib(24, seconds)
    large, many = memory.peak_mib(12, seconds)
    ratio = large / small
    yield (
        f"peak memory, one port, {seconds:.0f} s",
        f"/12 {large:.1f} MiB ({many} pairs)",
        f"/24 {small:.1f} MiB ({few} pairs)",
        f"{ratio:.2f} ×",
        _verdict(ratio <= 1.2, "<= 1.2 ×"),
    )


def _verdict(met: bool, target: str) -> str:
    return f"{'met' if met else 'MISSED'} ({target})"


BENCHMARKS: Named = {"cpu": _cpu, "lab": _lab, "memory": _memory}
"""By name."""


def main() -> int:
    """Print the table; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="smaller and fewer")
    parser.add_argument("--only", default="cpu,lab,memory", help="some of cpu,lab,memory")
    chosen = parser.parse_args()
    rows: list[_Row] = []
    for name, measure in BENCHMARKS.items():
        if name in chosen.only.split(","):
            rows.extend(measure(short=chosen.short))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")
    return int(any("MISSED" in row[4] for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
