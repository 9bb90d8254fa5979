"""The formats of the makers of feeds, and bytes that are none."""

import contextlib
import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import feed_formats as formats
from core.feed_formats import Document, FeedInvalid, examine, recognise
from core.feeds import Feeds
from tests.servers import feeds as made

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SAMPLES: dict[str, bytes] = {
    "kev": made.kev(),
    "epss": made.epss(),
    "cvss": made.nvd(made.FORTIOS_2024),
    "eol": made.eol(),
    "windows": made.eol("windows-server", cycle="2025", ends="2034-10-10", latest="10.0.26100"),
    "alerts": made.alert(),
}


def joined(feed: str, *data: bytes) -> bytes:
    return formats.join(feed, [one for each in data for one in recognise(each)], NOW)


@pytest.mark.parametrize("feed", SAMPLES)
def test_a_file_is_told_by_its_content(feed: str) -> None:
    (document,) = recognise(SAMPLES[feed])
    assert document.feed == feed
    assert document.entries == 1
    assert document.as_of.tzinfo is not None


@pytest.mark.parametrize("feed", SAMPLES)
def test_what_is_kept_reads_as_what_came(feed: str) -> None:
    (document,) = recognise(SAMPLES[feed])
    assert recognise(document.body) == (document,)
    whole = joined(feed, SAMPLES[feed]) if formats.is_collected(feed) else document.body
    assert examine(feed, whole, NOW).entries == 1
    assert recognise(whole) == (document,)


def test_kev_gives_flaws_with_their_dates() -> None:
    found = formats.load_kev(made.kev(rows=[made.kev_row(knownRansomwareCampaignUse="Unknown")]))
    entry = found[made.FORTIOS_2024]
    assert (entry.added, entry.due) == (date(2024, 2, 9), date(2024, 2, 16))
    assert entry.ransomware is None
    assert formats.load_kev(made.kev())[made.FORTIOS_2024].ransomware is True
    feeds = Feeds(kev=found)
    assert feeds.kev_named(["fortinet: fortios"]) == (entry,)
    assert feeds.kev_named(["Cisco: ASA"]) == ()


def test_epss_gives_scores_of_those_asked_for() -> None:
    rows = (f"{made.FORTIOS_2024},0.92410,0.99710", "CVE-1999-0001,9e-05,0.1")
    data = made.epss(rows=rows)
    assert recognise(data)[0].entries == 2
    found = formats.load_epss(data, {"CVE-1999-0001", "CVE-2000-0001"})
    assert {cve: one.score for cve, one in found.items()} == {"CVE-1999-0001": 9e-05}


def test_a_score_that_is_none_is_left_out() -> None:
    data = gzip.compress(gzip.decompress(made.epss()).replace(b"0.92410", b"high"))
    assert formats.load_epss(data, {made.FORTIOS_2024}) == {}


def test_nvd_gives_the_score_of_the_nvd_itself() -> None:
    found = formats.load_cvss(joined("cvss", SAMPLES["cvss"]))
    assert (found[made.FORTIOS_2024].score, found[made.FORTIOS_2024].version) == (9.8, "3.1")
    assert found[made.FORTIOS_2024].source == "nvd@nist.gov"


def test_endoflife_gives_branches() -> None:
    found = formats.load_eol(joined("eol", SAMPLES["eol"], made.eol("pan-os", ends=None)))
    assert found["fortios"]["7.4"].ended == date(2027, 11, 11)
    assert found["fortios"]["7.4"].latest == "7.4.9"
    assert (found["pan-os"]["7.4"].ended, found["pan-os"]["7.4"].is_ended) == (None, True)


def test_endoflife_gives_windows_builds() -> None:
    (build,) = formats.load_windows(joined("windows", SAMPLES["windows"]))
    assert (build.build, build.nt_version) == (26100, "10.0")
    assert build.candidates[0].name == "Windows Server 2025"
    assert build.candidates[0].end_support == date(2034, 10, 10)


def test_cert_fr_gives_alerts_newest_first() -> None:
    later = made.alert("CERTFR-2026-ALE-011", "CVE-2026-1234")
    data = joined("alerts", SAMPLES["alerts"], later)
    first, second = formats.load_alerts(data)
    assert (first.id, second.id) == ("CERTFR-2026-ALE-011", "CERTFR-2024-ALE-004")
    assert (second.published, second.revised) == (date(2024, 2, 9), date(2024, 2, 12))
    assert Feeds(alerts=(first, second)).alerts_on(made.FORTIOS_2024) == (second,)
    listed = made.alert_list("CERTFR-2024-ALE-004", "CERTFR-2026-ALE-011", "../../etc/passwd")
    assert formats.read_alert_list(listed) == ("CERTFR-2026-ALE-011", "CERTFR-2024-ALE-004")


def test_the_rss_of_cert_fr_gives_alerts_and_never_replaces_their_json() -> None:
    (document,) = recognise(made.alert_rss("CERTFR-2024-ALE-004"))
    (alert,) = formats.load_alerts(formats.join("alerts", [document], NOW))
    assert (alert.id, alert.published) == ("CERTFR-2024-ALE-004", date(2024, 2, 9))
    assert alert.cves == (made.FORTIOS_2024,)
    (of_the_day,) = recognise(made.alert().replace(b"2024-02-12", b"2024-02-09"))
    assert document.as_of < of_the_day.as_of


