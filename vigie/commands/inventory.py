"""``vigie inventory``: check an inventory, print its schema, start a new one."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from core.errors import UsageError
from core.inventory import Inventory
from core.model import Language
from inventories.load import Reading, read_inventory
from inventories.schema import inventory_schema
from inventories.starting import starting_inventory


@click.group(help="Décrit ce qui peut être contacté : vérifier, commencer un inventaire.")
def inventory() -> None:
    """Hold the commands below."""


@inventory.command(help="Vérifie des inventaires ; dit tous les défauts, avec fichier et ligne.")
@click.argument(
    "files", metavar="FICHIER...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...]) -> None:
    """Print faults and summaries to stdout, warnings to stderr; exit 2 if any file has a fault."""
    language = language_of(ctx)
    faulty = False
    for file in files:
        reading = _read(file, language)
        for warning in reading.warnings:
            word = "avertissement" if language is Language.FR else "warning"
            click.echo(f"{warning} [{word}]", err=True)
        if reading.inventory is None:
            faulty = True
            for fault in reading.faults:
                click.echo(fault)
        else:
            click.echo(f"{file}: {_summary(reading.inventory, language)}")
    if faulty:
        ctx.exit(2)


@inventory.command(help="Affiche le schéma JSON d'un inventaire, pour les éditeurs.")
@click.pass_context
def schema(ctx: click.Context) -> None:
    """Print the JSON Schema (draft 2020-12)."""
    click.echo(json.dumps(inventory_schema(language_of(ctx)), ensure_ascii=False, indent=2))


@inventory.command(help="Donne un inventaire commenté à remplir, affiché ou écrit dans FICHIER.")
@click.argument("file", metavar="[FICHIER]", required=False, type=click.Path(path_type=Path))
@click.pass_context
def new(ctx: click.Context, file: Path | None) -> None:
    """Print the starting file, or write it where nothing stands yet."""
    if file is None:
        click.echo(starting_inventory(), nl=False)
        return
    write_new(file, starting_inventory(), language_of(ctx))
    click.echo(str(file))


def language_of(ctx: click.Context) -> Language:
    """Give the language of a command: that of the program, French when there is none."""
    found: object = getattr(ctx.obj, "language", None)
    return found if isinstance(found, Language) else Language.FR


def write_new(file: Path, text: str, language: Language) -> None:
    """Write a file that must not exist: what people filled in is never overwritten."""
    french = language is Language.FR
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise UsageError(
            f"{file} existe déjà ; donner un autre nom"
            if french
            else f"{file} already exists; give another name"
        ) from None
    except OSError as error:
        raise UsageError(
            f"{file} : écriture impossible ({error.strerror})"
            if french
            else f"{file}: cannot be written ({error.strerror})"
        ) from None


def _read(file: Path, language: Language) -> Reading:
    """Read with today's date, in the zone of the inventory once that is known."""
    now = datetime.now(UTC)
    reading = read_inventory(file, language=language, today=now.date())
    if reading.inventory is None:
        return reading
    local = now.astimezone(ZoneInfo(reading.inventory.ght.timezone)).date()
    if local == now.date():
        return reading
    return read_inventory(file, language=language, today=local)


def _summary(inventory: Inventory, language: Language) -> str:
    counts = (
        len(inventory.establishments),
        len(inventory.mandates),
        len(inventory.consents),
        len(inventory.directories),
    )
    if language is Language.FR:
        words = ("établissement(s)", "mandat(s)", "accord(s)", "annuaire(s)")
        return "valide ; " + ", ".join(
            f"{count} {word}" for count, word in zip(counts, words, strict=True)
        )
    words = ("establishment(s)", "mandate(s)", "consent(s)", "directory(ies)")
    return "valid; " + ", ".join(
        f"{count} {word}" for count, word in zip(counts, words, strict=True)
    )
