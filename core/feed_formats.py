"""What the makers of feeds write, read into types. Pure, bounded, total.

Sources: CISA's JSON schema of its catalogue; FIRST, « EPSS data »; endoflife.date, API v1; NVD,
« Vulnerability APIs » 2.0; CERT-FR, the JSON beside each alert.
"""

import io
import re
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar
from xml.etree import ElementTree

import msgspec

from core.feeds import Alert, Cvss, EolCycle, Epss, KevEntry
from core.knowledge.model import WindowsBuild, WindowsRelease


class FeedInvalid(ValueError):
    """Bytes that are not the feed they should be; ``fault`` is ``invalid``, ``truncated``,
    ``too-large`` or ``future``.
    """

    def __init__(self, fault: str, detail: str = "") -> None:
        self.fault = fault
        self.detail = _line(detail)
        super().__init__(f"{fault}: {self.detail}" if self.detail else fault)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a maker, told apart by its content."""

    feed: str
    key: str = ""
    """Of a feed in several files: slug, flaw or alert; empty: the file is the whole feed."""
    as_of: datetime
    """UTC; when its maker made it."""
    entries: int
    body: bytes
    """What is kept of it: the same format, without what is not read."""


WINDOWS_SLUGS = ("windows", "windows-server")
"""Products of endoflife.date whose newest version is a Windows build, ``10.0.26100``."""
LARGEST_BYTES = 128 << 20
"""Of any feed, unpacked."""

_COLLECTED = frozenset({"cvss", "eol", "windows", "alerts"})
"""Feeds that their makers give in several files; kept together in one of ours."""
_FORMAT = "vigie.feed/1"
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9.+-]{0,79}")
_ALERT = re.compile(r"CERTFR-[0-9]{4}-ALE-[0-9]{1,5}")
_EPSS_ROW = re.compile(
    r"(CVE-[0-9]{4}-[0-9]{4,19}),([0-9](?:\.[0-9]{1,20})?(?:e-[0-9]{1,2})?)"
    r",([0-9](?:\.[0-9]{1,20})?(?:e-[0-9]{1,2})?)"
)
_EPSS_HEAD = re.compile(r"#model_version:[^,\n]{1,40},score_date:([0-9T:+.Z-]{10,40})")
_BUILD = re.compile(r"[0-9]{1,2}\.[0-9]\.([0-9]{3,6})(?:\.[0-9]{1,6})?")
_RSS_FIELDS = ("title", "link", "description", "pubDate")
_MOST_ITEMS = 1000
_LARGEST_RSS = 8 << 20
_LATEST_PLAUSIBLE = timedelta(days=2)


def is_cve(text: str) -> bool:
    """Tell whether a text is an identifier of a flaw, upper case."""
    return _CVE.fullmatch(text) is not None


def is_slug(text: str) -> bool:
    """Tell whether a text may name a product of endoflife.date."""
    return _SLUG.fullmatch(text) is not None


def is_alert(text: str) -> bool:
    """Tell whether a text is a reference of an alert of CERT-FR."""
    return _ALERT.fullmatch(text) is not None


def gunzip(data: bytes, limit_bytes: int = LARGEST_BYTES) -> bytes:
    """Unpack gzip within a limit, other bytes are as they are; raises :class:`FeedInvalid`."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(data, limit_bytes + 1)
    except zlib.error as error:
        raise FeedInvalid("invalid", str(error)) from error
    if len(text) > limit_bytes:
        raise FeedInvalid("too-large", f"> {limit_bytes} bytes unpacked")
    if not unpacker.eof:
        raise FeedInvalid("truncated", "gzip")
    if unpacker.unused_data:
        raise FeedInvalid("invalid", "more after the end of gzip")
    return text


def recognise(data: bytes) -> tuple[Document, ...]:
    """Tell what a file is by its content; raises :class:`FeedInvalid` when it is none of ours.

    CISA's catalogue (JSON), EPSS (CSV, or gzip of it), a product or all products of endoflife.date
    (API v1), answers of the NVD (API 2.0), an alert of CERT-FR (JSON) or its feed of them (RSS).
    """
    text = gunzip(data)
    if text.lstrip()[:5] in {b"<?xml", b"<rss "}:
        return read_alert_rss(text)
    if text.lstrip()[:1] not in {b"{", b"["}:
        return (read_epss(data),)
    shape = _decoded(text, _Shape)
    if shape.format == _FORMAT:
        return split(text)
    if bytes(shape.vulnerabilities):
        return read_nvd(text) if shape.format else (read_kev(text),)
    if shape.reference:
        return (read_alert(text),)
    if bytes(shape.result):
        return read_eol(text)
    raise FeedInvalid("invalid", "none of the formats that are known")