_ENTITIES = b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a 'aaaa'>]><rss><channel/></rss>"


def _without_count(data: bytes) -> bytes:
    whole = json.loads(data)
    return json.dumps({**whole, "count": whole["count"] + 1}).encode()


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (made.kev()[:-40], "truncated"),
        (_without_count(made.kev()), "truncated"),
        (made.kev(rows=[made.kev_row("CVE-24-1")]), "invalid"),
        (made.kev(rows=[made.kev_row(dateAdded="soon")]), "invalid"),
        (made.epss()[:-9], "truncated"),
        (made.epss() + b"more", "invalid"),
        (made.epss(rows=("CVE-2024-1,2.0,0.5",)), "invalid"),
        (made.epss(rows=()), "truncated"),
        (gzip.decompress(made.epss())[:-3], "truncated"),
        (b"<!doctype html><html><body>Access Denied</body></html>", "invalid"),
        (b"", "invalid"),
        (b"[]", "invalid"),
        (b"{}", "invalid"),
        (b'{"a":' * 100_000, "invalid"),
        (made.eol("../../etc"), "invalid"),
        (made.alert("CERTFR-2024-AVI-0001"), "invalid"),
        (made.nvd("CVE-x"), "invalid"),
        (b"\x1f\x8b" + b"\x00" * 40, "invalid"),
        (_ENTITIES, "invalid"),
        (made.alert_rss("CERTFR-2024-ALE-004")[:-20], "invalid"),
        (made.alert_rss("CERTFR-2024-AVI-0004"), "invalid"),
        (made.alert_rss("CERTFR-2024-ALE-004", day="soon"), "invalid"),
        (b"<?xml version='1.0' encoding='x'?><rss/>", "invalid"),
        ("<?xml version='1.0'?><rss>é</rss>".encode("latin-1"), "invalid"),
        (b"<?xml version='1.0' encoding='cp037'?>" + "<rss/>".encode("cp037"), "invalid"),
    ],
)
def test_what_is_no_feed_is_refused(data: bytes, fault: str) -> None:
    with pytest.raises(FeedInvalid) as refused:
        recognise(data)
    assert refused.value.fault == fault


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * (32 << 20))
    with pytest.raises(FeedInvalid) as refused:
        formats.gunzip(bomb, 1 << 20)
    assert refused.value.fault == "too-large"


def test_a_feed_of_the_future_is_refused() -> None:
    with pytest.raises(FeedInvalid) as refused:
        examine("kev", made.kev("2026-12-24"), NOW)
    assert refused.value.fault == "future"
    assert examine("kev", made.kev("2026-11-23"), NOW).as_of > NOW


def test_what_makers_write_cannot_drive_a_terminal() -> None:
    row = made.kev_row(vendorProject="\x1b]0;x\x07Fort\u202einet\n", product="F" * 5000)
    entry = formats.load_kev(made.kev(rows=[row]))[made.FORTIOS_2024]
    assert entry.vendor.isprintable()
    assert len(entry.product) == 300


def test_a_document_of_another_feed_does_not_hide_in_a_collection() -> None:
    (document,) = recognise(SAMPLES["eol"])
    for feed, key in (("windows", "fortios"), ("eol", "pan-os"), ("alerts", "fortios")):
        wrong = formats.join(feed, [_as(document, key)], NOW)
        with pytest.raises(FeedInvalid):
            formats.split(wrong)


def _as(document: Document, key: str) -> Document:
    return Document(
        feed=document.feed, key=key, as_of=document.as_of, entries=1, body=document.body
    )


_READERS: tuple[Callable[[bytes], object], ...] = (
    recognise,
    formats.split,
    formats.read_alert_list,
    formats.nvd_total,
    formats.load_kev,
    formats.load_cvss,
    formats.load_eol,
    formats.load_windows,
    formats.load_alerts,
    lambda data: formats.load_epss(data, {made.FORTIOS_2024}),
)


def _read_all(data: bytes) -> None:
    for reader in _READERS:
        with contextlib.suppress(FeedInvalid):
            reader(data)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    _read_all(data)
    _read_all(b"<?xml version='1.0'?>" + data)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from([feed for feed in SAMPLES if feed != "epss"]), st.data())
def test_any_value_anywhere_is_read_or_refused(feed: str, data: st.DataObject) -> None:
    whole = json.loads(SAMPLES[feed])
    spot = whole
    while isinstance(spot, dict | list) and spot:
        keys = list(spot) if isinstance(spot, dict) else list(range(len(spot)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(spot[key], dict | list) or data.draw(st.booleans()):
            spot[key] = data.draw(_JSON)
            break
        spot = spot[key]
    _read_all(json.dumps(whole).encode())


@given(st.sampled_from([*SAMPLES.values(), made.alert_rss("CERTFR-2024-ALE-004")]), st.data())
def test_any_byte_changed_is_read_or_refused(sample: bytes, data: st.DataObject) -> None:
    whole = bytearray(sample)
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = data.draw(st.integers(0, 255))
    _read_all(bytes(whole[: data.draw(st.integers(at, len(whole)))]))


@given(st.dates())
def test_no_feed_is_kept_that_is_far_ahead(day: date) -> None:
    with contextlib.suppress(FeedInvalid):
        assert examine("kev", made.kev(day.isoformat()), NOW).as_of.date() <= date(2026, 11, 24)
