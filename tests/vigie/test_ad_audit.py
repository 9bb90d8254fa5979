"""``vigie ad audit`` as typed, on a real domain: one command from the controller to the report."""

import json
import stat
from pathlib import Path

import pytest

from ad_audit.snapshot import lock_of
from core.knowledge.ad_points import load_ad_points
from tests.ad_audit.conftest import dc, templates
from tests.servers.samba import AUDITOR, PASSWORD, Controller
from tests.vigie.test_ad_collect import Desk

__all__ = ["dc", "templates"]

pytestmark = pytest.mark.samba


def test_one_command_from_the_controller_to_the_report(tmp_path: Path, dc: Controller) -> None:
    desk = Desk(tmp_path, dc)
    out = tmp_path / "out"
    asked = (
        *("ad", "audit", "--server", f"ldaps://{dc.address}", "--user", f"{AUDITOR}@chu.example"),
        *("--password-file", tmp_path / "password", "--ca-file", dc.ca_file, "--out", out),
    )
    done = desk.asked(*asked)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Niveau ")
    assert "iveau 5" not in done.stdout
    told = json.loads((out / "findings.json").read_bytes())
    block = told["directory"]
    assert block["forest"] == "chu.example"
    points = {one["id"]: one for one in block["points"]}
    assert set(load_ad_points()) <= set(points)
    assert {one["why"] for one in points.values() if one.get("why")} != {"bug"}
    assert not any(one.get("why", "").startswith("défaut") for one in points.values())
    accounts = {one["name"]: one for one in block["privileged_accounts"]}
    assert accounts["Administrator"]["sid"].endswith("-500")
    snapshot = block["snapshots"][0]
    assert snapshot["account"].startswith(AUDITOR)
    assert snapshot["source"].startswith("127.")
    kept = Path(snapshot["path"])
    assert kept.parent == tmp_path / "state/ad"
    assert lock_of(kept) == "own"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state/ad-audit.key").stat().st_mode) == 0o600
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "TLP:RED" in page
    assert AUDITOR in page
    for file in (*out.iterdir(), tmp_path / "state/ad.log"):
        assert PASSWORD not in file.read_text(encoding="utf-8", errors="replace")

    # The snapshot that the audit kept is judged again without the directory, and says the same.
    again = desk.asked("ad", "analyse", kept, "--out", tmp_path / "again")
    assert again.returncode == 0, again.stderr
    found = json.loads((tmp_path / "again/findings.json").read_bytes())
    assert found["directory"]["level"] == block["level"]
    assert [one["status"] for one in found["directory"]["points"]] == [
        one["status"] for one in block["points"]
    ]


def test_a_refused_account_leaves_no_report(tmp_path: Path, dc: Controller) -> None:
    desk = Desk(tmp_path, dc)
    desk.put("password", "wrong\n")
    out = tmp_path / "out"
    done = desk.asked(
        *("ad", "audit", "--server", f"ldaps://{dc.address}", "--user", "agent001@chu.example"),
        *("--password-file", tmp_path / "password", "--ca-file", dc.ca_file, "--out", out),
    )
    assert done.returncode == 5
    assert not out.exists()
