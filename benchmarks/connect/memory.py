"""Peak memory of a sweep of one port, by size of the range. Run as a module: one process a size."""

import resource
import subprocess
import sys

import trio

from scanner.discovery import ConnectEngine
from scanner.gate import Gate
from scanner.sentinel import Sentinels
from scanner.space import Space
from tests.scanner.sweeping import LIFTED, MemoryLedger, OpenScope, run_of, sweep


class Forgetful(MemoryLedger):
    """Keeps nothing: the store's memory is not the engine's."""

    async def save(self, blocks: object, opened: object) -> None:
        """Drop it."""
        await trio.lowlevel.checkpoint()


def _sweep(prefix: int, seconds: float) -> None:
    space = Space([run_of("127.64.0.0", 1 << 32 - prefix)], [20_001], 7)

    async def main() -> int:
        gate = Gate(OpenScope(), LIFTED)
        engine = ConnectEngine(gate, sentinels=Sentinels(gate.dial))
        with trio.move_on_after(seconds):
            await sweep(space, Forgetful(), engine=engine)
        return engine.progress.done

    done = trio.run(main)
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(f"{peak_kib} {done}\n")


def peak_mib(prefix: int, seconds: float) -> tuple[float, int]:
    """Give the peak in MiB and the pairs done, of a fresh process."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.connect.memory", str(prefix), str(seconds)],
        capture_output=True,
        text=True,
        check=True,
    )
    peak_kib, done = told.stdout.split()
    return int(peak_kib) / 1024, int(done)


if __name__ == "__main__":
    _sweep(int(sys.argv[1]), float(sys.argv[2]))
