"""Whatever a network or a file put in the results, the page keeps its elements and its size."""

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import Language
from core.results import Results
from reports.render import render_html
from reports.text import inert, typeset
from tests.reports.hostile import HUGE, STRINGS, poisoned
from tests.reports.named import with_names
from tests.reports.page import Page
from tests.reports.sample import KNOWLEDGE, SCENE, sample

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def _full() -> Results:
    return with_names(sample())


def _render(results: Results, text: str) -> str:
    scene = poisoned(SCENE, text)
    return render_html(results, scene, KNOWLEDGE, Language.FR)


@pytest.fixture(scope="module")
def expected() -> set[tuple[str, tuple[str, ...]]]:
    shapes: set[tuple[str, tuple[str, ...]]] = set()
    for results in (_full(), poisoned(_full(), "x")):
        for scene in (SCENE, poisoned(SCENE, "x")):
            shapes |= Page(render_html(results, scene, KNOWLEDGE, Language.FR)).shape()
    return shapes


@pytest.mark.parametrize("text", STRINGS, ids=range(len(STRINGS)))
def test_no_string_becomes_an_element(
    text: str, expected: set[tuple[str, tuple[str, ...]]]
) -> None:
    html = _render(poisoned(_full(), text), text)
    read = Page(html)
    assert read.faults == []
    assert read.shape() <= expected
    assert not _FORBIDDEN.search(html)
    assert html.encode()
    assert "49}" not in read.text
    assert "javascript:" not in "".join(str(one.get("href")) for one in read.of("a"))


def test_a_banner_of_a_megabyte_everywhere_is_cut(
    expected: set[tuple[str, tuple[str, ...]]],
) -> None:
    results = poisoned(_full(), HUGE)
    html = _render(results, HUGE)
    read = Page(html)
    assert read.faults == []
    assert read.shape() <= expected
    assert len(html) < 1_500_000
    assert "[coupé" in read.text


def test_every_check_of_its_own_stays_bounded() -> None:
    full = _full()
    findings = tuple(
        msgspec.structs.replace(full.findings[0], check=f"x.{index}", evidence=("e" * 10_000,) * 50)
        for index in range(3_000)
    )
    html = render_html(
        msgspec.structs.replace(full, findings=findings), SCENE, KNOWLEDGE, Language.FR
    )
    assert len(html) < 6_000_000
    assert "et 2\u202f700 autres" in html


@settings(max_examples=15)
@given(st.text(st.characters(), min_size=1, max_size=60))
def test_no_text_at_all_becomes_an_element(
    expected: set[tuple[str, tuple[str, ...]]], text: str
) -> None:
    read = Page(_render(poisoned(_full(), text), text))
    assert read.faults == []
    assert read.shape() <= expected


@given(st.text(st.characters(), max_size=400), st.sampled_from(Language), st.integers(1, 80))
def test_inert_is_one_visible_line_of_bounded_length(
    text: str, language: Language, limit: int
) -> None:
    shown = inert(text, language, limit)
    assert not _FORBIDDEN.search(shown)
    assert "\n" not in shown
    shown.encode()
    assert len(shown) <= limit * 8 + 60
    typeset(shown, language)


def test_inert_spells_out_what_turns_writing() -> None:
    assert inert("a\u202eb", Language.FR) == "a⟨U+202E⟩b"
    assert inert("x" * 9 + "y", Language.EN, 9) == "x" * 9 + "… [cut: 10 characters in all]"
