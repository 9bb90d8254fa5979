"""``vigie backup`` and ``vigie restore``."""

import sys
from pathlib import Path
from typing import IO

import click

from core.errors import UsageError
from vigie.config import Settings


@click.command(help="Sauvegarde la base et le dossier d'état, même pendant un balayage.")
@click.argument("file", metavar="FICHIER", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def backup(settings: Settings, file: Path) -> None:
    """Write one file, 0600, or to the standard output with ``-``."""
    # Here: the list of commands needs none of it.
    from vigie.backup import take
    from vigie.output import private_file

    if str(file) == "-":
        if sys.stdout.isatty():
            raise UsageError(
                settings.say(
                    "une sauvegarde n'est pas du texte : redirigez-la, par exemple vers age",
                    "a backup is no text: redirect it, to age for instance",
                )
            )
        manifest = take(settings, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        with private_file(file) as out:
            manifest = take(settings, out)
    click.echo(
        settings.say(
            f"{len(manifest.parts)} fichiers sauvegardés ; ils contiennent des constats et des "
            "clés : gardez-les chiffrés.",
            f"{len(manifest.parts)} files saved; they hold findings and keys: keep them encrypted.",
        ),
        err=True,
    )


@click.command(help="Rétablit une sauvegarde, après l'avoir vérifiée en entier.")
@click.argument("file", metavar="FICHIER", type=click.File("rb"))
@click.option(
    "--replace", is_flag=True, help="Met de côté la base déjà présente, puis la remplace."
)
@click.pass_obj
def restore(settings: Settings, file: IO[bytes], replace: bool) -> None:
    """Put everything back, or nothing."""
    # Here: as above.
    from vigie.backup import put_back

    manifest = put_back(settings, file, replace=replace)
    click.echo(
        settings.say(
            f"Sauvegarde du {manifest.taken_at:%Y-%m-%d %H:%M} UTC rétablie : "
            f"{len(manifest.parts)} fichiers.",
            f"Backup of {manifest.taken_at:%Y-%m-%d %H:%M} UTC restored: "
            f"{len(manifest.parts)} files.",
        ),
        err=True,
    )
