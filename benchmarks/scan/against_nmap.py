"""One scan of ours, then nmap's, in the same private network. Run as a module; prints JSON."""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import msgspec

from benchmarks.scan import peer, region, truth
from benchmarks.scan.namespace import raise_loopback

_TIMES = 20
"""nmap is cut at that many times our own time."""
_SAMPLE_S = 240.0
"""Cut with none of a group of 64 hosts reported, it has said nothing: it then scans one host of
each kind, on their own ports, in small groups, for its verdicts alone."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Both, in one run."""

    hosts: int
    ours: region.Weighed
    ours_marks: truth.Marks
    """On every host."""
    ours_trespasses: int
    """Bytes said to what must be left alone, and the like, as the region counted them."""
    theirs_wall_s: float | None = None
    """``None``: no nmap here."""
    theirs_cpu_s: float = 0
    is_cut: bool = False
    finished: int = 0
    compared: int = 0
    """Hosts that it finished, in the same run or in the one for its verdicts."""
    ours_there: truth.Marks | None = None
    """On those hosts."""
    theirs_marks: truth.Marks | None = None
    theirs_trespasses: int = 0


def _measure(hosts: int, folder: Path) -> Compared:
    with region.served(folder / "region", hosts) as papers:
        out = folder / "out"
        weighed = region.weigh(papers, region.LIFTED, out)
        assert weighed.exit_code in {0, 3}, weighed
        answers = truth.expected(Path(papers.truth), hosts)
        everyone = frozenset(place[0] for _, place in answers)
        said = truth.ours(out, answers)
        mine = Compared(
            hosts=hosts,
            ours=weighed,
            ours_marks=truth.mark(said, answers, everyone),
            ours_trespasses=_trespasses(papers.violations),
        )
        if shutil.which("nmap") is None:
            return mine
        addresses = _addresses(out)
        theirs = peer.scan(addresses, papers.ports, folder / "nmap", cut_s=_TIMES * weighed.wall_s)
        trespasses = _trespasses(papers.violations) - mine.ours_trespasses
        few, ports = truth.sample(answers, hosts, theirs.finished)
        more = peer.scan(
            few, ports, folder / "sample", cut_s=_SAMPLE_S, options=("--max-hostgroup", "4")
        )
        compared = theirs.finished | more.finished
        return msgspec.structs.replace(
            mine,
            theirs_wall_s=theirs.wall_s,
            theirs_cpu_s=theirs.cpu_s,
            is_cut=theirs.is_cut,
            finished=len(theirs.finished),
            theirs_trespasses=trespasses,
            compared=len(compared),
            ours_there=truth.mark(said, answers, compared),
            theirs_marks=truth.mark({**theirs.said, **more.said}, answers, compared),
        )


def _addresses(out: Path) -> list[str]:
    """Give every host of the region: each has a service, and we found it."""
    seen = {
        json.loads(line)["place"].get("ip")
        for line in (out / "observations.jsonl").read_text(encoding="utf-8").splitlines()
    }
    return sorted(seen - {None})


def _trespasses(path: str) -> int:
    return len(json.loads(Path(path).read_text(encoding="utf-8"))["violations"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=254)
    raise_loopback()
    with tempfile.TemporaryDirectory() as made:
        compared = _measure(parser.parse_args().hosts, Path(made))
    sys.stdout.write(msgspec.json.encode(compared).decode())
