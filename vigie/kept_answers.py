"""Answers of services, kept in the state folder for their owner alone; their age is told."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec

from core.errors import StoreError
from vigie.output import write_private

_LARGEST_BYTES = 32 << 20

Body = TypeVar("Body")


def utc_now() -> datetime:
    """Give the time, UTC."""
    return datetime.now(UTC)


class _File(msgspec.Struct, frozen=True):
    at: datetime
    body: msgspec.Raw


class Kept(NamedTuple, Generic[Body]):
    """One answer, and when it came."""

    at: datetime
    body: Body


class Shelf(Generic[Body]):
    """Answers of one shape in one folder, one file each; ``None`` as folder keeps nothing."""

    def __init__(
        self, folder: Path | None, shape: type[Body], now: Callable[[], datetime] = utc_now
    ) -> None:
        self._folder = folder
        self._now = now
        self._shape = shape

    def read(self, key: str, *, within: timedelta) -> Kept[Body] | None:
        """Give what was kept under a key, if it is no older; a file that makes no sense is none."""
        if self._folder is None:
            return None
        try:
            with self._path(key).open("rb") as file:
                data = file.read(_LARGEST_BYTES + 1)
            kept = msgspec.json.decode(data, type=_File)
            body = msgspec.json.decode(kept.body, type=self._shape)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if kept.at.tzinfo is None or not timedelta() <= self._now() - kept.at <= within:
            return None
        return Kept(kept.at, body)

    def write(self, key: str, body: Body) -> None:
        """Keep an answer; a disk that takes none costs only the next question."""
        if self._folder is None:
            return
        try:
            file = _File(self._now(), msgspec.Raw(msgspec.json.encode(body)))
            write_private(self._path(key), [msgspec.json.encode(file)])
        except StoreError:
            return

    def _path(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
