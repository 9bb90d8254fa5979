"""``[tls]`` of an inventory: which reference judges, and whose authorities are trusted."""

from pathlib import Path

import pytest

from core.errors import InventoryInvalid
from core.knowledge.load import load_knowledge
from core.model import Language
from inventories.load import TLS_PROFILES, load_inventory
from inventories.starting import starting_inventory
from tests.servers.tls_certs import issue

BASE = """schema = 1
[ght]
id = "g"
name = "G"
[[establishments]]
id = "e"
name = "E"
ranges = ["203.0.113.0/24"]
"""


def written(folder: Path, more: str) -> Path:
    file = folder / "i.toml"
    file.write_text(BASE + more, encoding="utf-8")
    return file


def test_profiles_are_those_of_the_knowledge() -> None:
    assert tuple(one.id for one in load_knowledge().tls.profiles) == TLS_PROFILES


def test_absent_is_the_anssi_and_public_roots(tmp_path: Path) -> None:
    read = load_inventory(written(tmp_path, "")).tls
    assert read.profile == "anssi"
    assert read.roots == ()


def test_roots_are_found_from_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "igc.pem").write_bytes(issue("IGC", ca=True).pem)
    more = '[tls]\nprofile = "mozilla-intermediate"\nroots = ["igc.pem"]\n'
    read = load_inventory(written(tmp_path, more)).tls
    assert read.profile == "mozilla-intermediate"
    assert read.roots == (str(tmp_path / "igc.pem"),)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[tls]\nprofile = "ansi"\n', 'write "anssi"'),
        ('[tls]\nroots = ["absent.pem"]\n', "no readable PEM file"),
        ('[tls]\nroots = ["i.toml"]\n', "no readable PEM file"),
        ('[tls]\nroots = "igc.pem"\n', "roots"),
        ("[tls]\nroot = []\n", "roots"),
    ],
)
def test_faults_are_told(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(InventoryInvalid) as told:
        load_inventory(written(tmp_path, more), Language.EN)
    assert said in told.value.faults[0]


def test_the_starting_inventory_still_reads() -> None:
    assert "[tls]" in starting_inventory()
