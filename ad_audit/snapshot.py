"""A forest in one file: typed, compressed, versioned, sealed; read again without the directory.

The file is a mark, then segments; a collection that was interrupted and taken up again has several.
A segment is a header in clear and numbered chunks, each sealed by AES-256-GCM under a key of the
segment, with the header and the number of the chunk, so that none can be changed, moved, removed
or taken from another file. A last chunk says how the collection ended: where it lacks, the file is
read as far as it is whole and says that it is not.
"""

import errno
import hashlib
import os
import struct
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from core.directory.raw import Collection, RawObject
from core.errors import SnapshotUnreadable, StoreError, UsageError
from core.secrets import Secret

_T = TypeVar("_T")
MARK = b"VIGIEAD1"
VERSION = 1
_LARGEST_HEADER = 16 << 10
_LARGEST_CHUNK = 80 << 20
_FLUSH_BYTES = 1 << 20
_COMPRESSION = 1
"""The first level of zlib: the next ones take longer than a controller takes to answer."""
_OWN_KEY_BYTES = 32
_LARGEST_KEY_FILE = 64 << 10
_SCRYPT = (17, 8, 1)
"""Logarithm of the cost, block size, parallelism: 128 MiB, half a second (OWASP, 2024)."""
_MOST_SCRYPT = (20, 16, 4)
_LEAST_RSA_BITS = 2_048

