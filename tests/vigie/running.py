"""The command as typed, in a process and a state of its own, against a region of its own."""

import io
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from vigie.cli import run

ROOT = Path(__file__).parents[2]
SLOW = (
    ("packets_per_second = 20000", "packets_per_second = 1000"),
    ("packets_per_second_per_host = 400", "packets_per_second_per_host = 150"),
)
"""Edits of the region's inventory that make a scan of twelve hosts last some seconds."""


@dataclass(frozen=True)
class Region:
    """A demo region that is being served."""

    inventory: Path
    truth: dict[str, Any]
    process: "subprocess.Popen[str]"
    network: str

    def rewritten(self, to: Path, *changes: tuple[str, str]) -> Path:
        """Give its inventory with parts of the text replaced."""
        text = self.inventory.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        to.write_text(text, encoding="utf-8")
        return to


@contextmanager
def region(directory: Path, network: str, hosts: int = 12) -> Iterator[Region]:
    """Serve a demo region on ``network`` (its first two bytes) while the body runs.

    Where another run of these tests has it, one further on.
    """
    first, second = map(int, network.split("."))
    tries = [f"{first}.{second + further}" for further in (0, 50, 100, 150)]
    served = next(filter(None, (_serve(directory, one, hosts) for one in tries)), None)
    assert served is not None, "no network is free"
    with served.process:
        try:
            yield served
        finally:
            served.process.terminate()
            served.process.wait(10)


def _serve(directory: Path, network: str, hosts: int) -> Region | None:
    command = [
        *(sys.executable, "-m", "vigie.demo", "serve", "--dir", str(directory)),
        *("--hosts", str(hosts), "--network", network),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        with process:
            return None
    papers = json.loads(line)
    truth = json.loads(Path(papers["truth"]).read_text(encoding="utf-8"))
    return Region(Path(papers["inventory"]), truth, process, network)


@dataclass(frozen=True)
class Desk:
    """Where an operator types: a state folder and a folder of results of its own."""

    folder: Path
    prefix: tuple[str, ...] = ()
    """Words before the interpreter, such as those that enter a network namespace."""
    warnings: str = "error"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def database(self) -> Path:
        return self.state / "vigie.db"

    def words(self, *words: str | Path) -> list[str]:
        """Give the whole command line."""
        typed = map(str, words)
        return [*self.prefix, sys.executable, "-W", self.warnings, "-m", "vigie", *typed]

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Give the environment: ours, a state folder, and Python told to complain aloud."""
        own = {
            "VIGIE_STATE_DIR": str(self.state),
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": "utf-8",
        }
        return {**os.environ, **own, **(more or {})}

    def vigie(
        self,
        *words: str | Path,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 120,
    ) -> "subprocess.CompletedProcess[str]":
        """Run one command to its end."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return subprocess.run(
            self.words(*words),
            cwd=self.folder,
            env=self.environment(env),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def asked(self, *words: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run one command to its end in this process: quicker, for those that send nothing."""
        typed = [*map(str, words)]
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, {"VIGIE_STATE_DIR": str(self.state)}),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = run(typed)
        return subprocess.CompletedProcess(typed, code, out.getvalue(), err.getvalue())

    def started(
        self, *words: str | Path, env: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        """Start one command; its standard error goes to ``stderr.txt``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "stderr.txt").open("w") as errors:
            return subprocess.Popen(
                self.words(*words),
                cwd=self.folder,
                env=self.environment(env),
                stdout=subprocess.DEVNULL,
                stderr=errors,
                text=True,
            )

    @property
    def errors(self) -> str:
        """Give what the last started command wrote to standard error."""
        return (self.folder / "stderr.txt").read_text(encoding="utf-8")

    def results(self) -> dict[str, Any]:
        """Give ``findings.json``."""
        found: dict[str, Any] = json.loads((self.out / "findings.json").read_text("utf-8"))
        return found

    def log(self, event: str = "") -> list[dict[str, Any]]:
        """Give the events of ``run.log``."""
        path = self.out / "run.log"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        events = [json.loads(line) for line in lines]
        return [one for one in events if event in {"", one["event"]}]

    def wait_for_event(self, event: str, count: int = 1, timeout_s: float = 30) -> None:
        """Sleep until the log holds so many of these events."""
        ends = time.monotonic() + timeout_s
        while len(self.log(event)) < count:
            assert time.monotonic() < ends, f"{event} never came"
            time.sleep(0.02)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the store."""
        with closing(sqlite3.connect(self.database)) as store:
            return store.execute(query, values).fetchall()

    def wait_for_services(self, count: int = 1, timeout_s: float = 30) -> None:
        """Sleep until the store holds so many services."""
        ends = time.monotonic() + timeout_s
        query = "SELECT count(*) FROM observations WHERE kind = 'service'"
        while self.rows(query) < [(count,)]:
            assert time.monotonic() < ends, "no service came"
            time.sleep(0.02)

    def is_intact(self) -> bool:
        """Whether SQLite finds nothing wrong in the store."""
        return self.rows("PRAGMA integrity_check") == [("ok",)]


def facts(results: dict[str, Any]) -> dict[str, Any]:
    """Give what two runs of one region must agree on: all but times and ids."""
    kept = {key: results[key] for key in ("coverage", "services", "not_measured")}
    kept["findings"] = [
        {
            key: value
            for key, value in found.items()
            if key not in {"first_seen", "last_seen", "state"}
        }
        for found in results["findings"]
    ]
    return kept
