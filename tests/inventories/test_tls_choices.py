"""``[tls]`` of an inventory: which reference judges, and whose authorities are trusted."""

from pathlib import Path

import pytest

from core.errors import InventoryInvalid, OutOfScope
from core.knowledge.load import load_knowledge
from core.model import Language
from inventories.load import TLS_PROFILES, load_inventory
from inventories.scope import ServiceScope
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
        ('[tls]\nroots = ["absent.pem"]\n', "no readable file of certificates"),
        ('[tls]\nroots = ["i.toml"]\n', "no readable file of certificates"),
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


def test_hosts_of_revocation_are_kept(tmp_path: Path) -> None:
    more = '[services]\nrevocation = ["http://ocsp.example", "crl.example:8080"]\n'
    inventory = load_inventory(written(tmp_path, more))
    assert inventory.services.revocation == ("http://ocsp.example", "crl.example:8080")
    gate = ServiceScope(inventory)
    gate.permit_service("revocation", "ocsp.example", 80)
    gate.permit_service("revocation", "crl.example", 8080)
    for host, port in (("ocsp.example", 443), ("crl.example", 80), ("other.example", 80)):
        with pytest.raises(OutOfScope):
            gate.permit_service("revocation", host, port)


@pytest.mark.parametrize(
    "wrong",
    [
        *("true", '"http://ocsp.example"', '["ftp://ocsp.example"]', '["http://ocsp.example/x"]'),
        *('["http://a@ocsp.example"]', '["ocsp"]', '["http://["]', "[1]"),
    ],
)
def test_hosts_of_revocation_are_hosts(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(InventoryInvalid):
        load_inventory(written(tmp_path, f"[services]\nrevocation = {wrong}\n"))
