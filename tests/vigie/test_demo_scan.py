"""The main job from the command line: the demo region scanned, against its ground truth."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@dataclass
class Scanned:
    """What a demo left."""

    out: Path
    printed: str
    findings: dict[str, Any]
    truth: dict[str, Any]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    out = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "vigie", "demo", "--out", str(out), "--quiet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Scanned(
        out,
        done.stdout,
        json.loads((out / "findings.json").read_text()),
        json.loads((out / "region" / "truth.json").read_text()),
    )


def _place(row: dict[str, Any]) -> tuple[str, str, int | None]:
    asset = row.get("asset", row)
    return row["check"], asset.get("ip") or asset["hostname"], asset.get("port")


def test_every_expected_finding_and_no_other(demo: Scanned) -> None:
    found = {_place(row) for row in demo.findings["findings"]}
    kinds = ("findings", "datagram_findings", "domain_findings")
    expected = {_place(row) for kind in kinds for row in demo.truth[kind]}
    allowed = {_place(row) for row in demo.truth["may"]}
    assert expected - found == set()
    assert found - expected - allowed == set()
    assert not found & {_place(row) for row in demo.truth["must_not"]}


def test_every_service_is_named_for_what_it_says(demo: Scanned) -> None:
    services = demo.findings["services"]
    found = {(row["ip"], row["port"]): row for row in services if row["transport"] == "tcp"}
    for row in demo.truth["services"]:
        seen = found[row["ip"], row["port"]]
        assert (seen["protocol"], seen["tls"]) == (row["protocol"], row["tls"]), row
        assert seen.get("product") == row.get("product"), row
    places = {(row["ip"], row["port"]) for row in demo.truth["services"]}
    elsewhere = {ip for ip, port in found if (ip, port) not in places}
    assert elsewhere <= set(demo.truth["everywhere"])
    over_udp = [row for row in services if row["transport"] == "udp"]
    told = {(row["ip"], row["port"], row["protocol"]) for row in over_udp}
    wanted = {(row["ip"], row["port"], row["protocol"]) for row in demo.truth["datagrams"]}
    assert told == wanted


def test_one_site_under_two_names_is_told_once_and_a_forgotten_one_by_itself(demo: Scanned) -> None:
    (first,) = {row["ip"] for row in demo.truth["findings"] if row["check"] == "web.git-exposed"}
    rows = [
        (row.get("hostname"), [name.partition(".")[0] for name in row["names"]])
        for row in demo.findings["services"]
        if (row["ip"], row["protocol"], row["tls"]) == (first, "http", True)
    ]
    assert rows == [(None, ["portail", "www"]), ("recette.chu-montclair.example", ["recette"])]
    forgotten = {
        row["check"]
        for row in demo.findings["findings"]
        if row["asset"].get("hostname") == "recette.chu-montclair.example" and "ip" in row["asset"]
    }
    assert {"cert.expired", "web.git-exposed", "web.insecure-cookie"} <= forgotten


def test_names_are_found_and_a_wildcard_is_not_multiplied(demo: Scanned) -> None:
    ways = {row["name"]: row["found_by"] for row in demo.findings["names"]}
    for row in demo.truth["names_found"]:
        assert row["way"] in ways[row["name"]], row
    planted = {row["name"] for row in demo.truth["names_found"]}
    for wildcard in demo.truth["wildcards"]:
        assert {name for name in ways if name.endswith(f".{wildcard}")} <= planted


def test_at_least_25_kinds_of_service(demo: Scanned) -> None:
    kinds = {(row["protocol"], row["tls"], row.get("product")) for row in demo.truth["services"]}
    assert len(kinds) >= 25
    assert len(demo.truth["services"]) >= 60


def test_fragile_and_excluded_hosts_were_left_in_peace(demo: Scanned) -> None:
    violations = json.loads((demo.out / "region" / "violations.json").read_text())
    assert violations["violations"] == []
    contacted = {row["ip"] for row in demo.findings["services"]}
    assert not contacted & set(demo.truth["never_contacted"])


def test_every_pair_ends_in_one_status(demo: Scanned) -> None:
    coverage = demo.findings["coverage"]
    total = sum(coverage["statuses"].values())
    assert total % coverage["addresses"] == 0
    assert "undetermined" not in coverage["statuses"]
    assert demo.findings["run"]["complete"] is True


def test_files_are_private_and_readable(demo: Scanned) -> None:
    for name in ("report.html", "findings.json", "findings.csv", "observations.jsonl", "run.log"):
        mode = stat.S_IMODE((demo.out / name).stat().st_mode)
        assert mode == 0o600, name
    assert stat.S_IMODE((demo.out / "state" / "vigie.db").stat().st_mode) == 0o600
    text = (demo.out / "findings.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert len(rows) == 1 + len(demo.findings["findings"])
    for line in (demo.out / "observations.jsonl").read_text().splitlines():
        json.loads(line)


def test_checks_run_again_give_the_same(demo: Scanned, tmp_path: Path) -> None:
    again = subprocess.run(
        [
            *(sys.executable, "-m", "vigie", "report", "latest", "--rejudge", "--format", "json"),
            *("--out", str(tmp_path), "--state-dir", str(demo.out / "state")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert again.returncode == 0, again.stderr
    judged = json.loads((tmp_path / "findings.json").read_text())
    assert judged["findings"] == demo.findings["findings"]


def test_an_open_transfer_gives_names_that_nobody_would_guess(demo: Scanned) -> None:
    lines = (demo.out / "observations.jsonl").read_text(encoding="utf-8").splitlines()
    seen = [one for one in map(json.loads, lines) if one["kind"] == "name"]
    ways = {one["name"]: one.get("found_by", []) for one in seen}
    if not any(row["check"] == "dns.zone-transfer" for row in demo.truth["findings"]):
        pytest.skip("port 53 is not ours to take: no name server in this region")
    assert ways["migration-7q2019.ch-roquesec.example"] == ["transfer"]
