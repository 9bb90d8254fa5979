"""Feeds in one signed file, for machines without Internet.

A bundle is a ZIP of ``manifest.json``, ``signature.json`` and one file per feed. The signature
(Ed25519, RFC 8032) covers the bytes of the manifest, which holds the SHA-256 of every feed. Only
what the manifest names is read, and nothing before its signature is known to be of a trusted key.
"""

import base64
import binascii
import hashlib
import io
import zipfile
import zlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from core import feed_formats as formats
from core.errors import FeedFault, UsageError
from core.feeds import FEEDS, Edition
from vigie.feeds import Shelf
from vigie.output import write_private

LARGEST_BYTES = 256 << 20
"""Of a bundle, packed."""

_SCHEMA = "vigie.feeds-bundle/1"
_CONTEXT = b"vigie.feeds-bundle/1\n"
"""Before what is signed: a signature of this key on anything else is none on a bundle."""
_MANIFEST, _SIGNATURE = "manifest.json", "signature.json"
_LARGEST_MANIFEST = 1 << 20
_KEY_FILE, _TRUSTED_FILE = "bundle-key.pem", "trusted-keys.json"
_KEY_BYTES = 32


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle holds."""

    schema: str
    made_at: datetime
    editions: tuple[Edition, ...]


class _Signature(msgspec.Struct, frozen=True, kw_only=True):
    algorithm: str
    key: str
    signature: str


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle whose signature and checksums are right."""

    manifest: Manifest
    key: str
    """Public key that signed it, base64."""
    feeds: dict[str, bytes]


class KeyRing:
    """Our key for signing, made once, and the keys whose bundles are taken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def public(self) -> str | None:
        """Give our public key, base64; ``None`` before the first bundle."""
        return _public(self._load()) if (self._folder / _KEY_FILE).exists() else None

    def signer(self) -> Ed25519PrivateKey:
        """Give our key; made and written, readable by us alone, the first time."""
        if not (self._folder / _KEY_FILE).exists():
            made = Ed25519PrivateKey.generate()
            text = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_private(self._folder / _KEY_FILE, [text])
        return self._load()

    def _load(self) -> Ed25519PrivateKey:
        path = self._folder / _KEY_FILE
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
        except (ValueError, TypeError) as error:
            # The words of the library could quote the file.
            raise UsageError(f"{path}: not a key") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise UsageError(f"{path}: not an Ed25519 key")
        return key

    def trusted(self) -> tuple[str, ...]:
        """Give the public keys of others whose bundles are taken, sorted."""
        path = self._folder / _TRUSTED_FILE
        try:
            return msgspec.json.decode(path.read_bytes(), type=tuple[str, ...])
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: {error}") from error

    def trust(self, key: str) -> None:
        """Take the bundles of this key from now on."""
        keys = sorted({*self.trusted(), key})
        write_private(self._folder / _TRUSTED_FILE, [msgspec.json.encode(keys)])


def read_public_key(text: str) -> str:
    """Give a public key, as ``vigie feeds status`` shows it, checked; raises ``ValueError``."""
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
    if len(raw) != _KEY_BYTES:
        raise ValueError(f"{len(raw)} bytes instead of {_KEY_BYTES}")
    return base64.b64encode(raw).decode()


def make_bundle(shelf: Shelf, signer: Ed25519PrivateKey, now: datetime) -> tuple[bytes, Manifest]:
    """Give a bundle of every feed that is present; raises ``UsageError`` when there is none."""
    present = [(one[0].edition, one[1]) for one in map(shelf.present, FEEDS) if one]
    if not present:
        raise UsageError("no feed")
    manifest = Manifest(
        schema=_SCHEMA, made_at=now, editions=tuple(edition for edition, _ in present)
    )
    text = msgspec.json.encode(manifest)
    signature = _Signature(
        algorithm="Ed25519",
        key=_public(signer),
        signature=base64.b64encode(signer.sign(_CONTEXT + text)).decode(),
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_MANIFEST, text)
        archive.writestr(_SIGNATURE, msgspec.json.encode(signature))
        for edition, data in present:
            archive.writestr(edition.feed, data)
    return packed.getvalue(), manifest


def is_bundle(data: bytes) -> bool:
    """Tell a bundle from a feed by its first bytes."""
    return data.startswith(b"PK\x03\x04")


def open_bundle(data: bytes, trusted: Collection[str]) -> Bundle:
    """Give the feeds of a bundle; raises ``FeedFault`` ``altered``, ``untrusted``, ``invalid``."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _opened(archive, trusted)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        KeyError,
        ValueError,
        OSError,
        RuntimeError,
        NotImplementedError,
        OverflowError,
    ) as error:
        # What zipfile raises on bytes that were changed, packed or encrypted by another.
        raise FeedFault("", "altered", str(error)[:200]) from error


def _opened(archive: zipfile.ZipFile, trusted: Collection[str]) -> Bundle:
    text = _member(archive, _MANIFEST, _LARGEST_MANIFEST)
    told = _member(archive, _SIGNATURE, _LARGEST_MANIFEST)
    try:
        signature = msgspec.json.decode(told, type=_Signature)
        key = read_public_key(signature.key)
        signed = base64.b64decode(signature.signature, validate=True)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FeedFault("", "altered", _SIGNATURE) from error
    if key not in trusted:
        raise FeedFault("", "untrusted", key)
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(key)).verify(signed, _CONTEXT + text)
    except InvalidSignature as error:
        raise FeedFault("", "altered", _MANIFEST) from error
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FeedFault("", "invalid", str(error)) from error
    if manifest.schema != _SCHEMA:
        raise FeedFault("", "invalid", manifest.schema[:80])
    feeds: dict[str, bytes] = {}
    for edition in manifest.editions:
        # A later Vigie may know more feeds than this one.
        if edition.feed in FEEDS:
            data = _member(archive, edition.feed, formats.LARGEST_BYTES)
            if hashlib.sha256(data).hexdigest() != edition.sha256:
                raise FeedFault(edition.feed, "altered", edition.feed)
            feeds[edition.feed] = data
    return Bundle(manifest=manifest, key=key, feeds=feeds)


def _member(archive: zipfile.ZipFile, name: str, limit_bytes: int) -> bytes:
    if [one.filename for one in archive.infolist()].count(name) != 1:
        raise FeedFault("", "altered", name)
    with archive.open(name) as opened:
        data = opened.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise FeedFault("", "too-large", name)
    return data


def _public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()
