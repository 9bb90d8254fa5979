"""The state of an operator in one file, taken while Vigie works, and put back elsewhere.

The file is a compressed tar: a manifest with the digest of each part, the store as it was at one
moment (SQLite's own online copy, or ``pg_dump``), then the files of the state folder. It holds
findings and keys: 0600 when it is a file, for a pipe to an encrypting program otherwise.
"""

import gzip
import hashlib
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec
from sqlalchemy.engine import make_url

from core.errors import StoreError, UsageError
from core.store.store import Store
from vigie import __version__
from vigie.alone import alone
from vigie.config import Settings
from vigie.output import not_written

SCHEMA = "vigie.backup/1"
_MANIFEST = "manifest.json"
_SQLITE, _POSTGRESQL = "store.sqlite", "store.pgdump"
_FILES = "state"
_NOT_KEPT = {"running"}
"""Locks of processes at work: they mean nothing elsewhere."""
_LARGEST_MANIFEST = 64 << 20
_READ_BYTES = 1 << 20


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a backup."""

    name: str
    """Path in the archive: the store, or ``state/…``."""
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    schema: str
    vigie_version: str
    taken_at: datetime
    parts: tuple[Part, ...]

    @property
    def store(self) -> str:
        """Name of the part that is the store; empty when there is none."""
        return next((one.name for one in self.parts if one.name in {_SQLITE, _POSTGRESQL}), "")


def take(settings: Settings, out: IO[bytes]) -> Manifest:
    """Write a backup of the state folder and of the store; what is at work goes on.

    Raises :class:`core.errors.StoreError` when something cannot be read whole: a backup that lacks
    a part is none.
    """
    state = settings.state()
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=state) as top:
        staged = Path(top)
        # The store first: a file that it names was there before.
        _copy_store(settings, staged)
        _stage_files(settings, state, staged / _FILES)
        parts = tuple(_part(staged, path) for path in _below(staged))
        manifest = Manifest(
            schema=SCHEMA, vigie_version=__version__, taken_at=datetime.now(UTC), parts=parts
        )
        told = msgspec.json.format(msgspec.json.encode(manifest))
        try:
            # Streamed, for a pipe too.
            with tarfile.open(fileobj=out, mode="w|gz") as archive:
                (staged / _MANIFEST).write_bytes(told)
                _add(archive, staged / _MANIFEST, _MANIFEST, len(told))
                for one in parts:
                    _add(archive, staged / one.name, one.name, one.size)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise not_written(Path(getattr(out, "name", "-")), error) from error
    return manifest


def put_back(settings: Settings, source: IO[bytes], *, replace: bool = False) -> Manifest:
    """Restore a backup, once all of it was read and found whole.

    Raises :class:`core.errors.UsageError` on a file that is no backup, is altered or cut, or where
    a store is in the way, or somebody at work; nothing is touched then. ``replace`` sets an SQLite
    store aside first.
    """
    state = settings.state()
    for work in sorted((state / "running").glob("*")):
        # Whoever is at work would go on writing to what is set aside.
        with alone(settings, work.name):
            pass
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=state) as top:
        staged = Path(top)
        try:
            manifest = _read(settings, source, staged)
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise not_written(state, error) from error
            raise _not_whole(settings, str(error)) from error
        _restore_store(settings, staged, manifest, replace=replace)
        for one in manifest.parts:
            if not one.name.startswith(f"{_FILES}/"):
                continue
            target = state / PurePosixPath(one.name).relative_to(_FILES)
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            (staged / one.name).replace(target)
    # Brought up to date at once, or refused: a store of a newer Vigie is not left to be found out.
    settings.open_store().close()
    return manifest


def _copy_store(settings: Settings, staged: Path) -> None:
    url = make_url(settings.store_url())
    # Opened as ever first: an older one is migrated, one that cannot be read says so.
    Store(settings.store_url()).close()
    if url.get_backend_name() == "sqlite":
        assert url.database is not None
        _private(staged / _SQLITE)
        try:
            with (
                closing(sqlite3.connect(url.database)) as there,
                closing(sqlite3.connect(staged / _SQLITE)) as here,
            ):
                there.backup(here, pages=2_000, sleep=0.01)
                here.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            raise StoreError(f"{url.database}: {error}", place=url.database) from error
        return
    _private(staged / _POSTGRESQL)
    _run(
        settings,
        ["pg_dump", "--format=custom", "--no-owner", f"--file={staged / _POSTGRESQL}"],
    )


def _restore_store(settings: Settings, staged: Path, manifest: Manifest, *, replace: bool) -> None:
    url = make_url(settings.store_url())
    is_sqlite = url.get_backend_name() == "sqlite"
    if manifest.store != (_SQLITE if is_sqlite else _POSTGRESQL):
        raise UsageError(
            settings.say(
                "cette sauvegarde est celle d'une base d'une autre sorte : donnez --db "
                + ("postgresql+psycopg://…" if is_sqlite else "sqlite:///…"),
                "this backup is of a store of another kind: give --db "
                + ("postgresql+psycopg://…" if is_sqlite else "sqlite:///…"),
            )
        )
    if not is_sqlite:
        # It refuses, and undoes all, where a table of that name is there already.
        _run(
            settings,
            [
                *("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction"),
                str(staged / _POSTGRESQL),
            ],
        )
        return
    assert url.database is not None
    target = Path(url.database)
    if target.exists():
        if not replace:
            raise UsageError(
                settings.say(
                    f"{target} existe déjà ; avec --replace, elle est mise de côté, puis remplacée",
                    f"{target} is there already; with --replace it is set aside, then replaced",
                )
            )
        aside = target.with_name(f"{target.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        for end in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                target.with_name(target.name + end).replace(aside.with_name(aside.name + end))
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Another file system than the state folder's, perhaps.
    shutil.move(staged / _SQLITE, target)


def _run(settings: Settings, command: list[str]) -> None:
    """Run a program of PostgreSQL's on the store; its password comes from PGPASSFILE."""
    url = make_url(settings.store_url()).set(drivername="postgresql")
    program = shutil.which(command[0])
    if program is None:
        raise UsageError(
            settings.say(
                f"{command[0]} n'est pas installé ; Debian : paquet postgresql-client",
                f"{command[0]} is not installed; Debian: package postgresql-client",
            )
        )
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own, on the store that the operator named
        [program, f"--dbname={url.render_as_string()}", *command[1:]],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[:300]
        raise StoreError(f"{command[0]}: {said}", place=url.render_as_string())


