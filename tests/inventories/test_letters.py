"""Letters: complete in both languages, inert whatever the inventory holds."""

from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inventory import Establishment, Window
from core.model import Language
from inventories.letters import say_window, write_letters
from inventories.load import load_inventory
from tests.inventories.samples import consent, establishment, inventory, mandate

EXAMPLES = Path(__file__).parents[2] / "inventories" / "examples"
LITTORAL = load_inventory(EXAMPLES / "ght-littoral.toml")


class Reader(HTMLParser):
    """Keeps what a reader sees, and what a browser would fetch or run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize("language", list(Language))
def test_every_mandate_and_consent_has_its_letter(language: Language) -> None:
    letters = write_letters(LITTORAL, language)
    stems = [each.file.partition("-")[0] for each in letters]
    words = ["mandat", "mandat", "accord"]
    if language is Language.EN:
        words = ["mandate", "mandate", "consent"]
    assert stems == words
    for letter in letters:
        seen = Reader(letter.html)
        assert seen.open == []
        assert not seen.tags & {"script", "img", "link", "iframe", "a"}
        assert f'lang="{language.value}"' in letter.html
        assert "vigie stop" in seen.words
        assert "2016/679" in seen.words
        assert "securite@grades.example" in seen.words


def test_the_mandate_says_what_when_and_how_far() -> None:
    first, second, agreed = (Reader(each.html).words for each in write_letters(LITTORAL))
    for word in (
        "198.51.100.0/25",
        "2001:db8:20::/56",
        "ch-port.example",
        "198.51.100.1/32",
        "198.51.100.96/28",
        "Centre hospitalier du Port et Centre hospitalier des Dunes",
        "Du 1er janvier 2026 au 31 décembre 2026",
        "du lundi au vendredi de 21 h à 5 h 30 le lendemain",
        "le samedi et le dimanche, toute la journée",
        "intensité «\u00a0standard\u00a0»",
        "douze requêtes",
        "100 tentatives par seconde en tout",
        "128 adresses IPv4",
        "essayer un mot de passe",
        "+33 1 00 00 00 01",
        "Signature et cachet",
        "Adresses d'où partent les requêtes",
    ):
        assert word in first, word
    assert "Phare" not in first
    assert "198.51.100.192/29" in second
    assert "familles.hebergeur.example" in second
    assert "à toute heure" in second
    assert "Hébergeur de santé Exemple" in agreed
    assert "EHPAD du Phare" in agreed
    assert "familles.hebergeur.example" in agreed


def test_no_french_is_left_in_english() -> None:
    for letter in write_letters(LITTORAL, Language.EN):
        words = Reader(letter.html).words
        for french in ("à compléter", "adresse ", "toute", "Lettre", "lundi", "jamais"):
            assert french not in words, french


def test_what_has_no_mandate_or_consent_gets_a_letter_to_fill() -> None:
    other = Establishment(id="b", name="Hôpital B", ranges=("198.51.100.0/24",))
    made = inventory(
        mandate(covers=("203.0.113.0/24", "p.h.example")), establishments=(establishment(), other)
    )
    letters = write_letters(made)
    assert [each.file.partition("-")[0] for each in letters] == ["mandat", "mandat", "accord"]
    assert "Hôpital B" in letters[1].title
    assert "à compléter" in letters[2].title
    assert "p.h.example" in letters[2].html


HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}"


def test_markup_in_an_inventory_is_inert() -> None:
    place = establishment(name=HOSTILE, contact=HOSTILE, finess=HOSTILE)
    made = inventory(
        mandate(signed_by=HOSTILE, document=HOSTILE, emergency=HOSTILE),
        establishments=(place,),
        consents=(consent(holder=HOSTILE, document=HOSTILE),),
    )
    for letter in write_letters(made):
        assert "<script" not in letter.html
        assert "49" not in Reader(letter.html).words.replace(HOSTILE, "")
        assert letter.file.replace("-", "").replace(".", "").replace("_", "").isalnum()


@given(
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 1439),
    st.integers(1, 1439),
    st.sampled_from(Language),
)
def test_any_window_is_said(days: set[int], opens: int, length: int, language: Language) -> None:
    one = Window(days=tuple(sorted(days)), opens_min=opens, closes_min=opens + length)
    said = say_window(one, language)
    following = "lendemain" if language is Language.FR else "next day"
    assert (following in said) == (one.closes_min > 1440)


def test_dates_of_a_blank_mandate() -> None:
    letters = write_letters(inventory())
    assert len(letters) == 1
    assert str(date.min.year) + " " not in letters[0].title
    assert "Du … au …" in Reader(letters[0].html).words
