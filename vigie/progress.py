"""Progress on stderr: a live bar on a terminal, plain lines elsewhere, JSON for machines."""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from core.errors import UsageError
from core.model import Criticality, Flagged, Judged
from vigie.config import Settings
from vigie.output import not_written
from vigie.wording import counted

_PLAIN_EVERY_S = 10.0


class Journal:
    """The run's log file, one line an event; also tells the screen what concerns people."""

    def __init__(self, path: Path | None, settings: Settings) -> None:
        self._file: IO[bytes] | None = None
        self._settings = settings
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                # Opened private from its first byte: it names assets.
                handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            except OSError as error:
                raise UsageError(
                    settings.say(
                        f"dossier des résultats inutilisable : {path.parent} ({error.strerror})",
                        f"folder of results cannot be used: {path.parent} ({error.strerror})",
                    )
                ) from error
            self._path = path
            # Unbuffered: a line that a full disk refused is not tried again at the end.
            self._file = os.fdopen(handle, "ab", buffering=0)

    def note(self, event: str, **values: object) -> None:
        """Write one event; never a secret."""
        line = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "event": event,
            **values,
        }
        text = json.dumps(line, ensure_ascii=False, default=str)
        if self._file is not None:
            try:
                self._file.write(text.encode() + b"\n")
            except OSError as error:
                raise not_written(self._path, error) from error
        if self._settings.json_log:
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


class Screen:
    """What a person sees while a scan runs. ``total`` pairs; ``done`` is read at each refresh."""

    def __init__(
        self, settings: Settings, journal: Journal, *, total: int, done: Callable[[], int]
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._total = total
        self._done = done
        self._open = 0
        self._grave: Counter[Criticality] = Counter()
        self._plain_at = time.monotonic()
        self._bar: Progress | None = None
        show = not settings.quiet and not settings.json_log
        self._plain = show and not sys.stderr.isatty()
        if show and sys.stderr.isatty():
            self._bar = Progress(
                TextColumn("[bold]{task.percentage:>3.0f} %"),
                BarColumn(),
                TextColumn("{task.description}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task(self._text(), total=total)

    def __enter__(self) -> "Screen":
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def opened(self) -> None:
        """Count one open port."""
        self._open += 1

    def judged(self, one: Judged, default: Criticality) -> None:
        """Count one finding."""
        if isinstance(one.verdict, Flagged):
            self._grave[one.verdict.criticality or default] += 1

    def refresh(self) -> None:
        """Show where the scan stands; called about twice a second."""
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done(), description=self._text())
        elif self._plain and time.monotonic() - self._plain_at >= _PLAIN_EVERY_S:
            self._plain_at = time.monotonic()
            share = 100 * self._done() // max(1, self._total)
            print(f"{share:3d} %  {self._text()}", file=sys.stderr, flush=True)
        elif self._settings.json_log and time.monotonic() - self._plain_at >= _PLAIN_EVERY_S:
            self._plain_at = time.monotonic()
            grave = {key.value: count for key, count in self._grave.items()}
            self._journal.note(
                "progress", done=self._done(), total=self._total, open=self._open, findings=grave
            )

    def _text(self) -> str:
        french = 0 if self._settings.language.value == "fr" else 1
        parts = [f"{self._open} " + ("ports ouverts", "open ports")[french]]
        for criticality in reversed(Criticality):
            if self._grave[criticality] and criticality is not Criticality.INFO:
                parts.append(
                    counted(criticality, self._grave[criticality], self._settings.language)
                )
        return ", ".join(parts)
