"""Figures for Prometheus, as a text file or on a port of the loopback."""

import ipaddress
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core.errors import FeedFault, StoreError, UsageError
from core.feeds import FEEDS
from core.model import Wording
from core.store.gauges import Gauge, gauges
from core.store.store import Store
from vigie import __version__
from vigie.config import Settings
from vigie.feeds import shelf_of
from vigie.output import write_private
from vigie.schedule.mandates import concerns

_PREFIX = "vigie_"
_HELP = {
    "up": Wording("La base répond.", "The store answers."),
    "build_info": Wording("Version de Vigie.", "Version of Vigie."),
    "findings_open": Wording("Constats ouverts.", "Open findings."),
    "findings_overdue": Wording("Constats ouverts après leur échéance.", "Findings past due."),
    "run_last_end_timestamp_seconds": Wording(
        "Fin de la dernière exécution terminée.", "End of the last ended run."
    ),
    "run_last_complete": Wording(
        "1 si cette exécution était complète.", "1 when that run was complete."
    ),
    "measures_late": Wording("Mesures en retard.", "Measures that are late."),
    "outbox_entries": Wording("Envois, par état.", "What is to be sent, by state."),
    "tickets": Wording("Tickets suivis, par état.", "Tickets followed, by state."),
    "holds_active": Wording("Arrêts en vigueur (vigie stop).", "Holds in force (vigie stop)."),
    "mandate_end_timestamp_seconds": Wording(
        "Fin du dernier mandat connu de chaque établissement.",
        "End of the last mandate known of each establishment.",
    ),
    "feed_age_days": Wording("Âge des flux.", "Age of the feeds."),
}


class _Figures(Collector):
    """Counted at each reading: nothing is kept between two."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Give every family; a store that fails is told by ``up``, and hides nothing else."""
        now = datetime.now(UTC)
        found = [Gauge(name="build_info", labels=(("version", __version__),), value=1)]
        found += _feeds(self._settings, now)
        try:
            counted = [*gauges(self._store, now), *_mandates(self._store)]
        except StoreError:
            found.append(Gauge(name="up", value=0))
        else:
            found += [Gauge(name="up", value=1), *counted]
        families: dict[str, GaugeMetricFamily] = {}
        for one in found:
            if one.name not in families:
                families[one.name] = GaugeMetricFamily(
                    _PREFIX + one.name,
                    _HELP[one.name].say(self._settings.language),
                    labels=[name for name, _ in one.labels],
                )
            families[one.name].add_metric([value for _, value in one.labels], one.value)
        return families.values()


def _feeds(settings: Settings, now: datetime) -> Iterable[Gauge]:
    shelf = shelf_of(settings)
    for feed in FEEDS:
        # A feed that is damaged has no age: its absence is what a supervisor is to notice.
        with suppress(FeedFault):
            if card := shelf.card(feed):
                age = (now - card.edition.as_of).total_seconds() / 86_400
                yield Gauge(name="feed_age_days", labels=(("feed", feed),), value=age)


def _mandates(store: Store) -> Iterable[Gauge]:
    """Give when the last mandate of each establishment ends, as the newest run of its GHT knew."""
    told: set[str] = set()
    for run in store.runs():
        if run.ght in told or run.kind != "exposure":
            continue
        told.add(run.ght)
        zone = ZoneInfo(run.inventory.ght.timezone)
        for establishment in run.inventory.establishments:
            ends = [
                one.valid_until for one in run.inventory.mandates if concerns(one, establishment)
            ]
            if ends:
                end = datetime.combine(max(ends), time.max, tzinfo=zone)
                labels = (("ght", run.ght), ("establishment", establishment.id))
                yield Gauge(
                    name="mandate_end_timestamp_seconds", labels=labels, value=end.timestamp()
                )


def registry(settings: Settings, store: Store) -> CollectorRegistry:
    """Give what counts at each reading."""
    found = CollectorRegistry(auto_describe=False)
    found.register(_Figures(settings, store))
    return found


def write_metrics(settings: Settings, store: Store, path: Path) -> None:
    """Write the text file that node_exporter's textfile collector reads; replaced whole."""
    write_private(path, [generate_latest(registry(settings, store))])


def loopback_endpoint(written: str, settings: Settings) -> tuple[str, int]:
    """Split ``127.0.0.1:9877``; raises :class:`core.errors.UsageError` on any other address.

    Figures by establishment say who is exposed: a reverse proxy, with authentication, shows them
    further if they must be.
    """
    host, _, port = written.rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
        if address.is_loopback and 0 < int(port) < 65_536:
            return str(address), int(port)
    except ValueError:
        pass
    raise UsageError(
        settings.say(
            f"« {written} » : une adresse de la boucle locale et un port, par exemple "
            "127.0.0.1:9877",
            f"“{written}”: an address of the loopback and a port, such as 127.0.0.1:9877",
        )
    )
