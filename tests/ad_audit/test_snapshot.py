"""Snapshots: sealed and opened every way, cut, altered, foreign or newer."""

import stat
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ad_audit import snapshot
from ad_audit.snapshot import (
    Clear,
    Key,
    Lock,
    OwnKey,
    Passphrase,
    PrivateKey,
    PublicKey,
    Writer,
    lock_of,
    own_key,
    read_snapshot,
    unfinished,
)
from core.directory.raw import Collection, Context, RawObject
from core.errors import SnapshotUnreadable, StoreError, UsageError
from core.secrets import Secret

COLLECTION = Collection(
    vigie_version="0",
    forest="chu.example",
    root_dn="DC=chu,DC=example",
    account="audit@chu.example",
    started_at=datetime(2026, 11, 22, tzinfo=UTC),
    contexts=(Context(dn="DC=chu,DC=example", kind="domain"),),
)
ENDED = msgspec.structs.replace(COLLECTION, finished_at=datetime(2026, 11, 22, 1, tzinfo=UTC))
OWN = OwnKey(Secret("07" * 32))
OBJECTS = [
    RawObject(
        context=0,
        dn=f"CN=Zoé {number},DC=chu,DC=example",
        attributes={"cn": (b"x", bytes(number))},
    )
    for number in range(200)
]


def write(path: Path, lock: Lock, objects: list[RawObject] = OBJECTS) -> Path:
    writer = Writer(path, lock, COLLECTION)
    for part in ("a", "b"):
        state = writer.start(part)
        for at in range(0, len(objects), 50):
            chosen = objects[at : at + 50] if part == "a" else []
            writer.add(state, chosen, 1_100_000)
            state.objects += len(chosen)
        writer.end(state, COLLECTION)
    return writer.finish(ENDED)


def problem(path: Path, key: Key) -> str:
    with pytest.raises(SnapshotUnreadable) as caught:
        list(read_snapshot(path, key)[1])
    return caught.value.problem


