"""The demo region served beside, and one scan of it, weighed alone."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from benchmarks.scan.namespace import ROOT
from vigie.demo.running import Papers

_LOOK_S = 0.01
_LIMITS = re.compile(r"\n\[limits\][^\[]*")
LIFTED = """
[limits]
packets_per_second = 1000000
packets_per_second_per_prefix24 = 1000000
packets_per_second_per_host = 1000000
connections_per_host = 64
"""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """One scan, from the start of its process to its end."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    first_finding_s: float
    """When the first verdict was in the store; infinite when none was."""
    exit_code: int


@contextmanager
def served(folder: Path, hosts: int) -> Generator[Papers]:
    """Serve the region in a process of its own until the body ends."""
    region = subprocess.Popen(
        [sys.executable, "-m", "vigie.demo", "serve", "--dir", str(folder), "--hosts", str(hosts)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert region.stdout is not None
        yield msgspec.json.decode(region.stdout.readline(), type=Papers)
    finally:
        region.send_signal(signal.SIGTERM)
        region.wait(30)


def inventory(papers: Papers, limits: str) -> Path:
    """Give a copy of the region's inventory with other limits; empty: the defaults."""
    text = Path(papers.inventory).read_text(encoding="utf-8")
    text, found = _LIMITS.subn("\n" + limits, text)
    assert found == 1, "the inventory of the region changed its shape"
    copy = Path(papers.inventory).with_name("measured.toml")
    copy.write_text(text, encoding="utf-8")
    return copy


def weigh(papers: Papers, limits: str, out: Path, *, stop_after_s: float | None = None) -> Weighed:
    """Scan the region by the command line; SIGINT ends it after a while when asked."""
    state = out / "state"
    started = time.perf_counter()
    scan = subprocess.Popen(
        [
            *(sys.executable, "-m", "vigie", "scan", str(inventory(papers, limits))),
            *("--out", str(out), "--state-dir", str(state), "--ports", papers.ports, "--quiet"),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    seen = _Watched(scan.pid, state / "vigie.db", started)
    watch = threading.Thread(target=seen.watch, daemon=True)
    watch.start()
    if stop_after_s is not None:
        threading.Timer(stop_after_s, scan.send_signal, (signal.SIGINT,)).start()
    # Of this process alone: the region is another child of ours.
    _, status, used = os.wait4(scan.pid, 0)
    wall_s = time.perf_counter() - started
    scan.returncode = os.waitstatus_to_exitcode(status)
    seen.ended.set()
    watch.join()
    return Weighed(
        wall_s=wall_s,
        cpu_s=used.ru_utime + used.ru_stime,
        peak_mib=seen.peak_kib / 1024,
        first_finding_s=seen.first_s,
        exit_code=scan.returncode,
    )


class _Watched:
    """What only shows while it runs."""

    def __init__(self, pid: int, store: Path, started: float) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._store = store
        self._started = started
        self.ended = threading.Event()
        self.peak_kib = 0
        self.first_s = float("inf")

    def watch(self) -> None:
        """Look until it ends."""
        while not self.ended.wait(_LOOK_S):
            # VmHWM, not ru_maxrss: the latter begins with the size of whoever forked it.
            with suppress(OSError):
                found = re.search(r"VmHWM:\s+(\d+)", self._status.read_text())
                self.peak_kib = max(self.peak_kib, int(found[1]) if found else 0)
            if self.first_s == float("inf") and self._store.exists() and self._has_verdict():
                self.first_s = time.perf_counter() - self._started

    def _has_verdict(self) -> bool:
        with suppress(sqlite3.Error):
            read = sqlite3.connect(f"file:{self._store}?mode=ro", uri=True, timeout=0.01)
            try:
                return read.execute("SELECT 1 FROM verdicts LIMIT 1").fetchone() is not None
            finally:
                read.close()
        return False
