"""``vigie inventory`` and ``vigie mandate``, as typed."""

import json
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from core.errors import InventoryInvalid, UsageError
from core.model import Language
from inventories.starting import starting_inventory
from vigie.commands.inventory import inventory
from vigie.commands.mandate import mandate

EXAMPLES = Path(__file__).parents[2] / "inventories" / "examples"
GOOD = EXAMPLES / "ght-littoral.toml"


@dataclass
class Settings:
    language: Language


def ask(group: click.Group, *words: str | Path, language: Language | None = None) -> Result:
    obj = None if language is None else Settings(language)
    return CliRunner().invoke(group, [str(word) for word in words], obj=obj)


def test_check_says_that_all_is_well() -> None:
    found = ask(inventory, "check", GOOD, EXAMPLES / "ght-exemple.toml")
    assert found.exit_code == 0
    assert found.stdout.count("valide ;") == 2
    assert "3 établissement(s)" in found.stdout
    english = ask(inventory, "check", GOOD, language=Language.EN)
    assert "3 establishment(s)" in english.stdout


def test_check_prints_every_fault_of_every_file(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    text = GOOD.read_text(encoding="utf-8")
    bad.write_text(
        text.replace("198.51.100.0/25", "198.51.100.1/25").replace("port = 443", "port = 0"),
        encoding="utf-8",
    )
    found = ask(inventory, "check", bad, GOOD, tmp_path / "absent.toml")
    assert found.exit_code == 2
    lines = found.stdout.splitlines()
    assert [line.startswith(f"{bad}:") for line in lines] == [True, True, False, False]
    assert "valide" in lines[2]
    assert lines[3].startswith(f"{tmp_path / 'absent.toml'}:1: fichier introuvable")


def test_warnings_go_to_stderr(tmp_path: Path) -> None:
    file = tmp_path / "i.toml"
    file.write_text(GOOD.read_text(encoding="utf-8").replace("010000024", "010000025"), "utf-8")
    found = ask(inventory, "check", file)
    assert found.exit_code == 0
    assert "clé de contrôle" in found.stderr
    assert "clé de contrôle" not in found.stdout


def test_check_needs_a_file() -> None:
    assert ask(inventory, "check").exit_code == 2


@pytest.mark.parametrize("language", [None, *Language])
def test_schema_is_json(language: Language | None) -> None:
    found = ask(inventory, "schema", language=language)
    assert found.exit_code == 0
    word = "Vigie inventory" if language is Language.EN else "Inventaire Vigie"
    assert json.loads(found.stdout)["title"] == word


def test_new_gives_a_file_that_passes(tmp_path: Path) -> None:
    printed = ask(inventory, "new")
    assert printed.stdout == starting_inventory()
    file = tmp_path / "ght.toml"
    assert ask(inventory, "new", file).exit_code == 0
    checked = ask(inventory, "check", file)
    assert checked.exit_code == 0
    assert "À REMPLIR" in checked.stderr
    file.write_text(starting_inventory(filled=True), encoding="utf-8")
    checked = ask(inventory, "check", file)
    assert (checked.exit_code, "À REMPLIR" in checked.stderr) == (0, False)


def test_new_never_overwrites(tmp_path: Path) -> None:
    file = tmp_path / "ght.toml"
    file.write_text("mine", encoding="utf-8")
    found = ask(inventory, "new", file)
    assert isinstance(found.exception, UsageError)
    assert "existe déjà" in str(found.exception)
    assert file.read_text(encoding="utf-8") == "mine"
    assert isinstance(ask(inventory, "new", tmp_path / "no" / "ght.toml").exception, UsageError)


def test_letters_are_written(tmp_path: Path) -> None:
    found = ask(mandate, "template", GOOD, "--out", tmp_path / "lettres")
    assert found.exit_code == 0
    files = [Path(line) for line in found.stdout.splitlines()]
    assert len(files) == 3
    assert all(file.read_text(encoding="utf-8").startswith("<!doctype html>") for file in files)
    again = ask(mandate, "template", GOOD, "--out", tmp_path / "lettres")
    assert isinstance(again.exception, UsageError)
    english = ask(mandate, "template", GOOD, "--out", tmp_path / "en", language=Language.EN)
    assert "mandate-1" in english.stdout


def test_letters_need_a_good_inventory(tmp_path: Path) -> None:
    found = ask(mandate, "template", tmp_path / "absent.toml")
    assert isinstance(found.exception, InventoryInvalid)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    blocked = ask(mandate, "template", GOOD, "--out", tmp_path / "file" / "x")
    assert isinstance(blocked.exception, UsageError)
