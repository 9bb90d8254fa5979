"""The command line: assembles the commands, turns errors into one line and an exit code."""

import contextlib
import copy
import io
import json
import os
import re
import signal
import sys
import traceback
from collections.abc import Generator, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, cast

import click

from core.errors import StoreError, UsageError, VigieError
from core.model import Language
from vigie import __version__
from vigie.collector import relax
from vigie.config import Settings
from vigie.english import ENGLISH, STAND_INS
from vigie.output import is_full
from vigie.wording import cause_of, worded, worded_click

_COMMANDS = {
    "access": "Dit qui a lu quoi : rapports, listes et exports de constats.",
    "ad": "Audit d'un annuaire Active Directory, en lecture seule.",
    "backup": "Sauvegarde la base et le dossier d'état, même pendant un balayage.",
    "canary": "Témoin de l'opérateur : distingue un port fermé d'un port que l'accès Internet filtre.",
    "checks": "Catalogue des contrôles.",
    "demo": "Démarre une région de démonstration sur 127.20.0.0/16, la balaie et laisse un rapport.",
    "diff": "Compare deux exécutions d'un même GHT : apparu, disparu, non mesuré de nouveau.",
    "doctor": "Dit ce qui fonctionne sur cette machine, et quoi installer.",
    "export": "Fait suivre les constats par des tickets, sans doublon ; ou les écrit en CSV.",
    "feeds": "Flux de failles, de fins de support et d'alertes : état, mise à jour, paquets signés.",
    "findings": "Vie des constats : les lister, les accepter, les contester, les confier.",
    "inventory": "Décrit ce qui peut être contacté : vérifier, commencer un inventaire.",
    "mandate": "Prépare les lettres de mandat et d'accord.",
    "metrics": "Donne des mesures pour Prometheus : affichées, dans un fichier, ou servies.",
    "purge": "Efface pour de bon : un établissement qui part, un GHT, ou les vieilles exécutions.",
    "notify": "Courriels et webhooks : envoyer ce qui attend, voir ce qui est parti, essayer.",
    "report": "Réécrit les résultats d'une exécution, sans rien mesurer de nouveau.",
    "restore": "Rétablit une sauvegarde, après l'avoir vérifiée en entier.",
    "resume": "Autorise de nouveau les envois arrêtés par « vigie stop ».",
    "retest": "Mesure de nouveau un constat, maintenant, dans les limites du mandat.",
    "runs": "Historique des exécutions.",
    "scan": "Mesure une fois ce qu'un GHT expose, dans les limites de ses mandats.",
    "schedule": "Balayages qui reviennent d'eux-mêmes : ce qui est dû, quand et pourquoi.",
    "stop": "Arrête tout envoi, en cours et prévu, en moins de cinq secondes.",
    "tls": "Évalue le TLS de services choisis, dans les limites des mandats.",
}
"""Name → help, as the command itself says it: the list of commands loads none of them."""
_MODULES = {"restore": "backup", "resume": "stop"}
"""Where a command is not in the module of its name."""
_HEADINGS = {"Options": "Options", "Commands": "Commandes", "Arguments": "Arguments"}
_KINDS = {
    "DIRECTORY": "DOSSIER",
    "FILE": "FICHIER",
    "INTEGER RANGE": "NOMBRE",
    "INTEGER": "NOMBRE",
    "TEXT": "TEXTE",
}
"""What click calls a value that we gave no name."""
_NOTES = {"[required]": "[obligatoire]", "[default: ": "[par défaut : "}


class _Formatter(click.HelpFormatter):
    """Headings in the language of the reader; click's own are English."""

    language = Language.FR

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Begin a help page."""
        if self.language is Language.FR:
            prefix, args = "Usage : ", args.replace("COMMAND ", "COMMANDE ")
        super().write_usage(prog, args, prefix)

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write a list of options or commands."""
        if self.language is Language.FR:
            rows = [(_named_in_french(term), _noted_in_french(text)) for term, text in rows]
        super().write_dl(rows, col_max, col_spacing)

    @contextlib.contextmanager
    def section(self, name: str) -> Generator[None]:
        """Open a titled part of a help page."""
        with super().section(_HEADINGS.get(name, name) if self.language is Language.FR else name):
            yield


