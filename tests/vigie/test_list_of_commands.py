"""``vigie --help`` tells of every command, and waits for none of them."""

import pkgutil
import subprocess
import sys

import click
import pytest

import vigie.commands
from core.model import Language
from vigie.cli import _COMMANDS, _MODULES, build


@pytest.mark.parametrize("name", _COMMANDS)
def test_the_list_says_what_the_command_says(name: str) -> None:
    command = build(Language.FR).get_command(click.Context(click.Command("vigie")), name)
    assert command is not None
    assert command.name == name
    assert command.help == _COMMANDS[name]


def test_every_module_is_listed() -> None:
    modules = {one.name for one in pkgutil.iter_modules(vigie.commands.__path__)}
    assert modules == {_MODULES.get(name, name) for name in _COMMANDS}


def test_the_list_loads_nothing_heavy() -> None:
    told = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import sys; from vigie.cli import run; run(['--help']);"
            "print(*sorted(sys.modules.keys() & {'trio', 'sqlalchemy', 'httpx', 'jinja2'}))",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.splitlines()[-1] == ""
