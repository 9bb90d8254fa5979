"""``vigie runs``: history."""

import click

from core.model import Language
from core.store.store import Run
from vigie.config import Settings
from vigie.operator import note_reading
from vigie.wording import CRITICALITIES


@click.group(help="Historique des exécutions.")
def runs() -> None:
    """Group."""


@runs.command("list", help="Liste les exécutions, la plus récente d'abord.")
@click.option("--ght", help="Identifiant d'un GHT.")
@click.pass_obj
def list_runs(settings: Settings, ght: str | None) -> None:
    """Print one line per run."""
    store = settings.open_store()
    found = store.runs(ght=ght)
    for run in found:
        click.echo(_line(run, settings.language))
    if not found:
        click.echo(settings.say("Aucune exécution.", "No run."), err=True)
    store.close()


@runs.command(help="Montre une exécution et ce qu'elle a vu.")
@click.argument("run_id", metavar="RUN", default="latest")
@click.pass_obj
def show(settings: Settings, run_id: str) -> None:
    """Print one run."""
    from reports.directory_words import level_said
    from reports.text import inert
    from vigie.reporting import results_of

    store = settings.open_store()
    run = store.run(run_id)
    note_reading(store, run.id)
    results = results_of(store, run, settings.language)
    click.echo(_line(run, settings.language))
    click.echo(
        f"  {len(results.services)} services, {len(results.findings)} "
        + settings.say("constats", "findings")
    )
    for status, count in results.coverage.statuses.items():
        click.echo(f"  {status:16} {count}")
    for one in results.findings:
        place = one.asset
        word = CRITICALITIES[settings.language][one.criticality]
        spot = f"{place.ip or place.hostname}:{place.port or '-'}"
        if place.forest:
            spot = inert(place.domain or place.forest, settings.language)
        click.echo(f"  {word:11} {one.check:32} {spot}  {one.fingerprint[:12]}")
    if results.directory is not None:
        click.echo(f"  {level_said(results.directory, settings.language)}")
    store.close()


def _line(run: Run, language: Language) -> str:
    done = {
        Language.FR: ("complète", "incomplète"),
        Language.EN: ("complete", "incomplete"),
    }[language][0 if run.complete else 1]
    return f"{run.id}  {run.started_at:%Y-%m-%d %H:%M}Z  {run.ght}  {run.profile}  {done}"
