"""``python -m vigie.demo serve --dir D [--hosts N]``: the region in a process of its own.

Prints one line of JSON when ready, and ends with 0 on SIGTERM or SIGINT.
"""

import argparse
import functools
import sys
from pathlib import Path

import msgspec
import trio

from core.errors import UsageError
from vigie.demo.layout import DEFAULT_HOSTS, NETWORK
from vigie.demo.running import Papers, serve


def _print(papers: Papers) -> None:
    sys.stdout.write(msgspec.json.encode(papers).decode() + "\n")
    sys.stdout.flush()


def main() -> int:
    """Read the command line and serve; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m vigie.demo")
    parser.add_argument("action", choices=["serve"])
    parser.add_argument("--dir", required=True, type=Path)
    parser.add_argument("--hosts", type=int, default=DEFAULT_HOSTS)
    parser.add_argument("--network", default=NETWORK, help="first two bytes of every address")
    parser.add_argument("--until-eof", action="store_true", help="end with the standard input")
    asked = parser.parse_args()
    code = 0
    try:
        pipe = sys.stdin.fileno() if asked.until_eof else None
        trio.run(functools.partial(serve, asked.dir, asked.hosts, asked.network, _print, pipe=pipe))
    except* UsageError as wrong:
        sys.stderr.write(f"{_first(wrong)}\n")
        code = UsageError.exit_code
    return code


def _first(group: BaseExceptionGroup[UsageError]) -> UsageError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


if __name__ == "__main__":
    sys.exit(main())