def read_kev(data: bytes) -> Document:
    """Read CISA's catalogue of known exploited vulnerabilities (its JSON schema)."""
    file = _decoded(data, _KevFile)
    if file.count != len(file.vulnerabilities):
        raise FeedInvalid("truncated", f"{len(file.vulnerabilities)} of {file.count}")
    _kev(file)
    return Document(
        feed="kev",
        as_of=_utc(file.date_released),
        entries=len(file.vulnerabilities),
        body=data,
    )


def read_epss(data: bytes) -> Document:
    """Read the daily scores of FIRST (CSV, or gzip of it)."""
    lines = _lines(data)
    first = next(lines, "")
    head = _EPSS_HEAD.match(first)
    if head is None or next(lines, "") != "cve,epss,percentile":
        raise FeedInvalid("invalid", first[:80])
    rows = 0
    for line in lines:
        row = _EPSS_ROW.fullmatch(line)
        if row is None or float(row[2]) > 1 or float(row[3]) > 1:
            raise FeedInvalid("invalid", line[:80])
        rows += 1
    if not rows:
        raise FeedInvalid("truncated", "no row")
    return Document(feed="epss", as_of=_moment(head[1]), entries=rows, body=data)


def read_nvd(data: bytes) -> tuple[Document, ...]:
    """Read an answer of the NVD (API 2.0): one document per flaw, its scores only."""
    answer = _decoded(data, _NvdAnswer)
    found: list[Document] = []
    for one in answer.vulnerabilities:
        if not is_cve(one.cve.id):
            raise FeedInvalid("invalid", one.cve.id)
        found.append(
            Document(
                feed="cvss",
                key=one.cve.id,
                as_of=_moment(one.cve.last_modified),
                entries=1,
                body=msgspec.json.encode(_NvdAnswer(vulnerabilities=[one])),
            )
        )
    return tuple(found)


def nvd_total(data: bytes) -> int:
    """Give how many flaws a search of the NVD found, over all its pages."""
    return _decoded(data, _NvdAnswer).total_results


def read_eol(data: bytes) -> tuple[Document, ...]:
    """Read a product, or the list of all products, of endoflife.date (API v1)."""
    answer = _decoded(data, _EolAnswer)
    products = answer.result if isinstance(answer.result, list) else [answer.result]
    as_of = _moment(answer.last_modified or answer.generated_at)
    found: list[Document] = []
    for product in products:
        if not is_slug(product.name):
            raise FeedInvalid("invalid", product.name)
        found.append(
            Document(
                feed="windows" if product.name in WINDOWS_SLUGS else "eol",
                key=product.name,
                as_of=as_of,
                entries=len(product.releases),
                body=msgspec.json.encode(msgspec.structs.replace(answer, result=product)),
            )
        )
    return tuple(found)


def read_alert(data: bytes) -> Document:
    """Read one alert of CERT-FR (the JSON beside its page)."""
    file = _decoded(data, _AlertFile)
    if not is_alert(file.reference):
        raise FeedInvalid("invalid", file.reference)
    revised = [day for one in file.revisions if (day := _day(one.revision_date))]
    if not revised:
        raise FeedInvalid("invalid", "no date of revision")
    return Document(
        feed="alerts",
        key=file.reference,
        as_of=datetime.combine(max(revised), time(), UTC),
        entries=1,
        body=msgspec.json.encode(file),
    )


