"""What the outside says of flaws, scores, support and alerts, as types. Pure.

Everything is optional: without any feed the built-in knowledge serves alone.
``core.feed_formats`` reads what their makers write.
"""

from collections.abc import Iterable
from datetime import date, datetime

import msgspec

from core.model import Wording

FEED_NAMES = {
    "kev": Wording("failles exploitées (CISA KEV)", "exploited flaws (CISA KEV)"),
    "epss": Wording("probabilités d'exploitation (EPSS)", "exploitation odds (EPSS)"),
    "cvss": Wording("gravités (CVSS, NVD)", "severities (CVSS, NVD)"),
    "eol": Wording("fins de support (endoflife.date)", "ends of support (endoflife.date)"),
    "windows": Wording("versions de Windows", "Windows builds"),
    "alerts": Wording("alertes du CERT-FR", "CERT-FR alerts"),
}
"""Id → what people call it."""
FEEDS = tuple(FEED_NAMES)
"""Ids, in the order in which they are fetched: what comes later may need what came before."""


class KevEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One flaw that CISA knows to be exploited."""

    cve: str
    """``CVE-2024-21762``, upper case."""
    vendor: str
    product: str
    name: str = ""
    """Title in English, as CISA words it."""
    added: date
    due: date | None = None
    """Day by which United States agencies must have acted."""
    ransomware: bool | None = None
    """Known use by ransomware; ``None``: not known, which proves nothing."""

    @property
    def kev_name(self) -> str:
        """Give ``vendor: product``, as ``Product.kev_names`` writes it."""
        return f"{self.vendor}: {self.product}"


class Epss(msgspec.Struct, frozen=True, kw_only=True):
    """How probable FIRST holds an exploitation within 30 days."""

    score: float
    """0 to 1."""
    percentile: float
    """0 to 1: the share of all flaws with at most this score."""


class Cvss(msgspec.Struct, frozen=True, kw_only=True):
    """The base score of a flaw, by NVD where it gave one, else by who declared the flaw."""

    score: float
    """0 to 10."""
    vector: str
    version: str
    """``4.0``, ``3.1``, ``3.0`` or ``2.0``; the newest that is told."""
    source: str = ""
    """Who scored it."""


class EolCycle(msgspec.Struct, frozen=True, kw_only=True):
    """One branch of a product, by endoflife.date."""

    cycle: str
    """First parts of its versions, as ``7.4``."""
    label: str = ""
    released: date | None = None
    ended: date | None = None
    """Last day of security updates; ``None``: none announced, or the day is not known."""
    is_ended: bool = False
    """Out of security updates on the day the feed was made, be the day known or not."""
    active_ended: date | None = None
    """Last day of active support, where told apart."""
    extended_ended: date | None = None
    """Last day of paid updates, where sold."""
    latest: str = ""
    """Newest version of the branch."""
    latest_on: date | None = None


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert of CERT-FR."""

    id: str
    """``CERTFR-2024-ALE-004``."""
    title: str
    """In French."""
    url: str
    published: date | None = None
    revised: date | None = None
    closed: date | None = None
    """``None``: still running, or not told."""
    cves: tuple[str, ...] = ()


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """Which state of a feed is present."""

    feed: str
    """``kev``, ``epss``, ``cvss``, ``eol``, ``windows`` or ``alerts``."""
    as_of: datetime
    """UTC; when its maker made it."""
    fetched_at: datetime
    """UTC; when it came here."""
    source: str = ""
    """URL, or ``file:NAME`` or ``bundle:NAME``; never a secret."""
    sha256: str = ""
    size_bytes: int = 0
    entries: int = 0


class Feeds(msgspec.Struct, frozen=True, kw_only=True):
    """All feeds that are present; each is empty when it is absent."""

    kev: dict[str, KevEntry] = {}
    """By CVE."""
    epss: dict[str, Epss] = {}
    """By CVE; only those of products, of ``kev`` and of ``alerts``."""
    cvss: dict[str, Cvss] = {}
    """By CVE."""
    eol: dict[str, dict[str, EolCycle]] = {}
    """By slug (``Support.slug``), then by cycle."""
    alerts: tuple[Alert, ...] = ()
    """Newest first."""
    editions: tuple[Edition, ...] = ()
    """By feed; empty: built-in knowledge alone."""

    def edition(self, feed: str) -> Edition | None:
        """Give which state of a feed is present; ``None`` when it is not."""
        return next((one for one in self.editions if one.feed == feed), None)

    def kev_named(self, names: Iterable[str]) -> tuple[KevEntry, ...]:
        """Give the entries of products so called (``vendor: product``), oldest first."""
        wanted = {name.casefold() for name in names}
        found = [one for one in self.kev.values() if one.kev_name.casefold() in wanted]
        return tuple(sorted(found, key=lambda one: (one.added, one.cve)))

    def alerts_on(self, cve: str) -> tuple[Alert, ...]:
        """Give the alerts that name a flaw, newest first."""
        return tuple(alert for alert in self.alerts if cve in alert.cves)
