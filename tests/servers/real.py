"""Real servers, started on loopback and stopped with the test."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.conftest import missing

_SBIN = "/usr/sbin:/sbin:/usr/local/sbin"


def need(program: str) -> str:
    """Give the absolute path of a program; skip aloud (fail in CI) when it is not installed."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:{_SBIN}")
    if found is None and Path(program).is_file():
        found = program
    if found is None:
        missing(f"{program} is not installed")
        raise AssertionError
    return found


def free_port(ip: str = "127.0.0.1") -> int:
    """Give a TCP port that nothing listens on just now."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((ip, 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    argv: Sequence[str],
    port: int,
    *,
    ip: str = "127.0.0.1",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    ready_s: float = 20,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server in the foreground until it accepts connections; its group dies at the end."""
    log = Path(os.environ.get("TMPDIR", "/tmp")) / f"server-{os.getpid()}-{port}.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + ready_s
            while True:
                with suppress(OSError), socket.create_connection((ip, port), timeout=1):
                    break
                if server.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(
                        f"{argv[0]} did not start: {log.read_text(errors='replace')[-2000:]}"
                    )
                time.sleep(0.05)
            yield server
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, 15)
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, 9)
                server.wait(5)
            log.unlink(missing_ok=True)