def read_alert_rss(data: bytes) -> tuple[Document, ...]:
    """Read the feed of alerts of CERT-FR (RSS 2.0): less than the JSON, which it never replaces."""
    if len(data) > _LARGEST_RSS:
        raise FeedInvalid("too-large", f"> {_LARGEST_RSS}")
    try:
        # As text: what encoding the document says of itself no longer counts.
        text = data.decode("utf-8")
        if "<!DOCTYPE" in text:
            raise FeedInvalid("invalid", "XML that declares a document type")
        # Without one, there is no entity to expand and no file to fetch.
        items = list(ElementTree.fromstring(text).iterfind("./channel/item"))[:_MOST_ITEMS]  # noqa: S314
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        raise FeedInvalid("invalid", str(error)) from error
    found: dict[str, Document] = {}
    for item in items:
        told = {name: item.findtext(name) or "" for name in _RSS_FIELDS}
        reference = _ALERT.search(told["link"])
        if reference is None:
            continue
        try:
            published = _utc(parsedate_to_datetime(told["pubDate"]))
        except (ValueError, TypeError) as error:
            raise FeedInvalid("invalid", told["pubDate"]) from error
        named = sorted(set(_CVE.findall(f"{told['title']} {told['description']}")))
        file = _AlertFile(
            reference=reference[0],
            title=told["title"],
            cves=[_AlertCve(name=cve) for cve in named],
            revisions=[_AlertRevision(revision_date=published.date().isoformat())],
        )
        # Just before the day: the JSON of the same day knows more, and stays.
        day = datetime.combine(published.date(), time(), UTC) - timedelta(seconds=1)
        found[reference[0]] = Document(
            feed="alerts",
            key=reference[0],
            as_of=day,
            entries=1,
            body=msgspec.json.encode(file),
        )
    if not found:
        raise FeedInvalid("invalid", "no alert of CERT-FR")
    return tuple(found.values())


def read_alert_list(data: bytes) -> tuple[str, ...]:
    """Give the references in the list of alerts of CERT-FR, newest first."""
    found = {row.reference for row in _decoded(data, list[_AlertRow])}
    if not found:
        raise FeedInvalid("truncated", "no alert")
    return tuple(sorted(filter(is_alert, found), key=_by_number, reverse=True))


def join(feed: str, documents: Iterable[Document], as_of: datetime) -> bytes:
    """Give the documents of one feed as one file, always the same for the same documents."""
    kept = {one.key: msgspec.Raw(one.body) for one in sorted(documents, key=lambda one: one.key)}
    return msgspec.json.encode(_Collection(format=_FORMAT, feed=feed, as_of=as_of, documents=kept))


def split(data: bytes) -> tuple[Document, ...]:
    """Give the documents of a file made by :func:`join`; raises :class:`FeedInvalid`."""
    read = {"cvss": read_nvd, "eol": read_eol, "windows": read_eol, "alerts": read_alert}
    file = _decoded(data, _Collection)
    if file.format != _FORMAT or file.feed not in _COLLECTED:
        raise FeedInvalid("invalid", f"{file.format} {file.feed}")
    found: list[Document] = []
    for key, body in file.documents.items():
        read_one = read[file.feed](bytes(body))
        documents = read_one if isinstance(read_one, tuple) else (read_one,)
        if [(one.feed, one.key) for one in documents] != [(file.feed, key)]:
            raise FeedInvalid("invalid", key)
        found.extend(documents)
    return tuple(found)


def is_collected(feed: str) -> bool:
    """Tell whether a feed is kept as a file made by :func:`join`."""
    return feed in _COLLECTED


def examine(feed: str, data: bytes, now: datetime) -> Document:
    """Read a whole feed, as it is kept; raises :class:`FeedInvalid`."""
    if feed in _COLLECTED:
        documents = split(data)
        file = _decoded(data, _Collection)
        if file.feed != feed or not documents:
            raise FeedInvalid("invalid", file.feed)
        newest = max(_utc(file.as_of), *(one.as_of for one in documents))
        entries = sum(one.entries for one in documents)
        whole = Document(feed=feed, as_of=newest, entries=entries, body=data)
    else:
        whole = read_kev(data) if feed == "kev" else read_epss(data)
    if whole.as_of > now + _LATEST_PLAUSIBLE:
        # Kept, it would make every later edition look old.
        raise FeedInvalid("future", whole.as_of.date().isoformat())
    return whole


def load_kev(data: bytes) -> dict[str, KevEntry]:
    """Give the entries of a file that :func:`read_kev` accepts, by flaw."""
    return _kev(_decoded(data, _KevFile))


def load_epss(data: bytes, only: Collection[str]) -> dict[str, Epss]:
    """Give the scores of some flaws, from a file that :func:`read_epss` accepts."""
    found: dict[str, Epss] = {}
    for line in _lines(data):
        # The pattern costs ten times the look-up, and few of so many lines are wanted.
        if line.partition(",")[0] in only and (row := _EPSS_ROW.fullmatch(line)):
            found[row[1]] = Epss(score=float(row[2]), percentile=float(row[3]))
    return found