def _named_in_french(term: str) -> str:
    for english, french in _KINDS.items():
        if term.endswith(f" {english}"):
            return f"{term.removesuffix(english)}{french}"
    return term


def _noted_in_french(text: str) -> str:
    for english, french in _NOTES.items():
        text = text.replace(english, french)
    return text


click.Context.formatter_class = _Formatter


class _Root(click.Group):
    """Loads the one command that is used: what the others stand on takes a second to import."""

    language = Language.FR

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names, sorted."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give a command, in the language asked; ``None`` when there is none of that name."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"vigie.commands.{_MODULES.get(cmd_name, cmd_name)}")
        # A copy: the module's own object stays as it was written, in French and without ours.
        command = copy.deepcopy(cast(click.Command, getattr(module, cmd_name)))
        _dress(command, self.language)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        english = self.language is Language.EN
        room = formatter.width - 6 - max(map(len, _COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, click.Command(name, help=_in(text, english)).get_short_help_str(room))
                    for name, text in sorted(_COMMANDS.items())
                ]
            )


def _remember(name: str) -> Any:  # noqa: ANN401 - click's callback type is open
    def keep(ctx: click.Context, _param: click.Parameter, value: object) -> None:
        settings = ctx.ensure_object(Settings)
        if value is None or value is False:
            return
        if name == "language":
            value = Language(value)
        setattr(settings, name, value)

    return keep