_HEAD, _OBJECTS, _DONE, _END = b"H", b"O", b"D", b"E"
_FRAME = struct.Struct(">cHHI")
_UNDECODED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on bytes that it did not write."""
_LENGTH = struct.Struct(">I")
_TAG_BYTES = 16


class Passphrase(msgspec.Struct, frozen=True):
    """Seals and opens by words that a person knows."""

    words: Secret


class OwnKey(msgspec.Struct, frozen=True):
    """Seals and opens by a key of this installation: see :func:`own_key`."""

    key: Secret
    """32 bytes in hexadecimal."""


class PublicKey(msgspec.Struct, frozen=True):
    """Seals for whoever holds the private key: X25519, or RSA of 2,048 bits at least, in PEM."""

    path: Path


class PrivateKey(msgspec.Struct, frozen=True):
    """Opens what was sealed for its public key."""

    path: Path
    password: Secret | None = None


class Clear(msgspec.Struct, frozen=True):
    """Not sealed: whoever holds the file reads the directory in it."""


Lock = Passphrase | OwnKey | PublicKey | Clear
Key = Passphrase | OwnKey | PrivateKey | Clear


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    snapshot: bytes
    segment: int
    lock: str
    """``clear``, ``passphrase``, ``own``, ``x25519`` or ``rsa``."""
    salt: bytes = b""
    scrypt: tuple[int, int, int] = (0, 0, 0)
    sender: bytes = b""
    wrapped: bytes = b""


class _Closing(msgspec.Struct, frozen=True, kw_only=True):
    collection: Collection
    objects: int


class PartState(msgspec.Struct, kw_only=True):
    """How far one part of a collection went."""

    number: int
    attempt: int = 0
    is_done: bool = False
    objects: int = 0
    descriptors: int = 0


class Progress(msgspec.Struct, kw_only=True):
    """What a collection needs in order to be taken up again; kept beside its unfinished file.

    It holds names of naming contexts and numbers, none of the objects.
    """

    version: int = VERSION
    snapshot: bytes = b""
    segments: int = 0
    offset: int = 0
    """Where the last finished part ends in the file."""
    collection: Collection | None = None
    parts: dict[str, PartState] = {}
    known: tuple[str, ...] = ()
    """Attributes of the schema, in lower case."""
    targets: tuple[str, ...] = ()
    """Names in DNS that delegations lead to."""
    recipient: str = ""
    """SHA-256 of the public key that it is for; empty: it is locked otherwise."""


class Writer:
    """Writes a snapshot under a temporary name; it takes its own when it is finished.

    Not for several threads at once.
    """

    def __init__(self, path: Path, lock: Lock, collection: Collection) -> None:
        """Begin; raises :class:`core.errors.UsageError` when the file or key cannot be used.

        Here and later, raises :class:`core.errors.StoreError` where no room is left.
        """
        self.path = path
        self.progress = Progress(
            snapshot=os.urandom(16), collection=collection, recipient=_recipient(lock)
        )
        self._lock = lock
        self._objects = 0
        self._buffers: dict[int, list[RawObject]] = {}
        self._sizes: dict[int, int] = {}
        self._attempts: dict[int, int] = {}
        # Before anything is truncated: a key that cannot be read must cost nothing.
        header, key = _header(lock, self.progress.snapshot, 0)
        self._file = _create(_partial(path))
        with _writing(path):
            self._file.write(MARK)
        self._begin(header, key)
        self._chunk(_HEAD, 0, 0, msgspec.msgpack.encode(collection))
        self.save(collection)

    @classmethod
    def resume(cls, path: Path, lock: Lock) -> "Writer | None":
        """Take up an unfinished snapshot; ``None`` when there is none that can be.

        Nor where it is locked otherwise: what opens its beginning would not open the rest.
        """
        progress = unfinished(path)
        if progress is None or not _is_of(progress, path, lock):
            return None
        writer = cls.__new__(cls)
        writer.path, writer.progress, writer._lock = path, progress, lock
        writer._objects = sum(one.objects for one in progress.parts.values() if one.is_done)
        writer._buffers, writer._sizes, writer._attempts = {}, {}, {}
        header, key = _header(lock, progress.snapshot, progress.segments)
        try:
            writer._file = _partial(path).open("r+b")
            writer._file.truncate(progress.offset)
            writer._file.seek(progress.offset)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
        writer._begin(header, key)
        return writer

    def start(self, part: str) -> PartState:
        """Begin a part, or begin it again: what an earlier attempt wrote counts no more."""
        state = self.progress.parts.get(part)
        if state is None:
            state = PartState(number=len(self.progress.parts))
            self.progress.parts[part] = state
        state.attempt += 1
        state.objects = state.descriptors = 0
        state.is_done = False
        self._buffers[state.number] = []
        self._sizes[state.number] = 0
        self._attempts[state.number] = state.attempt
        return state

    def add(self, state: PartState, objects: Iterable[RawObject], size_bytes: int) -> None:
        """Take objects of a part; ``size_bytes`` is about what they weigh."""
        self._buffers[state.number].extend(objects)
        self._sizes[state.number] += size_bytes
        if self._sizes[state.number] >= _FLUSH_BYTES:
            self._flush(state.number)

    def end(self, state: PartState, collection: Collection) -> None:
        """End a part: from here on a resume does not read it again."""
        self._flush(state.number)
        self._chunk(_DONE, state.number, state.attempt, b"")
        self._objects += state.objects
        state.is_done = True
        self.save(collection)

    def save(self, collection: Collection) -> None:
        """Keep what a resume needs."""
        beside = _beside(self.path)
        fresh = beside.with_suffix(".new")
        with _writing(self.path):
            self._file.flush()
            self.progress.collection = collection
            self.progress.offset = self._file.tell()
            with _create(fresh) as file:
                file.write(msgspec.msgpack.encode(self.progress))
            fresh.replace(beside)

    def finish(self, collection: Collection) -> Path:
        """Write how it ended, and give the file its name."""
        for number in self._buffers:
            self._flush(number)
        closing = _Closing(collection=collection, objects=self._objects)
        self._chunk(_END, 0, 0, msgspec.msgpack.encode(closing))
        with _writing(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            _partial(self.path).replace(self.path)
        with suppress(OSError):
            _beside(self.path).unlink()
        return self.path

    def close(self) -> None:
        """Leave it unfinished, to be taken up again."""
        # What a full disk did not take is told already, and lies in no finished part.
        with suppress(OSError):
            self._file.close()

    def _begin(self, header: _Header, key: bytes) -> None:
        raw = msgspec.msgpack.encode(header)
        self._seal = _Seal(raw, key)
        with _writing(self.path):
            self._file.write(_LENGTH.pack(len(raw)) + raw)
        self.progress.segments = header.segment + 1

    def _flush(self, number: int) -> None:
        objects = self._buffers[number]
        if objects:
            self._buffers[number], self._sizes[number] = [], 0
            self._chunk(_OBJECTS, number, self._attempts[number], msgspec.msgpack.encode(objects))

    def _chunk(self, kind: bytes, part: int, attempt: int, data: bytes) -> None:
        frame = _FRAME.pack(kind, part, attempt, len(data))
        sealed = self._seal.close(frame + zlib.compress(data, _COMPRESSION))
        with _writing(self.path):
            self._file.write(_LENGTH.pack(len(sealed)) + sealed)


@contextmanager
def _writing(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        problem = (
            "full" if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG} else "read-only"
        )
        raise StoreError(str(error), place=str(path), problem=problem) from error


def unfinished(path: Path) -> Progress | None:
    """Give how far an interrupted collection into that file went; ``None``: there is none."""
    try:
        progress = msgspec.msgpack.decode(_beside(path).read_bytes(), type=Progress)
        size = _partial(path).stat().st_size
    except (OSError, *_UNDECODED):
        return None
    if progress.version != VERSION or size < progress.offset or progress.collection is None:
        return None
    return progress


def _is_of(progress: Progress, path: Path, lock: Lock) -> bool:
    if isinstance(lock, PublicKey):
        return progress.recipient == _recipient(lock)
    try:
        read_snapshot(_partial(path), lock)
    except SnapshotUnreadable:
        return False
    return True


def _recipient(lock: Lock) -> str:
    if not isinstance(lock, PublicKey):
        return ""
    der = _public_key(lock.path).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


class _Place(NamedTuple):
    seal: "_Seal"
    number: int
    """Of the chunk in its segment."""
    offset: int
    size: int
    kind: bytes
    part: int
    attempt: int
    plain: int


def read_snapshot(path: Path, key: Key) -> tuple[Collection, Iterator[RawObject]]:
    """Open a snapshot: how the collection went, and its objects as they are read from the file.

    The whole file is verified first. Raises :class:`core.errors.SnapshotUnreadable` when it is not
    ours, newer, altered, or closed to this key. One that is cut short is read as far as it is
    whole: its ``finished_at`` is ``None`` and none of its contexts is whole.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise SnapshotUnreadable(str(path), "unreadable", error.strerror or "") from error
    with file:
        places, is_whole = _scan(path, file, key)
        collection = _collection(path, file, places, is_whole=is_whole)
    return collection, _objects(path, places)


