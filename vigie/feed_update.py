"""Fetches every feed in turn; one that fails leaves the others alone."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import msgspec
import trio

from core import feed_formats as formats
from core.errors import FeedFault
from core.feed_formats import WINDOWS_SLUGS, Document, FeedInvalid
from core.feeds import FEEDS
from core.knowledge.model import Knowledge
from core.secrets import Secret
from inventories.feeds import PUBLIC
from vigie.feed_client import FeedClient
from vigie.feeds import Shelf, Tag, known_flaws, known_slugs

_LIMITS = {
    "kev": 32 << 20,
    "epss": 32 << 20,
    "cvss": 64 << 20,
    "eol": 8 << 20,
    "windows": 8 << 20,
    "alerts": 8 << 20,
}
"""Bytes of one answer: about ten times what they are today."""
_PAGE = 2000
_MOST_PAGES = 5
_ALERTS = 40
"""Newest alerts fetched: two years of them."""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """How the update of one feed ended."""

    feed: str
    changed: bool = False
    faults: tuple[FeedFault, ...] = ()
    """Of the whole feed, or of some of its documents."""
    left: int = 0
    """Documents not asked for this time."""


class Update:
    """One update of one shelf."""

    def __init__(
        self,
        shelf: Shelf,
        client: FeedClient,
        addresses: dict[str, str],
        knowledge: Knowledge,
        *,
        nvd_key: Secret | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._shelf = shelf
        self._client = client
        self._addresses = addresses
        self._knowledge = knowledge
        self._nvd_key = nvd_key
        self._now = now

    async def run(self, feeds: Sequence[str] = FEEDS) -> AsyncIterator[Fetched]:
        """Update the feeds in order; gives one outcome for each."""
        for feed in feeds:
            if feed not in self._addresses:
                continue
            try:
                yield await self._one(feed)
            except FeedFault as fault:
                yield Fetched(feed=feed, faults=(fault,))

    async def _one(self, feed: str) -> Fetched:
        if feed == "cvss":
            return await self._scores()
        if feed == "alerts":
            return await self._alerts()
        if feed in {"eol", "windows"}:
            slugs = known_slugs(self._knowledge) if feed == "eol" else WINDOWS_SLUGS
            return await self._products(feed, slugs)
        return await self._whole(feed)

    async def _whole(self, feed: str) -> Fetched:
        url = self._addresses[feed]
        answer = await self._client.get(
            feed, url, limit_bytes=_LIMITS[feed], tag=self._tags(feed).get(url)
        )
        if answer.body is None:
            self._shelf.touch(feed, now=self._now())
            return Fetched(feed=feed)
        changed = self._shelf.keep(
            feed, answer.body, source=url, now=self._now(), tags={url: answer.tag}
        )
        return Fetched(feed=feed, changed=changed)

    async def _products(self, feed: str, slugs: Sequence[str]) -> Fetched:
        tags = self._tags(feed)
        found: list[Document] = []
        faults: list[FeedFault] = []
        for slug in slugs:
            url = f"{self._addresses[feed]}{slug}/"
            try:
                answer = await self._client.get(
                    feed, url, limit_bytes=_LIMITS[feed], tag=tags.get(url)
                )
                if answer.body is not None:
                    found.extend(_documents(feed, slug, formats.read_eol, answer.body))
                    tags[url] = answer.tag
            except FeedFault as fault:
                faults.append(FeedFault(feed, fault.fault, f"{slug}: {fault.detail}"))
                if fault.fault in {"unreachable", "too-slow"}:
                    # The maker, not this file: the others would wait as long.
                    break
            await self._spare(feed, self._client.pace.between_s)
        return self._kept(feed, found, tags, faults)

    async def _alerts(self) -> Fetched:
        base = self._addresses["alerts"]
        limit = _LIMITS["alerts"]
        listed = await self._client.get("alerts", f"{base}json/", limit_bytes=limit)
        try:
            references = formats.read_alert_list(listed.body or b"")
        except FeedInvalid as wrong:
            raise FeedFault("alerts", wrong.fault, wrong.detail) from wrong
        tags = self._tags("alerts")
        found: list[Document] = []
        faults: list[FeedFault] = []
        for reference in references[:_ALERTS]:
            url = f"{base}{reference}/json/"
            try:
                answer = await self._client.get("alerts", url, limit_bytes=limit, tag=tags.get(url))
                if answer.body is not None:
                    found.extend(
                        _documents(
                            "alerts",
                            reference,
                            lambda body: (formats.read_alert(body),),
                            answer.body,
                        )
                    )
                    tags[url] = answer.tag
            except FeedFault as fault:
                faults.append(FeedFault("alerts", fault.fault, f"{reference}: {fault.detail}"))
                if fault.fault in {"unreachable", "too-slow"}:
                    break
            await self._spare("alerts", self._client.pace.between_s)
        return self._kept("alerts", found, tags, faults)

    async def _scores(self) -> Fetched:
        """Ask for the exploited flaws at once, then for some of the others that products have."""
        base = self._addresses["cvss"]
        pace = self._client.pace
        pause_s = pace.scores_s / 10 if self._nvd_key else pace.scores_s
        found: dict[str, Document] = {}
        faults: list[FeedFault] = []
        try:
            for page in range(_MOST_PAGES):
                start = page * _PAGE
                body = await self._ask_nvd(
                    f"{base}?hasKev&resultsPerPage={_PAGE}&startIndex={start}"
                )
                found.update(
                    (one.key, one) for one in _documents("cvss", "", formats.read_nvd, body)
                )
                if start + _PAGE >= formats.nvd_total(body):
                    break
                await self._spare("cvss", pause_s)
        except FeedFault as fault:
            faults.append(fault)
        present = self._shelf.present("cvss")
        known = set(formats.load_cvss(present[1])) if present else set[str]()
        missing = [cve for cve in known_flaws(self._knowledge) if cve not in known | found.keys()]
        asked = [] if faults else missing[: pace.most_scores]
        for cve in asked:
            await self._spare("cvss", pause_s)
            try:
                body = await self._ask_nvd(f"{base}?cveId={cve}")
                found.update(
                    (one.key, one) for one in _documents("cvss", cve, formats.read_nvd, body)
                )
            except FeedFault as fault:
                faults.append(FeedFault("cvss", fault.fault, f"{cve}: {fault.detail}"))
                if fault.fault in {"unreachable", "too-slow", "status"}:
                    break
        kept = self._kept("cvss", list(found.values()), {}, faults)
        return msgspec.structs.replace(kept, left=0 if faults else len(missing) - len(asked))

    async def _spare(self, feed: str, pause_s: float) -> None:
        """Wait as the public services ask; a mirror is one's own."""
        if self._addresses[feed] == PUBLIC[feed]:
            await trio.sleep(pause_s)

    async def _ask_nvd(self, url: str) -> bytes:
        headers = {"apiKey": self._nvd_key.reveal()} if self._nvd_key else {}
        answer = await self._client.get("cvss", url, limit_bytes=_LIMITS["cvss"], headers=headers)
        return answer.body or b""

    def _kept(
        self,
        feed: str,
        found: Sequence[Document],
        tags: dict[str, Tag],
        faults: Sequence[FeedFault],
    ) -> Fetched:
        now = self._now()
        changed = False
        if found:
            changed = self._shelf.keep_documents(
                feed, found, as_of=now, source=self._addresses[feed], now=now, tags=tags
            )
        elif not faults:
            self._shelf.touch(feed, now=now)
        return Fetched(feed=feed, changed=changed, faults=tuple(faults))

    def _tags(self, feed: str) -> dict[str, Tag]:
        present = self._shelf.present(feed)
        return dict(present[0].tags) if present else {}


def _documents(
    feed: str, key: str, read: Callable[[bytes], tuple[Document, ...]], body: bytes
) -> tuple[Document, ...]:
    """Read an answer; with a key, refuse one that speaks of something else."""
    try:
        found = read(body)
    except FeedInvalid as wrong:
        raise FeedFault(feed, wrong.fault, wrong.detail) from wrong
    if any(one.feed != feed or (key and one.key != key) for one in found):
        raise FeedFault(feed, "invalid", f"{found[0].key} ≠ {key}")
    return found