def keys(folder: Path, kind: str) -> tuple[Lock, Key]:
    match kind:
        case "clear":
            return Clear(), Clear()
        case "passphrase":
            lock = Passphrase(Secret("trois petits chats"))
            return lock, lock
        case "own":
            return OWN, OWN
        case "x25519":
            private: X25519PrivateKey | rsa.RSAPrivateKey = X25519PrivateKey.generate()
        case _:
            private = rsa.generate_private_key(65_537, 2_048)
    (folder / "private.pem").write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"word"),
        )
    )
    (folder / "public.pem").write_bytes(
        private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return PublicKey(folder / "public.pem"), PrivateKey(folder / "private.pem", Secret("word"))


KINDS = ["clear", "passphrase", "own", "x25519", "rsa"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read(kind: str, tmp_path: Path) -> None:
    lock, key = keys(tmp_path, kind)
    path = write(tmp_path / "s", lock)
    collection, objects = read_snapshot(path, key)
    assert collection == ENDED
    assert list(objects) == OBJECTS
    assert lock_of(path) == kind
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (b"Zo\xc3\xa9" in path.read_bytes()) is False


@pytest.mark.parametrize("kind", KINDS[1:])
def test_another_key_opens_nothing(kind: str, tmp_path: Path) -> None:
    lock, _ = keys(tmp_path, kind)
    path = write(tmp_path / "s", lock)
    for other in (Passphrase(Secret("x")), OwnKey(Secret("08" * 32)), Clear()):
        assert problem(path, other) == "key"
    (tmp_path / "other").mkdir()
    for each in ("x25519", "rsa"):
        assert problem(path, keys(tmp_path / "other", each)[1]) == "key"


def test_a_snapshot_in_clear_is_not_taken_for_a_sealed_one(tmp_path: Path) -> None:
    assert problem(write(tmp_path / "s", Clear()), OWN) == "key"


@pytest.mark.parametrize("lock", [Clear(), OWN])
def test_a_cut_snapshot_is_read_as_far_as_it_is_whole(lock: Clear | OwnKey, tmp_path: Path) -> None:
    path = write(tmp_path / "s", lock)
    whole = path.read_bytes()
    seen: set[int] = set()
    refused: dict[int, str] = {}
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        try:
            collection, objects = read_snapshot(path, lock)
        except SnapshotUnreadable as error:
            refused[size] = error.problem
            continue
        assert collection.finished_at is None
        assert [one.why for one in collection.contexts] == ["snapshot-cut"]
        found = list(objects)
        assert found == OBJECTS[: len(found)]
        seen.add(len(found))
    assert {0, 50, 100, 150, 200} == seen
    assert set(refused.values()) <= {"foreign", "altered"}
    assert max(refused) < 700


@given(st.integers(0, 1 << 30), st.integers(1, 255))
def test_a_changed_byte_is_never_believed(at: int, by: int) -> None:
    raw = bytearray(_sealed())
    raw[at % len(raw)] ^= by
    path = _FOLDER / "altered"
    path.write_bytes(bytes(raw))
    with suppress(SnapshotUnreadable):
        collection, objects = read_snapshot(path, OWN)
        found = list(objects)
        # A length that was changed to reach beyond the end: the file looks cut.
        assert collection.finished_at is None
        assert found == OBJECTS[: len(found)]


@given(st.integers(0, 1 << 30), st.integers(1, 255))
def test_a_changed_byte_in_clear_is_read_or_told(at: int, by: int) -> None:
    path = _FOLDER / "clear"
    raw = bytearray(_CACHE.get("clear") or write(path, Clear()).read_bytes())
    _CACHE.setdefault("clear", bytes(raw))
    raw[at % len(raw)] ^= by
    path.write_bytes(bytes(raw))
    with suppress(SnapshotUnreadable):
        list(read_snapshot(path, Clear())[1])


@given(st.integers(0, 1 << 30), st.binary(max_size=6), st.integers(0, 6))
def test_what_a_chunk_holds_is_read_or_told(at: int, put: bytes, cut: int) -> None:
    # Nothing seals a snapshot in clear: what is inside may be anything at all.
    def spoilt(data: bytes, level: int) -> bytes:
        where = at % (len(data) + 1)
        return real(data[:where] + put + data[where + cut :], level)

    path = _FOLDER / "spoilt"
    real = zlib.compress
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zlib, "compress", spoilt)
        write(path, Clear(), OBJECTS[:60])
    with suppress(SnapshotUnreadable):
        list(read_snapshot(path, Clear())[1])


def test_chunks_cannot_be_moved_or_removed(tmp_path: Path) -> None:
    path = write(tmp_path / "s", OWN)
    chunks = _chunks(path.read_bytes())
    assert len(chunks) > 6
    for changed in (
        [*chunks[:3], chunks[4], chunks[3], *chunks[5:]],
        [*chunks[:3], *chunks[4:]],
        [*chunks[:4], *chunks[3:]],
    ):
        path.write_bytes(snapshot.MARK + b"".join(changed))
        assert problem(path, OWN) == "altered"


def test_segments_cannot_be_added(tmp_path: Path) -> None:
    path = write(tmp_path / "s", OWN)
    for lock in (Clear(), OWN):
        other = write(tmp_path / "t", lock)
        path.write_bytes(path.read_bytes() + other.read_bytes()[len(snapshot.MARK) :])
        assert problem(path, OWN) == "altered"


def test_a_newer_snapshot_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "VERSION", 2)
    path = write(tmp_path / "s", OWN)
    monkeypatch.undo()
    assert problem(path, OWN) == "newer"


