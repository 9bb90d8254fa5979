"""``vigie notify``: what is told, to whom, and what became of it."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.errors import UsageError
from core.model import Wording
from core.store.outbox import Entry, Outbox, Sending
from vigie.config import Settings
from vigie.operator import operator

if TYPE_CHECKING:
    from core.inventory import Inventory
    from core.operations import Operations

_STATES = {
    Sending.WAITING: Wording("en attente", "waiting"),
    Sending.SENDING: Wording("en cours", "sending"),
    Sending.SENT: Wording("envoyé", "sent"),
    Sending.FAILED: Wording("abandonné", "given up"),
    Sending.UNSURE: Wording("incertain", "unsure"),
}
_FILE = click.option(
    "--operations",
    "path",
    metavar="FICHIER",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Fichier d'exploitation de la région.",
)


@click.group(help="Courriels et webhooks : envoyer ce qui attend, voir ce qui est parti, essayer.")
def notify() -> None:
    """Group."""


@notify.command(help="Envoie ce qui attend et dont l'heure est venue.")
@_FILE
@click.option(
    "--run",
    "run_id",
    metavar="RUN",
    help="Y ajoute d'abord ce que cette exécution, lancée à la main, a changé.",
)
@click.option("--dry-run", is_flag=True, help="Montre ce qui serait envoyé, sans rien envoyer.")
@click.pass_obj
def send(settings: Settings, path: Path, run_id: str | None, dry_run: bool) -> int:
    """Send once; 3 when something did not leave."""
    import trio

    from vigie.notify.flushing import Sender
    from vigie.notify.queueing import after_run

    operations, inventories = _read(path, settings)
    store = settings.open_store()
    try:
        if run_id is not None:
            now = datetime.now(UTC)
            trio.run(partial(after_run, store, operations, store.run(run_id), now=now))
        if dry_run:
            _show_waiting(Outbox(store), operations, settings)
            return 0
        sender = Sender(operations, inventories, settings)
        done = trio.run(sender.flush, store, lambda: datetime.now(UTC))
    finally:
        store.close()
    click.echo(
        settings.say(
            f"envoyés : {done.sent} ; à réessayer : {done.waiting} ; abandonnés : {done.failed} ; "
            f"incertains : {done.unsure}",
            f"sent: {done.sent}; to be tried again: {done.waiting}; given up: {done.failed}; "
            f"unsure: {done.unsure}",
        ),
        err=True,
    )
    if done.unsure:
        _warn_unsure(settings)
    return 3 if done.waiting or done.failed or done.unsure else 0


@notify.command("list", help="Liste ce qui a été confié à l'envoi, le plus récent d'abord.")
@click.option("--waiting", "states", flag_value="waiting", help="Seulement ce qui attend.")
@click.option("--failed", "states", flag_value="failed", help="Seulement ce qui est abandonné.")
@click.option(
    "--unsure",
    "states",
    flag_value="unsure",
    help="Seulement ce dont on ne sait pas s'il est parti.",
)
@click.pass_obj
def list_entries(settings: Settings, states: str | None) -> None:
    """Print one line per entry."""
    store = settings.open_store()
    chosen = (Sending(states),) if states else tuple(Sending)
    entries = Outbox(store).entries(states=chosen)
    store.close()
    for one in entries:
        click.echo(_line(one, settings))
    if not entries:
        click.echo(settings.say("Rien.", "Nothing."), err=True)
    if any(one.state is Sending.UNSURE for one in entries):
        _warn_unsure(settings)


@notify.command(help="Envoie de nouveau ce qui est abandonné ou incertain.")
@click.argument("numbers", metavar="NUMÉRO...", nargs=-1, required=True, type=int)
@click.pass_obj
def again(settings: Settings, numbers: tuple[int, ...]) -> None:
    """Make entries due now; journaled."""
    store = settings.open_store()
    try:
        for number in numbers:
            now = datetime.now(UTC)
            if not Outbox(store).again(number, now):
                raise UsageError(
                    settings.say(
                        f"{number} : ni abandonné ni incertain ; voir « vigie notify list »",
                        f"{number}: neither given up nor unsure; see vigie notify list",
                    )
                )
            detail = {"entry": str(number)}
            store.note(at=now, who=operator(), what="send-again", detail=detail)
    finally:
        store.close()


@notify.command(help="Envoie un message d'essai à un destinataire ou à un webhook, maintenant.")
@click.argument("destination", metavar="DESTINATAIRE")
@_FILE
@click.pass_obj
def test(settings: Settings, destination: str, path: Path) -> int:
    """Send a message that says nothing; 5 when it did not arrive."""
    import trio

    from core.news import News
    from vigie.notify.flushing import Sender
    from vigie.notify.outcome import MaybeDelivered, Undelivered
    from vigie.notify.queueing import MAIL, WEBHOOK

    operations, inventories = _read(path, settings)
    chosen = [one for one in operations.recipients if one.id == destination]
    hooks = [one for one in operations.webhooks if one.id == destination]
    if not chosen and not hooks:
        ids = [one.id for one in operations.recipients] + [one.id for one in operations.webhooks]
        known = ", ".join(ids)
        raise UsageError(
            settings.say(
                f"« {destination} » n'est ni un destinataire ni un webhook ; connus : {known}",
                f"“{destination}” is neither a recipient nor a webhook; known: {known}",
            )
        )
    ghts = chosen[0].ghts if chosen else hooks[0].ghts
    inventory = next((one for one in inventories.values() if not ghts or one.ght.id in ghts), None)
    if inventory is None:
        raise UsageError(
            settings.say(
                f"{destination} : aucun inventaire de ses GHT", f"{destination}: no inventory"
            )
        )
    now = datetime.now(UTC)
    ght = inventory.ght
    news = News(kind="test", ght=ght.id, ght_name=ght.name, at=now)
    store = settings.open_store()

    async def nothing() -> None:
        pass

    async def deliver() -> None:
        await Sender(operations, inventories, settings).deliver(
            store,
            MAIL if chosen else WEBHOOK,
            destination,
            f"test:{now.isoformat()}",
            news,
            now,
            before_dot=nothing,
        )

    try:
        trio.run(deliver)
    except (Undelivered, MaybeDelivered) as error:
        click.echo(f"{destination}{settings.say(' ', '')}: {error}", err=True)
        return 5
    finally:
        store.close()
    click.echo(settings.say(f"{destination} : envoyé", f"{destination}: sent"), err=True)
    return 0


def _read(path: Path, settings: Settings) -> tuple["Operations", dict[str, "Inventory"]]:
    from inventories.load import load_inventory
    from inventories.operations.load import load_operations

    operations = load_operations(path, settings.language)
    found = [load_inventory(Path(one), settings.language) for one in operations.inventories]
    return operations, {one.ght.id: one for one in found}


def _show_waiting(outbox: Outbox, operations: "Operations", settings: Settings) -> None:
    import msgspec

    from core.news import News
    from reports.digest import as_text, digest
    from vigie.notify.queueing import MAIL, WEBHOOK

    recipients = {one.id: one for one in operations.recipients}
    waiting = outbox.entries(states=[Sending.WAITING], channels=[MAIL, WEBHOOK])
    for entry in reversed(waiting):
        click.echo(_line(entry, settings))
        one = recipients.get(entry.destination)
        if entry.channel != MAIL or one is None:
            continue
        news = msgspec.json.decode(entry.body, type=News)
        sealed = "sealed" if one.can_seal else "clear" if one.details_in_clear else ""
        told = digest(news, one.language, one.timezone, sealed if news.run else "")
        click.echo(f"  {one.mail}\n  {told.subject}")
        for line in as_text(told).splitlines():
            click.echo(f"  | {line}".rstrip())
    if not waiting:
        click.echo(settings.say("Rien n'attend.", "Nothing waits."), err=True)


def _line(one: Entry, settings: Settings) -> str:
    when = one.sent_at or (one.not_before if one.state is Sending.WAITING else one.created_at)
    state = _STATES[one.state].say(settings.language)
    said = f"  {one.last_error}" if one.last_error else ""
    return (
        f"{one.id:>6}  {state:11} {when:%Y-%m-%d %H:%M}Z  {one.channel:8} {one.destination:20} "
        f"{one.key}{said}"
    )


def _warn_unsure(settings: Settings) -> None:
    click.echo(
        settings.say(
            "Incertain : l'envoi a été coupé alors que le serveur avait peut-être déjà pris le "
            "message. Rien n'est renvoyé de soi-même : demandez au destinataire, puis « vigie "
            "notify again NUMÉRO » s'il n'a rien reçu.",
            "Unsure: sending was cut when the server may already have taken the message. Nothing "
            "is sent again by itself: ask the recipient, then vigie notify again NUMBER if "
            "nothing came.",
        ),
        err=True,
    )
