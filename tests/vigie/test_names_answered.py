"""Names outside the mandate, from the command line: found, attributed, asked about, answered."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vigie.running import Desk, Region, region

NETWORK = "127.37"
_CERTIFIED = "paie-recette-2019.ch-valbrune.example"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with region(tmp_path_factory.mktemp("region"), NETWORK, hosts=3) as it:
        yield it


def scanned(desk: Desk, inventory: Path, *more: str | Path) -> Desk:
    words = ("scan", inventory, "--profile", "passive", "--out", desk.out, "--quiet")
    done = desk.vigie(*words, *more)
    assert done.returncode in {0, 3}, done.stderr
    return desk


@pytest.mark.slow
def test_a_name_of_certificates_alone_is_asked_about_then_answered(
    served: Region, tmp_path: Path
) -> None:
    inventory = served.rewritten(tmp_path / "ght.toml")
    report = tmp_path / "scan_rdp.csv"
    report.write_text(
        "timestamp,ip,port,hostname\n"
        f"2026-11-20 01:00:00,{served.network}.2.1,3389,mx.ch-valbrune.example\n"
    )
    desk = scanned(Desk(tmp_path / "first"), inventory, "--import", report)
    results = desk.results()
    asked = {name: row for row in results["to_confirm"] for name in row["names"]}
    row = asked[_CERTIFIED]
    assert (row["kind"], row["holder"]) == ("unknown", "Hébergeur du Col (fictif)")
    assert 'holder = "Hébergeur du Col (fictif)"' in row["toml"]
    (named,) = [one for one in results["names"] if one["name"] == _CERTIFIED]
    assert named["found_by"] == ["ct"]
    assert [(one["ip"], one["scope"]) for one in named["addresses"]] == [
        (f"{served.network}.253.10", "outside")
    ]
    (mail,) = [one for one in results["names"] if one["name"] == "mx.ch-valbrune.example"]
    assert "passive" in mail["found_by"]
    unattributed = {
        one["asset"]["hostname"]
        for one in results["findings"]
        if one["check"] == "asset.unattributed"
    }
    assert unattributed == set(asked)
    kept = [*(desk.state / "names").rglob("*.json")]
    assert kept
    assert {stat.S_IMODE(one.stat().st_mode) for one in kept} == {0o600}

    # What the report offers is pasted as it is.
    before = desk.asked("scan", inventory, "--dry-run").stdout
    assert "transparence des certificats : http" in before
    text = inventory.read_text(encoding="utf-8")
    pasted = "\n\n".join("\n".join(one["toml"]) for one in results["to_confirm"])
    inventory.write_text(f"{text}\n{pasted}\n", encoding="utf-8")
    checked = desk.asked("inventory", "check", inventory)
    assert checked.returncode == 0, checked.stdout
    assert desk.asked("scan", inventory, "--dry-run").stdout == before, "answers open no scope"

    after = scanned(Desk(tmp_path / "second"), inventory).results()
    assert after.get("to_confirm", []) == []
    left = [one for one in after["findings"] if one["check"] == "asset.unattributed"]
    assert _CERTIFIED not in {one["asset"]["hostname"] for one in left}
    assert all("d'après" in " ".join(one["evidence"]) for one in left)


def test_sources_that_are_down_are_told(served: Region, tmp_path: Path) -> None:
    base = f"http://{served.network}.255.80:20080"
    dead = f"http://{served.network}.255.80:9"
    few = ("[services]", "[names]\nbudget = 100\n\n[services]")
    inventory = served.rewritten(tmp_path / "ght.toml", (base, dead), few)
    results = scanned(Desk(tmp_path / "desk"), inventory).results()
    why = {(one["what"], one["why"]) for one in results["not_measured"]}
    assert any("journaux de certificats" in what and "refusée" in reason for what, reason in why), (
        why
    )
    assert ("Nom de domaine expiré", "connexion refusée") in why
    rows = [address for one in results["names"] for address in one.get("addresses", [])]
    assert all(
        one.get("kind") in {"unknown", "shared-edge"} for one in rows if one["scope"] == "outside"
    )
