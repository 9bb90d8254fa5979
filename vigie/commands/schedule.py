"""``vigie schedule``: what is due and when; do it."""

import functools
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import msgspec

from core.errors import InventoryInvalid, UsageError
from vigie.config import Settings

_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
_OPERATIONS = click.option(
    "--operations",
    "path",
    metavar="FICHIER",
    required=True,
    type=_FILE,
    help="Fichier d'exploitation : inventaires de la région, cadences.",
)


@click.group(help="Balayages qui reviennent d'eux-mêmes : ce qui est dû, quand et pourquoi.")
def schedule() -> None:
    """Group."""


@schedule.command(help="Mesure ce qui est dû, dans les fenêtres des mandats, jusqu'à l'arrêt.")
@_OPERATIONS
@click.option("--once", is_flag=True, help="Fait ce qui est dû maintenant, puis se termine.")
@click.pass_obj
def run(settings: Settings, path: Path, once: bool) -> int:
    """Run the daemon; once, 3 when something due could not be done."""
    import trio

    from vigie.alone import alone
    from vigie.schedule.daemon import Daemon

    with alone(settings, "schedule"):
        store = settings.open_store()
        try:
            daemon = Daemon(path, settings, store)
            trio.run(functools.partial(daemon.run, once=once), strict_exception_groups=True)
        finally:
            store.close()
    return 3 if once and not daemon.is_whole else 0


@schedule.command("list", help="Dit ce qui est dû, quand, pourquoi, et ce qui n'est pas prévu.")
@_OPERATIONS
@click.option("--ght", metavar="ID", help="Seulement ce GHT.")
@click.option("--json", "as_json", is_flag=True, help="Le dit en JSON.")
@click.pass_obj
def list_due(settings: Settings, path: Path, ght: str | None, as_json: bool) -> int:
    """Print the targets by the moment they are due; nothing is sent.

    An inventory that has faults is told, and hides its own GHT alone: the code is then 2.
    """
    from core.inventory import Inventory
    from core.knowledge.cadence import load_cadence
    from core.store.schedule import Schedule
    from inventories.load import load_inventory
    from inventories.operations.load import load_operations
    from vigie.schedule.daemon import ground_of
    from vigie.schedule.listing import Listed, lines, listed
    from vigie.schedule.planner import Planner

    operations = load_operations(path, settings.language)
    inventories: list[Inventory] = []
    faults: list[str] = []
    for one in operations.inventories:
        try:
            inventories.append(load_inventory(Path(one), settings.language))
        except InventoryInvalid as invalid:
            faults += invalid.faults
    if not inventories:
        raise InventoryInvalid(faults)
    for fault in faults:
        click.echo(fault, err=True)
    chosen = [one for one in inventories if ght in {None, one.ght.id}]
    if not chosen:
        raise UsageError(settings.say(f"GHT inconnu : {ght}", f"unknown GHT: {ght}"))
    at = datetime.now(UTC)
    told: list[Listed] = []
    store = settings.open_store()
    try:
        plan = Schedule(store)
        planner = Planner(plan, load_cadence().paced(operations.schedule.periods))
        for inventory in chosen:
            ground = ground_of(inventory, operations)
            planner.sync(ground, at)
            told.append(listed(ground, plan.rows(ground.id), store.held(), at))
    finally:
        store.close()
    if as_json:
        document = {"schema": "vigie.schedule/1", "ghts": told}
        click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
    else:
        for due in told:
            for line in lines(due, settings.language):
                click.echo(line)
    return InventoryInvalid.exit_code if faults else 0


@schedule.command(help="Demande qu'un constat soit mesuré de nouveau dès que possible.")
@click.argument("fingerprint", metavar="EMPREINTE")
@click.pass_obj
def now(settings: Settings, fingerprint: str) -> None:
    """Ask for one finding; the daemon takes it up at its next turn, inside the windows."""
    from core.knowledge.cadence import load_cadence
    from core.operations import Operations
    from core.operations import Schedule as Choices
    from core.store.schedule import Schedule
    from vigie.commands.retest import inventory_now
    from vigie.schedule.daemon import ground_of
    from vigie.schedule.planner import Planner

    store = settings.open_store()
    try:
        found = list(store.findings(fingerprints=[fingerprint]).values())
        if len(found) != 1:
            text = (
                settings.say("plusieurs constats commencent ainsi", "several findings start so")
                if found
                else settings.say("constat inconnu", "unknown finding")
            )
            raise UsageError(f"{fingerprint}: {text}")
        inventory = inventory_now(store, store.run(found[0].last_run).ght, settings)
        ground = ground_of(inventory, Operations(path="", schedule=Choices(directories=True)))
        planner = Planner(Schedule(store), load_cadence())
        rows = planner.ask(ground, ground.keys_of(found[0].place), datetime.now(UTC))
    finally:
        store.close()
    moments = [one.due.at for one in rows if one.due is not None]
    if not moments:
        raise UsageError(
            settings.say(
                "aucun mandat à venir ne permet de le mesurer",
                "no mandate to come allows to measure it",
            )
        )
    moment = min(moments).astimezone(ZoneInfo(inventory.ght.timezone))
    click.echo(
        settings.say(
            f"Demandé : mesuré à un prochain tour du démon, à partir du {moment:%Y-%m-%d %H:%M %Z}.",
            f"Asked: measured at a next turn of the daemon, from {moment:%Y-%m-%d %H:%M %Z} on.",
        )
    )
