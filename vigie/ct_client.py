"""Certificate transparency, as far as ``[services] ct`` names who may be asked about it.

A front that searches is asked about each domain; a log is read from where the last run left it, its
newest entries first at the first time. Answers are kept in the state folder, so that a front which
is down, as crt.sh often is, costs freshness and not names.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import msgspec
import trio

from core.inventory import Inventory
from scanner.sources.ct import (
    CtAnswer,
    SearchReader,
    found,
    read_entries,
    read_tree_size,
    under_any,
)
from vigie.kept_answers import Shelf, utc_now
from vigie.service_http import ServiceHttp

LARGEST_SEARCH_BYTES = 50_000_000
"""Of one answer; a domain of ten thousand certificates takes fifteen."""
LARGEST_PAGE_BYTES = 16 << 20
MOST_ENTRIES = 8_192
"""Of one log in one run: some minutes of the whole world's certificates, or weeks of a small log's.
"""
_PAGE = 256
_MOST_PAGES = 512
"""A log may give fewer than it is asked for, down to one."""
_FRESH = timedelta(hours=12)
_OLDEST = timedelta(days=90)
_LOG_PATH = "/ct/v1"
_JSON = "application/json"


class _LogRead(msgspec.Struct, frozen=True):
    """Where reading a log stands."""

    upto: int
    """Entries below it were read, as far back as the first run went."""
    names: dict[str, list[str]] = {}
    """By domain, all runs together."""


class CtClient:
    """A :class:`scanner.sources.ct.CtSource`. One per run."""

    def __init__(
        self,
        inventory: Inventory,
        http: ServiceHttp,
        folder: Path | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """``folder`` keeps answers; ``None``: nothing is kept."""
        bases = inventory.services.ct
        self._fronts = [base for base in bases if not base.endswith(_LOG_PATH)]
        self._logs = [base for base in bases if base.endswith(_LOG_PATH)]
        self._domains = frozenset(
            domain for one in inventory.establishments for domain in one.domains
        )
        self._http = http
        self._searches: Shelf[list[str]] = Shelf(folder, list[str], now)
        self._read_logs: Shelf[_LogRead] = Shelf(folder, _LogRead, now)
        self._log_names: dict[str, dict[str, None]] = {}
        self._log_whys: list[str] | None = None
        self._one_reads = trio.Lock()

    async def names_of(self, domain: str) -> CtAnswer:
        """Give the names under a domain that any of the fronts told, and what is missing."""
        names: dict[str, None] = {}
        whys: list[str] = []
        for base in self._fronts:
            told, why = await self._search(base, domain)
            names.update(dict.fromkeys(told))
            whys.append(why)
        if self._logs:
            async with self._one_reads:
                if self._log_whys is None:
                    self._log_whys = [await self._read_log(base) for base in self._logs]
            names.update(self._log_names.get(domain, {}))
            # A log adds to a search; alone, it tells what is new and nothing else.
            whys.extend(self._log_whys if not self._fronts else [])
        why = "" if "" in whys else next(iter(whys), "not-configured")
        return CtAnswer(names=found(names), why=why)

    async def _search(self, base: str, domain: str) -> tuple[Sequence[str], str]:
        key = f"{base} {domain}"
        if (fresh := self._searches.read(key, within=_FRESH)) is not None:
            return fresh.body, ""
        reader = SearchReader(domain)
        # « % » is crt.sh's own: any label. Expired certificates are asked for too.
        url = f"{base}/?q=%25.{quote(domain)}&output=json&deduplicate=Y"
        came = await self._http.get(
            url, reader.take, limit_bytes=LARGEST_SEARCH_BYTES, accept=_JSON
        )
        if came.location:
            why = "redirected"
        elif came.why and not came.is_partial:
            why = came.why
        elif reader.is_nonsense and not reader.rows:
            why = "protocol-error"
        elif not reader.is_whole:
            why = "partial-answer"
        else:
            self._searches.write(key, list(reader.names))
            return tuple(reader.names), ""
        kept = self._searches.read(key, within=_OLDEST)
        if kept is None:
            return tuple(reader.names), why
        # What came in part is newer; what was kept is more.
        return tuple({**dict.fromkeys(kept.body), **reader.names}), _kept_since(kept.at)

    async def _read_log(self, base: str) -> str:
        """Read the newest entries of a log; gives why it is not wholly known."""
        kept = self._read_logs.read(base, within=_OLDEST)
        names: dict[str, dict[str, None]] = {}
        if kept is not None:
            for domain, known in kept.body.names.items():
                names[domain] = dict.fromkeys(known)
        upto, why = await self._new_entries(base, kept.body.upto if kept else None, names)
        if upto is not None:
            told = {domain: list(known) for domain, known in names.items()}
            self._read_logs.write(base, _LogRead(upto, told))
        for domain, found_there in names.items():
            self._log_names.setdefault(domain, {}).update(found_there)
        if why and kept is not None and upto is None:
            return _kept_since(kept.at)
        return why or "log-window"

    async def _new_entries(
        self, base: str, upto: int | None, names: dict[str, dict[str, None]]
    ) -> tuple[int | None, str]:
        """Give up to where the log was read, and why not further."""
        body, why = await self._page(f"{base}/get-sth", 1 << 16)
        if why:
            return None, why
        size = read_tree_size(body)
        if size is None:
            return None, "protocol-error"
        at = max(upto if upto is not None and upto <= size else 0, size - MOST_ENTRIES)
        for _ in range(_MOST_PAGES):
            if at >= size:
                return size, ""
            last = min(at + _PAGE, size) - 1
            body, why = await self._page(
                f"{base}/get-entries?start={at}&end={last}", LARGEST_PAGE_BYTES
            )
            if why:
                return at, why
            entries = read_entries(body, last - at + 1)
            if not entries:
                return at, "protocol-error"
            for certified in entries:
                for domain, name in under_any(certified, self._domains):
                    names.setdefault(domain, {})[name] = None
            at += len(entries)
            await trio.lowlevel.checkpoint()
        return at, "" if at >= size else "partial-answer"

    async def _page(self, url: str, limit_bytes: int) -> tuple[bytes, str]:
        body = bytearray()

        def take(part: bytes) -> bool:
            if not part:
                body.clear()
            body.extend(part)
            return True

        came = await self._http.get(url, take, limit_bytes=limit_bytes, accept=_JSON)
        if came.location:
            return b"", "redirected"
        return bytes(body), came.why


def _kept_since(at: datetime) -> str:
    return f"kept-answer: {at.date().isoformat()}"
