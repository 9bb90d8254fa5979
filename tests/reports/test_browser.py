"""In a real browser: it draws, it prints whole and marked, a hostile one reaches nobody."""

import subprocess
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.model import Language
from reports.render import render_html
from tests.reports.hostile import poisoned
from tests.reports.sample import KNOWLEDGE, SCENE, sample
from tests.servers.real import need

pytestmark = pytest.mark.real

_LURE = (
    '"><img src="http://lure.example/i"><script src=http://lure.example/s></script>'
    "<style>@import url(http://lure.example/c)</style><link rel=prefetch "
    "href=http://lure.example/p>"
    "<meta http-equiv=refresh content='0;url=http://lure.example/r'>"
)


@contextmanager
def _proxy() -> Iterator[tuple[str, list[str]]]:
    """Stand in for the whole network on loopback, and note what is asked of it."""
    asked: list[str] = []

    class Refusal(BaseHTTPRequestHandler):
        def refuse(self) -> None:
            asked.append(self.path)
            self.send_error(403)

        do_GET = do_POST = do_CONNECT = do_HEAD = refuse  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusal)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _chromium(folder: Path, html: str, *arguments: str) -> list[str]:
    page = folder / "report.html"
    page.write_text(html, encoding="utf-8")
    with _proxy() as (proxy, asked):
        subprocess.run(
            [
                need("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu",
                "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--no-default-browser-check",
                "--hide-scrollbars", f"--proxy-server={proxy}",
                f"--user-data-dir={folder / 'user'}", *arguments, page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )  # fmt: skip
    return asked


def _pixels(png: bytes) -> bytes:
    """Give the filtered rows of a PNG."""
    at, packed = 8, b""
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + size]
        at += size + 12
    return zlib.decompress(packed)


@pytest.mark.parametrize("width", [1200, 390])
def test_draws_something(tmp_path: Path, width: int) -> None:
    picture = tmp_path / "page.png"
    html = render_html(sample(), SCENE, KNOWLEDGE, Language.FR)
    _chromium(tmp_path, html, f"--window-size={width},1600", f"--screenshot={picture}")
    pixels = _pixels(picture.read_bytes())
    assert len(set(pixels)) > 100, "almost one colour"
    assert pixels.count(0) < 0.99 * len(pixels)


def test_a_hostile_report_reaches_nobody(tmp_path: Path) -> None:
    html = render_html(poisoned(sample(), _LURE), poisoned(SCENE, _LURE), KNOWLEDGE, Language.FR)
    asked = _chromium(tmp_path, html, f"--screenshot={tmp_path / 'page.png'}")
    assert not [one for one in asked if "lure.example" in one]


def test_the_lure_would_be_seen(tmp_path: Path) -> None:
    page = '<img src="http://lure.example/i">'
    asked = _chromium(tmp_path, page, f"--screenshot={tmp_path / 'page.png'}")
    assert [one for one in asked if "lure.example" in one], "the trap catches nothing"


def test_prints_on_marked_pages_with_every_sheet_unfolded(tmp_path: Path) -> None:
    paper = tmp_path / "report.pdf"
    _chromium(
        tmp_path,
        render_html(sample(), SCENE, KNOWLEDGE, Language.FR),
        "--no-pdf-header-footer",
        f"--print-to-pdf={paper}",
    )
    text = subprocess.run(
        [need("pdftotext"), "-layout", str(paper), "-"], check=True, capture_output=True, text=True
    ).stdout
    pages = text.removesuffix("\f").split("\f")
    assert 8 < len(pages) < 40
    for number, page in enumerate(pages, 1):
        assert page.count("TLP:AMBER+STRICT") >= 2, number
        assert f"page {number} / {len(pages)}" in page
    assert "Un fraudeur peut écrire" in text, "a folded sheet stayed folded"
    assert "Partage de fichiers Windows exposé" in pages[0], "the summary leaves its page"
    whole = "".join(text.split())
    assert "exemple-d-adresse-longue-qui-doit-rester-entiere-sur-le-papier/" in whole
