"""The TLS assessment measured: against sslyze, nmap and testssl.sh on some fifty servers.

``python -m benchmarks.bench_tls [--short] [--only near,far,mute]``. sslyze and tlslite-ng are
installed in throw-away environments; what cannot be had is said. Ratios are of the same run.
"""

import argparse
import atexit
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.table import Named, Row, is_missed, lay_out, missing, verdict
from benchmarks.tls import ours, peers, verdicts
from benchmarks.tls.peers import PeerRun
from tests.servers import tls_lab
from tests.servers.tls_lab import Place, Server
from vigie.collector import relax

_USUAL, _WHOLE, _CAP = 14, 45, 4
_MUTE_TIMEOUT_S = 6.0
_WEAK_FIELDS = ("rc4", "triple_des", "des", "export_suites", "null_suites", "anonymous_suites")


@functools.cache
def _venvs() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="bench-tls-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def _program(package: str, name: str) -> str:
    """Give a program of a package, installed for this run alone; empty when it cannot be had."""
    try:
        made = peers.environment(_venvs(), *package.split())
    except (subprocess.CalledProcessError, OSError) as error:
        sys.stderr.write(f"{package}: {error}\n")
        return ""
    return str(made / "bin" / name)


def _near(*, short: bool) -> Iterator[Row]:
    tlslite = _program("tlslite-ng gmpy2", "python")
    if not tlslite:
        yield missing("tlslite-ng servers", "tlslite-ng cannot be installed")
    with (
        tempfile.TemporaryDirectory() as folder,
        tls_lab.lab(Path(folder), tlslite_python=tlslite) as places,
    ):
        yield from _ours_alone(places, runs=1 if short else 3)
        yield from _against(places, short=short)


def _ours_alone(places: Sequence[Place], *, runs: int) -> Iterator[Row]:
    servers = [place.server for place in places]
    several = [ours.measure(places) for _ in range(runs)]
    run = several[-1]
    whole = ours.measure(places, thorough=True)
    kinds = {(one.kind, one.key, *one.options) for one in servers}
    what = f"{len(places)} servers, {len(kinds)} kinds"
    for label, one in (("as a rule", run), ("every suite", whole)):
        score = _score(one, servers)
        _list(f"ours, {label}", score.wrong + score.unsaid)
        yield (
            f"{what}, {label}",
            f"{score.right}/{score.servers} right, {len(score.wrong)} wrong",
            f"{sum(one.connections.values())} hellos, {one.wall_s:.1f} s",
            "-",
            verdict(score.right == score.servers, "all right"),
        )
    hellos = sum(run.connections.values())
    yield (
        "CPU",
        f"{1e6 * run.cpu_s / hellos:.0f} µs a hello, "
        f"{1e3 * run.cpu_s / len(places):.1f} ms a server",
        "-",
        "-",
        "printed",
    )
    strong = {s.name for s in servers if _is_strong(s)}
    most = max(count for name, count in run.connections.items() if name in strong)
    yield "most connections, nothing weak", str(most), "-", "-", verdict(most <= _USUAL, "<= 14")
    most = max([*run.connections.values(), *whole.connections.values()])
    yield "most connections, all suites", str(most), "-", "-", verdict(most <= _WHOLE, "<= 45")
    most = max([*run.at_once.values(), *whole.at_once.values()])
    yield "most at once, one server", str(most), "-", "-", verdict(most <= _CAP, "<= 4")


def _is_strong(server: Server) -> bool:
    truth = server.truth
    old = truth.versions & {"SSLv3", "TLS1.0", "TLS1.1"}
    return not (old or truth.sslv2 or any(getattr(truth, name) for name in _WEAK_FIELDS))


def _score(run: ours.Run, servers: Sequence[Server]) -> verdicts.Score:
    answers = {one.name: verdicts.ours(run.seen.get(one.name)) for one in servers}
    return verdicts.score(answers, list(servers), whole=True)


def _against(places: Sequence[Place], *, short: bool) -> Iterator[Row]:
    """Compare on the servers that answer at once, then on all of them."""
    prompt = [place for place in places if not place.server.slow]
    runs = [ours.measure(prompt) for _ in range(1 if short else 3)]
    wall = statistics.median(run.wall_s for run in runs)
    cpu = statistics.median(run.cpu_s for run in runs)
    all_wall = ours.measure(places).wall_s
    program = _program("sslyze", "sslyze")
    if program:
        theirs = peers.sslyze(prompt, Path(program))
        yield from _ratios("sslyze", prompt, wall, cpu, theirs, wall_target=20, cpu_target=30)
        if not short:
            slow = peers.sslyze(places, Path(program))
            ratio = slow.wall_s / all_wall
            yield (
                "sslyze, slow and mute servers too: wall",
                f"{all_wall:.1f} s",
                f"{slow.wall_s:.1f} s {slow.note}".strip(),
                f"{ratio:.0f} ×",
                "printed: bound by one timeout of ours",
            )
    else:
        yield missing("sslyze", "cannot be installed")
    if shutil.which("nmap"):
        theirs = peers.nmap(prompt)
        yield from _ratios("nmap", prompt, wall, cpu, theirs, wall_target=10, cpu_target=0)
    else:
        yield missing("nmap", "needs nmap")
    if shutil.which("testssl"):
        three = [one for one in prompt if one.server.name in {"modern", "nginx", "all-versions"}]
        theirs = peers.run_testssl(three)
        ratio = (theirs.wall_s / len(three)) / (wall / len(prompt))
        yield (
            "testssl -p -s -S, three servers, per server",
            f"{1e3 * wall / len(prompt):.0f} ms",
            f"{theirs.wall_s / len(three):.1f} s, {theirs.cpu_s / len(three):.1f} s CPU",
            f"{ratio:.0f} × (extrapolated from three)",
            verdict(ratio >= 100, ">= 100 ×"),
        )
    else:
        yield missing("testssl", "needs testssl.sh")


