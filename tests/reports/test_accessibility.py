"""axe-core finds nothing serious, in both languages, wide and narrow; the page asks for nothing.

Needs Chromium, Node and, in the folder that ``VIGIE_AXE`` names, what this installs:
``npm install --prefix DIR axe-core@4.14.1 playwright-core@1.65.1``.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from checks.ad._shared.healthy import grant, group, user
from core.model import Language
from reports.render import render_html
from tests.conftest import missing
from tests.reports.hostile import poisoned
from tests.reports.named import with_names
from tests.reports.sample import KNOWLEDGE, SCENE, empty, sample
from tests.servers.real import need
from tests.vigie.test_ad_analyse import Desk, kept

pytestmark = [pytest.mark.real, pytest.mark.slow]

_SCRIPT = Path(__file__).with_name("axe.cjs")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What axe-core says of each page at each width."""
    node, chromium = need("node"), need("chromium")
    tools = os.environ.get("VIGIE_AXE", "")
    if not (Path(tools) / "node_modules" / "axe-core").is_dir() or not tools:
        missing("axe-core: run the npm line of this module and set VIGIE_AXE to its folder")
    folder = tmp_path_factory.mktemp("pages")
    unfinished = msgspec.structs.replace(
        empty(gaps=True),
        run=msgspec.structs.replace(sample().run, complete=False, finished_at=None),
    )
    pages = {
        "fr": (with_names(sample(Language.FR)), Language.FR),
        "en": (with_names(sample(Language.EN)), Language.EN),
        "unfinished": (unfinished, Language.FR),
        "hostile": (poisoned(with_names(sample(), 300), "W" * 3_000), Language.FR),
    }
    files = [folder / f"{name}.html" for name in pages]
    for name, (results, language) in pages.items():
        html = render_html(results, SCENE, KNOWLEDGE, language)
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    desk = Desk(folder)
    snapshot = kept(
        folder / "a.vigie-ad",
        user("<b>x</b>\u202e\n" + "W" * 3_000, groups=["Domain Admins"], spn="HTTP/x"),
        group("Soutien", groups=["Domain Admins"]),
        user("alice"),
        grant("Soutien", "(A;;GA;;;@alice)"),
    )
    for language in Language:
        desk.analyse(snapshot, out=language.value, lang=language.value)
        files.append(folder / language.value / "report.html")
    done = subprocess.run(
        [node, str(_SCRIPT), chromium, *map(str, files)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "VIGIE_AXE": tools},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(told) == 2 * len(files)
    return told


def test_axe_finds_nothing_serious(seen: list[dict[str, Any]]) -> None:
    for page in seen:
        assert page["rules"] > 25, "axe-core did not run"
        serious = [one for one in page["violations"] if one["impact"] in {"serious", "critical"}]
        assert serious == [], page["file"]


def test_axe_finds_nothing_at_all(seen: list[dict[str, Any]]) -> None:
    assert [one for page in seen for one in page["violations"]] == []


def test_asks_for_nothing_and_complains_of_nothing(seen: list[dict[str, Any]]) -> None:
    for page in seen:
        assert page["requests"] == []
        assert page["complaints"] == [], "the security policy blocked something of ours"


def test_never_scrolls_sideways(seen: list[dict[str, Any]]) -> None:
    assert all(page["overflow"] <= 0 for page in seen)
