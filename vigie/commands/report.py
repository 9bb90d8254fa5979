"""``vigie report``: results again, from the store."""

from pathlib import Path

import click

from core.errors import UsageError
from vigie.config import Settings
from vigie.feeds import shelf_of
from vigie.operator import note_reading
from vigie.reporting import FORMATS, write_observations, write_reports


@click.command(help="Réécrit les résultats d'une exécution, sans rien mesurer de nouveau.")
@click.argument("run_id", metavar="RUN", default="latest")
@click.option(
    "--format", "form", type=click.Choice([*FORMATS, "jsonl"]), default="html", help="Format voulu."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Dossier où écrire.",
)
@click.option(
    "--rejudge",
    is_flag=True,
    help="Rejuge d'abord les observations enregistrées avec les contrôles d'aujourd'hui.",
)
@click.option(
    "--internal-names",
    is_flag=True,
    help="Montre aussi les noms internes (machines, domaines) que des services ont donnés.",
)
@click.pass_obj
def report(
    settings: Settings, run_id: str, form: str, out: Path, rejudge: bool, internal_names: bool
) -> None:
    """Write one format of one run."""
    from vigie.pipeline import rejudge_run

    store = settings.open_store()
    run = store.run(run_id)
    if rejudge and run.kind == "directory":
        store.close()
        raise UsageError(
            settings.say(
                "un annuaire se rejuge d'après ses instantanés : vigie ad analyse",
                "a directory is judged again from its snapshots: vigie ad analyse",
            )
        )
    if rejudge:
        known = shelf_of(settings).known()
        rejudge_run(
            store, run, lambda check, trace: click.echo(f"{check}: {trace}", err=True), known
        )
    note_reading(store, run.id)
    if form == "jsonl":
        write_observations(store, run, out, internal_names=internal_names)
    else:
        write_reports(store, run, out, settings.language, [form], internal_names=internal_names)
    store.close()
    click.echo(f"{out}", err=True)
