"""One process a run: two would measure everything twice, and at twice the agreed rate."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager

from core.errors import UsageError
from vigie.config import Settings


@contextmanager
def alone(settings: Settings, run_id: str) -> Generator[None]:
    """Hold a run while the body works on it; the kernel lets go when the process is killed.

    Raises :class:`core.errors.UsageError` when another process is at work on it.
    """
    folder = settings.state() / "running"
    path = folder / run_id
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                settings.say(
                    f"l'exécution {run_id} est encore en cours dans un autre processus",
                    f"run {run_id} is still at work in another process",
                )
            ) from None
        yield
        path.unlink(missing_ok=True)
    finally:
        os.close(handle)
