"""Domains read: 2,000 zones and mail policies behind a resolver, in the time that answers take.

``python -m benchmarks.bench_domains [--short]``. NSD holds the zones, 20 ms away from Unbound; all
runs in a private network.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence

from benchmarks.domains.measured import ONE_WAY_MS, Told
from benchmarks.scan.namespace import measured_inside, why_not
from benchmarks.table import Named, Row, is_missed, lay_out, missing, verdict

_DOMAINS, _DOMAINS_SHORT = 2_000, 200
_POLITE, _LIFTED = 1_000, 20_000
"""Questions a second to one resolver: the default, and none to speak of."""
_MOST_CPU = 0.5
"""Share of the wall time from which our own work, and no longer the servers, would set it."""


def _read(*, short: bool) -> Iterator[Row]:
    count = _DOMAINS_SHORT if short else _DOMAINS
    if lacks := _lacks():
        yield missing(f"{count:,} domains and their mail", lacks)
        return
    for per_second, name in ((_POLITE, "default rate"), (_LIFTED, "rate lifted")):
        options = ("--domains", str(count), "--per-second", str(per_second))
        told = measured_inside("benchmarks.domains.measured", Told, *options)
        yield from _rows(told, name, per_second)


def _rows(told: Told, name: str, per_second: int) -> Iterator[Row]:
    by_latency = told.alone_s * told.domains / told.at_once
    bound = max(by_latency, told.questions / per_second)
    share = told.cpu_s / told.wall_s
    yield (
        f"{told.domains:,} domains and their mail, servers {2 * ONE_WAY_MS} ms away, {name}: wall",
        f"{told.wall_s:.1f} s, {told.cpu_s:.1f} s CPU ({told.judging_s:.1f} judging)",
        f"{bound:.1f} s: {told.questions:,} questions at {per_second:,} a second, or "
        f"{told.at_once} domains at once of {told.alone_s:.2f} s",
        f"{told.wall_s / bound:.2f} ×; CPU {share:.2f} of the wall",
        verdict(share <= _MOST_CPU, f"CPU <= {_MOST_CPU} of the wall"),
    )
    yield (
        f"the same, {name}: faults of mail told otherwise than planted; answers lost",
        f"{len(told.wrong)} domains; {told.lost} of {told.datagrams:,}, "
        f"{told.unmeasured} verdicts for want of one",
        "-",
        f"{told.peak_mib} MiB",
        verdict(not told.wrong and not told.unmeasured, "none"),
    )
    if told.wrong:
        sys.stderr.write(f"  told otherwise: {', '.join(told.wrong[:20])}\n")


def _lacks() -> str:
    wanted = [one for one in ("nsd", "unbound") if shutil.which(one) is None]
    return f"needs {', '.join(wanted)}" if wanted else why_not()


BENCHMARKS: Named = {"domains": _read}
"""By name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="smaller and fewer")
    chosen = parser.parse_args(arguments)
    rows = [row for name in BENCHMARKS for row in BENCHMARKS[name](short=chosen.short)]
    sys.stdout.write(lay_out(rows))
    return int(is_missed(rows))


if __name__ == "__main__":
    raise SystemExit(main())
