"""One export: each tracker chosen, for each GHT it serves, once."""

import functools
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import trio

from core.errors import UsageError
from core.inventory import Inventory
from core.operations import Operations, Ticketing
from core.secrets import Secret
from core.store.life import Lives
from core.store.store import Store
from core.store.tickets import Tickets
from reports.exports.tracker import Denied, Tracker
from vigie.config import Settings
from vigie.credentials import read_secret
from vigie.job import utc_now
from vigie.leases import Held, leased
from vigie.notify.smtp import tls_context
from vigie.services import address_finder
from vigie.ticketing.dry import DryTracker, ReadOnlyTickets, Showing
from vigie.ticketing.engine import Follower, Summary
from vigie.ticketing.http import Patience, Sender
from vigie.ticketing.kinds import exporter


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What is exported, and how."""

    kinds: tuple[str, ...]
    tracker: str = ""
    """Id; empty: all of these kinds."""
    ght: str = ""
    dry: str = ""
    """``nothing``: nothing is sent; ``reads``: only what changes nothing; empty: all is done."""
    again: tuple[str, ...] = ()
    settle_s: float = 90.0
    patience: Patience = Patience()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one tracker ended for one GHT."""

    tracker: Ticketing
    ght: str
    summary: Summary
    requests: int


async def export(
    choice: Choice,
    operations: Operations,
    inventories: Collection[Inventory],
    store: Store,
    settings: Settings,
    show: Callable[[str], object],
) -> list[Outcome]:
    """Do it; raises :class:`core.errors.UsageError` when nothing fits the choice, and
    :class:`core.errors.OutOfScope` when ``[services]`` of a GHT does not name the tracker.
    """
    served = [
        (tracker, inventory)
        for tracker in _chosen(choice, operations, settings)
        for inventory in inventories
        if choice.ght in {"", inventory.ght.id}
        and (not tracker.ghts or inventory.ght.id in tracker.ghts)
    ]
    if not served:
        raise UsageError(
            settings.say(
                f"aucun GHT n'est servi : {choice.ght or choice.kinds[0]}",
                f"no GHT is served: {choice.ght or choice.kinds[0]}",
            )
        )
    if not choice.dry:
        Lives(store).expire(datetime.now(UTC))
    found: list[Outcome] = []
    for tracker, inventory in served:
        if choice.dry:
            found.append(await _export(choice, tracker, inventory, store, settings, show))
            continue
        # Two at once, of one machine or of two, would each find no ticket, and make one.
        name = f"tickets/{tracker.id}"
        done: list[Outcome] = []
        with leased([name], store, settings, utc_now, work="export") as lease:
            async with trio.open_nursery() as nursery:
                lost = nursery.cancel_scope.cancel
                nursery.start_soon(lease.keep, lost)
                sure = functools.partial(lease.make_sure, lost)
                done.append(await _export(choice, tracker, inventory, store, settings, show, sure))
                nursery.cancel_scope.cancel()
        if not done:
            # Stalled for longer than the lease; what was begun is in the store, for the other.
            raise Held(
                settings.say(
                    f"{tracker.id} : un autre export a pris le relais",
                    f"{tracker.id}: another export took over",
                )
            )
        found += done
    return found


async def _export(
    choice: Choice,
    config: Ticketing,
    inventory: Inventory,
    store: Store,
    settings: Settings,
    show: Callable[[str], object],
    before_change: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint,
) -> Outcome:
    secrets = _secrets(config, settings)
    context = _context(config, settings)
    options = {"language": config.language.value, **config.options}
    tickets = ReadOnlyTickets(store) if choice.dry else Tickets(store)
    address_of = address_finder(inventory)
    async with Sender(
        config, inventory, address_of, context, choice.patience, before_change
    ) as sender:
        try:
            if choice.dry:
                reading = sender if choice.dry == "reads" else None
                showing = Showing(show, config.url, list(secrets.values()), reading)
                tracker: Tracker = DryTracker(
                    exporter(config.kind, showing, secrets, options),
                    tickets.rows(config.id, inventory.ght.id),
                    reads=choice.dry == "reads",
                )
            else:
                tracker = exporter(config.kind, sender, secrets, options)
        except Denied as error:
            summary = Summary(denied=str(error))
        else:
            summary = await Follower(
                config,
                inventory,
                tracker,
                tickets,
                None if choice.dry else Lives(store),
                now=lambda: datetime.now(UTC),
                settle_s=0 if choice.dry else choice.settle_s,
                again=choice.again,
            ).run()
    return Outcome(tracker=config, ght=inventory.ght.id, summary=summary, requests=sender.sent)


def _chosen(choice: Choice, operations: Operations, settings: Settings) -> Iterable[Ticketing]:
    known = [one for one in operations.trackers if one.kind in choice.kinds]
    chosen = [one for one in known if choice.tracker in {"", one.id}]
    if not chosen:
        there = ", ".join(one.id for one in known) or "—"
        raise UsageError(
            settings.say(
                f"aucun [[trackers]] de ce genre dans {operations.path} ; choisir parmi : {there}",
                f"no [[trackers]] of this kind in {operations.path}; choose among: {there}",
            )
        )
    return chosen


def _secrets(config: Ticketing, settings: Settings) -> Mapping[str, Secret]:
    folder = Path()
    return {
        name: read_secret(reference, settings, folder=folder)
        for name, reference in config.secrets.items()
    }


def _context(config: Ticketing, settings: Settings) -> ssl.SSLContext:
    try:
        return tls_context(config.ca_file)
    except (OSError, ValueError) as error:
        raise UsageError(
            settings.say(
                f"{config.ca_file} : aucune autorité lisible ({error})",
                f"{config.ca_file}: no authority to read there ({error})",
            )
        ) from error
