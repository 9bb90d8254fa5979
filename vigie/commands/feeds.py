"""``vigie feeds``: what the outside says of flaws, scores, support and alerts."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.errors import FeedFault, UsageError
from core.feeds import FEED_NAMES, FEEDS, Edition
from core.inventory import Inventory
from core.knowledge.load import load_knowledge
from core.store.store import Store
from inventories.feeds import feed_addresses
from inventories.load import load_inventory
from vigie.config import Settings
from vigie.feed_words import import_code, is_unreached, say_age, say_fault
from vigie.feeds import Shelf, age_days, alone_with, shelf_of

if TYPE_CHECKING:
    from core.operations import Operations
    from vigie.feed_bundle import KeyRing
    from vigie.feed_update import Fetched

_OPERATIONS = click.option(
    "--operations",
    "region",
    metavar="FICHIER",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Fichier d'exploitation de la région ; ce qui devient exploité part en alerte.",
)


@click.group(
    help="Flux de failles, de fins de support et d'alertes : état, mise à jour, paquets signés."
)
def feeds() -> None:
    """Group."""


@feeds.command(help="Dit quels flux sont présents, de quand ils datent et d'où ils viennent.")
@click.option("--json", "as_json", is_flag=True, help="Écrit le résultat en JSON.")
@click.pass_obj
def status(settings: Settings, as_json: bool) -> None:
    """Print the built-in knowledge, one line per feed, and the keys."""
    from vigie.feed_bundle import KeyRing

    shelf, now = shelf_of(settings), _now()
    ring = KeyRing(shelf.folder)
    compiled = load_knowledge().compiled_on
    editions, damaged = _present(shelf)
    if as_json:
        seen = {
            "compiled_on": compiled.isoformat(),
            "feeds": [
                {
                    "feed": one.feed,
                    "as_of": one.as_of.isoformat(),
                    "fetched_at": one.fetched_at.isoformat(),
                    "age_days": age_days(one.as_of, now),
                    "entries": one.entries,
                    "source": one.source,
                    "sha256": one.sha256,
                }
                for one in editions.values()
            ],
            "damaged": sorted(damaged),
            "public_key": ring.public,
            "trusted_keys": ring.trusted(),
        }
        click.echo(json.dumps(seen, ensure_ascii=False, indent=1))
        return
    built_in = age_days(datetime.combine(compiled, datetime.min.time(), UTC), now)
    click.echo(
        f"{'':8} {settings.say('base intégrée', 'built-in knowledge'):36} {compiled}  "
        f"{say_age(built_in, settings.language)}"
    )
    for feed in FEEDS:
        name = f"{feed:8} {FEED_NAMES[feed].say(settings.language):36}"
        if feed in editions:
            click.echo(f"{name} {_edition(editions[feed], settings, now)}")
        elif feed in damaged:
            click.echo(f"{name} !! {say_fault(damaged[feed], settings.language)}")
        else:
            click.echo(f"{name} {settings.say('absent', 'absent')}")
    if ring.public:
        own = settings.say("clé publique de cette machine", "public key of this machine")
        click.echo(f"{own}{settings.say(' ', '')}: {ring.public}")
    for key in ring.trusted():
        click.echo(settings.say(f"clé acceptée : {key}", f"key accepted: {key}"))


@feeds.command(
    help="Met à jour les flux auprès de leurs éditeurs ou d'un miroir, si [services] le permet."
)
@click.option(
    "--inventory",
    "path",
    metavar="INVENTAIRE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Inventaire dont [services] nomme les flux ; par défaut ceux des GHT déjà mesurés.",
)
@_OPERATIONS
@click.pass_obj
def update(settings: Settings, path: Path | None, region: Path | None) -> int:
    """Fetch every feed, then name the assets that are newly known to be exploited."""
    import trio

    operations = _read_operations(region, settings)
    shelf = shelf_of(settings)
    store = settings.open_store()
    try:
        inventory = load_inventory(path, settings.language) if path else _known(store, settings)
        with alone_with(shelf, settings):
            ended = trio.run(_update, shelf, inventory, settings)
            _tell_touched(store, shelf, settings, operations)
    finally:
        store.close()
    faults = [fault for one in ended for fault in one.faults]
    if faults and not any(one.changed for one in ended) and all(map(is_unreached, faults)):
        return 5 if all(one.faults for one in ended) else 3
    return 3 if faults else 0


@feeds.command(
    "import", help="Prend des flux dans des fichiers : paquets signés, ou fichiers des éditeurs."
)
@click.argument(
    "files", metavar="FICHIER...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--trust",
    metavar="PUBKEY",
    help="Clé publique dont les paquets sont acceptés, maintenant et ensuite.",
)
@_OPERATIONS
@click.pass_obj
def import_files(
    settings: Settings, files: tuple[Path, ...], trust: str | None, region: Path | None
) -> int:
    """Take each file, then name the assets that are newly known to be exploited."""
    from vigie.feed_bundle import KeyRing, read_public_key

    try:
        trusted = read_public_key(trust) if trust else None
    except ValueError as error:
        raise UsageError(
            settings.say(
                f"--trust : ce n'est pas une clé publique ({error})",
                f"--trust: not a public key ({error})",
            )
        ) from error
    operations = _read_operations(region, settings)
    shelf = shelf_of(settings)
    store = settings.open_store()
    try:
        with alone_with(shelf, settings):
            ring = KeyRing(shelf.folder)
            codes = [_import(shelf, ring, file, trusted, settings) for file in files]
            # After a refusal, « nothing new » would read as an answer of the file's.
            _tell_touched(store, shelf, settings, operations, says_none=not any(codes))
    finally:
        store.close()
    return next(filter(None, codes), 0)


@feeds.command(
    help="Réunit les flux présents dans un paquet signé, pour une machine sans Internet."
)
@click.option(
    "--output",
    "-o",
    "out",
    metavar="FICHIER",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Fichier à écrire (par défaut vigie-flux-DATE.zip).",
)
@click.pass_obj
def bundle(settings: Settings, out: Path | None) -> None:
    """Write the bundle, and print the public key that whoever imports it must accept."""
    from vigie.feed_bundle import KeyRing, make_bundle
    from vigie.output import write_private

    shelf = shelf_of(settings)
    if not _present(shelf)[0]:
        raise UsageError(
            settings.say(
                "aucun flux à réunir : « vigie feeds update » d'abord",
                "no feed to bundle: vigie feeds update first",
            )
        )
    with alone_with(shelf, settings):
        ring = KeyRing(shelf.folder)
        now = _now()
        data, manifest = make_bundle(shelf, ring.signer(), now)
        path = out or Path(f"vigie-flux-{now:%Y-%m-%d}.zip")
        write_private(path, [data])
    held = ", ".join(one.feed for one in manifest.editions)
    click.echo(settings.say(f"{path} : {held}", f"{path}: {held}"))
    click.echo(
        settings.say(
            f"clé publique, à donner une fois par une autre voie : {ring.public}",
            f"public key, to be given once by another way: {ring.public}",
        )
    )


async def _update(shelf: Shelf, inventory: Inventory, settings: Settings) -> list["Fetched"]:
    from vigie.feed_client import Pace
    from vigie.feed_update import Update
    from vigie.services import feed_client, nvd_key

    ended: list[Fetched] = []
    async with feed_client(inventory, Pace()) as client:
        addresses = feed_addresses(inventory.services.others)
        work = Update(shelf, client, addresses, load_knowledge(), nvd_key=nvd_key())
        async for one in work.run():
            ended.append(one)
            _tell_fetched(shelf, one, settings)
    return ended


def _known(store: Store, settings: Settings) -> Inventory:
    """Give an inventory of those already measured, one that names feeds first."""
    from vigie.commands.retest import inventory_now

    ghts = dict.fromkeys(run.ght for run in store.runs())
    found = [inventory_now(store, ght, settings) for ght in ghts]
    if not found:
        raise UsageError(
            settings.say(
                "aucun GHT mesuré encore : donnez --inventory INVENTAIRE",
                "no GHT measured yet: give --inventory INVENTAIRE",
            )
        )
    return next((one for one in found if feed_addresses(one.services.others)), found[0])


def _import(
    shelf: Shelf, ring: "KeyRing", file: Path, trusted: str | None, settings: Settings
) -> int:
    """Take one file; gives its exit code."""
    from vigie.feed_import import take_file

    codes: list[int] = []
    for one in take_file(shelf, ring, file, trusted=trusted, now=_now()):
        if one.fault is None:
            _tell_kept(shelf, one.feed, one.changed, settings)
            continue
        codes.append(import_code(one.fault))
        _tell(one.feed or file.name, say_fault(one.fault, settings.language), settings)
    return next(iter(codes), 0)


def _present(shelf: Shelf) -> tuple[dict[str, Edition], dict[str, FeedFault]]:
    editions: dict[str, Edition] = {}
    damaged: dict[str, FeedFault] = {}
    for feed in FEEDS:
        try:
            card = shelf.card(feed)
            if card is not None:
                shelf.read(feed)
                editions[feed] = card.edition
        except FeedFault as fault:
            damaged[feed] = fault
    return editions, damaged


def _tell_fetched(shelf: Shelf, one: "Fetched", settings: Settings) -> None:
    if one.changed or not one.faults:
        _tell_kept(shelf, one.feed, one.changed, settings)
    for fault in one.faults[:5]:
        _tell(one.feed, say_fault(fault, settings.language), settings)
    if len(one.faults) > 5:
        more = len(one.faults) - 5
        _tell(one.feed, settings.say(f"et {more} autres", f"and {more} more"), settings)
    if one.left:
        text = settings.say(
            f"{one.left} failles restent à demander, aux prochaines mises à jour",
            f"{one.left} flaws left to ask about, in the next updates",
        )
        _tell(one.feed, text, settings)


def _tell_kept(shelf: Shelf, feed: str, changed: bool, settings: Settings) -> None:
    card = shelf.card(feed)
    if card is None:
        _tell(feed, settings.say("rien à prendre", "nothing to take"), settings)
        return
    word = (
        settings.say("mis à jour", "updated") if changed else settings.say("inchangé", "unchanged")
    )
    _tell(feed, f"{word}, {_edition(card.edition, settings, _now())}", settings)


def _tell(what: str, text: str, settings: Settings) -> None:
    click.echo(f"{what}{settings.say(' ', '')}: {text}")


def _edition(one: Edition, settings: Settings, now: datetime) -> str:
    age = say_age(age_days(one.as_of, now), settings.language)
    several = "s" if one.entries > 1 else ""
    entries = settings.say(f"entrée{several}", "entries" if several else "entry")
    return f"{one.as_of:%Y-%m-%d}  {age}, {one.entries} {entries}, {one.source}"


def _read_operations(region: Path | None, settings: Settings) -> "Operations | None":
    from inventories.operations.load import load_operations

    return None if region is None else load_operations(region, settings.language)


def _tell_touched(
    store: Store,
    shelf: Shelf,
    settings: Settings,
    operations: "Operations | None",
    *,
    says_none: bool = True,
) -> None:
    """Judge again what was seen already, and name what is newly known to be exploited: here, and
    in an alert to those whom the operations file names.
    """
    from vigie.rejudging import Touched, rejudge_latest

    def tell(check: str, trace: str) -> None:
        click.echo(f"{check}: {trace}", err=True)

    def alert(found: Sequence[Touched]) -> None:
        if operations is None:
            return
        import trio

        from vigie.notify.queueing import after_feeds

        trio.run(partial(after_feeds, store, operations, found, now=_now()))

    touched = rejudge_latest(store, shelf.known(), tell, alert)
    if not touched:
        if not says_none:
            return
        click.echo(
            settings.say(
                "Aucun service déjà vu n'est nouvellement connu comme exploité.",
                "No service seen already is newly known to be exploited.",
            )
        )
        return
    click.echo(
        settings.say(
            "Services déjà vus, nouvellement connus comme exploités :",
            "Services seen already, newly known to be exploited:",
        )
    )

    def line(one: Touched) -> str:
        place = one.judged.verdict.place
        where = f"{place.ip or place.hostname}:{place.port or '-'}"
        name = f" ({place.hostname})" if place.hostname and place.ip else ""
        seen = settings.say("vu le", "seen on")
        return (
            f"  {place.establishment}  {where}{name}  {one.product}  {', '.join(one.cves)}  "
            f"[{seen} {one.judged.at:%Y-%m-%d}, {one.run.ght} {one.run.id}]"
        )

    _echo_all(line(one) for one in touched)


def _echo_all(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _now() -> datetime:
    return datetime.now(UTC)
