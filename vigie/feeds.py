"""The feeds that are kept in the state folder: read, checked, replaced whole or not at all.

Each feed is a card, ``kev.json``, and the file that it names by its SHA-256. The card is replaced
last: whatever happens before, the older feed is the one that is read.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from core import feed_formats as formats
from core.errors import FeedFault, StoreError, UsageError
from core.feed_formats import Document, FeedInvalid
from core.feeds import FEEDS, Edition, Feeds
from core.knowledge.load import load_knowledge
from core.knowledge.model import Knowledge, WindowsBuild
from core.model import Place
from core.observations.feeds import FeedsUsed
from vigie.config import Settings
from vigie.output import write_private

_LEAST_KEPT = 0.9
"""Catalogues grow: one that lost more than a tenth of its entries was cut on its way."""


class Tag(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a server said of the state of one URL, to be asked for changes alone."""

    etag: str = ""
    last_modified: str = ""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one feed."""

    edition: Edition
    file: str
    tags: dict[str, Tag] = {}
    """By URL."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The built-in knowledge with what the feeds add, and the feeds."""

    knowledge: Knowledge
    feeds: Feeds = Feeds()

    def used(self, place: Place, at: datetime) -> FeedsUsed:
        """Give the note, kept with a run, of what it is judged by."""
        return FeedsUsed(
            place=place,
            at=at,
            compiled_on=self.knowledge.compiled_on,
            exploited_until=self.knowledge.exploited_until,
            editions=self.feeds.editions,
        )


