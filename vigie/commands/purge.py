"""``vigie purge``: what is erased for good."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import click

from core.errors import UsageError
from core.observations.directory import DirectoryAudited
from core.store.purge import Erasing
from core.store.store import Store
from inventories.forgetting import without_establishment
from vigie.config import Settings
from vigie.job import utc_now
from vigie.operator import operator


@click.command(
    help="Efface pour de bon : un établissement qui part, un GHT, ou les vieilles exécutions."
)
@click.option("--ght", metavar="ID", help="GHT à effacer, ou celui de l'établissement.")
@click.option("--establishment", metavar="ID", help="Établissement à effacer.")
@click.option(
    "--older-than",
    type=click.IntRange(min=1),
    metavar="JOURS",
    help="Efface les exécutions terminées depuis plus de JOURS jours ; les constats restent.",
)
@click.option("--yes", is_flag=True, help="Efface ; sans cette option, compte seulement.")
@click.pass_obj
def purge(
    settings: Settings,
    ght: str | None,
    establishment: str | None,
    older_than: int | None,
    yes: bool,
) -> None:
    """Count what would be erased, or erase it."""
    if (older_than is None) == (ght is None) or (establishment and not ght):
        raise UsageError(
            settings.say(
                "indiquez --ght ID, --ght ID --establishment ID, ou --older-than JOURS",
                "give --ght ID, --ght ID --establishment ID, or --older-than DAYS",
            )
        )
    with closing(settings.open_store()) as store:
        erasing = Erasing(store, who=operator(), at=utc_now(), commit=yes)
        snapshots: list[Path] = []
        if older_than is not None:
            erased = erasing.older(utc_now() - timedelta(days=older_than))
        else:
            assert ght is not None
            snapshots = list(_snapshots(store, ght, establishment, settings))
            if establishment:
                erased = erasing.establishment(ght, establishment, without_establishment)
            else:
                erased = erasing.ght(ght)
        if yes:
            for path in snapshots:
                path.unlink(missing_ok=True)
    _tell(erased, len(snapshots), settings, done=yes)


def _snapshots(
    store: Store, ght: str, establishment: str | None, settings: Settings
) -> Iterable[Path]:
    """Give the snapshots of directories that Vigie keeps itself, of what is to be erased."""
    ours = settings.state().resolve()
    for run in store.runs(ght=ght, limit=1_000_000):
        if run.kind != "directory" or establishment not in {None, *run.plan.establishments}:
            continue
        for seen in store.observations(run.id):
            if isinstance(seen, DirectoryAudited):
                for one in seen.snapshots:
                    path = Path(one.path)
                    if path.is_relative_to(ours) and path.is_file():
                        yield path


def _tell(erased: Mapping[str, int], files: int, settings: Settings, *, done: bool) -> None:
    for table, count in sorted(erased.items()):
        click.echo(f"{table:14} {count}")
    if files:
        click.echo(f"{settings.say('instantanés', 'snapshots'):14} {files}")
    if not erased and not files:
        click.echo(settings.say("Rien à effacer.", "Nothing to erase."), err=True)
    elif done:
        click.echo(
            settings.say(
                "Effacé de la base. Les dossiers de résultats, les sauvegardes et les tickets sont "
                "à effacer où ils sont.",
                "Erased from the store. Folders of results, backups and tickets are to be erased "
                "where they are.",
            ),
            err=True,
        )
    else:
        click.echo(
            settings.say("Rien n'est effacé : ajoutez --yes.", "Nothing is erased: add --yes."),
            err=True,
        )