def _ratios(
    name: str,
    places: Sequence[Place],
    wall: float,
    cpu: float,
    theirs: PeerRun,
    *,
    wall_target: float,
    cpu_target: float,
) -> Iterator[Row]:
    score = verdicts.score(theirs.answers, [place.server for place in places])
    _list(name, score.wrong + score.errors)
    told = f"{score.right}/{score.servers} right {theirs.note}".strip()
    ratio = theirs.wall_s / wall
    yield (
        f"{name}, {len(places)} prompt servers: wall",
        f"{wall:.2f} s",
        f"{theirs.wall_s:.1f} s, {told}",
        f"{ratio:.0f} ×",
        verdict(ratio >= wall_target, f">= {wall_target:.0f} ×"),
    )
    ratio = theirs.cpu_s / cpu
    yield (
        f"{name}, {len(places)} prompt servers: CPU",
        f"{cpu:.2f} s",
        f"{theirs.cpu_s:.1f} s",
        f"{ratio:.0f} ×",
        verdict(ratio >= cpu_target, f">= {cpu_target:.0f} ×") if cpu_target else "printed",
    )


def _far(*, short: bool) -> Iterator[Row]:
    del short
    what = "20 ms and 1 % lost each way"
    lacks = "needs root" if os.geteuid() else "" if shutil.which("nft") else "needs nft"
    if lacks:
        yield missing(what, lacks)
        return
    program, tlslite = _program("sslyze", "sslyze"), _program("tlslite-ng gmpy2", "python")
    command = 'ip link set lo up && exec "$@"'
    argv = ["unshare", "-n", "sh", "-c", command, "sh", sys.executable, "-m", "benchmarks.tls.far"]
    done = subprocess.run([*argv, program, tlslite], check=False, capture_output=True, timeout=900)
    if done.returncode:
        yield missing(what, done.stderr.decode(errors="replace").strip().rpartition("\n")[2])
        return
    found = json.loads(done.stdout)
    mine, theirs = found["ours"], found.get("sslyze")
    _list("ours, far", mine["wrong"] + mine["unsaid"])
    yield (
        f"{what}: wrong verdicts",
        f"{len(mine['wrong'])}, {mine['right']}/{mine['servers']} right, {mine['wall_s']:.1f} s",
        f"{mine['connections']} hellos",
        "-",
        verdict(not mine["wrong"], "0"),
    )
    if theirs is None:
        yield missing(f"{what}: not measured", "sslyze cannot be installed")
        return
    _list("sslyze, far", theirs["errors"])
    gaps = len({told.partition(" ")[0] for told in mine["unsaid"]})
    yield (
        f"{what}: servers with something not measured",
        str(gaps),
        f"sslyze: {len(theirs['errors'])} with errors, {theirs['wall_s']:.1f} s",
        "-",
        verdict(gaps <= len(theirs["errors"]), "no more than sslyze has errors"),
    )


def _mute(*, short: bool) -> Iterator[Row]:
    del short
    with (
        tempfile.TemporaryDirectory() as folder,
        tls_lab.lab(Path(folder), tls_lab.named("tarpit")) as places,
    ):
        run = ours.measure(places)
    yield (
        "a mute TLS port",
        f"{run.wall_s:.1f} s, {sum(run.connections.values())} hello",
        "-",
        "-",
        verdict(run.wall_s <= _MUTE_TIMEOUT_S, "one timeout: <= 6 s"),
    )


def _list(who: str, lines: Sequence[str]) -> None:
    for line in lines:
        sys.stderr.write(f"{who}: {line}\n")


BENCHMARKS: Named = {"near": _near, "far": _far, "mute": _mute}
"""By name."""


def main() -> int:
    """Print the table; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer runs")
    parser.add_argument("--only", default="near,far,mute", help="some of near,far,mute")
    chosen = parser.parse_args()
    # As the command does.
    relax()
    rows: list[Row] = []
    for name, measure in BENCHMARKS.items():
        if name in chosen.only.split(","):
            rows.extend(measure(short=chosen.short))
    sys.stdout.write(lay_out(rows))
    return int(is_missed(rows))


if __name__ == "__main__":
    raise SystemExit(main())
