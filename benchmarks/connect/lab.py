"""254 addresses × 1,000 ports on a wire, half of them filtered: the engine against nmap."""

import os
import random
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import trio

from scanner.discovery import ConnectEngine, Opened
from scanner.gate import Gate
from scanner.sentinel import Sentinels
from scanner.space import Space
from tests.scanner.sweeping import LIFTED, MemoryLedger, OpenScope, run_of, sweep
from tests.servers.namespaces import Wire, inside, wire

_HALF_OPEN = 16_000


@dataclass(frozen=True)
class Found:
    """One sweep of the lab."""

    wall_s: float
    cpu_s: float
    open: int
    truth: int
    attempts: int


def _truth(hosts: int, ports: int) -> set[tuple[str, int]]:
    rng = random.Random(467)
    wanted = hosts * 467 // 254
    truth: set[tuple[str, int]] = set()
    while len(truth) < wanted:
        truth.add((f"10.66.0.{rng.randrange(1, hosts + 1)}", rng.randrange(1, ports + 1)))
    return truth


@contextmanager
def lab(truth: set[tuple[str, int]], *, loss: bool) -> Iterator[Wire]:
    """Make the wire; odd addresses drop what is not open, even ones refuse it."""
    drop = "numgen random mod 100 < 1 drop;" if loss else ""
    elements = ", ".join(f"{ip} . {port}" for ip, port in truth)
    with wire() as made, inside(made.scanner), made.listening(truth):
        made.nft(
            "table inet lab { set open { type ipv4_addr . inet_service; elements = {"
            f"{elements} }} }}\n"
            f" chain input {{ type filter hook input priority 0; {drop}"
            " ip daddr . tcp dport @open accept; ip daddr & 0.0.0.1 == 0.0.0.1 drop; }\n"
            f" chain output {{ type filter hook output priority 0; {drop} }}\n}}"
        )
        yield made


def ours(hosts: int, ports: int, *, loss: bool) -> Found:
    """Sweep the lab with the connect engine, limits lifted."""
    truth = _truth(hosts, ports)
    space = Space([run_of("10.66.0.1", hosts)], range(1, ports + 1), 3)
    found: list[Opened] = []

    async def main() -> int:
        gate = Gate(OpenScope(), LIFTED, half_open=_HALF_OPEN)
        engine = ConnectEngine(gate, sentinels=Sentinels(gate.dial))
        return (await sweep(space, MemoryLedger(), engine=engine, found=found)).attempts

    with lab(truth, loss=loss):
        wall, cpu = time.perf_counter(), time.process_time()
        attempts = trio.run(main)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    right = truth & {(each.target.ip, each.port) for each in found}
    return Found(wall, cpu, len(right), len(truth), attempts)


def nmap(hosts: int, ports: int) -> Found:
    """Sweep the lab with nmap's SYN scan."""
    truth = _truth(hosts, ports)
    with lab(truth, loss=False):
        before = os.times()
        started = time.perf_counter()
        told = subprocess.run(
            [
                *(
                    shutil.which("nmap") or "nmap",
                    "-sS",
                    "-T5",
                    "--min-rate",
                    "20000",
                    "--max-retries",
                    "1",
                ),
                *("-Pn", "-n", "-oG", "-", f"-p1-{ports}", f"10.66.0.1-{hosts}"),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        wall = time.perf_counter() - started
        after = os.times()
    found = {
        (host, int(port))
        for host, rest in re.findall(r"^Host: (\S+) .*?Ports: (.*)$", told.stdout, re.MULTILINE)
        for port in re.findall(r"(\d+)/open/", rest)
    }
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return Found(wall, cpu, len(truth & found), len(truth), 0)
