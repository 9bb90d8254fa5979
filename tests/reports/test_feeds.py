"""The method says by what products and flaws were judged, and how old that was."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from core.feeds import FEEDS
from core.knowledge.load import load_knowledge
from core.model import Language
from core.results import FeedRow
from reports.build import build
from tests.reports.sample import KNOWLEDGE, SCENE, sample


def _told(language: Language, *rows: FeedRow, compiled_on: date | None = date(2026, 1, 2)) -> str:
    results = sample()
    run = msgspec.structs.replace(results.run, compiled_on=compiled_on, feeds=rows)
    method = build(msgspec.structs.replace(results, run=run), SCENE, KNOWLEDGE, language)
    return "\n".join(method.annex.method)


def _row(feed: str, age_days: int) -> FeedRow:
    at = datetime(2026, 1, 10, tzinfo=UTC)
    return FeedRow(feed=feed, as_of=at, age_days=age_days, source="https://x.example/")


def test_without_feeds_the_built_in_day_is_told() -> None:
    assert "base intégrée du 02/01/2026" in _told(Language.FR)
    assert "aucun flux" in _told(Language.FR)
    assert "built-in knowledge of 2026-01-02" in _told(Language.EN)


def test_each_feed_has_its_age() -> None:
    rows = (_row("kev", 0), _row("epss", 1), _row("eol", 45), _row("unknown", 3))
    french, english = _told(Language.FR, *rows), _told(Language.EN, *rows)
    assert "failles exploitées (CISA KEV) du jour même" in french
    assert "(EPSS) d'un jour" in french.replace("’", "'")
    assert "fins de support (endoflife.date) de 45" in french
    assert "exploited flaws (CISA KEV) of the same day" in english
    assert "ends of support (endoflife.date) 45 days old" in english
    assert "unknown" not in french + english


@pytest.mark.parametrize("feed", FEEDS)
def test_every_feed_has_a_name(feed: str) -> None:
    assert _told(Language.FR, _row(feed, 2)) != _told(Language.FR)


def test_a_run_of_before_says_nothing() -> None:
    assert "base intégrée" not in _told(Language.FR, compiled_on=None)


def test_how_far_the_built_in_catalogue_is_whole_is_told_until_the_feed_is_there() -> None:
    def told(*rows: FeedRow) -> str:
        results = sample()
        run = msgspec.structs.replace(
            results.run, compiled_on=date(2026, 1, 2), exploited_until=date(2025, 8, 25), feeds=rows
        )
        method = build(msgspec.structs.replace(results, run=run), SCENE, KNOWLEDGE, Language.FR)
        return "\n".join(method.annex.method)

    assert "25/08/2025" in told()
    assert "25/08/2025" in told(_row("epss", 1))
    assert "25/08/2025" not in told(_row("kev", 1))
    assert load_knowledge().exploited_until == date(2025, 8, 25)
