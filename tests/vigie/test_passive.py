"""Profile passive from the command line: others are asked, targets are left alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.sources import asking
from tests.scanner.test_shodan import KEY, Reply, always, api, documented
from vigie.cli import run

INVENTORY = """
schema = 1
[ght]
id = "ght-exemple"
name = "GHT Exemple"
[[establishments]]
id = "chu"
name = "CHU"
ranges = ["203.0.113.10/32", "203.0.113.64/31"]
exclude = ["203.0.113.65"]
[[establishments]]
id = "ch-sans-mandat"
name = "CH"
ranges = ["198.51.100.0/24"]
[[mandates]]
establishments = ["chu"]
signed_by = "DG"
document = "m.pdf"
valid_from = 2026-01-01
valid_until = 2036-12-31
intensity = "standard"
windows = ["Mon 03:00-03:01"]
[services]
"""


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PAUSE_S", 0.0)


def scan(folder: Path, base: str, *more: str, services: str = "") -> tuple[int, dict[str, Any]]:
    path = folder / "ght.toml"
    path.write_text(INVENTORY + (f'shodan = "{base}"\n' if base else f"{services}\n"))
    out = folder / "out"
    argv = ["scan", str(path), "--profile", "passive", "--out", str(out), "--quiet", *more]
    code = run([*argv, "--state-dir", str(folder / "state")])
    found = out / "findings.json"
    return code, json.loads(found.read_text()) if found.is_file() else {}


def test_what_shodan_saw_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHODAN_API_KEY", KEY)
    with api(lambda path: always(200, documented(path[13:].partition("?")[0]))(path)) as it:
        code, results = scan(tmp_path, it[0])
    assert code == 0
    assert sorted(path.partition("?")[0] for path in it[1]) == [
        "/shodan/host/203.0.113.10",
        "/shodan/host/203.0.113.64",
    ]
    rows = [(one["ip"], one["port"], one["seen_on"]) for one in results["passive"]]
    assert rows[:2] == [("203.0.113.10", 161, "2026-02-18"), ("203.0.113.10", 443, "2026-02-20")]
    assert len(rows) == 4
    assert results["services"] == results["findings"] == []
    assert results["coverage"]["ports_tried"] == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("#passive") == 1
    assert "vu par Shodan le 20/02/2026, non confirmé" in page
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def test_without_a_key_it_is_told_as_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHODAN_API_KEY", raising=False)
    code, results = scan(tmp_path, "https://api.shodan.example")
    (row,) = [one for one in results["not_measured"] if "shodan" in one["what"]]
    assert "SHODAN_API_KEY" in row["why"]
    assert row["count"] == 2
    assert code == 3
    assert results["run"]["complete"] is False


def test_without_the_service_it_is_told_too(tmp_path: Path) -> None:
    code, results = scan(tmp_path, "")
    (row,) = [one for one in results["not_measured"] if "shodan" in one["what"]]
    assert "[services]" in row["why"]
    assert code == 0


def test_a_refused_key_ends_with_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHODAN_API_KEY", KEY)
    with api(always(401, {"error": "Invalid API key"})) as (base, asked):
        assert scan(tmp_path, base)[0] == 3
        assert len(asked) == 1
    with api(lambda path: always(200, documented(path[13:].partition("?")[0]))(path)) as (base, _):
        code, results = scan(tmp_path, base)
    assert code == 0
    assert not [one for one in results["not_measured"] if "shodan" in one["what"]]


def test_a_resume_asks_what_is_left_and_only_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHODAN_API_KEY", KEY)
    refuses = [True]

    def reply(path: str) -> Reply:
        ip = path[13:].partition("?")[0]
        if refuses[0] and ip.endswith(".64"):
            return always(403, b"")(path)
        return always(200, documented(ip))(path)

    with api(reply) as (base, asked):
        code, results = scan(tmp_path, base)
        assert (code, len(results["passive"]), len(asked)) == (3, 2, 2)
        refuses[0] = False
        code, results = scan(tmp_path, base, "--resume")
    assert (code, len(results["passive"]), len(asked)) == (0, 4, 3)
    assert not [one for one in results["not_measured"] if "shodan" in one["what"]]


def test_a_dry_run_asks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHODAN_API_KEY", KEY)
    with api(always(200, {})) as (base, asked):
        code, _ = scan(tmp_path, base, "--dry-run")
    assert (code, asked) == (0, [])
    assert "2 adresses demandées sur 2" in capsys.readouterr().out


def test_internetdb_is_asked_without_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHODAN_API_KEY", raising=False)

    def reply(path: str) -> Reply:
        if path.endswith(".64"):
            return always(404, {"detail": "No information available"})(path)
        return always(200, {"ip": path[1:], "ports": [22, 443], "vulns": ["CVE-2024-6387"]})(path)

    with api(reply) as (base, asked):
        code, results = scan(tmp_path, "", services=f'internetdb = "{base}"')
    assert code == 0
    assert sorted(asked) == ["/203.0.113.10", "/203.0.113.64"]
    assert [(one["ip"], one["port"], one["source"]) for one in results["passive"]] == [
        ("203.0.113.10", 22, "internetdb"),
        ("203.0.113.10", 443, "internetdb"),
    ]
    assert results["findings"] == []
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Shodan InternetDB" in page
    assert "CVE-2024-6387" not in page


def test_a_redirect_or_a_bomb_of_internetdb_tells_nothing(tmp_path: Path) -> None:
    answer = always(200, {"ip": "203.0.113.10", "ports": [22]})
    with (
        api(answer) as (other, elsewhere),
        api(lambda path: always(302, b"", Location=f"{other}{path}")(path)) as (base, _),
    ):
        code, results = scan(tmp_path, "", services=f'internetdb = "{base}"')
    assert (code, results.get("passive", []), elsewhere) == (3, [], [])
    with api(always(200, b" " * (2 << 20))) as (base, _):
        code, results = scan(tmp_path, "", services=f'internetdb = "{base}"')
    assert (code, results.get("passive", [])) == (3, [])


def test_files_of_others_are_kept_within_the_mandate(tmp_path: Path) -> None:
    report = tmp_path / "2026-11-19-scan_rdp-chu.csv"
    report.write_text(
        "timestamp,ip,protocol,port,tag\n"
        "2026-02-19 03:14:15,203.0.113.10,tcp,3389,rdp\n"
        "2026-02-19 03:14:15,203.0.113.65,tcp,3389,rdp\n"
        "2026-02-19 03:14:15,198.51.100.7,tcp,3389,rdp\n"
        "nothing,here\n"
    )
    code, results = scan(tmp_path, "", "--import", str(report))
    assert code == 0
    (row,) = results["passive"]
    assert (row["ip"], row["port"], row["source"], row.get("confirmed", False)) == (
        "203.0.113.10",
        3389,
        "shadowserver",
        False,
    )
    assert (
        "vu par Shadowserver le 19/02/2026, non confirmé"
        in (tmp_path / "out" / "report.html").read_text()
    )


def test_a_file_that_is_no_export_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "notes.txt"
    report.write_text("bonjour")
    assert scan(tmp_path, "", "--import", str(report))[0] == 2
    told = capsys.readouterr().err
    assert "notes.txt" in told
    assert "ni un rapport Shadowserver" in told
    assert scan(tmp_path, "", "--import", str(report), "--lang", "en")[0] == 2
    assert "neither a Shadowserver report" in capsys.readouterr().err


def test_a_file_without_end_is_refused_without_being_read_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "endless.csv"
    with report.open("wb") as sparse:
        sparse.truncate(1 << 40)
    assert scan(tmp_path, "", "--import", str(report))[0] == 2
    assert "64 Mio" in capsys.readouterr().err
