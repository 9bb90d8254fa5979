"""``vigie retest``: measure one finding again, now."""

import functools
from pathlib import Path

import click
import trio

from checks.registry import by_id
from core.errors import UsageError
from core.inventory import Inventory
from core.model import Flagged, Place, Status
from core.observations.base import Attempt
from core.observations.name import NameSeen
from core.reasons import say as reason
from core.store.store import FindingRow, Opened, Run, Store
from inventories.load import load_inventory
from vigie.config import Settings
from vigie.coverage import scope_of
from vigie.execution import execute
from vigie.job import plan_run, utc_now


@click.command(help="Mesure de nouveau un constat, maintenant, dans les limites du mandat.")
@click.argument("fingerprints", metavar="EMPREINTE...", nargs=-1, required=True)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Dossier des résultats."
)
@click.pass_obj
def retest(settings: Settings, fingerprints: tuple[str, ...], out: Path | None) -> int:
    """Say of each finding: still there, not seen again, or not measured."""
    store = settings.open_store()
    try:
        found = store.findings(fingerprints=fingerprints)
        for asked in fingerprints:
            if not any(known.startswith(asked) for known in found):
                raise UsageError(
                    settings.say(f"{asked} : constat inconnu", f"{asked}: unknown finding")
                )
        run = _plan(store, list(found.values()), settings)
        folder = out or Path(f"vigie-{run.ght}-{run.id}")
        # Already stored, with its ports to measure again: the run takes up there and sweeps nothing.
        outcome = trio.run(
            functools.partial(
                execute, run, store, settings=settings, out=folder, wait=None, resumed=True
            )
        )
        for row in found.values():
            click.echo(f"{row.fingerprint[:12]}  {_verdict(store, run, row, settings)}")
    finally:
        store.close()
    return outcome.exit_code(None)


def _plan(store: Store, rows: list[FindingRow], settings: Settings) -> Run:
    """Store a run whose only work is the ports of these findings."""
    places = {row.place for row in rows}
    if any(place.ip is None or place.port is None for place in places):
        raise UsageError(
            settings.say(
                "ce constat porte sur un hôte ou un nom entier : relancez un balayage",
                "this finding is about a whole host or name: scan again",
            )
        )
    ghts = {store.run(row.last_run).ght for row in rows}
    if len(ghts) > 1:
        raise UsageError(settings.say("un GHT à la fois", "one GHT at a time"))
    inventory = inventory_now(store, ghts.pop(), settings)
    run = plan_run(
        inventory,
        profile=None,
        establishments=(),
        tcp_ports=(),
        retest=[row.fingerprint for row in rows],
    )
    store.start_run(run)
    # The names by which the services were met; those that close an address are asked again.
    closing = scope_of(run).names_to_learn()
    met = store.observations(rows[0].last_run, kinds=("name",))
    store.keep(
        run,
        observations=[one for one in met if isinstance(one, NameSeen) and one.name not in closing],
    )
    at = utc_now()
    store.save_sweep(run.id, (), [Opened(place=_whole(place), at=at) for place in places])
    return run


def inventory_now(store: Store, ght: str, settings: Settings) -> Inventory:
    """Give the inventory as its file says today, else as the newest run of the GHT knew it.

    What was excluded, or taken out of the mandate, since the finding was seen must be obeyed.
    Raises :class:`core.errors.UsageError` when the file has errors.
    """
    known = store.runs(ght=ght, limit=1)[0].inventory
    path = Path(known.path)
    if path.is_file():
        today = load_inventory(path, settings.language)
        if today.ght.id == ght:
            return today
    return known


def _whole(place: Place) -> Place:
    """Give the place of the port itself, whatever the check was about there."""
    return Place(
        establishment=place.establishment,
        ip=place.ip,
        port=place.port,
        transport=place.transport,
        hostname=place.hostname,
    )


def _verdict(store: Store, run: Run, row: FindingRow, settings: Settings) -> str:
    check = by_id()[row.check]
    title = settings.say(check.title_fr, check.title_en)
    for judged in store.judged(run.id):
        if judged.check == row.check and judged.verdict.place == row.place:
            if isinstance(judged.verdict, Flagged):
                return f"{title} : {settings.say('toujours présent', 'still there')}"
            return f"{title} : {settings.say('non mesuré', 'not measured')} ({reason(judged.verdict.why, settings.language)})"
    for seen in store.observations(run.id):
        if isinstance(seen, check.families) and seen.place == row.place:
            return (
                f"{title} : {settings.say('non revu à cette mesure', 'not seen in this measure')}"
            )
    for seen in store.observations(run.id, kinds=("attempt",)):
        if isinstance(seen, Attempt) and seen.place == row.place and seen.status is not Status.OK:
            why = reason(seen.status.value, settings.language)
            if seen.status is Status.REFUSED:
                return f"{title} : {settings.say('port fermé à cette mesure', 'port closed in this measure')} ({why})"
            return f"{title} : {settings.say('non mesuré', 'not measured')} ({why})"
    return f"{title} : {settings.say('non mesuré', 'not measured')}"
