"""``[schedule]`` of the operator's file."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import InventoryInvalid
from core.operations import Operations, Schedule
from inventories.operations.load import load_operations


def load(folder: Path, section: str) -> Operations:
    (folder / "ght.toml").touch()
    path = folder / "region.toml"
    path.write_text(f'schema = 1\ninventories = ["ght.toml"]\n{section}', encoding="utf-8")
    return load_operations(path)


def test_absent_it_says_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "").schedule == Schedule()


def test_all_of_it(tmp_path: Path) -> None:
    text = '[schedule]\nat_once = 4\ndirectories = true\n[schedule.cadence]\nlive = "36h"\n'
    assert load(tmp_path, text).schedule == Schedule(
        at_once=4, directories=True, periods={"live": timedelta(hours=36)}
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("at_once = 0", "at_once = 2"),
        ("at_once = 99", "de 1 à 16"),
        ("parallel = 2", "clé inconnue"),
        ('cadence = { live = "1m" }', '"7d"'),
        ('cadence = { live = "9999d" }', '"7d"'),
        ("cadence = { live = 7 }", "live"),
        ('cadence = { lively = "7d" }', "live"),
        ("cadence = 3", "table"),
    ],
)
def test_faults_are_told_with_their_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InventoryInvalid) as invalid:
        load(tmp_path, f"[schedule]\n{text}\n")
    assert told in str(invalid.value)
    assert "region.toml:4" in str(invalid.value)