def _stage_files(settings: Settings, state: Path, staged: Path) -> None:
    staged.mkdir(mode=0o700)
    url = make_url(settings.store_url())
    stores = {"vigie.db"}
    if url.get_backend_name() == "sqlite":
        stores.add(Path(url.database or "").name)
    for path in _below(state):
        name = path.relative_to(state)
        is_draft = any(one.startswith(".") for one in name.parts)
        # The store, its journals, and those set aside by an earlier restore.
        is_store = len(name.parts) == 1 and any(
            name.name == one or name.name.startswith((f"{one}-", f"{one}.")) for one in stores
        )
        if is_draft or is_store or name.parts[0] in _NOT_KEPT:
            continue
        target = staged / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Our files are replaced whole, or only added to: a second name holds this state.
        with suppress(FileNotFoundError):
            try:
                os.link(path, target)
            except OSError:
                shutil.copy2(path, target)


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def _part(staged: Path, path: Path) -> Part:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        # A log at work grows on: what it held now is what is kept.
        size = left = os.fstat(file.fileno()).st_size
        while left and (chunk := file.read(min(left, _READ_BYTES))):
            digest.update(chunk)
            left -= len(chunk)
    return Part(name=path.relative_to(staged).as_posix(), size=size, sha256=digest.hexdigest())


def _add(archive: tarfile.TarFile, path: Path, name: str, size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(path.stat().st_mtime)
    with path.open("rb") as file:
        archive.addfile(entry, file)


def _read(settings: Settings, source: IO[bytes], staged: Path) -> Manifest:
    """Unpack into ``staged`` what the manifest names, nothing else, and compare."""
    # tarfile's own reading of gzip fails oddly on one that is cut in its first bytes.
    with (
        gzip.GzipFile(fileobj=source) as plain,
        tarfile.open(fileobj=plain, mode="r|") as archive,
    ):
        entries = iter(archive)
        first = next(entries, None)
        data = archive.extractfile(first) if first and first.name == _MANIFEST else None
        if data is None or first is None or first.size > _LARGEST_MANIFEST:
            raise _not_whole(settings, _MANIFEST)
        try:
            manifest = msgspec.json.decode(data.read(), type=Manifest)
        except msgspec.MsgspecError as error:
            raise _not_whole(settings, str(error)) from error
        if manifest.schema != SCHEMA:
            raise UsageError(
                settings.say(
                    "sauvegarde écrite par une version plus récente de Vigie",
                    "backup written by a newer Vigie",
                )
            )
        awaited = {one.name: one for one in manifest.parts}
        for entry in entries:
            part = awaited.pop(entry.name, None)
            data = archive.extractfile(entry) if entry.isreg() else None
            if part is None or data is None or entry.size != part.size or not _is_inside(part.name):
                raise _not_whole(settings, entry.name[:100])
            target = staged / part.name
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _private(target)
            digest = hashlib.sha256()
            with target.open("wb") as file:
                while chunk := data.read(_READ_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
            if digest.hexdigest() != part.sha256:
                raise _not_whole(settings, part.name)
    if awaited:
        raise _not_whole(settings, next(iter(awaited)))
    return manifest


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    is_plain = not path.is_absolute() and ".." not in path.parts and "\0" not in name
    return is_plain and (name in {_SQLITE, _POSTGRESQL} or path.parts[0] == _FILES)


def _private(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))


def _not_whole(settings: Settings, detail: str) -> UsageError:
    return UsageError(
        settings.say(
            f"ce fichier n'est pas une sauvegarde entière de Vigie ({detail}) ; rien n'a été "
            "rétabli",
            f"this file is no whole backup of Vigie ({detail}); nothing was restored",
        )
    )