def lock_of(path: Path) -> str:
    """Tell how a snapshot is sealed: ``clear``, ``passphrase``, ``own``, ``x25519`` or ``rsa``."""
    try:
        with path.open("rb") as file:
            mark = file.read(len(MARK))
            length = _LENGTH.unpack(_exactly(file, _LENGTH.size) or bytes(4))[0]
            raw = _exactly(file, min(length, _LARGEST_HEADER + 1))
    except OSError as error:
        raise SnapshotUnreadable(str(path), "unreadable", error.strerror or "") from error
    if mark != MARK or not raw:
        raise SnapshotUnreadable(str(path), "foreign")
    return _read_header(path, raw).lock


def own_key(state: Path) -> OwnKey:
    """Give the key of this installation, made on first use, for the owner of the state folder.

    Raises :class:`core.errors.UsageError` when the file cannot be used or others may read it.
    """
    path = state / "ad-audit.key"
    try:
        with suppress(FileExistsError):
            number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(number, "wb") as file:
                file.write(os.urandom(_OWN_KEY_BYTES))
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            key = file.read(_OWN_KEY_BYTES + 1)
    except OSError as error:
        raise SnapshotUnreadable(str(path), "bad-key-file", error.strerror or "") from error
    if mode & 0o077 or len(key) != _OWN_KEY_BYTES:
        raise SnapshotUnreadable(str(path), "bad-key-file", "0600, 32 bytes")
    return OwnKey(Secret(key.hex()))


