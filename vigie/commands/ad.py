"""``vigie ad``: the audit of a directory."""

import getpass
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import UsageError
from core.model import Criticality
from core.secrets import Secret
from vigie.config import Settings
from vigie.credentials import read_secret

if TYPE_CHECKING:
    from ad_audit.snapshot import Key, Lock
    from core.store.store import Store
    from vigie.audit import Whose
    from vigie.directory import Asked

_FILE = click.Path(dir_okay=False, path_type=Path)

_OPTIONS = (
    click.option(
        "--server",
        metavar="URL",
        help="Contrôleur de domaine : ldaps://dc1.chu.example, ou ldap:// avec StartTLS.",
    ),
    click.option(
        "--user", metavar="NOM", help="Compte ordinaire du domaine, ex. svc-audit@chu.example."
    ),
    click.option(
        "--password-file",
        metavar="FICHIER",
        type=_FILE,
        help="Fichier qui contient le mot de passe, lisible par vous seul.",
    ),
    click.option(
        "--password-stdin", is_flag=True, help="Lit le mot de passe sur l'entrée standard."
    ),
    click.option(
        "--kerberos",
        is_flag=True,
        help="Emploie le ticket obtenu par kinit, au lieu d'un mot de passe.",
    ),
    click.option(
        "--ca-file",
        metavar="FICHIER",
        type=_FILE,
        help="Autorités qui signent les certificats des contrôleurs, en PEM.",
    ),
    click.option(
        "--fingerprint",
        metavar="SHA256",
        help="Seul certificat admis, par son empreinte, au lieu de sa vérification.",
    ),
    click.option(
        "--inventory",
        metavar="INVENTAIRE",
        type=_FILE,
        help="Inventaire dont [[directories]] décrit l'annuaire.",
    ),
    click.option("--directory", metavar="ID", help="Annuaire de l'inventaire."),
    click.option(
        "--connections",
        type=click.IntRange(1, 2),
        default=2,
        help="Connexions simultanées au contrôleur : 1 ou 2 (par défaut 2).",
    ),
    click.option(
        "--resume/--no-resume",
        default=True,
        help="Reprend une collecte interrompue (par défaut), ou recommence.",
    ),
)
Command = Callable[..., Any]


