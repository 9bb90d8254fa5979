"""``findings.csv`` opens right in a French Excel and holds nothing that runs."""

import csv
import io
import unicodedata
from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.model import Language
from reports.exports.csv import cell, to_csv
from tests.reports.hostile import HUGE, STRINGS, poisoned
from tests.reports.sample import sample

_ANY = st.text(st.characters(), max_size=200)
_ONE = msgspec.structs.replace(sample(), findings=sample().findings[:1])


def read(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    text = data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))


def is_formula(value: str) -> bool:
    return unicodedata.normalize("NFKC", value).lstrip()[:1] in {"=", "+", "-", "@", "\t", "\r"}


def test_a_known_line() -> None:
    rows = read(to_csv(sample(), Language.FR))
    assert len(rows) == 1 + len(sample().findings)
    line = dict(zip(rows[0], rows[1], strict=True))
    assert line["Criticité"] == "critique"
    assert line["Certitude"] == "certain"
    assert (line["Adresse IP"], line["Port"], line["Transport"]) == ("203.0.113.41", "3389", "tcp")
    assert line["Première observation (UTC)"] == "2025-11-20 21:03:00"
    assert line["Porteur"] == line["Échéance"] == ""
    assert line["Empreinte"] == sample().findings[0].fingerprint
    assert "Criticality" in read(to_csv(sample(Language.EN), Language.EN))[0]


def test_lines_end_as_excel_wants() -> None:
    data = to_csv(sample(), Language.FR)
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == 1 + len(sample().findings)


@given(_ANY)
def test_any_text_reads_back_and_never_runs(text: str) -> None:
    findings = tuple(poisoned(one, text) for one in _ONE.findings)
    rows = read(to_csv(msgspec.structs.replace(_ONE, findings=findings), Language.FR))
    assert len(rows) == 2
    assert len(rows[0]) == len(rows[1])
    for value in rows[1]:
        assert not is_formula(value)
        assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in value)
    title = rows[1][rows[0].index("Constat")]
    assert title == cell(text)


@given(_ANY)
def test_a_cell_is_neutral_and_stays_so(text: str) -> None:
    once = cell(text)
    assert not is_formula(once)
    assert cell(once) == once


def test_known_formulas_get_an_apostrophe() -> None:
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", " =1", "＝1", "\u200b=1"):
        assert cell(text).startswith("'"), text
    assert cell("203.0.113.1") == "203.0.113.1"


def test_hostile_strings_and_huge_cells() -> None:
    for text in (*STRINGS, HUGE):
        rows = read(to_csv(poisoned(_ONE, text), Language.EN))
        assert all(len(value) < 32_767 for row in rows for value in row)


def test_times_are_utc_whatever_they_came_in() -> None:
    naive = msgspec.structs.replace(_ONE.findings[0], first_seen=datetime(2026, 1, 1, 9))  # noqa: DTZ001
    rows = read(to_csv(msgspec.structs.replace(_ONE, findings=(naive,)), Language.FR))
    assert rows[1][rows[0].index("Première observation (UTC)")] == "2026-01-01 09:00:00"
    assert naive.last_seen.tzinfo is UTC