def _scan(path: Path, file: BinaryIO, key: Key) -> tuple[list[_Place], bool]:
    """Verify every chunk; gives where they are, and whether the last one is there."""
    size = os.fstat(file.fileno()).st_size
    if file.read(len(MARK)) != MARK:
        raise SnapshotUnreadable(str(path), "foreign")
    places: list[_Place] = []
    snapshot, lock = b"", ""
    at = len(MARK)
    segment = 0
    seal: _Seal | None = None
    number = 0
    while at < size:
        length = _LENGTH.unpack(_exactly(file, _LENGTH.size) or bytes(4))[0]
        body = _exactly(file, length) if 0 < length <= _LARGEST_CHUNK else None
        if body is None:
            if length > _LARGEST_CHUNK:
                raise SnapshotUnreadable(str(path), "altered", f"{at}")
            break
        if seal is None or body[:1] != _SEALED:
            header = _read_header(path, body)
            # Whoever knows a public key, or needs none, could add a segment of another kind.
            if header.segment != segment or (snapshot, lock) != (
                (header.snapshot, header.lock) if segment else (b"", "")
            ):
                raise SnapshotUnreadable(str(path), "altered", f"{at}")
            snapshot, lock, segment, number = header.snapshot, header.lock, segment + 1, 0
            seal = _Seal(body, _unwrap(path, header, key))
        else:
            plain = seal.open(number, body)
            if plain is None or len(plain) < _FRAME.size:
                is_first = segment == 1 and number == 0
                raise SnapshotUnreadable(str(path), "key" if is_first else "altered", f"{at}")
            kind, part, attempt, expanded = _FRAME.unpack_from(plain)
            if expanded > _LARGEST_CHUNK:
                raise SnapshotUnreadable(str(path), "too-large", f"{at}")
            places.append(
                _Place(seal, number, at + _LENGTH.size, length, kind, part, attempt, expanded)
            )
            number += 1
        at += _LENGTH.size + length
    return places, bool(places) and places[-1].kind == _END and at == size


def _collection(
    path: Path, file: BinaryIO, places: Sequence[_Place], *, is_whole: bool
) -> Collection:
    if is_whole:
        closing = _decode(path, _plain(path, file, places[-1]), _Closing)
        return closing.collection
    head = next((one for one in places if one.kind == _HEAD), None)
    if head is None:
        raise SnapshotUnreadable(str(path), "altered", "head")
    collection = _decode(path, _plain(path, file, head), Collection)
    return msgspec.structs.replace(
        collection,
        finished_at=None,
        contexts=tuple(
            msgspec.structs.replace(one, is_whole=False, why=one.why or "snapshot-cut")
            for one in collection.contexts
        ),
    )


def _objects(path: Path, places: Sequence[_Place]) -> Iterator[RawObject]:
    last: dict[int, int] = {}
    done: dict[int, int] = {}
    for one in places:
        if one.kind == _OBJECTS:
            last[one.part] = max(last.get(one.part, 0), one.attempt)
        elif one.kind == _DONE:
            done[one.part] = one.attempt
    valid = {**last, **done}
    try:
        file = path.open("rb")
    except OSError as error:
        raise SnapshotUnreadable(str(path), "unreadable", error.strerror or "") from error
    with file:
        for one in places:
            if one.kind == _OBJECTS and valid[one.part] == one.attempt:
                yield from _decode(path, _plain(path, file, one), list[RawObject])


def _plain(path: Path, file: BinaryIO, place: _Place) -> bytes:
    file.seek(place.offset)
    sealed = _exactly(file, place.size)
    plain = place.seal.open(place.number, sealed) if sealed else None
    if plain is None:
        # It was whole a moment ago.
        raise SnapshotUnreadable(str(path), "altered", f"{place.offset}")
    expander = zlib.decompressobj()
    try:
        data = expander.decompress(plain[_FRAME.size :], place.plain + 1)
    except zlib.error as error:
        raise SnapshotUnreadable(str(path), "altered", str(error)) from error
    if len(data) != place.plain:
        raise SnapshotUnreadable(str(path), "altered", f"{place.offset}")
    return data


