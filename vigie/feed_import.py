"""Feeds taken from files: signed bundles, or the makers' own files, told by their content."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from core import feed_formats as formats
from core.errors import FeedFault
from core.feed_formats import Document, FeedInvalid
from core.feeds import FEEDS
from vigie.feed_bundle import LARGEST_BYTES, KeyRing, is_bundle, open_bundle
from vigie.feeds import Shelf


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one feed of a file, or of a file that holds none."""

    feed: str = ""
    changed: bool = False
    fault: FeedFault | None = None


def take_file(
    shelf: Shelf, ring: KeyRing, file: Path, *, trusted: str | None, now: datetime
) -> Iterator[Taken]:
    """Take every feed of a file; one that is refused leaves the others alone.

    ``trusted`` is a key accepted besides those of the ring; once it has opened a bundle, the ring
    remembers it.
    """
    try:
        data = _read(file)
        if is_bundle(data):
            yield from _bundle(shelf, ring, data, file.name, trusted=trusted, now=now)
        else:
            yield from _plain(shelf, data, file.name, now=now)
    except FeedFault as fault:
        yield Taken(fault=fault)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise FeedFault("", "unreadable", error.strerror or "") from error
    if len(data) > LARGEST_BYTES:
        raise FeedFault("", "too-large", f"> {LARGEST_BYTES}")
    return data


def _bundle(
    shelf: Shelf, ring: KeyRing, data: bytes, name: str, *, trusted: str | None, now: datetime
) -> Iterator[Taken]:
    keys = {key for key in (*ring.trusted(), ring.public, trusted) if key}
    opened = open_bundle(data, keys)
    if trusted is not None and opened.key == trusted:
        ring.trust(trusted)
    for feed, held in opened.feeds.items():
        try:
            changed = shelf.merge(feed, held, source=f"bundle:{name}", now=now)
        except FeedFault as fault:
            yield Taken(feed=feed, fault=fault)
        else:
            yield Taken(feed=feed, changed=changed)


def _plain(shelf: Shelf, data: bytes, name: str, *, now: datetime) -> Iterator[Taken]:
    try:
        documents = formats.recognise(data)
    except FeedInvalid as wrong:
        raise FeedFault("", wrong.fault, wrong.detail) from wrong
    for feed in FEEDS:
        there = [one for one in documents if one.feed == feed]
        if not there:
            continue
        try:
            changed = _kept(shelf, feed, there, f"file:{name}", now)
        except FeedFault as fault:
            yield Taken(feed=feed, fault=fault)
        else:
            yield Taken(feed=feed, changed=changed)


def _kept(shelf: Shelf, feed: str, found: list[Document], source: str, now: datetime) -> bool:
    if formats.is_collected(feed):
        newest = max(one.as_of for one in found)
        return shelf.keep_documents(feed, found, as_of=newest, source=source, now=now)
    return shelf.keep(feed, found[0].body, source=source, now=now)
