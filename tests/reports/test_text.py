"""Numbers, dates and typography as a French or an English reader expects them."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import Language
from reports.text import Clock, duration, number, typeset, zone


def test_numbers() -> None:
    assert number(1_234_567, Language.FR) == "1\u202f234\u202f567"
    assert number(1_234_567, Language.EN) == "1,234,567"


def test_dates_change_day_and_season_with_the_zone() -> None:
    paris = Clock("Europe/Paris", Language.FR)
    assert paris.moment(datetime(2026, 7, 31, 22, 30, tzinfo=UTC)) == (
        "1er\u00a0août\u00a02026 à 0\u00a0h\u00a030"
    )
    assert paris.short(date(2026, 1, 2)) == "02/01/2026"
    assert Clock("Indian/Reunion", Language.EN).hour(datetime(2026, 1, 1, tzinfo=UTC)) == "04:00"


@pytest.mark.parametrize(
    "name", ["", "Nowhere/Town", "../../etc/passwd", "Europe", "x" * 5000, "\x00", "\ud800"]
)
def test_an_unknown_zone_is_told_as_utc(name: str) -> None:
    assert zone(name) is None
    assert Clock(name, Language.FR).zone_name == "UTC"


@given(st.datetimes(), st.sampled_from(Language))
def test_every_moment_can_be_told(moment: datetime, language: Language) -> None:
    clock = Clock("Europe/Paris", language)
    assert clock.moment(moment)
    assert clock.short(moment)


def test_durations() -> None:
    assert duration(5_617, Language.FR) == "1\u00a0h 33\u00a0min"
    assert duration(0.2, Language.EN) == "0\u00a0s"
    assert duration(200_000, Language.FR) == "2\u00a0j 7\u00a0h"


def test_french_typography_leaves_code_alone() -> None:
    assert typeset("L'accès : « ouvert » ; non ?", Language.FR) == (
        "L’accès\u00a0: «\u00a0ouvert\u00a0»\u202f; non\u202f?"
    )
    assert typeset("Faire `a ; b : 'c'` ; fin", Language.FR) == "Faire `a ; b : 'c'`\u202f; fin"
    assert typeset("it's : so", Language.EN) == "it's : so"
