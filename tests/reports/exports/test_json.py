"""``findings.json`` has the shape of the contract, whole, whatever the strings."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import Language
from core.results import Results
from reports.exports.json import to_json
from tests.reports.hostile import HUGE, STRINGS, poisoned
from tests.reports.sample import sample

_ONE = msgspec.structs.replace(
    sample(),
    findings=sample().findings[:1],
    services=sample().services[:1],
    not_measured=sample().not_measured[:1],
)


def read(results: Results) -> dict[str, Any]:
    data = to_json(results)
    assert data.endswith(b"}\n")
    loaded = json.loads(data.decode())
    assert isinstance(loaded, dict)
    return loaded


def test_has_the_shape_of_the_contract() -> None:
    read_back = read(sample())
    assert list(read_back) == ["schema", "run", "coverage", "services", "findings", "not_measured"]
    assert read_back["schema"] == "vigie.findings/1"
    assert set(read_back["run"]) == {
        "id", "kind", "language", "started_at", "finished_at", "complete", "vigie_version",
        "inventory", "profile",
    }  # fmt: skip
    assert read_back["run"]["started_at"] == "2026-01-15T20:04:11Z"
    assert read_back["run"]["language"] == "fr"
    assert set(read_back["coverage"]) == {"addresses", "ports_tried", "statuses"}
    finding = read_back["findings"][0]
    assert {
        "fingerprint", "check", "title", "criticality", "confidence", "asset", "evidence", "care",
        "references", "remedy", "state", "first_seen", "last_seen",
    } <= set(finding)  # fmt: skip
    assert (finding["criticality"], finding["confidence"]) == ("critical", "certain")
    assert finding["asset"] == {
        "establishment": "chu-estuaire",
        "ip": "203.0.113.41",
        "port": 3389,
        "transport": "tcp",
    }
    assert {"asset", "what", "why"} <= set(read_back["not_measured"][0])


def test_absent_fields_are_left_out_and_required_ones_never() -> None:
    for service in read(sample())["services"]:
        assert {
            "establishment", "ip", "port", "transport", "protocol", "tls", "confidence", "evidence",
        } <= set(service)  # fmt: skip
        assert None not in service.values()
        assert "" not in service.values()


def test_an_unfinished_run_says_null() -> None:
    run = msgspec.structs.replace(_ONE.run, finished_at=None, complete=False)
    read_back = read(msgspec.structs.replace(_ONE, run=run))
    assert read_back["run"]["finished_at"] is None
    assert read_back["run"]["complete"] is False


def test_reads_back_as_the_same_results() -> None:
    for language in Language:
        assert msgspec.json.decode(to_json(sample(language)), type=Results) == sample(language)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_kept_whole(text: str) -> None:
    results = poisoned(_ONE, text)
    assert msgspec.json.decode(to_json(results), type=Results) == results


@pytest.mark.parametrize("text", [*STRINGS, HUGE], ids=range(len(STRINGS) + 1))
def test_hostile_strings_are_only_strings(text: str) -> None:
    kept = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert read(poisoned(_ONE, text))["findings"][0]["title"] == kept
