"""The files of a run: created for their owner alone, replaced whole or not at all."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import IO

from core.errors import StoreError


def write_private(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file 0600, atomically; on ``StoreError`` the older one stays."""
    with private_file(path) as file:
        for chunk in chunks:
            file.write(chunk)


@contextlib.contextmanager
def private_file(path: Path) -> Generator[IO[bytes]]:
    """Open a draft, 0600, that takes the place of a file when the body ends well."""
    try:
        _make_private(path.parent)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise not_written(path, error) from error
    try:
        # mkstemp made it 0600 already.
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        if isinstance(error, OSError):
            raise not_written(path, error) from error
        raise


def _make_private(folder: Path) -> None:
    # ``parents`` would make those above it as the umask says, open to all when it says nothing.
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def not_written(path: Path, error: OSError) -> StoreError:
    """Give the error of a file that could not be written."""
    return StoreError(
        f"{path}: {error.strerror}; what was measured stays in the store",
        place=str(path),
        problem="full" if is_full(error) else "read-only",
    )


def is_full(error: OSError) -> bool:
    """Tell whether what lacked is room: of the disk, of a quota, of a file."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
