"""From a reference in the inventory (``env:``, ``file:``, ``keyring:``, ``prompt``) to a secret.

A secret never comes from the command line: arguments are shown to every user of the machine.
"""

import getpass
import importlib
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from core.errors import UsageError
from core.secrets import Secret
from vigie.config import Settings

_LONGEST = 4_096


def read_secret(
    reference: str,
    settings: Settings,
    *,
    folder: Path,
    environment: Mapping[str, str] = os.environ,
    ask: Callable[[str], str] = getpass.getpass,
) -> Secret:
    """Give the secret that a reference leads to; relative files are sought in ``folder``.

    Raises :class:`core.errors.UsageError` that says what to do, without a word of the secret.
    """
    kind, _, rest = reference.partition(":")
    match kind:
        case "env" if rest:
            found = environment.get(rest, "")
        case "file" if rest:
            found = _from_file(folder / rest, settings)
        case "keyring" if "/" in rest:
            found = _from_keyring(rest, settings)
        case "prompt":
            found = ask(settings.say("Mot de passe : ", "Password: "))
        case _:
            # The text itself may be a password that someone wrote there.
            raise UsageError(
                settings.say(
                    "référence de mot de passe inconnue ; écrire env:NOM, file:CHEMIN, "
                    "keyring:SERVICE/NOM ou prompt",
                    "unknown password reference; write env:NAME, file:PATH, "
                    "keyring:SERVICE/NAME or prompt",
                )
            )
    if not found:
        raise UsageError(
            settings.say(
                f"{reference} : aucun mot de passe trouvé, ou il est vide",
                f"{reference}: no password found there, or an empty one",
            )
        )
    return Secret(found)


def _from_file(path: Path, settings: Settings) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_LONGEST + 1) if stat.S_ISREG(mode) else b""
    except OSError as error:
        raise UsageError(
            settings.say(
                f"{path} : illisible ({error.strerror})", f"{path}: unreadable ({error.strerror})"
            )
        ) from error
    if mode & stat.S_IRWXO:
        raise UsageError(
            settings.say(
                f"{path} : lisible par tous ; faites « chmod 600 {path} »",
                f"{path}: readable by everyone; run chmod 600 {path}",
            )
        )
    if len(content) > _LONGEST:
        raise UsageError(
            settings.say(
                f"{path} : trop long pour un mot de passe", f"{path}: too long for a password"
            )
        )
    try:
        # Editors end files with a line end that is no part of the password.
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: UTF-8 ?") from None


def _from_keyring(written: str, settings: Settings) -> str:
    service, _, name = written.partition("/")
    try:
        ring = importlib.import_module("keyring")
    except ModuleNotFoundError:
        raise UsageError(
            settings.say(
                "keyring : le paquet Python « keyring » n'est pas installé ; installez-le, ou "
                "utilisez env:, file: ou prompt",
                "keyring: the Python package keyring is not installed; install it, or use env:, "
                "file: or prompt",
            )
        ) from None
    return str(ring.get_password(service, name) or "")
