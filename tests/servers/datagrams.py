"""Servers over UDP: real ones, started until they answer; and our own, that may lie."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import Unanswered
from scanner.visit import Measured, Probe
from tests.scanner.visiting import measure_datagrams

ROOT = Path(__file__).parents[2]


def free_udp_port() -> int:
    """Give a UDP port of loopback that nothing holds just now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    argv: Sequence[str], log: Path, *, env: dict[str, str] | None = None
) -> Generator[None]:
    """Run a server in the foreground; its group dies at the end. ``log`` is shown if it ends."""
    with log.open("wb") as output:
        server = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        try:
            yield
            if server.poll() is not None:
                raise AssertionError(f"{argv[0]} ended: {log.read_text(errors='replace')[-2000:]}")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, 15)
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, 9)
                server.wait(5)


def answered(probe: Probe, port: int, *, within_s: float = 20) -> Measured:
    """Measure as soon as the server answers."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            measured = measure_datagrams(probe, port, patience_s=0.5)
        except Unanswered:
            measured = None
        if measured is not None:
            return measured
        assert time.monotonic() < deadline, f"{probe.name}: never an answer on {port}"
        time.sleep(0.1)


def in_namespace(setup: str, probe: str, port: int) -> str:
    """Run a server that insists on its own port in a namespace of its own; give all it showed.

    ``setup`` is shell that starts it in the background.
    """
    asked = (
        "from scanner.probes.registry import datagram_probes as d\n"
        "from tests.servers.datagrams import answered\n"
        f"probe = next(one for one in d() if one.name == {probe!r})\n"
        f"service = answered(probe, {port}).service\n"
        "print('|'.join(service.evidence + service.inner_names))\n"
    )
    script = f'ip link set lo up\n{setup}\n"$0" -c "$1"\ncode=$?\nkill %1 2>/dev/null\nexit $code'
    done = subprocess.run(
        ["unshare", "-n", "-m", "bash", "-c", f"set -m\n{script}", sys.executable, asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@contextmanager
def answering(answer: Callable[[bytes], bytes | None]) -> Generator[tuple[int, list[bytes]]]:
    """Serve on loopback; gives the port and all that was asked."""
    asked: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as served:
        served.bind(("127.0.0.1", 0))
        served.settimeout(0.1)
        done = threading.Event()

        def serve() -> None:
            while not done.is_set():
                try:
                    said, peer = served.recvfrom(65_536)
                except TimeoutError:
                    continue
                except OSError:
                    return
                asked.append(said)
                told = answer(said)
                if told is not None:
                    served.sendto(told, peer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield served.getsockname()[1], asked
        finally:
            done.set()
            thread.join()