def load_cvss(data: bytes) -> dict[str, Cvss]:
    """Give the scores of a joined file, by flaw; those without a score are absent."""
    found: dict[str, Cvss] = {}
    for body in _decoded(data, _Collection).documents.values():
        for one in _decoded(bytes(body), _NvdAnswer).vulnerabilities:
            score = _cvss(one.cve.metrics)
            if score is not None:
                found[one.cve.id] = score
    return found


def load_eol(data: bytes) -> dict[str, dict[str, EolCycle]]:
    """Give the branches of a joined file, by slug and cycle."""
    found: dict[str, dict[str, EolCycle]] = {}
    for product in _eol_products(data):
        found[product.name] = {one.name: _cycle(one) for one in product.releases}
    return found


def load_windows(data: bytes) -> tuple[WindowsBuild, ...]:
    """Give the Windows builds of a joined file, with the releases that report each."""
    releases: dict[int, list[WindowsRelease]] = defaultdict(list)
    versions: dict[int, str] = {}
    for product in _eol_products(data):
        is_server = product.name == "windows-server"
        family = "Windows Server" if is_server else "Windows"
        for one in product.releases:
            built = _BUILD.fullmatch(one.latest.name if one.latest else "")
            ended = _day(one.eol_from)
            if built is None or ended is None:
                continue
            build = int(built[1])
            versions[build] = ".".join(built[0].split(".")[:2])
            label = _line(one.label or one.name)
            releases[build].append(
                WindowsRelease(
                    name=label if label.startswith("Windows") else f"{family} {label}",
                    kind="server" if is_server else "client",
                    end_mainstream=_day(one.eoas_from) or ended,
                    end_support=ended,
                    end_esu=_day(one.eoes_from),
                )
            )
    return tuple(
        WindowsBuild(build=build, nt_version=versions[build], candidates=tuple(there))
        for build, there in sorted(releases.items(), reverse=True)
    )


def load_alerts(data: bytes) -> tuple[Alert, ...]:
    """Give the alerts of a joined file, newest first."""
    found: list[Alert] = []
    for body in _decoded(data, _Collection).documents.values():
        file = _decoded(bytes(body), _AlertFile)
        revised = sorted(day for one in file.revisions if (day := _day(one.revision_date)))
        found.append(
            Alert(
                id=file.reference,
                title=_line(file.title),
                url=f"https://www.cert.ssi.gouv.fr/alerte/{file.reference}/",
                published=revised[0] if revised else None,
                revised=revised[-1] if revised else None,
                closed=_day(file.closed_at),
                cves=tuple(sorted({one.name for one in file.cves if is_cve(one.name)})),
            )
        )
    return tuple(sorted(found, key=lambda one: _by_number(one.id), reverse=True))


# What makers write: their names of fields, and only those that are read.


_ABSENT = msgspec.Raw()


class _Shape(msgspec.Struct, frozen=True):
    format: str = ""
    vulnerabilities: msgspec.Raw = _ABSENT
    reference: str = ""
    result: msgspec.Raw = _ABSENT


class _KevRow(msgspec.Struct, frozen=True, rename="camel"):
    cve_id: str = msgspec.field(name="cveID")
    vendor_project: str
    product: str
    date_added: date
    vulnerability_name: str = ""
    due_date: str | None = None
    known_ransomware_campaign_use: str = ""


class _KevFile(msgspec.Struct, frozen=True, rename="camel"):
    date_released: datetime
    count: int
    vulnerabilities: list[_KevRow]


class _NvdScore(msgspec.Struct, frozen=True, rename="camel"):
    version: str
    base_score: float
    vector_string: str = ""


class _NvdMetric(msgspec.Struct, frozen=True, rename="camel"):
    cvss_data: _NvdScore
    source: str = ""
    type: str = ""


