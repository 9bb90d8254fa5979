"""Both languages are complete, agree on their placeholders, and have nothing of each other."""

import string
from collections.abc import Iterator

from core.model import Confidence, Criticality, Intensity, Language, State, Status, Wording
from reports import words
from reports.words import Lexicon

# Proper nouns, acronyms and words that both languages share.
_ALIKE = {
    "from_to", "version", "finess", "validity_from_to", "contact", "document", "total", "action",
    "service", "justification", "encrypted", "page", "question", "asked",
}  # fmt: skip


def _every() -> Iterator[tuple[str, Wording]]:
    yield from words.WORDS.items()
    for name, table in (
        ("criticality", words.CRITICALITY),
        ("confidence", words.CONFIDENCE),
        ("state", words.STATE),
        ("intensity", words.INTENSITY),
        ("delay", words.DELAY),
        ("tlp", words.TLP),
        ("way", words.WAY),
        ("holder", words.HOLDER),
    ):
        for key, worded in table.items():
            yield f"{name} {key}", worded
    for status, pair in words.STATUS.items():
        for worded in pair:
            yield f"status {status}", worded


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_closed_set_has_its_words() -> None:
    assert set(words.CRITICALITY) == set(words.DELAY) == set(Criticality)
    assert set(words.CONFIDENCE) == set(Confidence)
    assert set(words.STATE) == set(State)
    assert set(words.INTENSITY) == set(Intensity)
    assert set(words.STATUS) == set(Status)


def test_both_languages_are_complete_and_agree() -> None:
    for key, worded in _every():
        assert worded.fr.strip(), key
        assert worded.en.strip(), key
        assert _placeholders(worded.fr) == _placeholders(worded.en), key
        if key in _ALIKE:
            assert worded.fr == worded.en, f"{key} no longer needs its exception"
        elif key in words.WORDS:
            assert worded.fr != worded.en, key


def test_english_has_no_french_letters_or_quotes() -> None:
    for key, worded in _every():
        assert not set(worded.en.lower()) & set("éèêàùçôîïœ«»"), key


def test_a_plural_has_its_singular() -> None:
    for key, worded in words.WORDS.items():
        if key.endswith("_one") and key.removesuffix("_one") in words.WORDS:
            assert _placeholders(worded.fr) <= _placeholders(
                words.WORDS[key.removesuffix("_one")].fr
            )


def test_counted_takes_the_singular_for_one_alone() -> None:
    lexicon = Lexicon(Language.FR)
    assert lexicon.counted("asset_count", 1, "1") == "1 actif"
    assert lexicon.counted("asset_count", 0, "0") == "0 actifs"
