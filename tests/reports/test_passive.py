"""The annex of passive sources: provenance and day, and nothing when no source was asked."""

import msgspec

from core.model import Language, Transport
from core.results import PassiveRow
from reports.build import build
from tests.reports.sample import KNOWLEDGE, SCENE, sample


def _row(**more: object) -> PassiveRow:
    usual: dict[str, object] = {
        "establishment": "chu-exemple",
        "ip": "203.0.113.10",
        "port": 443,
        "transport": Transport.TCP,
        "source": "shodan",
        "seen_on": "2026-02-01",
    }
    return PassiveRow(**{**usual, **more})  # type: ignore[arg-type]


def _seen(row: PassiveRow, language: Language) -> tuple[str, str]:
    results = msgspec.structs.replace(sample(), passive=(row,))
    (line,) = build(results, SCENE, KNOWLEDGE, language).annex.passive
    return line.said, line.seen


def test_a_claim_has_its_source_and_day() -> None:
    assert _seen(_row(protocol="https", product="nginx"), Language.FR) == (
        "https nginx",
        "vu par Shodan le 01/02/2026, non confirmé",
    )
    assert "on 2026-02-01, not confirmed" in _seen(_row(), Language.EN)[1]


def test_a_claim_without_a_day_says_so() -> None:
    for day in ("", "0000-00-00", "<b>"):
        assert "sans date" in _seen(_row(seen_on=day), Language.FR)[1]


def test_what_we_saw_too_is_told() -> None:
    assert "notre mesure" in _seen(_row(confirmed=True), Language.FR)[1]


def test_many_claims_are_cut_and_counted() -> None:
    rows = tuple(_row(port=port) for port in range(1, 5_001))
    results = msgspec.structs.replace(sample(), passive=rows)
    report = build(results, SCENE, KNOWLEDGE, Language.FR)
    assert len(report.annex.passive) < 5_000
    assert "findings.json" in report.annex.passive_more


def test_without_a_source_there_is_no_annex() -> None:
    assert build(sample(), SCENE, KNOWLEDGE, Language.FR).annex.passive == ()
