"""``vigie mandate template``: the letters to have signed before anything is sent."""

from pathlib import Path

import click

from core.errors import UsageError
from core.model import Language
from inventories.letters import write_letters
from inventories.load import load_inventory
from vigie.commands.inventory import language_of, write_new


@click.group(help="Prépare les lettres de mandat et d'accord.")
def mandate() -> None:
    """Hold the command below."""


@mandate.command(
    help="Écrit les lettres de mandat et d'accord des hébergeurs, remplies selon l'inventaire."
)
@click.argument("file", metavar="INVENTAIRE", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DOSSIER",
    help="Dossier où écrire les lettres (le dossier courant par défaut).",
)
@click.pass_context
def template(ctx: click.Context, file: Path, out: Path) -> None:
    """Write one HTML page per letter and print their paths; existing files are never overwritten."""
    language = language_of(ctx)
    letters = write_letters(load_inventory(file, language), language)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{out} : dossier impossible à créer ({error.strerror})"
            if language is Language.FR
            else f"{out}: folder cannot be made ({error.strerror})"
        ) from None
    for letter in letters:
        write_new(out / letter.file, letter.html, language)
        click.echo(str(out / letter.file))
