"""``python -m benchmarks [--short] [NAME…]`` (``make bench``): every benchmark, one table."""

import argparse
import sys
import time

from benchmarks import (
    bench_ad,
    bench_ad_analysis,
    bench_connect,
    bench_domains,
    bench_names,
    bench_products,
    bench_scan,
    bench_schedule,
    bench_services,
    bench_store,
    bench_tickets,
    bench_tls,
)
from benchmarks.table import Benchmark, Row, is_missed, lay_out

_ALL: dict[str, Benchmark] = {
    **bench_ad.BENCHMARKS,
    **bench_ad_analysis.BENCHMARKS,
    **{f"connect-{name}": measure for name, measure in bench_connect.BENCHMARKS.items()},
    **bench_domains.BENCHMARKS,
    **{f"names-{name}": measure for name, measure in bench_names.BENCHMARKS.items()},
    **{f"products-{name}": measure for name, measure in bench_products.BENCHMARKS.items()},
    **bench_services.BENCHMARKS,
    **bench_store.BENCHMARKS,
    **{f"scan-{name}": measure for name, measure in bench_scan.BENCHMARKS.items()},
    **bench_schedule.BENCHMARKS,
    **bench_tickets.BENCHMARKS,
    **{f"tls-{name}": measure for name, measure in bench_tls.BENCHMARKS.items()},
}


def main() -> int:
    """Print the table; 1 when a target is missed. What could not be measured says so in it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(_ALL)}")
    parser.add_argument("--short", action="store_true", help="smaller and fewer")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(_ALL)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: choose among {', '.join(_ALL)}")
    rows: list[Row] = []
    for name in chosen.names or _ALL:
        sys.stderr.write(f"{name}…\n")
        started = time.perf_counter()
        rows.extend(_ALL[name](short=chosen.short))
        sys.stderr.write(f"{name}: {time.perf_counter() - started:.0f} s\n")
    sys.stdout.write("\n" + lay_out(rows))
    for row in rows:
        if row[4].startswith("NOT MEASURED") or row[4].startswith("not measured"):
            sys.stdout.write(f"! {row[0]}: {row[4]}\n")
    return int(is_missed(rows))


if __name__ == "__main__":
    raise SystemExit(main())
