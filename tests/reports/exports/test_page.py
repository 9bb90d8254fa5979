"""The page that a ticket carries."""

import base64
import hashlib
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from core.model import Language
from core.results import Asset
from reports.exports.page import ticket_page
from reports.exports.tracker import Ticket
from tests.reports.exports.ticketing import HOSTILE, REFERENCE, finding, ticket

AT = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
PARIS = "Europe/Paris"
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "article", "footer"),
    *("h1", "h2", "p", "strong", "bdi", "dl", "dt", "dd"),
}


class Read(HTMLParser):
    """The tags, attributes and words of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page(told: Ticket) -> str:
    return ticket_page(told, at=AT, timezone=PARIS).decode()


def test_it_tells_all_of_a_finding_in_the_language_of_the_ticket() -> None:
    french = page(ticket())
    for words in (
        '<html lang="fr">',
        "TLP:AMBER+STRICT",
        "CHU d&#39;Exemple",
        "203.0.113.10 tcp/3389",
        "bannière : RDP exposé",
        "certain",
        "Fermer le port.",
        "Prise de contrôle.",
        "CVE-2024-21762",
        "1er\N{NO-BREAK SPACE}novembre\N{NO-BREAK SPACE}2026 à 1\N{NO-BREAK SPACE}h",
        "31\N{NO-BREAK SPACE}décembre\N{NO-BREAK SPACE}2026",
        "à 5\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}30 (Europe/Paris)",
        REFERENCE,
    ):
        assert words in french
    english = page(ticket(language=Language.EN))
    for words in ('<html lang="en">', "First seen", "Evidence", "Remedy", "need to know"):
        assert words in english
    assert "Preuve" not in english


def test_what_is_of_a_directory_is_for_its_recipients_alone() -> None:
    one = finding(check="ad.kerberoastable", asset=Asset(establishment="chu", domain="chu.example"))
    told = page(ticket(findings=(finding(), one)))
    assert "TLP:RED" in told
    assert "AMBER" not in told


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_and_nothing_is_loaded_or_run(text: str) -> None:
    one = finding(text, risk=text, remedy=text, references=(text,), evidence=(text, text))
    made = ticket_page(
        ticket(text, establishment_name=text, findings=(one,)), at=AT, timezone=PARIS
    )
    read = Read(made)
    assert read.tags <= TAGS
    assert read.attributes <= {"lang", "charset", "name", "content", "http-equiv", "class"}
    told = made.decode()
    assert "\u202e" not in told
    assert "\x1b" not in told
    style = re.search("<style>(.*)</style>", told, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src &#39;none&#39;; style-src &#39;sha256-{digest}&#39;" in told
    assert "url(" not in style[1]


def test_it_is_bounded_and_says_what_it_leaves_out() -> None:
    one = finding(evidence=("<'" * 2_500,) * 200)
    made = ticket_page(ticket(findings=(one,) * 200), at=AT, timezone=PARIS)
    assert len(made) < 1_500_000
    left = re.search(r"ne tiennent pas ici : (\d+)\.", made.decode())
    assert left is not None
    assert made.decode().count("<article>") + int(left[1]) == 200
