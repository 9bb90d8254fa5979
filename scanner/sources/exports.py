"""Files that others made of what they saw: Shadowserver reports, Censys and ONYPHE exports. Pure.

Shadowserver: CSV with a header (https://www.shadowserver.org/what-we-do/network-reporting/).
Censys: hosts as JSON, one a line, in an array, or as its API gives them
(https://docs.censys.com/reference, host dataset). ONYPHE: one JSON object a line
(https://search.onyphe.io/docs/data-models/datascan).
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from ipaddress import ip_address
from typing import NamedTuple

import msgspec

from core.model import Transport
from scanner.sources.asking import day_of, names_in, plain

MOST_BYTES = 64 << 20
"""Of one file: some hundred thousand rows."""
_MOST_SERVICES = 65_536
_LONGEST_CELL = 131_072


class Claim(NamedTuple):
    """One open port, as a file tells it."""

    source: str
    """``shadowserver``, ``censys`` or ``onyphe``."""
    ip: str
    port: int
    transport: Transport
    seen_on: date | None
    protocol: str = ""
    product: str = ""
    version: str = ""
    names: tuple[str, ...] = ()
    """Host names that the file gives the address."""


class Export(NamedTuple):
    """What a file told."""

    source: str
    claims: tuple[Claim, ...]
    unread: int
    """Rows that are not what the format says."""


class NotAnExport(ValueError):
    """No file of a format that is known here."""


def read_export(data: bytes, *, name: str = "", at: datetime) -> Export:
    """Read a file, recognised by what it holds; a bad row is counted and the others are kept.

    ``name`` of the file says which Shadowserver report it is; ``at`` bounds its dates. Raises
    :class:`NotAnExport`. Total.
    """
    if len(data) > MOST_BYTES:
        raise NotAnExport(f"more than {MOST_BYTES >> 20} MiB")
    text = data.decode("utf-8-sig", "replace").lstrip()
    if not text:
        raise NotAnExport("empty")
    rows = _json(text) if text[0] in "[{" else None
    read = _shadowserver(text, name, at) if rows is None else _scanned(rows, at)
    source, claims, unread = "", list[Claim](), 0
    for found in read:
        if isinstance(found, Claim):
            source = source or found.source
            claims.append(found)
        else:
            unread += 1
    if not claims and unread:
        raise NotAnExport("no row could be read")
    return Export(source, tuple(dict.fromkeys(claims)), unread)


_Row = dict[str, object]
_JSON = msgspec.json.Decoder(object)


def _json(text: str) -> Iterator[object]:
    """Give the objects of one document, or of one a line."""
    try:
        whole: object = _JSON.decode(text)
    except (msgspec.DecodeError, RecursionError):
        for line in text.splitlines():
            if line.strip():
                try:
                    yield _JSON.decode(line)
                except (msgspec.DecodeError, RecursionError):
                    yield None
        return
    yield from _unwrapped(whole)


def _unwrapped(whole: object) -> Iterator[object]:
    """Give the hosts inside what the APIs wrap them in."""
    for path in (("result", "hits"), ("result", "resources"), ("hits",), ("results",)):
        inner = whole
        for key in path:
            inner = _row(inner).get(key)
        if rows := _rows(inner):
            yield from rows
            return
    rows = _rows(whole)
    yield from rows if rows or whole == [] else [whole]


def _scanned(rows: Iterable[object], at: datetime) -> Iterator[Claim | None]:
    for found in rows:
        row = _row(found)
        if "@category" in row:
            yield _onyphe(row, at)
        else:
            yield from _censys(row, at)


def _onyphe(row: _Row, at: datetime) -> Claim | None:
    vendor, product = _text(row, "productvendor"), _text(row, "product")
    return _claim(
        "onyphe",
        row.get("ip"),
        row.get("port"),
        _text(row, "transport") or "tcp",
        day_of(_text(row, "@timestamp"), at),
        protocol=_text(row, "protocol"),
        product=_joined(vendor, product),
        version=_text(row, "productversion"),
        names=names_in([*_rows(row.get("hostname")), *_rows(row.get("subdomains"))]),
    )


def _censys(row: _Row, at: datetime) -> Iterator[Claim | None]:
    for key in ("resource", "host", "host_v1"):
        if key in row:
            row = _row(row[key])
    named = _row(row.get("dns"))
    names = names_in(
        [
            row.get("name"),
            *_rows(named.get("names")),
            *_rows(_row(named.get("reverse_dns")).get("names")),
        ]
    )
    services = _rows(row.get("services"))
    if not services and row.get("services") != []:
        yield None
    for found in services[:_MOST_SERVICES]:
        one = _row(found)
        software = _row(next(iter(_rows(one.get("software"))), None))
        seen = _text(one, "observed_at", "scan_time") or _text(row, "last_updated_at")
        yield _claim(
            "censys",
            row.get("ip"),
            one.get("port"),
            _text(one, "transport_protocol") or "tcp",
            day_of(seen, at),
            protocol=_text(one, "extended_service_name", "service_name", "protocol").lower(),
            product=_joined(_text(software, "vendor"), _text(software, "product")),
            version=_text(software, "version"),
            names=names,
        )


def _shadowserver(text: str, name: str, at: datetime) -> Iterator[Claim | None]:
    # The module's own limit; a report that goes past it is cut, not believed.
    csv.field_size_limit(_LONGEST_CELL)
    table = csv.DictReader(io.StringIO(text), strict=True)
    try:
        header = {one.strip().lower() for one in table.fieldnames or ()}
    except csv.Error as error:
        raise NotAnExport(str(error)) from error
    if not {"timestamp", "ip", "port"} <= header:
        raise NotAnExport("neither JSON nor a table with the columns timestamp, ip and port")
    report = name.lower().partition("scan_")[2].partition("-")[0].partition(".")[0]
    while True:
        try:
            raw = next(table)
        except StopIteration:
            return
        except csv.Error:
            # The rest of the file cannot be told apart from this row.
            yield None
            return
        row: _Row = {f"{key}".strip().lower(): value for key, value in raw.items()}
        yield _claim(
            "shadowserver",
            row.get("ip"),
            row.get("port"),
            _text(row, "protocol") or "tcp",
            day_of(_text(row, "timestamp"), at),
            protocol=report or _text(row, "tag").partition(";")[0],
            product=_joined(_text(row, "device_vendor"), _text(row, "device_model")),
            version=_text(row, "device_version"),
            names=names_in(row.get("hostname")),
        )


def _claim(
    source: str,
    ip: object,
    port: object,
    transport: str,
    seen_on: date | None,
    *,
    protocol: str,
    product: str,
    version: str,
    names: tuple[str, ...],
) -> Claim | None:
    try:
        address = str(ip_address(f"{ip}".strip()))
        number = int(f"{port}")
        how = Transport("udp" if transport.lower() in {"udp", "quic"} else transport.lower())
    except ValueError:
        return None
    if not 1 <= number <= 65_535:
        return None
    return Claim(
        source,
        address,
        number,
        how,
        seen_on,
        plain(protocol),
        plain(product),
        plain(version),
        names,
    )


def _row(found: object) -> _Row:
    try:
        return msgspec.convert(found, dict[str, object])
    except msgspec.ValidationError:
        return {}


def _rows(found: object) -> list[object]:
    try:
        return msgspec.convert(found, list[object])
    except msgspec.ValidationError:
        return []


def _text(row: _Row, *keys: str) -> str:
    for key in keys:
        value = row.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _joined(vendor: str, product: str) -> str:
    vendor, product = vendor.replace("_", " "), product.replace("_", " ")
    return product if vendor.lower() in product.lower() else f"{vendor} {product}".strip()