def directory_options(command: Command) -> Command:
    """Add the options that name a directory and how to open it."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def asked_of(options: dict[str, Any]) -> "Asked":
    """Give the options that :func:`directory_options` added, typed."""
    from vigie.directory import Asked

    return Asked(**{name: options[name] for name in Asked.__struct_fields__})


@click.group(help="Audit d'un annuaire Active Directory, en lecture seule.")
def ad() -> None:
    """Group."""


@ad.command(help="Lit une forêt et la garde, chiffrée, dans un fichier à analyser plus tard.")
@directory_options
@click.option(
    "-o",
    "--output",
    metavar="FICHIER",
    required=True,
    type=_FILE,
    help="Fichier à écrire.",
)
@click.option(
    "--passphrase-file",
    metavar="FICHIER",
    type=_FILE,
    help="Fichier qui contient la phrase de passe de l'instantané ; par défaut elle est demandée.",
)
@click.option(
    "--public-key",
    metavar="FICHIER",
    type=_FILE,
    help="Clé publique (X25519 ou RSA, en PEM) pour qui l'instantané est chiffré.",
)
@click.option("--clear", is_flag=True, help="N'en chiffre rien : qui a le fichier lit l'annuaire.")
@click.pass_obj
def collect(
    settings: Settings,
    /,
    output: Path,
    passphrase_file: Path | None,
    public_key: Path | None,
    clear: bool,
    connections: int,
    resume: bool,
    **options: Any,  # noqa: ANN401 - click gives them by name
) -> int:
    """Read a forest; exit 3 when a part of it was lost on the way."""
    from vigie.directory import (
        collect_directory,
        is_incomplete,
        opening_of,
        require_writable,
        tell_collection,
    )

    require_writable(output, settings)
    opening = opening_of(asked_of(options), settings)
    lock = _lock(passphrase_file, public_key, clear, settings)
    store = settings.open_store()
    try:
        collection = collect_directory(
            opening, output, lock, settings, store, connections=connections, resume=resume
        )
    finally:
        store.close()
    for line in tell_collection(collection, settings):
        click.echo(line)
    return 3 if is_incomplete(collection) else 0


_ANALYSIS = (
    click.option(
        "--out",
        metavar="DOSSIER",
        type=click.Path(file_okay=False, path_type=Path),
        help="Dossier des résultats (par défaut vigie-ad-FORÊT-EXÉCUTION).",
    ),
    click.option(
        "--fail-on",
        type=click.Choice([one.value for one in Criticality]),
        help="Code de sortie 10 si un constat au moins aussi grave est ouvert.",
    ),
)


def _analysis_options(command: Command) -> Command:
    for option in reversed(_ANALYSIS):
        command = option(command)
    return command


@ad.command(help="Juge une forêt d'après ses instantanés, sans contacter l'annuaire.")
@click.argument(
    "snapshots",
    metavar="INSTANTANÉ...",
    nargs=-1,
    required=True,
    type=_FILE,
)
@click.option(
    "--passphrase-file",
    metavar="FICHIER",
    type=_FILE,
    help="Fichier qui contient la phrase de passe de l'instantané ; par défaut elle est demandée.",
)
@click.option(
    "--private-key",
    metavar="FICHIER",
    type=_FILE,
    help="Clé privée (PEM) qui ouvre un instantané chiffré pour sa clé publique.",
)
@click.option(
    "--inventory",
    metavar="INVENTAIRE",
    type=_FILE,
    help="Inventaire dont [[directories]] décrit l'annuaire.",
)
@click.option("--directory", metavar="ID", help="Annuaire de l'inventaire.")
@_analysis_options
@click.pass_obj
def analyse(
    settings: Settings,
    snapshots: tuple[Path, ...],
    passphrase_file: Path | None,
    private_key: Path | None,
    inventory: Path | None,
    directory: str | None,
    out: Path | None,
    fail_on: str | None,
) -> int:
    """Judge snapshots; exit 3 when a part of the forest had been lost on the way."""
    from vigie.audit import keys_of, whose_is

    whose = whose_is(inventory, directory, settings)
    opened = keys_of(snapshots, settings, passphrase_file, private_key)
    store = settings.open_store()
    try:
        return _analysed(opened, whose, settings, store, out, fail_on)
    finally:
        store.close()


@ad.command(help="Lit une forêt et la juge, en une fois.")
@directory_options
@_analysis_options
@click.pass_obj
def audit(
    settings: Settings,
    /,
    connections: int,
    resume: bool,
    out: Path | None,
    fail_on: str | None,
    **options: Any,  # noqa: ANN401 - click gives them by name
) -> int:
    """Collect and judge; the snapshot stays in the state folder, under the key kept there."""
    from ad_audit.snapshot import own_key
    from vigie.audit import keep_snapshot, snapshot_path, whose_is
    from vigie.directory import collect_directory, opening_of, tell_collection

    asked = asked_of(options)
    opening = opening_of(asked, settings)
    whose = whose_is(asked.inventory, asked.directory, settings)
    key = own_key(settings.state())
    path = snapshot_path(opening.login.servers[0], settings)
    store = settings.open_store()
    try:
        collection = collect_directory(
            opening, path, key, settings, store, connections=connections, resume=resume
        )
        for line in tell_collection(collection, settings):
            click.echo(line, err=True)
        path = keep_snapshot(path, collection)
        return _analysed([(path, key)], whose, settings, store, out, fail_on)
    finally:
        store.close()


def _analysed(
    snapshots: "Sequence[tuple[Path, Key]]",
    whose: "Whose",
    settings: Settings,
    store: "Store",
    out: Path | None,
    fail_on: str | None,
) -> int:
    from reports.directory_words import level_said
    from reports.told import SETTLED
    from vigie.audit import analyse as analyse_forest
    from vigie.audit import folder_of
    from vigie.reporting import write_observations, write_reports

    def step(french: str, english: str) -> None:
        if not settings.quiet:
            click.echo(settings.say(french, english), err=True)

    def bug(check: str, trace: str) -> None:
        click.echo(f"{check}: {trace}", err=True)

    run = analyse_forest(snapshots, whose, settings, store, bug, step)
    folder = out or folder_of(run)
    results = write_reports(store, run, folder, settings.language)
    write_observations(store, run, folder)
    if results.directory is not None:
        click.echo(level_said(results.directory, settings.language))
    click.echo(settings.say(f"Rapport : {folder}/report.html", f"Report: {folder}/report.html"))
    gravest = max(
        (one.criticality for one in results.findings if one.state not in SETTLED), default=None
    )
    if not run.complete:
        text = settings.say(
            "audit incomplet : une partie de la forêt manque, le rapport dit laquelle",
            "incomplete audit: part of the forest is missing, the report tells which",
        )
        click.echo(text, err=True)
    if fail_on and gravest is not None and gravest >= Criticality(fail_on):
        return 10
    return 0 if run.complete else 3


def _lock(
    passphrase_file: Path | None, public_key: Path | None, clear: bool, settings: Settings
) -> "Lock":
    from ad_audit.snapshot import Clear, Passphrase, PublicKey

    if sum((passphrase_file is not None, public_key is not None, clear)) > 1:
        raise UsageError(
            settings.say(
                "choisir entre --passphrase-file, --public-key et --clear",
                "choose between --passphrase-file, --public-key and --clear",
            )
        )
    if clear:
        text = settings.say(
            "instantané en clair, à votre demande : quiconque a ce fichier lit l'annuaire",
            "snapshot in clear, as you asked: whoever has this file reads the directory",
        )
        click.echo(text, err=True)
        return Clear()
    if public_key is not None:
        return PublicKey(public_key)
    if passphrase_file is not None:
        return Passphrase(read_secret(f"file:{passphrase_file}", settings, folder=Path.cwd()))
    if not sys.stdin.isatty():
        raise UsageError(
            settings.say(
                "un instantané est chiffré : donner --passphrase-file ou --public-key, ou écrire "
                "--clear",
                "a snapshot is encrypted: give --passphrase-file or --public-key, or write --clear",
            )
        )
    first = getpass.getpass(settings.say("Phrase de passe : ", "Passphrase: "))
    again = getpass.getpass(settings.say("Encore une fois : ", "Once more: "))
    if not first or first != again:
        raise UsageError(
            settings.say("phrases de passe différentes, ou vides", "passphrases differ, or empty")
        )
    return Passphrase(Secret(first))