class _NvdMetrics(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    cvss_metric_v40: list[_NvdMetric] = []
    cvss_metric_v31: list[_NvdMetric] = []
    cvss_metric_v30: list[_NvdMetric] = []
    cvss_metric_v2: list[_NvdMetric] = []


class _NvdCve(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    last_modified: str
    metrics: _NvdMetrics = _NvdMetrics()


class _NvdItem(msgspec.Struct, frozen=True):
    cve: _NvdCve


class _NvdAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    format: str = "NVD_CVE"
    version: str = "2.0"
    total_results: int = 1
    vulnerabilities: list[_NvdItem]


class _EolLatest(msgspec.Struct, frozen=True):
    name: str
    date: str | None = None


class _EolRelease(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    name: str
    label: str = ""
    release_date: str | None = None
    is_eol: bool | None = False
    eol_from: str | None = None
    eoas_from: str | None = None
    eoes_from: str | None = None
    latest: _EolLatest | None = None


class _EolProduct(msgspec.Struct, frozen=True):
    name: str
    releases: list[_EolRelease]


class _EolAnswer(msgspec.Struct, frozen=True, kw_only=True):
    schema_version: str = ""
    generated_at: str
    last_modified: str = ""
    result: _EolProduct | list[_EolProduct]


class _AlertCve(msgspec.Struct, frozen=True):
    name: str


class _AlertRevision(msgspec.Struct, frozen=True):
    revision_date: str


class _AlertFile(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    title: str
    closed_at: str | None = None
    cves: list[_AlertCve] = []
    revisions: list[_AlertRevision]


class _AlertRow(msgspec.Struct, frozen=True):
    reference: str


class _Collection(msgspec.Struct, frozen=True, kw_only=True):
    format: str
    feed: str
    as_of: datetime
    documents: dict[str, msgspec.Raw]


_Read = TypeVar("_Read")


def _decoded(data: bytes, shape: type[_Read]) -> _Read:
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        cut = "truncated" in str(error)
        raise FeedInvalid("truncated" if cut else "invalid", str(error)) from error


def _lines(data: bytes) -> Iterator[str]:
    """Give the lines one by one: a bomb of empty ones is left at the first."""
    try:
        text = gunzip(data).decode("ascii")
    except UnicodeDecodeError as error:
        raise FeedInvalid("invalid", str(error)) from error
    if not text.endswith("\n"):
        raise FeedInvalid("truncated" if text.startswith("#model_version:") else "invalid")
    for line in io.StringIO(text):
        yield line.rstrip("\r\n")


def _kev(file: _KevFile) -> dict[str, KevEntry]:
    found: dict[str, KevEntry] = {}
    for row in file.vulnerabilities:
        if not is_cve(row.cve_id):
            raise FeedInvalid("invalid", row.cve_id)
        found[row.cve_id] = KevEntry(
            cve=row.cve_id,
            vendor=_line(row.vendor_project),
            product=_line(row.product),
            name=_line(row.vulnerability_name),
            added=row.date_added,
            due=_day(row.due_date),
            ransomware=True if row.known_ransomware_campaign_use == "Known" else None,
        )
    return found


def _cvss(metrics: _NvdMetrics) -> Cvss | None:
    told = (
        *metrics.cvss_metric_v40,
        *metrics.cvss_metric_v31,
        *metrics.cvss_metric_v30,
        *metrics.cvss_metric_v2,
    )
    usable = [one for one in told if 0 <= one.cvss_data.base_score <= 10]
    # NVD's own first, then the newest version: they stand in that order.
    best = next((one for one in usable if one.type == "Primary"), None) or next(iter(usable), None)
    if best is None:
        return None
    return Cvss(
        score=best.cvss_data.base_score,
        vector=_line(best.cvss_data.vector_string),
        version=_line(best.cvss_data.version),
        source=_line(best.source),
    )


def _eol_products(data: bytes) -> Iterator[_EolProduct]:
    for body in _decoded(data, _Collection).documents.values():
        product = _decoded(bytes(body), _EolAnswer).result
        if isinstance(product, _EolProduct):
            yield product


def _cycle(one: _EolRelease) -> EolCycle:
    return EolCycle(
        cycle=_line(one.name),
        label=_line(one.label),
        released=_day(one.release_date),
        ended=_day(one.eol_from),
        is_ended=bool(one.is_eol),
        active_ended=_day(one.eoas_from),
        extended_ended=_day(one.eoes_from),
        latest=_line(one.latest.name) if one.latest else "",
        latest_on=_day(one.latest.date) if one.latest else None,
    )


def _by_number(reference: str) -> tuple[int, ...]:
    return tuple(int(part) for part in reference.split("-") if part.isdigit())


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _moment(text: str) -> datetime:
    try:
        return _utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise FeedInvalid("invalid", str(error)) from error


def _utc(moment: datetime) -> datetime:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise FeedInvalid("invalid", "date") from error


def _line(text: str) -> str:
    """Cut a foreign text to one short line: it goes to terminals and reports."""
    kept = "".join(letter if letter.isprintable() else " " for letter in text[:1000])
    return " ".join(kept.split())[:300]
