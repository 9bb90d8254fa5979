"""A simulated year of a region: deadlines, overlaps, load curve.

``python -m benchmarks schedule-year [--short]``: 300 establishments × 1,000 assets on a fake clock,
with windows, mandates that end, days without a daemon and both clock changes.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks.schedule.year import START, Year, load_curve, region
from benchmarks.table import Named, Row, verdict
from core.store.store import Store

_GHTS = 12
_AT_ONCE = 12


def measure(*, short: bool = False) -> Iterator[Row]:
    """Live the year; short: a tenth of the establishments, a tenth of the assets."""
    ghts, each, assets = (4, 8, 100) if short else (_GHTS, 25, 1000)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'year.db'}")
        year = Year(store, list(region(ghts, each, assets)), assets, _AT_ONCE)
        told = year.run(START + timedelta(days=365))
        store.close()
    took = time.perf_counter() - started
    sys.stdout.write("\n".join(load_curve(told, 200, ghts)) + "\n")
    sys.stdout.write("\n".join(told.missed[:10]) + "\n")
    what = f"year of {ghts * each} × {assets}"
    longest = max(told.caught_up, default=timedelta(0))
    yield (
        f"schedule: deadlines missed, {what}",
        f"{len(told.missed)} of {told.measures:,} measures in {told.runs:,} runs",
        "-",
        "-",
        verdict(not told.missed, "0"),
    )
    yield (
        "schedule: runs outside windows, overlaps",
        f"{told.outside}, {told.overlaps}",
        "-",
        "-",
        verdict(not told.outside and not told.overlaps, "0"),
    )
    yield (
        "schedule: late after 4 days down",
        f"{len(told.caught_up):,} measures, the last {longest} after",
        "-",
        "-",
        verdict(longest < timedelta(days=8), "under 8 days"),
    )
    yield ("schedule: time to simulate", f"{took:.0f} s", "-", "-", "told")


BENCHMARKS: Named = {"schedule-year": measure}