class Shelf:
    """The feeds of one state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def card(self, feed: str) -> Card | None:
        """Give the card of a feed, ``None`` when it is absent; raises ``FeedFault``."""
        try:
            text = (self.folder / f"{feed}.json").read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FeedFault(feed, "unreadable", error.strerror or "") from error
        try:
            card = msgspec.json.decode(text, type=Card)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise FeedFault(feed, "damaged", str(error)) from error
        if card.edition.feed != feed or card.file != _file_of(card.edition):
            raise FeedFault(feed, "damaged", card.file)
        return card

    def read(self, feed: str) -> bytes | None:
        """Give the bytes of a feed, checked; ``None`` when it is absent; raises ``FeedFault``."""
        card = self.card(feed)
        if card is None:
            return None
        try:
            with (self.folder / card.file).open("rb") as opened:
                data = opened.read(formats.LARGEST_BYTES + 1)
        except OSError as error:
            raise FeedFault(feed, "damaged", error.strerror or "") from error
        if hashlib.sha256(data).hexdigest() != card.edition.sha256:
            raise FeedFault(feed, "damaged", card.file)
        return data

    def present(self, feed: str) -> tuple[Card, bytes] | None:
        """Give the card and the bytes of a feed; ``None`` when it is absent or damaged."""
        try:
            card, data = self.card(feed), self.read(feed)
        except FeedFault:
            # A new one takes the place of what cannot be read.
            return None
        return None if card is None or data is None else (card, data)

    def keep(
        self,
        feed: str,
        data: bytes,
        *,
        source: str,
        now: datetime,
        tags: dict[str, Tag] | None = None,
    ) -> bool:
        """Put a feed in the place of the present one; gives whether its content changed.

        Raises ``FeedFault`` on a feed that is not itself, older, or cut; the present one stays.
        """
        try:
            whole = formats.examine(feed, data, now)
        except FeedInvalid as wrong:
            raise FeedFault(feed, wrong.fault, wrong.detail) from wrong
        edition = Edition(
            feed=feed,
            as_of=whole.as_of,
            fetched_at=now,
            source=source,
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            entries=whole.entries,
        )
        present = self.present(feed)
        if present is not None:
            _refuse_older(edition, present[0].edition)
        self._replace(Card(edition=edition, file=_file_of(edition), tags=tags or {}), data)
        return present is None or present[1] != data

    def keep_documents(
        self,
        feed: str,
        documents: Iterable[Document],
        *,
        as_of: datetime,
        source: str,
        now: datetime,
        tags: dict[str, Tag] | None = None,
    ) -> bool:
        """Put documents beside, or in the place of, those of a collected feed; as :meth:`keep`.

        A document that is older than the present one is left; when all are, raises ``FeedFault``.
        """
        present = self.present(feed)
        kept: dict[str, Document] = {}
        if present is not None:
            kept = {one.key: one for one in formats.split(present[1])}
            as_of = max(as_of, present[0].edition.as_of)
        stale = taken = 0
        for one in documents:
            there = kept.get(one.key)
            if there is not None and one.as_of < there.as_of:
                stale += 1
            else:
                kept[one.key] = one
                taken += 1
        if stale and not taken:
            raise FeedFault(feed, "older", f"{stale}")
        return self.keep(
            feed, formats.join(feed, kept.values(), as_of), source=source, now=now, tags=tags
        )

    def merge(self, feed: str, data: bytes, *, source: str, now: datetime) -> bool:
        """Take a feed as another shelf kept it; as :meth:`keep`, newer documents of ours stay."""
        try:
            whole = formats.examine(feed, data, now)
            documents = formats.split(data) if formats.is_collected(feed) else ()
        except FeedInvalid as wrong:
            raise FeedFault(feed, wrong.fault, wrong.detail) from wrong
        if not documents:
            return self.keep(feed, data, source=source, now=now)
        present = self.present(feed)
        if present is not None and whole.as_of < present[0].edition.as_of:
            raise FeedFault(feed, "older", f"{whole.as_of:%Y-%m-%d}")
        return self.keep_documents(feed, documents, as_of=whole.as_of, source=source, now=now)

    def touch(self, feed: str, *, now: datetime) -> None:
        """Note that the maker says that a feed did not change."""
        card = self.card(feed)
        if card is not None:
            edition = msgspec.structs.replace(card.edition, fetched_at=now)
            self._write(f"{feed}.json", msgspec.structs.replace(card, edition=edition))

    def _replace(self, card: Card, data: bytes) -> None:
        feed = card.edition.feed
        try:
            write_private(self.folder / card.file, [data])
        except StoreError as error:
            raise FeedFault(feed, "unwritten", str(error.__cause__ or error)) from error
        self._write(f"{feed}.json", card)
        for path in (*self.folder.glob(f"{feed}-*"), *self.folder.glob(f".{feed}*")):
            # Of the feed before, or left by a process that was killed.
            if path.name != card.file:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _write(self, name: str, card: Card) -> None:
        text = msgspec.json.format(msgspec.json.encode(card), indent=1)
        try:
            write_private(self.folder / name, [text])
        except StoreError as error:
            raise FeedFault(
                card.edition.feed, "unwritten", str(error.__cause__ or error)
            ) from error

    def feeds(
        self, knowledge: Knowledge, tell: Callable[[FeedFault], None] = lambda _: None
    ) -> Feeds:
        """Give what the feeds say; one that is damaged is told and left out."""
        data: dict[str, bytes] = {}
        editions: list[Edition] = []
        for feed in FEEDS:
            try:
                card, read = self.card(feed), self.read(feed)
            except FeedFault as fault:
                tell(fault)
                continue
            if card is not None and read is not None:
                data[feed] = read
                editions.append(card.edition)
        kev = formats.load_kev(data["kev"]) if "kev" in data else {}
        alerts = formats.load_alerts(data["alerts"]) if "alerts" in data else ()
        wanted = {*kev, *known_flaws(knowledge), *(cve for one in alerts for cve in one.cves)}
        return Feeds(
            kev=kev,
            epss=formats.load_epss(data["epss"], wanted) if "epss" in data else {},
            cvss=formats.load_cvss(data["cvss"]) if "cvss" in data else {},
            eol=formats.load_eol(data["eol"]) if "eol" in data else {},
            alerts=alerts,
            editions=tuple(editions),
        )

    def known(self, tell: Callable[[FeedFault], None] = lambda _: None) -> "Known":
        """Give all that checks may know besides what was seen."""
        built_in = load_knowledge()
        return Known(knowledge=self.knowledge(built_in), feeds=self.feeds(built_in, tell))

    def knowledge(self, built_in: Knowledge) -> Knowledge:
        """Give the built-in knowledge with the Windows builds that came later."""
        present = self.present("windows")
        if present is None:
            return built_in
        windows = with_builds(built_in.windows, formats.load_windows(present[1]))
        return msgspec.structs.replace(built_in, windows=windows)


def shelf_of(settings: Settings) -> Shelf:
    """Give the feeds of the state folder in use."""
    return Shelf(settings.state() / "feeds")


@contextmanager
def alone_with(shelf: Shelf, settings: Settings) -> Generator[None]:
    """Hold the feeds while the body changes them; raises ``UsageError`` when another does."""
    try:
        shelf.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(shelf.folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise UsageError(f"{shelf.folder}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                settings.say(
                    "une autre mise à jour des flux est en cours",
                    "the feeds are being updated by another process",
                )
            ) from None
        yield
    finally:
        os.close(handle)


def known_flaws(knowledge: Knowledge) -> tuple[str, ...]:
    """Give the flaws that the product files name, sorted."""
    named = {flaw.cve for product in knowledge.products for flaw in product.flaws}
    return tuple(sorted(filter(formats.is_cve, named)))


def known_slugs(knowledge: Knowledge) -> tuple[str, ...]:
    """Give the names of products at endoflife.date that the product files give, sorted."""
    named = {product.support.slug for product in knowledge.products}
    return tuple(sorted(filter(formats.is_slug, named - set(formats.WINDOWS_SLUGS))))


def with_builds(
    known: tuple[WindowsBuild, ...], told: tuple[WindowsBuild, ...]
) -> tuple[WindowsBuild, ...]:
    """Add what a feed tells of Windows builds, so that no more is said than before of each.

    A build that was not known comes whole. To a known one, only releases that are supported longer
    than all of their kind are added: a build is out of support when all its releases are.
    """
    by_build = {one.build: one for one in known}
    for one in told:
        there = by_build.get(one.build)
        if there is None:
            by_build[one.build] = one
            continue
        longer = tuple(
            release
            for release in one.candidates
            if all(
                max(release.end_support, release.end_esu or release.end_support)
                > max(other.end_support, other.end_esu or other.end_support)
                for other in there.candidates
                if other.kind == release.kind
            )
        )
        by_build[one.build] = msgspec.structs.replace(
            there, candidates=(*there.candidates, *longer)
        )
    return tuple(sorted(by_build.values(), key=lambda one: -one.build))


def age_days(as_of: datetime, at: datetime | None = None) -> int:
    """Give the age of an edition, in whole days."""
    return max(0, ((at or datetime.now(UTC)) - as_of).days)


def _file_of(edition: Edition) -> str:
    return f"{edition.feed}-{edition.sha256[:16]}"


def _refuse_older(new: Edition, present: Edition) -> None:
    if new.as_of < present.as_of:
        days = f"{new.as_of:%Y-%m-%d} < {present.as_of:%Y-%m-%d}"
        raise FeedFault(new.feed, "older", days)
    if new.entries < present.entries * _LEAST_KEPT:
        raise FeedFault(new.feed, "shrunk", f"{new.entries} < {present.entries}")
