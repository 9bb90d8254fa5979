"""A real PostgreSQL on loopback, and empty databases in it."""

import os
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.conftest import missing
from tests.servers.real import free_port, serving

HOST = "127.0.0.1"
_USER = "vigie"
_STARTS_S = 60.0


class Cluster:
    """One running server, of which every user is trusted from loopback."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._made = 0

    def database(self) -> str:
        """Create an empty database; gives its URL, without any secret."""
        self._made += 1
        name = f"vigie_{self._made}"
        with psycopg.connect(self._admin(), autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{_USER}@{HOST}:{self.port}/{name}"

    def wait(self) -> None:
        """Wait until it takes sessions: its port is open before it does."""
        until = time.monotonic() + _STARTS_S
        while True:
            try:
                psycopg.connect(self._admin()).close()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
            else:
                return

    def _admin(self) -> str:
        return f"host={HOST} port={self.port} user={_USER} dbname=postgres"


@contextmanager
def postgres() -> Generator[Cluster]:
    """Start a server with its data in a temporary folder; skip aloud where it is missing."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        missing("postgresql is not installed")
    bins = found[-1].parent
    # It refuses to run as root.
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="vigie-pg-") as top:
        folder = Path(top)
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if as_user:
            subprocess.run(["chown", "postgres", str(data)], check=True)
        made = [*as_user, f"{bins}/initdb", "-D", str(data), "-N", "-E", "UTF8", "--no-locale"]
        made += ["-U", _USER, "--auth=trust"]
        subprocess.run(made, check=True, capture_output=True, cwd=folder)
        port = free_port()
        # Durability is not what is tested: without fsync a run of tests is three times as fast.
        server = [f"{bins}/postgres", "-D", str(data), "-h", HOST, "-p", str(port), "-k", "", "-F"]
        with serving([*as_user, *server], port):
            one = Cluster(port)
            one.wait()
            yield one


@pytest.fixture(scope="session")
def cluster() -> Generator[Cluster]:
    """One server for all tests that need it."""
    with postgres() as one:
        yield one
