"""Windows: their grammar, and calendars that stay right through both clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inventory import Window
from inventories.windows import Calendar, instant, parse_window, suggest_window, window_text

PARIS = ZoneInfo("Europe/Paris")
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


def window(text: str) -> Window:
    found = parse_window(text)
    assert found is not None, text
    return found


def calendar(*texts: str, zone: str = "Europe/Paris") -> Calendar:
    return Calendar(ZoneInfo(zone), *YEAR, tuple(window(text) for text in texts))


@pytest.mark.parametrize(
    ("text", "days", "opens", "closes"),
    [
        ("Mon-Fri 20:00-06:00", (0, 1, 2, 3, 4), 1200, 1800),
        ("Sat-Sun 00:00-24:00", (5, 6), 0, 1440),
        ("Sun 20:00-00:00", (6,), 1200, 1440),
        ("Fri-Mon 08:30-12:00", (0, 4, 5, 6), 510, 720),
        ("Mon,Wed,Fri-Sat 01:00-02:00", (0, 2, 4, 5), 60, 120),
        ("mon 23:59-23:58", (0,), 1439, 2878),
    ],
)
def test_reads_a_window(text: str, days: tuple[int, ...], opens: int, closes: int) -> None:
    found = window(text)
    if text.startswith("Sun"):
        assert (found.days, found.opens_min) == (days, opens)
        assert found.closes_min in {1440}
        return
    assert (found.days, found.opens_min, found.closes_min) == (days, opens, closes)


@pytest.mark.parametrize(
    "text",
    [
        "", "Mon", "Mon-Fri", "20:00-06:00", "Mon 24:00-06:00", "Mon 20:00-24:01",
        "Mon 20:60-22:00",
        "Lun 20:00-06:00", "Mon 8:00-9:00", "Mon 08:00-08:00", "Mon  08:00-09:00",
        "Mon-Fri 20:00–06:00",
        "Mon 00:00-00:00", "Mon-Tue-Wed 01:00-02:00",
    ],
)  # fmt: skip
def test_refuses_another_spelling(text: str) -> None:
    assert parse_window(text) is None


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("lun-ven 20h-6h", "Mon-Fri 20:00-06:00"),
        ("du lundi au vendredi de 20h30 à 6h", "Mon-Fri 20:30-06:00"),
        ("Samedi,Dimanche 00:00-24:00", "Sat,Sun 00:00-24:00"),
        ("Mon-Fri 8:00-18:00", "Mon-Fri 08:00-18:00"),
        ("22:00-05:00", "Mon-Sun 22:00-05:00"),
        ("Monday-Friday 20:00-06:00", "Mon-Fri 20:00-06:00"),
        ("Mon-Fri 20:00–06:00", "Mon-Fri 20:00-06:00"),
        ("n'importe quoi", ""),
        ("Mon 08:00-08:00", ""),
    ],
)
def test_suggests_what_was_meant(text: str, instead: str) -> None:
    assert suggest_window(text) == instead


@given(st.text(max_size=60))
def test_any_text_is_read_refused_or_suggested(text: str) -> None:
    parse_window(text)
    suggested = suggest_window(text)
    assert suggested == "" or parse_window(suggested) is not None


WINDOWS = st.builds(
    lambda days, opens, length: Window(
        days=tuple(sorted(days)), opens_min=opens, closes_min=opens + length
    ),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 1439),
    st.integers(1, 1439),
)


@given(WINDOWS)
def test_a_window_is_written_and_read_back(one: Window) -> None:
    assert parse_window(window_text(one)) == one


def test_a_window_belongs_to_the_day_it_opens() -> None:
    nights = calendar("Mon-Fri 20:00-06:00")
    assert nights.is_open(paris("2026-06-06T05:59:59"))  # Saturday, opened on Friday
    assert not nights.is_open(paris("2026-06-06T06:00"))
    assert not nights.is_open(paris("2026-06-08T05:00"))  # Monday morning: Sunday does not open
    assert nights.first_open(paris("2026-06-06T06:00")) == paris("2026-06-08T20:00")


def test_windows_that_touch_are_one() -> None:
    both = calendar("Mon-Fri 20:00-06:00", "Sat-Sun 00:00-24:00")
    assert both.closes(paris("2026-06-05T21:00")) == paris("2026-06-08T00:00")


def test_always_open_is_told_in_slices() -> None:
    always = calendar("Mon-Sun 00:00-24:00")
    at = paris("2026-06-05T21:00")
    closes = always.closes(at)
    assert closes is not None
    assert timedelta(days=9) <= closes - at <= timedelta(days=11)
    assert always.closes(paris("2026-12-31T12:00")) == paris("2027-01-01T00:00")


def test_a_mandate_ends_at_local_midnight_after_its_last_day() -> None:
    whole = calendar()
    assert whole.end == utc("2026-12-31T23:00")
    assert whole.start == utc("2025-12-31T23:00")
    assert whole.is_open(utc("2026-12-31T22:59:59"))
    assert not whole.is_open(utc("2026-12-31T23:00"))


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        # 29 March 2026: 02:00 becomes 03:00 (01:00 UTC); 02:00-03:00 does not exist.
        ("Sat 20:00-06:00", "2026-03-28T19:00", "2026-03-29T04:00"),
        ("Sun 02:30-06:00", "2026-03-29T01:00", "2026-03-29T04:00"),
        ("Sun 01:00-02:30", "2026-03-29T00:00", "2026-03-29T01:00"),
        ("Sun 03:00-04:00", "2026-03-29T01:00", "2026-03-29T02:00"),
        ("Sat 23:00-02:00", "2026-03-28T22:00", "2026-03-29T01:00"),
    ],
)
def test_clocks_go_forward(text: str, opens: str, closes: str) -> None:
    found = calendar(text)
    start = found.first_open(utc("2026-03-28T12:00"))
    assert start == utc(opens)
    assert found.closes(utc(opens)) == utc(closes)
    assert not found.is_open(utc(opens) - timedelta(seconds=1))
    assert not found.is_open(utc(closes))


def test_a_window_inside_the_skipped_hour_does_not_open_that_day() -> None:
    found = calendar("Sun 02:10-02:50")
    assert found.first_open(utc("2026-03-28T12:00")) == paris("2026-04-05T02:10")


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        # 25 October 2026: 03:00 becomes 02:00 (01:00 UTC); 02:00-03:00 happens twice.
        ("Sat 20:00-06:00", "2026-10-24T18:00", "2026-10-25T05:00"),
        ("Sun 02:30-06:00", "2026-10-25T01:30", "2026-10-25T05:00"),  # second passage
        ("Sun 01:00-02:30", "2026-10-24T23:00", "2026-10-25T00:30"),  # first passage
        ("Sun 02:10-02:50", "2026-10-25T00:10", "2026-10-25T00:50"),  # first passage alone
        ("Sun 02:00-03:00", "2026-10-25T01:00", "2026-10-25T02:00"),
    ],
)
def test_clocks_go_back(text: str, opens: str, closes: str) -> None:
    found = calendar(text)
    assert found.first_open(utc("2026-10-24T12:00")) == utc(opens)
    assert found.closes(utc(opens)) == utc(closes)
    assert not found.is_open(utc(opens) - timedelta(seconds=1))
    assert not found.is_open(utc(closes))


@pytest.mark.parametrize("zone", ["Indian/Reunion", "America/Martinique", "Pacific/Noumea", "UTC"])
def test_overseas_hospitals_have_their_own_hours(zone: str) -> None:
    found = calendar("Mon-Fri 20:00-06:00", zone=zone)
    local = datetime(2026, 6, 5, 20, 0, tzinfo=ZoneInfo(zone))
    assert found.is_open(local.astimezone(UTC))
    assert not found.is_open(local.astimezone(UTC) - timedelta(seconds=1))


def naive_open(at: datetime, zone: ZoneInfo, windows: tuple[Window, ...]) -> bool:
    """Read the wall clock, and nothing else."""
    wall = at.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    yesterday = (wall.weekday() - 1) % 7
    return any(
        (wall.weekday() in each.days and each.opens_min <= minute < each.closes_min)
        or (yesterday in each.days and minute + 1440 < each.closes_min)
        for each in windows
    )


MOMENTS = st.one_of(
    st.integers(0, 525_599).map(lambda m: utc("2026-01-02T00:00") + timedelta(minutes=m % 520_000)),
    st.integers(0, 600).map(lambda m: utc("2026-03-28T20:00") + timedelta(minutes=m)),
    st.integers(0, 600).map(lambda m: utc("2026-10-24T20:00") + timedelta(minutes=m)),
)


@given(MOMENTS, st.lists(WINDOWS, min_size=1, max_size=3).map(tuple))
def test_it_is_open_as_the_wall_clock_says(at: datetime, windows: tuple[Window, ...]) -> None:
    found = Calendar(PARIS, *YEAR, windows)
    naive = naive_open(at, PARIS, windows)
    if found.is_open(at):
        assert naive  # never open when the wall clock says closed
        closes = found.closes(at)
        assert closes is not None
        assert closes > at
        assert found.is_open(closes - timedelta(seconds=1))
    near_change = abs(at - utc("2026-10-25T01:00")) <= timedelta(hours=1)
    if not near_change:
        assert found.is_open(at) == naive


@given(MOMENTS, st.lists(WINDOWS, min_size=1, max_size=3).map(tuple))
def test_the_next_opening_is_the_first(at: datetime, windows: tuple[Window, ...]) -> None:
    found = Calendar(PARIS, date(2025, 1, 1), date(2027, 12, 31), windows)
    opening = found.first_open(at)
    assert opening is not None
    assert opening >= at
    assert found.is_open(opening)
    if opening > at:
        assert not found.is_open(opening - timedelta(seconds=1))
        step = (opening - at) / 50
        assert not any(found.is_open(at + step * n) for n in range(50))


@given(
    st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 31)),
    st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 31)),
    st.datetimes(timezones=st.just(UTC)),
)
def test_the_ends_of_the_calendar_break_nothing(first: date, last: date, at: datetime) -> None:
    found = Calendar(PARIS, first, last, (window("Mon-Fri 20:00-06:00"),))
    if found.is_open(at):
        found.closes(at)
    found.first_open(at)


def test_an_instant_in_a_gap_is_the_change_itself() -> None:
    for minutes in (120, 121, 150, 179):
        assert instant(PARIS, date(2026, 3, 29), minutes, late=False) == utc("2026-03-29T01:00")
