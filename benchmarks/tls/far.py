"""The lab seen from afar: 20 ms each way and 1 % lost, in a network namespace of its own.

``python -m benchmarks.tls.far SSLYZE TLSLITE_PYTHON`` prints one JSON object; the namespace is the
caller's to make.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.tls import ours, peers, verdicts
from tests.servers import tls_lab
from vigie.collector import relax

_DELAY_MS = 20
_FIRST_PORT = 20_000
_RULES = """table inet far {
  chain input { type filter hook input priority 0;
    ip daddr 127.41.0.0/16 numgen random mod 100 == 0 drop
    ip saddr 127.41.0.0/16 numgen random mod 100 == 0 drop
  }
}
"""


@contextmanager
def _relayed(places: Sequence[tls_lab.Place]) -> Generator[list[tls_lab.Place]]:
    """Give the same servers, each behind the relay on an address of its own."""
    behind = [
        # A port of its own: some servers listen on every address.
        tls_lab.Place(
            server=place.server,
            ip=f"127.41.{number // 200}.{number % 200 + 1}",
            port=_FIRST_PORT + number,
        )
        for number, place in enumerate(places)
    ]
    routes = [
        f"{here.ip}:{here.port}={there.ip}:{there.port}"
        for here, there in zip(behind, places, strict=True)
    ]
    argv = [sys.executable, "-m", "benchmarks.tls.relay", str(_DELAY_MS), *routes]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as relay:
        try:
            assert relay.stdout is not None
            relay.stdout.readline()
            yield behind
        finally:
            relay.terminate()


def main() -> None:
    """Measure ours, then sslyze."""
    program, tlslite = sys.argv[1:3]
    relax()
    subprocess.run([shutil.which("nft") or "nft", "-f", "-"], input=_RULES.encode(), check=True)
    found: dict[str, object] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        tls_lab.lab(Path(folder), tlslite_python=tlslite) as places,
        _relayed(places) as behind,
    ):
        servers = [place.server for place in behind]
        mine = ours.measure(behind)
        answers = {one.name: verdicts.ours(mine.seen.get(one.name)) for one in servers}
        found["ours"] = {
            "wall_s": mine.wall_s,
            "cpu_s": mine.cpu_s,
            "connections": sum(mine.connections.values()),
            **asdict(verdicts.score(answers, servers)),
        }
        if program:
            theirs = peers.sslyze(behind, Path(program))
            found["sslyze"] = {
                "wall_s": theirs.wall_s,
                "cpu_s": theirs.cpu_s,
                **asdict(verdicts.score(theirs.answers, servers)),
            }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
