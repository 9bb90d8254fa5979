"""Tickets measured: 1,000 findings to a real Request Tracker, twice; what the second run costs."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from _pytest.outcomes import Skipped

from benchmarks.table import Named, Row, missing, verdict
from tests.servers.rt import request_tracker
from tests.vigie.test_ticketing_rt import Live
from tests.vigie.ticketing_lab import telnets

_COUNT, _SHORT = 1_000, 100


def _tickets(*, short: bool = False) -> Iterator[Row]:
    count = _SHORT if short else _COUNT
    try:
        with request_tracker() as rt, tempfile.TemporaryDirectory() as folder:
            live = Live(rt, Path(folder), "bench")
            live.region.scan(telnets(count))
            started = time.perf_counter()
            first = live.follow()
            took_s = time.perf_counter() - started
            asked = live.requests
            second = live.follow()
            share = live.requests / asked
            there = live.api("GET", "tickets?query=id%3E0&per_page=1").json()["total"]
    except Skipped as error:
        yield missing(f"tickets: {count} findings to RT", str(error))
        return
    is_once = first.created == there == count and second.created == 0
    yield (
        f"tickets: {count} findings to RT, {took_s:.0f} s",
        f"{there} tickets",
        "-",
        "-",
        verdict(is_once, "one a finding after two runs"),
    )
    yield (
        "tickets: requests of a second run",
        str(live.requests),
        f"first {asked}",
        f"{share:.1%}",
        verdict(share < 0.05, "under 5 %"),
    )


BENCHMARKS: Named = {"tickets": _tickets}
