"""Products measured: CPU to match one service as the catalogue grows; who names more, nmap or we.

``python -m benchmarks.bench_products [--short]``. Both serve the recorded answers of
``tests/recorded`` on loopback; absolute figures depend on the machine.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Generator, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import trio
from _pytest.outcomes import Skipped

from benchmarks.table import Named, Row, lay_out, missing, verdict
from core.knowledge.load import load_knowledge
from core.knowledge.model import Product
from core.observations.base import Observation
from core.observations.product import ProductSeen
from core.observations.service import Service
from scanner.probes.http import PROBE
from scanner.products import Clues, Index, Page
from tests.scanner.test_real_products import identified, identify_once
from tests.scanner.visiting import visit
from tests.servers.real_products import SERVERS
from tests.servers.recorded import Recorded, recordings, serving

_SIZES = (10, 66, 132)
_ROUNDS = 5
_PAGE = Page(
    path="/",
    status=200,
    title="Centre hospitalier : espace du personnel",
    headers=("Server: nginx", "Content-Type: text/html; charset=utf-8", "X-Frame-Options: DENY"),
    cookies=("PHPSESSID=abc",),
    text="<p>Bienvenue sur le site du centre hospitalier.</p>" * 1_000,
    assets=tuple(f"/assets/{n}.js" for n in range(20)),
)
_TIMEOUT_S = 900
_REPETITIONS = 1_000
_AT_ONCE = 4
"""As many connections as the scanner opens to one host; dropbear already sheds a few of them."""


def _match(*, short: bool) -> Iterator[Row]:
    products = load_knowledge().products
    told = [one.clues for file in recordings().values() for one in file.imitations]
    clues = [Clues(pages=(_PAGE,)), *told]
    sizes = [size for size in _SIZES if size < len(products)]
    sizes.append(len(products))
    costs = {size: _cost(_spread(products, size), clues, short=short) for size in sizes}
    first = costs[sizes[0]]
    for size, cost in costs.items():
        growth = cost / first
        linear = size / sizes[0]
        yield (
            f"CPU to match one service, {size} products",
            f"{cost * 1e6:.0f} µs",
            f"{sizes[0]} products {first * 1e6:.0f} µs",
            f"{growth:.2f} × for {linear:.1f} × as many",
            verdict(growth <= max(1.5, linear / 2), "half of linear"),
        )


def _spread(products: Sequence[Product], size: int) -> tuple[Product, ...]:
    """Give as many products, taken over the whole catalogue."""
    step = len(products) / size
    return tuple(products[int(number * step)] for number in range(size))


def _cost(products: tuple[Product, ...], clues: Sequence[Clues], *, short: bool) -> float:
    index = Index(products)
    rounds: list[float] = []
    for _ in range(2 if short else _ROUNDS):
        started = time.process_time()
        for one in clues:
            index.match(one)
        rounds.append((time.process_time() - started) / len(clues))
    return statistics.median(rounds)


def _named(*, short: bool) -> Iterator[Row]:
    nmap = shutil.which("nmap")
    what = "portals and consoles named"
    if nmap is None:
        yield missing(what, "needs nmap")
        return
    chosen = [
        (id_, one, bool(one.expect))
        for id_, file in recordings().items()
        for one in (*file.imitations, *file.lookalikes)
        # What hangs on a certificate or on an icon alone cannot be served here.
        if one.kind == "http" and one.pages and not one.tls_subject
    ]
    chosen = chosen[::6] if short else chosen
    with _lab([one for _, one, _ in chosen]) as ports:
        started = time.perf_counter()
        ours = trio.run(_ours, ports)
        ours_s = time.perf_counter() - started
        started = time.perf_counter()
        theirs = _theirs(nmap, ports)
        theirs_s = time.perf_counter() - started
    products = {product.id: product for product in load_knowledge().products}
    hit = theirs_hit = false = theirs_false = total = 0
    for (id_, _, is_product), port in zip(chosen, ports, strict=True):
        words = _words(products[id_])
        by_nmap = any(word in theirs.get(port, "") for word in words)
        if is_product:
            total += 1
            hit += id_ in ours[port]
            theirs_hit += by_nmap
        else:
            false += id_ in ours[port]
            theirs_false += by_nmap
    yield (
        f"{what}, {total} imitations",
        f"{hit} ({hit / total:.0%}), {ours_s:.0f} s",
        f"nmap -sV {theirs_hit} ({theirs_hit / total:.0%}), {theirs_s:.0f} s",
        f"{hit / max(1, theirs_hit):.1f} ×",
        verdict(hit == total, "100 %"),
    )
    yield from _real(nmap)
    lookalikes = len(chosen) - total
    yield (
        f"lookalikes taken for one, of {lookalikes}",
        str(false),
        f"nmap -sV {theirs_false}",
        "",
        verdict(false == 0, "none"),
    )


def _real(nmap: str) -> Iterator[Row]:
    """Name real servers: by their protocol's own port for us, by any port for nmap."""
    total = hit = theirs_hit = 0
    false: list[str] = []
    lacks: list[str] = []
    products = {product.id: product for product in load_knowledge().products}
    for name, (home, start, wanted) in SERVERS.items():
        try:
            with start() as port:
                seen = identified(port, home)
                said = _theirs(nmap, [port]).get(port, "")
        except (AssertionError, OSError, Skipped) as error:
            lacks.append(f"{name} ({error})"[:80])
            continue
        told = {one.product for one in seen if isinstance(one, ProductSeen)}
        false += sorted(told - {wanted})
        if wanted:
            total += 1
            hit += wanted in told
            theirs_hit += any(word in said for word in _words(products[wanted]))
    yield (
        f"real servers named, {total} of them",
        f"{hit}, wrongly {len(false)}",
        f"nmap -sV {theirs_hit}",
        f"{hit / max(1, theirs_hit):.1f} ×",
        verdict(hit == total and not false, "100 %, none wrong"),
    )
    if lacks:
        yield missing("real servers", ", ".join(lacks))