def _decode(path: Path, data: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except _UNDECODED as error:
        raise SnapshotUnreadable(str(path), "altered", type(error).__name__) from error


def _read_header(path: Path, raw: bytes) -> _Header:
    if len(raw) > _LARGEST_HEADER:
        raise SnapshotUnreadable(str(path), "altered", "header")
    try:
        version = msgspec.msgpack.decode(raw, type=_Versioned).version
        if version > VERSION:
            raise SnapshotUnreadable(str(path), "newer", f"{version}")
        return msgspec.msgpack.decode(raw, type=_Header)
    except _UNDECODED as error:
        raise SnapshotUnreadable(str(path), "altered", "header") from error


class _Versioned(msgspec.Struct, frozen=True):
    version: int


_SEALED = b"\x00"
"""First byte of a chunk; that of a header is a msgpack map, never zero."""


class _Seal:
    """Seals and opens the numbered chunks of one segment."""

    def __init__(self, header: bytes, key: bytes) -> None:
        self._bound = hashlib.sha256(header).digest()
        self._cipher = AESGCM(key) if key else None
        self._next = 0

    def close(self, plain: bytes) -> bytes:
        """Seal the next chunk."""
        number, self._next = self._next, self._next + 1
        if self._cipher is None:
            return _SEALED + self._sum(number, plain) + plain
        return _SEALED + self._cipher.encrypt(number.to_bytes(12, "big"), plain, self._bound)

    def open(self, number: int, sealed: bytes) -> bytes | None:
        """Give what a chunk holds; ``None``: another key, or altered."""
        body = sealed[1:]
        if sealed[:1] != _SEALED or len(body) < _TAG_BYTES:
            return None
        if self._cipher is None:
            plain = body[_TAG_BYTES:]
            return plain if body[:_TAG_BYTES] == self._sum(number, plain) else None
        try:
            return self._cipher.decrypt(number.to_bytes(12, "big"), body, self._bound)
        except InvalidTag:
            return None

    def _sum(self, number: int, plain: bytes) -> bytes:
        # Against accidents only: whoever alters a snapshot in clear can compute it again.
        return hashlib.blake2b(
            number.to_bytes(12, "big") + self._bound + plain, digest_size=_TAG_BYTES
        ).digest()


def _header(lock: Lock, snapshot: bytes, segment: int) -> tuple[_Header, bytes]:
    """Give the header of a segment and its key, empty when it is in clear."""
    key = os.urandom(32)
    salt = os.urandom(16)
    match lock:
        case Clear():
            return _Header(version=VERSION, snapshot=snapshot, segment=segment, lock="clear"), b""
        case Passphrase(words):
            return _Header(
                version=VERSION,
                snapshot=snapshot,
                segment=segment,
                lock="passphrase",
                salt=salt,
                scrypt=_SCRYPT,
                wrapped=_wrap(_from_words(words, salt, _SCRYPT), key),
            ), key
        case OwnKey(secret):
            return _Header(
                version=VERSION,
                snapshot=snapshot,
                segment=segment,
                lock="own",
                salt=salt,
                wrapped=_wrap(_derived(bytes.fromhex(secret.reveal()), salt, b"own"), key),
            ), key
        case PublicKey(path):
            public = _public_key(path)
            if isinstance(public, RSAPublicKey):
                return _Header(
                    version=VERSION,
                    snapshot=snapshot,
                    segment=segment,
                    lock="rsa",
                    wrapped=public.encrypt(key, _OAEP),
                ), key
            ours = X25519PrivateKey.generate()
            sender = ours.public_key().public_bytes_raw()
            bound = sender + public.public_bytes_raw()
            return _Header(
                version=VERSION,
                snapshot=snapshot,
                segment=segment,
                lock="x25519",
                salt=salt,
                sender=sender,
                wrapped=_wrap(_derived(ours.exchange(public), salt, bound), key),
            ), key


def _unwrap(path: Path, header: _Header, key: Key) -> bytes:
    """Give the key of a segment; raises when this key is not the one that opens it."""
    wrong = SnapshotUnreadable(str(path), "key", header.lock)
    match header.lock, key:
        case "clear", Clear():
            return b""
        case "passphrase", Passphrase(words):
            if any(one > most for one, most in zip(header.scrypt, _MOST_SCRYPT, strict=True)) or (
                min(header.scrypt) < 1
            ):
                raise SnapshotUnreadable(str(path), "altered", "scrypt")
            kept = _from_words(words, header.salt, header.scrypt)
        case "own", OwnKey(secret):
            kept = _derived(bytes.fromhex(secret.reveal()), header.salt, b"own")
        case "x25519" | "rsa", PrivateKey():
            private = _private_key(key)
            if isinstance(private, RSAPrivateKey) and header.lock == "rsa":
                try:
                    return _sized(wrong, private.decrypt(header.wrapped, _OAEP))
                except ValueError:
                    raise wrong from None
            if not isinstance(private, X25519PrivateKey) or header.lock != "x25519":
                raise wrong
            bound = header.sender + private.public_key().public_bytes_raw()
            try:
                shared = private.exchange(X25519PublicKey.from_public_bytes(header.sender))
            except ValueError:
                raise SnapshotUnreadable(str(path), "altered", "sender") from None
            kept = _derived(shared, header.salt, bound)
        case _:
            raise wrong
    try:
        opened = AESGCM(kept).decrypt(bytes(12), header.wrapped, b"vigie snapshot key")
    except InvalidTag:
        raise wrong from None
    return _sized(wrong, opened)


def _sized(wrong: SnapshotUnreadable, key: bytes) -> bytes:
    if len(key) != 32:
        raise wrong
    return key


def _wrap(kept: bytes, key: bytes) -> bytes:
    # A nonce of zeros: the key that wraps is derived with a fresh salt and used this once.
    return AESGCM(kept).encrypt(bytes(12), key, b"vigie snapshot key")


def _from_words(words: Secret, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    log_n, r, p = cost
    return Scrypt(salt=salt, length=32, n=1 << log_n, r=r, p=p).derive(words.reveal().encode())


def _derived(secret: bytes, salt: bytes, bound: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, b"vigie snapshot " + bound).derive(secret)


_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


def _public_key(path: Path) -> X25519PublicKey | RSAPublicKey:
    try:
        found = serialization.load_pem_public_key(_read_key_file(path))
    except ValueError as error:
        raise SnapshotUnreadable(str(path), "bad-key-file", "PEM") from error
    if isinstance(found, X25519PublicKey) or (
        isinstance(found, RSAPublicKey) and found.key_size >= _LEAST_RSA_BITS
    ):
        return found
    raise SnapshotUnreadable(str(path), "bad-key-file", "X25519, RSA >= 2048")


def _private_key(key: PrivateKey) -> X25519PrivateKey | RSAPrivateKey:
    password = key.password.reveal().encode() if key.password else None
    try:
        found = serialization.load_pem_private_key(_read_key_file(key.path), password)
    except (TypeError, ValueError) as error:
        # TypeError: a password was needed, or was not.
        raise SnapshotUnreadable(str(key.path), "bad-key-file", "PEM") from error
    if isinstance(found, X25519PrivateKey | RSAPrivateKey):
        return found
    raise SnapshotUnreadable(str(key.path), "bad-key-file", "X25519, RSA >= 2048")


def _read_key_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_KEY_FILE)
    except OSError as error:
        raise SnapshotUnreadable(str(path), "bad-key-file", error.strerror or "") from error


def _exactly(file: BinaryIO, size: int) -> bytes | None:
    data = file.read(size)
    return data if len(data) == size else None


def _create(path: Path) -> BinaryIO:
    try:
        with suppress(FileNotFoundError):
            path.unlink()
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    return os.fdopen(number, "w+b")


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.partial")


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.progress")
