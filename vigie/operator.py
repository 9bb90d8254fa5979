"""Who acts: the account, and behind sudo the one that called it."""

import getpass
import os
import socket

import click

from core.store.reads import Read, note_read
from core.store.store import Store
from vigie.job import utc_now


def operator() -> str:
    """Give ``account@machine``, ``root@machine (sudo: account)`` behind sudo."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        # No name for this number, as in some containers.
        account = str(os.getuid())
    behind = os.environ.get("SUDO_USER", "")
    told = f"{account}@{socket.gethostname()}"
    return f"{told} (sudo: {behind})" if behind and behind != account else told


def note_reading(store: Store, about: str) -> None:
    """Keep in the store that this command shows or writes findings, before it does."""
    what = click.get_current_context().command_path
    note_read(store, Read(at=utc_now(), who=operator(), what=what, about=about))
