"""CPU per connect, the engine against the bare loop, in turns on the same loopback targets."""

import statistics
import time
from collections.abc import Iterator

import trio

from benchmarks.connect.bare import bare_sweep
from scanner.discovery import ConnectEngine
from scanner.gate import Gate
from scanner.sentinel import Sentinels
from scanner.space import Space
from tests.scanner.sweeping import LIFTED, MemoryLedger, OpenScope, run_of, sweep

_IN_FLIGHT = 512
_PORTS = range(20_000, 20_235)


def _targets() -> Iterator[tuple[str, int]]:
    for port in _PORTS:
        for last in range(256):
            yield f"127.77.0.{last}", port


def bare_us() -> float:
    """Give the CPU of one connect in the bare loop, in µs."""
    started = time.process_time()
    answered, _, silent = bare_sweep(_targets(), _IN_FLIGHT, 1.0)
    return (time.process_time() - started) / (answered + silent) * 1e6


def engine_us() -> float:
    """Give the CPU of one connect in the engine, everything around it included."""
    space = Space([run_of("127.77.0.0", 256)], _PORTS, 7)

    async def main() -> int:
        gate = Gate(OpenScope(), LIFTED)
        engine = ConnectEngine(gate, sentinels=Sentinels(gate.dial))
        return (await sweep(space, MemoryLedger(), engine=engine)).attempts

    started = time.process_time()
    attempts = trio.run(main)
    return (time.process_time() - started) / attempts * 1e6


def compare(rounds: int) -> tuple[float, float, float]:
    """Give the medians of both in µs, and the median of the ratios of each round."""
    pairs = [(bare_us(), engine_us()) for _ in range(rounds)]
    bare, engine = zip(*pairs, strict=True)
    return (
        statistics.median(bare),
        statistics.median(engine),
        statistics.median(ours / theirs for theirs, ours in pairs),
    )