@pytest.mark.parametrize("content", [b"", b"VIGIE", b"PK\x03\x04" + bytes(200)])
def test_a_foreign_file_is_told(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_bytes(content)
    assert problem(path, OWN) == "foreign"
    with pytest.raises(SnapshotUnreadable):
        lock_of(path)
    assert problem(tmp_path / "none", OWN) == "unreadable"


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pack(*arguments: object) -> bytes:
        kind, part, attempt, _ = arguments
        return real(kind, part, attempt, 10)

    path = tmp_path / "s"
    real = snapshot._FRAME.pack  # pyright: ignore[reportPrivateUsage]
    frame = type("Frame", (), {"pack": staticmethod(pack)})
    monkeypatch.setattr(snapshot, "_FRAME", frame)
    write(path, OWN)
    monkeypatch.undo()
    assert problem(path, OWN) == "altered"


@given(st.binary(max_size=300))
def test_any_bytes_after_the_mark_are_refused(data: bytes) -> None:
    path = _FOLDER / "any"
    path.write_bytes(snapshot.MARK + data)
    with pytest.raises(SnapshotUnreadable):
        list(read_snapshot(path, OWN)[1])


def test_the_own_key_is_made_once_and_kept_close(tmp_path: Path) -> None:
    first = own_key(tmp_path)
    path = tmp_path / "ad-audit.key"
    assert own_key(tmp_path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "ad-audit" not in repr(first)
    assert path.read_bytes().hex() not in repr(first)
    path.chmod(0o640)
    with pytest.raises(SnapshotUnreadable):
        own_key(tmp_path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(SnapshotUnreadable):
        own_key(tmp_path)


def test_a_weak_or_absent_public_key_costs_nothing(tmp_path: Path) -> None:
    weak = rsa.generate_private_key(65_537, 1_024).public_key()
    (tmp_path / "weak.pem").write_bytes(
        weak.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    for name in ("weak.pem", "none.pem"):
        with pytest.raises(SnapshotUnreadable):
            Writer(tmp_path / "s", PublicKey(tmp_path / name), COLLECTION)
    assert not list(tmp_path.glob("s*"))
    with pytest.raises(UsageError):
        Writer(tmp_path / "no" / "s", OWN, COLLECTION)


@pytest.mark.parametrize("kind", ["passphrase", "x25519"])
def test_an_unfinished_one_is_taken_up_again(kind: str, tmp_path: Path) -> None:
    lock, key = keys(tmp_path, kind)
    path = tmp_path / "s"
    writer = Writer(path, lock, COLLECTION)
    done, lost = writer.start("done"), writer.start("lost")
    writer.add(done, OBJECTS[:3], 10)
    done.objects = 3
    writer.end(done, COLLECTION)
    writer.add(lost, OBJECTS[3:5], 2_000_000)
    writer.close()
    assert not path.exists()
    progress = unfinished(path)
    assert progress is not None
    assert [one.is_done for one in progress.parts.values()] == [True, False]

    again = Writer.resume(path, lock)
    assert again is not None
    once = again.start("lost")
    # Cut, and begun again: what the first attempt wrote counts no more.
    again.add(once, OBJECTS[3:5], 2_000_000)
    twice = again.start("lost")
    again.add(twice, OBJECTS[5:9], 10)
    again.end(twice, COLLECTION)
    again.finish(ENDED)
    collection, objects = read_snapshot(path, key)
    assert collection == ENDED
    assert list(objects) == [*OBJECTS[:3], *OBJECTS[5:9]]
    assert unfinished(path) is None
    assert Writer.resume(path, lock) is None


@pytest.mark.parametrize("kind", KINDS)
def test_one_under_another_lock_is_not_taken_up(kind: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    lock, _ = keys(tmp_path, kind)
    other, _ = keys(tmp_path / "other", kind)
    if kind == "passphrase":
        other = Passphrase(Secret("quatre petits chats"))
    elif kind == "own":
        other = OwnKey(Secret("08" * 32))
    elif kind == "clear":
        other = OWN
    path = tmp_path / "s"
    writer = Writer(path, lock, COLLECTION)
    writer.end(writer.start("a"), COLLECTION)
    writer.close()
    assert Writer.resume(path, other) is None
    again = Writer.resume(path, lock)
    assert again is not None
    again.close()


def test_a_full_disk_is_told_as_one_and_the_rest_is_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s"
    writer = Writer(path, OWN, COLLECTION)
    done = writer.start("done")
    writer.add(done, OBJECTS[:3], 10)
    done.objects = 3
    writer.end(done, COLLECTION)
    with monkeypatch.context() as full:
        full.setattr(writer, "_file", Path("/dev/full").open("r+b"))  # noqa: SIM115 - it closes it
        with pytest.raises(StoreError) as caught:
            writer.end(writer.start("lost"), COLLECTION)
        assert (caught.value.problem, caught.value.place) == ("full", str(path))
        writer.close()
    writer.close()
    again = Writer.resume(path, OWN)
    assert again is not None
    again.finish(ENDED)
    assert list(read_snapshot(path, OWN)[1]) == OBJECTS[:3]


@given(st.binary(max_size=200))
def test_any_progress_file_is_read_or_passed_over(data: bytes) -> None:
    path = _FOLDER / "progress"
    (_FOLDER / "progress.partial").write_bytes(b"")
    (_FOLDER / "progress.progress").write_bytes(data)
    assert unfinished(path) is None


_FOLDER = Path()
_CACHE: dict[str, bytes] = {}


@pytest.fixture(autouse=True, scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    # hypothesis wants no fixture of a single test.
    globals()["_FOLDER"] = tmp_path_factory.mktemp("snapshots")


def _sealed() -> bytes:
    if "raw" not in _CACHE:
        _CACHE["raw"] = write(_FOLDER / "sealed", OWN).read_bytes()
    return _CACHE["raw"]


def _chunks(raw: bytes) -> list[bytes]:
    at = len(snapshot.MARK)
    found: list[bytes] = []
    while at < len(raw):
        size = 4 + int.from_bytes(raw[at : at + 4], "big")
        found.append(raw[at : at + size])
        at += size
    return found