def _steady(*, short: bool) -> Iterator[Row]:
    """Identify each real server again and again: it is the same one that answers at the end."""
    times = 50 if short else _REPETITIONS
    for name, (home, start, wanted) in SERVERS.items():
        what = f"{name}, identified {times} times"
        try:
            with start() as port:
                started = time.perf_counter()
                alike = trio.run(_again, port, home, times, wanted)
                took_s = time.perf_counter() - started
                last = _product(identified(port, home))
        except (AssertionError, OSError, Skipped) as error:
            yield missing(what, f"{error}"[:80])
            continue
        # Nothing restarts these servers: one that fell would no longer be there to be named.
        yield (
            what,
            f"{alike} alike, {took_s:.0f} s",
            f"at the end: {last or home}",
            "",
            verdict(last == wanted, "the same server to the end"),
        )


async def _again(port: int, home: int, times: int, wanted: str) -> int:
    alike = 0
    limiter = trio.CapacityLimiter(_AT_ONCE)

    async def one() -> None:
        nonlocal alike
        async with limiter:
            told = _product(await identify_once(port, home))
        alike += told == wanted

    async with trio.open_nursery() as nursery:
        for _ in range(times):
            nursery.start_soon(one)
    return alike


def _product(seen: Sequence[Observation]) -> str:
    return next((one.product or "" for one in seen if isinstance(one, Service)), "")


def _words(product: Product) -> tuple[str, ...]:
    """Give what nmap may call it, lower case: generous, any of the words will do."""
    return tuple({product.vendor.lower(), product.name.lower(), *product.id.split("_")})


@contextmanager
def _lab(recorded: Sequence[Recorded]) -> Generator[list[int]]:
    """Serve in a thread, so that the peer is served alike."""
    ports: list[int] = []
    ready, done = threading.Event(), threading.Event()

    async def run() -> None:
        async with AsyncExitStack() as stack:
            for one in recorded:
                ports.append((await stack.enter_async_context(serving(one))).port)
            ready.set()
            await trio.to_thread.run_sync(done.wait)

    thread = threading.Thread(target=trio.run, args=(run,))
    thread.start()
    ready.wait()
    try:
        yield ports
    finally:
        done.set()
        thread.join()


async def _ours(ports: Sequence[int]) -> dict[int, set[str]]:
    seen: dict[int, set[str]] = {}
    limiter = trio.CapacityLimiter(8)

    async def one(port: int) -> None:
        async with limiter:
            measured = await PROBE.measure(visit(port, timeout_s=30))
        products = measured.seen if measured else ()
        seen[port] = {told.product for told in products if isinstance(told, ProductSeen)}

    async with trio.open_nursery() as nursery:
        for port in ports:
            nursery.start_soon(one, port)
    return seen


def _theirs(nmap: str, ports: Sequence[int]) -> dict[int, str]:
    """Give all that nmap says of each port, lower case."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "nmap.xml"
        command = [nmap, "-sT", "-sV", "--version-light", "-Pn", "-n", "-T4"]
        command += ["-p", ",".join(map(str, ports))]
        subprocess.run(
            [*command, "-oX", str(report), "127.0.0.1"],
            check=False,
            stdout=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
        )
        # Our own loopback answers, read by the same parser as nmap's other reports here.
        root = ET.parse(report).getroot()
    said: dict[int, str] = {}
    for port in root.iter("port"):
        service = port.find("service")
        if service is not None:
            told = [
                service.get(name, "") for name in ("product", "extrainfo", "devicetype", "version")
            ]
            told += [cpe.text or "" for cpe in service.iter("cpe")]
            said[int(port.get("portid", "0"))] = " ".join(told).lower()
    return said


BENCHMARKS: Named = {"match": _match, "named": _named, "steady": _steady}
"""By name."""


def main() -> int:
    """Print the table; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="smaller and fewer")
    chosen = parser.parse_args()
    rows = [row for measure in BENCHMARKS.values() for row in measure(short=chosen.short)]
    sys.stdout.write(lay_out(rows))
    return int(any(row[4].startswith("MISSED") for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
