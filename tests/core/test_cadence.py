"""When a target comes back: never late by its tier, never outside a window, spread, levelled."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cadence import WHY, Cadence, Family, Found, Known, next_due, parse_span
from core.knowledge.cadence import load_cadence
from inventories.windows import Calendar, parse_window

CADENCE = load_cadence()
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def always(at: datetime) -> datetime:
    return at


def known(
    *found: Found,
    family: Family = Family.SERVICES,
    measured_at: datetime | None = NOW,
    asked_at: datetime | None = None,
    failures: int = 0,
    establishment: str = "chu",
) -> Known:
    return Known(
        ght="g",
        establishment=establishment,
        target="192.0.2.1",
        family=family,
        measured_at=measured_at,
        asked_at=asked_at,
        failures=failures,
        found=found,
    )


@pytest.mark.parametrize(
    ("found", "family", "why", "period"),
    [
        ([Found("product", 3, True)], Family.SERVICES, "exploited", timedelta(hours=12)),
        ([Found("rdp", 4)], Family.SERVICES, "critical", timedelta(hours=12)),
        ([Found("rdp", 3), Found("tls", 2)], Family.SERVICES, "high", timedelta(days=1)),
        ([Found("tls", 2)], Family.SERVICES, "medium", timedelta(days=4)),
        ([Found("tls", 1)], Family.SERVICES, "low", timedelta(days=6)),
        ([Found("tls", 0)], Family.SERVICES, "live", timedelta(days=7)),
        ([], Family.SERVICES, "live", timedelta(days=7)),
        ([], Family.SPACE, "dead", timedelta(days=90)),
        ([], Family.DOMAIN, "domain", timedelta(days=7)),
        ([Found("ad", 4)], Family.DIRECTORY, "directory", timedelta(days=30)),
        ([Found("cert", 4)], Family.SERVICES, "critical", timedelta(days=1)),
    ],
)
def test_the_gravest_sets_the_pace(
    found: list[Found], family: Family, why: str, period: timedelta
) -> None:
    due = next_due(known(*found, family=family), CADENCE, NOW, always)
    assert due is not None
    assert due.why == why
    assert due.by == NOW + period
    assert due.soon_at < due.at <= due.by
    assert due.at >= NOW + period / 2


def test_a_first_measure_and_one_asked_for_are_due_at_once() -> None:
    first = next_due(known(measured_at=None), CADENCE, NOW, always)
    asked = next_due(known(asked_at=NOW), CADENCE, NOW, always)
    assert first is not None and (first.at, first.why) == (NOW, "first")  # noqa: PT018
    assert asked is not None and (asked.at, asked.why) == (NOW, "asked")  # noqa: PT018


def test_a_failure_is_tried_again_later_each_time_but_no_later_than_the_period() -> None:
    waits: list[timedelta] = []
    for failures in range(1, 30):
        due = next_due(known(failures=failures), CADENCE, NOW, always)
        assert due is not None
        waits.append(due.at - NOW)
    assert waits == sorted(waits)
    assert waits[:3] == [timedelta(hours=2), timedelta(hours=4), timedelta(hours=8)]
    assert waits[-1] == timedelta(days=7)


def test_hospitals_do_not_start_together_and_one_moves_together() -> None:
    dues = [next_due(known(establishment=f"e{n}"), CADENCE, NOW, always) for n in range(300)]
    moments = {one.at for one in dues if one}
    assert len(moments) == 300
    hours = {int((one - NOW) / timedelta(hours=1)) for one in moments}
    assert len(hours) > 25


def test_what_a_run_that_starts_now_would_make_late_is_taken_along() -> None:
    for gravity in range(5):
        due = next_due(known(Found("rdp", gravity)), CADENCE, NOW, always)
        assert due is not None
        assert due.soon_at <= due.by - CADENCE.run


def test_no_window_ever_again_is_told() -> None:
    assert next_due(known(), CADENCE, NOW, lambda _: None) is None


def test_an_operator_slows_and_quickens() -> None:
    slower: Cadence = CADENCE.paced({"live": timedelta(days=30)})
    due = next_due(known(), slower, NOW, always)
    assert due is not None
    assert due.by == NOW + timedelta(days=30)


def test_a_clock_that_was_ahead_does_not_put_off() -> None:
    due = next_due(known(measured_at=NOW + timedelta(days=400)), CADENCE, NOW, always)
    assert due is not None
    assert due.by == NOW + timedelta(days=7)


@given(
    st.integers(0, 365 * 24 * 60),
    st.sampled_from(["Mon-Fri 20:00-06:00", "Sun 01:00-04:00", "Sat-Sun 00:00-24:00"]),
    st.integers(0, 4),
)
def test_due_lies_in_a_window_whatever_the_clock_change(
    minutes: int, text: str, gravity: int
) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    window = parse_window(text)
    assert window is not None
    zone = ZoneInfo("Europe/Paris")
    calendar = Calendar(zone, at.date(), at.date() + timedelta(days=400), (window,))
    due = next_due(known(Found("rdp", gravity), measured_at=at), CADENCE, at, calendar.first_open)
    assert due is not None
    assert calendar.is_open(due.at)
    assert due.by >= due.at >= due.soon_at


def test_every_tier_has_words_and_every_span_is_read() -> None:
    assert set(WHY) == {*CADENCE.tiers, "first", "asked"}
    assert parse_span("12h") == timedelta(hours=12)
    assert [parse_span(one) for one in ("", "0d", "1.5d", "7", "7 d", "99999d")] == [None] * 6
