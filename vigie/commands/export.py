"""``vigie export``: findings to ticketing systems, and to a file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.errors import UsageError
from vigie.config import Settings
from vigie.operator import note_reading

if TYPE_CHECKING:
    from core.store.store import Store
    from vigie.ticketing.export import Outcome

_KINDS = {
    "glpi": ("glpi", "glpi-v2"),
    "rt": ("rt",),
    "redmine": ("redmine",),
    "jira": ("jira-cloud", "jira-datacenter"),
    "servicenow": ("servicenow",),
    "webhook": ("webhook",),
    "csv": (),
}


@click.command(help="Fait suivre les constats par des tickets, sans doublon ; ou les écrit en CSV.")
@click.argument("kind", metavar="SYSTÈME", type=click.Choice(list(_KINDS)))
@click.option(
    "--operations",
    "path",
    metavar="FICHIER",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Fichier d'exploitation, dont [[trackers]] décrit les systèmes de tickets.",
)
@click.option("--tracker", metavar="ID", default="", help="Seulement ce système de tickets.")
@click.option("--ght", metavar="ID", default="", help="Seulement ce GHT.")
@click.option(
    "--dry-run",
    "dry",
    is_flag=False,
    flag_value="nothing",
    default=None,
    type=click.Choice(["nothing", "reads"]),
    help="Montre les requêtes sans les envoyer ; « reads » envoie celles qui ne font que lire.",
)
@click.option(
    "--again",
    metavar="RÉFÉRENCE",
    multiple=True,
    help="Recrée ce ticket, supprimé dans son système (répétable).",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Fichier à écrire (CSV ; par défaut la sortie standard).",
)
@click.pass_obj
def export(
    settings: Settings,
    kind: str,
    path: Path | None,
    tracker: str,
    ght: str,
    dry: str | None,
    again: tuple[str, ...],
    out: Path | None,
) -> int:
    """Follow what is open; 3 when a ticket is left for later, 5 when nobody is let in."""
    store = settings.open_store()
    try:
        note_reading(store, ght or "*")
        if kind == "csv":
            _write_csv(store, ght, out, settings)
            return 0
        return _follow(store, kind, path, tracker, ght, dry or "", again, settings)
    finally:
        store.close()


def _follow(
    store: "Store",
    kind: str,
    path: Path | None,
    tracker: str,
    ght: str,
    dry: str,
    again: tuple[str, ...],
    settings: Settings,
) -> int:
    import functools

    import trio

    # Here: a file in CSV needs none of it.
    from inventories.load import load_inventory
    from inventories.operations.load import load_operations
    from vigie.ticketing.export import Choice
    from vigie.ticketing.export import export as follow

    if path is None:
        raise UsageError(
            settings.say(
                "--operations : donner le fichier dont [[trackers]] décrit ce système",
                "--operations: give the file whose [[trackers]] describes this system",
            )
        )
    operations = load_operations(path, settings.language)
    inventories = [load_inventory(Path(one), settings.language) for one in operations.inventories]
    choice = Choice(kinds=_KINDS[kind], tracker=tracker, ght=ght, dry=dry, again=again)
    outcomes = trio.run(
        functools.partial(follow, choice, operations, inventories, store, settings, click.echo)
    )
    for outcome in outcomes:
        _tell(outcome, settings)
    if any(one.summary.denied or one.summary.unreachable for one in outcomes):
        return 5
    return 3 if any(one.summary.left for one in outcomes) else 0


def _tell(outcome: "Outcome", settings: Settings) -> None:
    from core.model import Language
    from reports.text import inert

    told = outcome.summary
    say = settings.say
    counts = (
        (told.created, "créé", "créés", "created"),
        (told.updated, "mis à jour", "mis à jour", "updated"),
        (told.noted, "suivi ajouté", "suivis ajoutés", "told more"),
        (told.solved, "résolu", "résolus", "solved"),
        (told.reopened, "rouvert", "rouverts", "reopened"),
        (told.attached, "page jointe", "pages jointes", "given their page"),
        (
            told.proposed,
            "acceptation proposée",
            "acceptations proposées",
            "proposed for acceptance",
        ),
        (told.same, "inchangé", "inchangés", "unchanged"),
        (len(told.left), "reporté", "reportés", "put off"),
        (len(told.gone), "supprimé là-bas", "supprimés là-bas", "deleted there"),
    )
    words = ", ".join(
        f"{count} {say(one if count == 1 else many, english)}"
        for count, one, many, english in counts
        if count
    ) or say("rien", "nothing")
    colon = " :" if settings.language is Language.FR else ":"
    click.echo(f"{outcome.tracker.id} {outcome.ght}{colon} {words}", err=True)
    for one in told.left[:20]:
        click.echo(f"  {one.reference}{colon} {inert(one.why, settings.language)}", err=True)
    if not told.takes_pages:
        no_document = say(
            f"aucune page jointe : « {outcome.tracker.kind} » ne prend pas de document",
            f"no page attached: “{outcome.tracker.kind}” takes no document",
        )
        click.echo(f"  {no_document}", err=True)
    for one in told.unattached[:20]:
        refused = say("page refusée", "page refused")
        why = inert(one.why, settings.language)
        click.echo(f"  {one.reference}{colon} {refused}{colon} {why}", err=True)
    for reference in told.gone[:20]:
        advice = say(
            f"supprimé là-bas ; pour le recréer : --again {reference}",
            f"deleted there; to make it again: --again {reference}",
        )
        click.echo(f"  {reference}{colon} {advice}", err=True)
    for why in (told.denied, told.unreachable):
        if why:
            click.echo(f"  {inert(why, settings.language)}", err=True)


def _write_csv(store: "Store", ght: str, out: Path | None, settings: Settings) -> None:
    import sys

    from checks.registry import by_id
    from core.store.tickets import Tickets
    from reports.exports.csv import findings_csv
    from vigie.output import write_private
    from vigie.ticketing.grouping import worded

    open_now = Tickets(store).open_findings(ght, 0)
    found = [worded(one, settings.language) for one in open_now if one.row.check in by_id()]
    content = findings_csv(found, settings.language)
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        write_private(out, [content])
