"""``python -m vigie.demo serve --dir D [--hosts N]``: the region in a process of its own.

Prints one line of JSON when ready, and ends with 0 on SIGTERM or SIGINT.
"""

import argparse
import functools
import signal
import sys
from pathlib import Path

import msgspec
import trio

from core.errors import UsageError
from vigie.demo.layout import DEFAULT_HOSTS, NETWORK
from vigie.demo.running import Papers, run_region


async def serve(directory: Path, hosts: int, network: str = NETWORK) -> None:
    """Serve until asked to stop, and print the papers when ready."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            region = functools.partial(run_region, directory, hosts, network=network)
            papers: Papers = await nursery.start(region)
            sys.stdout.write(msgspec.json.encode(papers).decode() + "\n")
            sys.stdout.flush()
            async for _ in signals:
                nursery.cancel_scope.cancel()


def main() -> int:
    """Read the command line and serve; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m vigie.demo")
    parser.add_argument("action", choices=["serve"])
    parser.add_argument("--dir", required=True, type=Path)
    parser.add_argument("--hosts", type=int, default=DEFAULT_HOSTS)
    parser.add_argument("--network", default=NETWORK, help="first two bytes of every address")
    asked = parser.parse_args()
    code = 0
    try:
        trio.run(serve, asked.dir, asked.hosts, asked.network)
    except* UsageError as wrong:
        sys.stderr.write(f"{_first(wrong)}\n")
        code = UsageError.exit_code
    return code


def _first(group: BaseExceptionGroup[UsageError]) -> UsageError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


if __name__ == "__main__":
    sys.exit(main())