def _shared() -> list[click.Option]:
    """Give the options that every command takes, before or after its name."""
    return [
        click.Option(
            ["--lang", "language"],
            type=click.Choice(["fr", "en"]),
            expose_value=False,
            is_eager=True,
            callback=_remember("language"),
            help="Langue de ce qui est écrit et affiché (français par défaut).",
        ),
        click.Option(
            ["--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_remember("quiet"),
            help="N'affiche pas la progression.",
        ),
        click.Option(
            ["--json-log"],
            is_flag=True,
            expose_value=False,
            callback=_remember("json_log"),
            help="Écrit la progression en JSON, une ligne par évènement, sur la sortie d'erreur.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_remember("debug"),
            help="Affiche la trace complète d'une erreur.",
        ),
        click.Option(
            ["--state-dir"],
            type=click.Path(file_okay=False, path_type=Path),
            expose_value=False,
            callback=_remember("state_dir"),
            help="Dossier d'état (par défaut $VIGIE_STATE_DIR, sinon celui de l'utilisateur).",
        ),
        click.Option(
            ["--db"],
            expose_value=False,
            callback=_remember("db"),
            help="Adresse de la base (par défaut sqlite:///vigie.db dans le dossier d'état).",
        ),
    ]


def build(language: Language = Language.FR) -> click.Group:
    """Give the whole command tree, its help in one language."""
    root = _Root(
        "vigie",
        help="Vigie : ce qu'un groupement hospitalier expose à Internet, dit avec ses preuves.",
        context_settings={"max_content_width": 100},
    )
    root.language = language
    click.version_option(__version__, prog_name="vigie", help="Affiche la version.")(root)
    _dress(root, language)
    return root


def _dress(command: click.Command, language: Language) -> None:
    """Add the shared options everywhere, once, and put the help in the language asked."""
    if not any(param.name == "state_dir" for param in command.params):
        command.params.extend(_shared())
    english = language is Language.EN
    shown = click.Option(
        ["-h", "--help"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_help,
        help="Affiche cette aide.",
    )
    command.add_help_option = False
    if not any(param.name == "help" for param in command.params):
        command.params.append(shown)
    command.help = _in(command.help, english)
    command.short_help = _in(command.short_help, english)
    command.epilog = _in(command.epilog, english)
    for param in command.params:
        if isinstance(param, click.Option):
            param.help = _in(param.help, english)
        if english and param.metavar:
            param.metavar = re.sub("[^\\W\\d_]+", _stand_in, param.metavar)
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _dress(child, language)


def _stand_in(word: re.Match[str]) -> str:
    return STAND_INS.get(word[0], word[0])


def _show_help(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(ctx.get_help())
        ctx.exit()


def _in(french: str | None, english: bool) -> str | None:
    return ENGLISH.get(french, french) if english and french else french


def main(argv: Sequence[str] | None = None) -> None:
    """Run and exit: the ``vigie`` command."""
    relax()
    _fill_closed()
    # A polite end is the same whoever asks for it: a terminal, systemd or kill.
    signal.signal(signal.SIGTERM, _interrupt)
    # French on a terminal that knows ASCII alone: escaped, not an error.
    cast("io.TextIOWrapper", sys.stdout).reconfigure(errors="backslashreplace")
    try:
        try:
            code = run(sys.argv[1:] if argv is None else list(argv))
        except KeyboardInterrupt:
            # Pressed again while the last word was being written.
            code = 130
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        # And a third time, before the line above was done.
        code = 130
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def _fill_closed() -> None:
    """Put /dev/null for the standard streams that the caller closed: files would take their place.

    The system gives the lowest number that is free (POSIX open), so that each falls in its own.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # In the background of a shell, Ctrl-C is not for us; kill still is.
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


def run(argv: Sequence[str]) -> int:
    """Run one command; gives the exit code of CONTRACT.md."""
    language = _language(argv)
    _Formatter.language = language
    settings = Settings(language=language)
    try:
        code = build(language).main(
            args=list(argv), prog_name="vigie", standalone_mode=False, obj=settings
        )
        sys.stdout.flush()
    except BaseExceptionGroup as group:
        return _ended(cause_of(group), settings, group)
    except BaseException as error:
        return _ended(error, settings)
    return code if isinstance(code, int) else 0


def _ended(error: BaseException, settings: Settings, whole: BaseException | None = None) -> int:
    """Tell why the command ended, and give its exit code; ``whole`` is what --debug shows."""
    if settings.debug and not isinstance(error, click.exceptions.Exit | click.ClickException):
        traceback.print_exception(whole or error)
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.Abort() | KeyboardInterrupt():
            _say(settings, settings.say("vigie : interrompu.", "vigie: interrupted."))
            return 130
        case click.ClickException():
            _tell_misuse(error, settings)
            return UsageError.exit_code
        case BrokenPipeError():
            # The reader (head, less) left: nothing more can be shown, nothing is lost.
            _hush()
            return 0
        case OSError() if is_full(error):
            # Files tell for themselves: what is left is what was to be shown.
            _hush()
            place = settings.say("sortie standard", "standard output")
            _tell(StoreError(str(error), place=place, problem="full"), settings)
            return StoreError.exit_code
        case SystemExit():
            # Click, asked to raise what happens, ends so in one case: it met that same error.
            return 0
        case VigieError():
            _tell(error, settings)
            return error.exit_code
        case Exception():
            _tell_bug(error, settings)
            return 1
        case _:
            raise error


def _hush() -> None:
    """Keep what could not be shown from being tried again when Python ends."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _language(argv: Sequence[str]) -> Language:
    for at, word in enumerate(argv):
        if word == "--lang" and argv[at + 1 : at + 2] == ["en"]:
            return Language.EN
        if word == "--lang=en":
            return Language.EN
    return Language.FR


def _tell(error: VigieError, settings: Settings) -> None:
    space = " " if settings.language is Language.FR else ""
    prefix = "vigie" if not isinstance(error, UsageError) else settings.say("erreur", "error")
    _say(settings, f"{prefix}{space}: {worded(error, settings.language)}")


def _tell_misuse(wrong: click.ClickException, settings: Settings) -> None:
    ctx = wrong.ctx if isinstance(wrong, click.UsageError) else None
    if ctx is not None and not settings.json_log:
        click.echo(ctx.get_usage(), err=True)
        hint = f"{ctx.command_path} --help"
        click.echo(settings.say(f"Aide : {hint}\n", f"Help: {hint}\n"), err=True)
    text = worded_click(wrong, settings.language)
    _say(settings, settings.say(f"erreur : {text}", f"error: {text}"))


def _tell_bug(bug: BaseException, settings: Settings) -> None:
    kind = type(bug).__name__
    _say(
        settings,
        settings.say(
            f"vigie : défaut interne ({kind}: {bug}). Relancez avec --debug pour la trace.",
            f"vigie: internal fault ({kind}: {bug}). Run again with --debug for the trace.",
        ),
    )


def _say(settings: Settings, text: str) -> None:
    """Print a last word to standard error, as JSON where that was asked."""
    if settings.json_log:
        text = json.dumps({"event": "ended", "text": text}, ensure_ascii=False)
    with contextlib.suppress(OSError):
        click.echo(text, err=True)
