"""Each probe, again and again, against its real server: does it stay what it was?

Run as a module by root in a private network (:mod:`benchmarks.scan.namespace`); prints JSON.
"""

import argparse
import re
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import trio

from core.errors import Unanswered
from core.knowledge.load import load_knowledge
from core.model import Transport
from scanner.probes.registry import datagram_probes, stream_probes
from scanner.products import name_service
from scanner.stream import Stream
from scanner.visit import Measured, Probe
from tests.scanner.visiting import datagram_visit, visit
from tests.servers.daemons import DAEMONS, Daemon, Running, Spoken, raise_loopback, running

_INSIDE_TLS = {443, 8443, 853}
_WARM = 20
"""Repetitions after which memory is looked at first: caches and pools are then filled."""
_SETTLE_S = 0.5
_DYING = re.compile(rb"segfault|core dumped|[Ss]ignal (?:6|11)\b|panic|[Aa]ssertion|Backtrace")


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """One probe against one server."""

    server: str
    probe: str
    port: int
    times: int
    """Repetitions that were run."""
    verdicts: dict[str, int]
    """What was said of the service → how many times."""
    is_same: bool
    """Whether the process that owns the port is the one that was started."""
    deaths: int
    """Lines of its log that tell of a process that died."""
    first_kib: int
    """Resident memory of the server and its children, after a few repetitions."""
    last_kib: int
    wall_s: float


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    repeated: tuple[Repeated, ...]
    absent: dict[str, str]
    """Server → why it does not run here."""
    without: tuple[str, ...]
    """Probes that no server here answers."""


def probe_of(spoken: Spoken) -> Probe | None:
    """Give the probe that a service is for; ``None``: it has none."""
    is_udp = spoken.transport == "udp"
    probes = datagram_probes() if is_udp else stream_probes()
    names = {spoken.protocol, f"{spoken.protocol}-{spoken.transport}"}
    return next((one for one in probes if one.name in names), None)


def repeat(one: Running, spoken: Spoken, probe: Probe, times: int) -> Repeated:
    """Run the probe of a service as often as that, a few at once."""
    owner = _owner(one, spoken)
    verdicts: Counter[str] = Counter()
    started = time.perf_counter()
    first_kib = 0

    async def some(count: int) -> None:
        left = iter(range(count))

        async def work() -> None:
            for _ in left:
                verdicts[await _once(probe, spoken)] += 1

        async with trio.open_nursery() as nursery:
            for _ in range(one.daemon.at_once):
                nursery.start_soon(work)
        await trio.sleep(_SETTLE_S)

    async def run() -> None:
        nonlocal first_kib
        warm = min(_WARM, times // 2)
        await some(warm)
        first_kib = _resident_kib(one.pid)
        await some(times - warm)

    trio.run(run)
    return Repeated(
        server=one.daemon.name,
        probe=probe.name,
        port=spoken.port,
        times=times,
        verdicts=dict(verdicts),
        is_same=one.is_alive and _owner(one, spoken) == owner,
        deaths=len(_DYING.findall(one.log.read_bytes())),
        first_kib=first_kib,
        last_kib=_resident_kib(one.pid),
        wall_s=time.perf_counter() - started,
    )


async def _once(probe: Probe, spoken: Spoken) -> str:
    try:
        measured = await _measured(probe, spoken)
    except Unanswered as silent:
        return f"{silent.status.value}: {silent.detail}"
    except OSError:
        return "no connection"
    if measured is None:
        return "not its protocol"
    service, products = name_service(measured.service, load_knowledge().products)
    kinds = sorted({type(seen).__name__ for seen in (*measured.seen, *products)})
    version = f" {service.version}" if service.version else ""
    return f"{service.protocol} {service.product or '-'}{version} [{' '.join(kinds)}]"


async def _measured(probe: Probe, spoken: Spoken) -> Measured | None:
    if probe.transport is Transport.UDP:
        return await probe.measure(datagram_visit(spoken.port, patience_s=2))
    made = visit(spoken.port, inside_tls=spoken.port in _INSIDE_TLS, timeout_s=20)
    opened: list[Stream] = []
    dial = made.dial

    async def dial_once(name: str | None) -> Stream:
        # As the scanner does: the connection that was listened to serves first.
        return opened.pop() if opened else await dial(name)

    if probe.server_first:
        stream = await dial(None)
        made.heard = await stream.listen(20)
        opened.append(stream)
        made.dial = dial_once
    try:
        return await probe.measure(made)
    finally:
        for stream in opened:
            await stream.aclose()


def _owner(one: Running, spoken: Spoken) -> tuple[int, str] | None:
    """Give the oldest process of the server that holds its port, with when it began."""
    inodes = set(_inodes(spoken))
    owners = [
        (_stat(pid)[19], pid)
        for pid in _family(one.pid)
        if any(f"socket:[{inode}]" in _files(pid) for inode in inodes)
    ]
    if not owners:
        return None
    began, pid = min(owners, key=lambda owner: (int(owner[0]), owner[1]))
    return pid, began


def _inodes(spoken: Spoken) -> list[str]:
    state = "0A" if spoken.transport == "tcp" else "07"
    found: list[str] = []
    for table in (spoken.transport, f"{spoken.transport}6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(f":{spoken.port:04X}") and fields[3] == state:
                found.append(fields[9])
    return found


def _stat(pid: int) -> list[str]:
    """Give the fields after the name, which may hold blanks; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _files(pid: int) -> set[str]:
    links: set[str] = set()
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            links.add(str(link.readlink()))
    except OSError:
        return links
    return links


def _family(pid: int) -> set[int]:
    """Give a process and all that come from it, through shells and supervisors."""
    parents = {
        int(entry.name): int(stat[1])
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and len(stat := _stat(int(entry.name))) > 19
    }
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _resident_kib(pid: int) -> int:
    total = 0
    for one in _family(pid):
        try:
            status = Path(f"/proc/{one}/status").read_text(errors="replace")
        except OSError:
            continue
        found = re.search(r"RssAnon:\s+(\d+)", status)
        total += int(found[1]) if found else 0
    return total


def measure(times: int, names: tuple[str, ...] = ()) -> Told:
    """Start each server in turn, and repeat every probe that it answers."""
    repeated: list[Repeated] = []
    absent: dict[str, str] = {}
    for daemon in DAEMONS:
        if names and daemon.name not in names:
            continue
        if daemon.lacks:
            absent[daemon.name] = f"needs {', '.join(daemon.lacks)}"
            continue
        try:
            repeated += _of(daemon, times)
        except RuntimeError as error:
            absent[daemon.name] = str(error).splitlines()[0]
    asked = {one.probe for one in repeated}
    every = [one.name for one in (*stream_probes(), *datagram_probes())]
    return Told(
        repeated=tuple(repeated),
        absent=absent,
        without=tuple(one for one in every if one not in asked),
    )


def _of(daemon: Daemon, times: int) -> list[Repeated]:
    told: list[Repeated] = []
    with running(daemon) as one:
        for spoken in daemon.speaks:
            probe = probe_of(spoken)
            if spoken.is_silent or probe is None:
                continue
            told.append(repeat(one, spoken, probe, times))
            sys.stderr.write(f"{told[-1]}\n")
    return told


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1_000)
    parser.add_argument("names", nargs="*")
    chosen = parser.parse_args()
    raise_loopback()
    sys.stdout.write(msgspec.json.encode(measure(chosen.times, tuple(chosen.names))).decode())
