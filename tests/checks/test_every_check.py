"""One test for the whole catalogue: examples, wording, and whatever hypothesis thinks of."""

import re
import string
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import checks
from checks.ad._shared.healthy import (
    child_domain,
    controller,
    entra_connect,
    exchange,
    healthy,
)
from checks.registry import Check, all_checks, all_points, reading
from core.directory.forest import Directory
from core.facts import Facts
from core.inventory import Establishment, Expected
from core.knowledge.load import load_knowledge
from core.model import Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.base import Observation
from core.observations.codec import decode, encode
from core.reasons import known
from tests.directories import directories
from tests.observing import observations

FACTS = Facts(
    today=date(2026, 1, 15),
    knowledge=load_knowledge(),
    establishments=(
        Establishment(
            id="chu-exemple", name="CHU", ranges=("203.0.113.0/24",), domains=("chu.example",)
        ),
    ),
)
DECLARED = msgspec.structs.replace(
    FACTS, expected=(Expected(asset="203.0.113.10", justification="VPN du personnel"),)
)

CHECKS = pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.id)
OF_OBSERVATIONS = pytest.mark.parametrize(
    "check",
    [check for check in all_checks() if check.reads is not Directory],
    ids=lambda check: check.id,
)


_PRESENCE = {"x11.exposed", "database.exposed", "ipmi.exposed", "fhir.exposed", "host.front"}


def test_the_catalogue_is_found() -> None:
    assert len(all_checks()) >= 35
    assert len({check.id for check in all_checks()}) == len(all_checks())


@CHECKS
def test_stands_where_its_id_says(check: Check[Any]) -> None:
    family, _, fault = check.id.partition(".")
    name = fault.replace("-", "_").replace(".", "_")
    module = (
        Path(checks.__path__[0]) / family / f"{name if not name[0].isdigit() else '_' + name}.py"
    )
    assert module.is_file(), f"{check.id} should stand in {module}"


@CHECKS
def test_examples(check: Check[Any]) -> None:
    assert check.flagged, "no example that it flags"
    # Where the mere presence of an observation is the fault, nothing of its family is clean.
    assert check.clean or check.id in _PRESENCE, "no example that it finds clean"
    for seen in check.flagged:
        verdicts = list(check.judge(seen, FACTS))
        assert any(isinstance(one, Flagged) for one in verdicts), seen
    for seen in check.clean:
        assert list(check.judge(seen, FACTS)) == [], seen
    for seen in check.unmeasured:
        verdicts = list(check.judge(seen, FACTS))
        assert verdicts, seen
        assert all(isinstance(one, NotMeasured) for one in verdicts), seen


@OF_OBSERVATIONS
def test_examples_survive_the_store(check: Check[Any]) -> None:
    for seen in (*check.flagged, *check.clean, *check.unmeasured):
        assert decode(encode(seen)) == seen


@CHECKS
def test_is_worded(check: Check[Any]) -> None:
    for text in (check.title_fr, check.title_en, check.risk_fr, check.risk_en):
        assert text.strip() == text
        assert text
    for text in (check.remedy_fr, check.remedy_en):
        assert len(text) > 15, "a remedy says what to do"
    assert check.title_fr != check.title_en
    assert check.references, "a finding cites something"
    indicators = {one.id for one in load_knowledge().care}
    assert set(check.care) <= indicators
    for wording in check.proofs.values():
        assert isinstance(wording, Wording)
        assert _fields(wording.fr) == _fields(wording.en)


@OF_OBSERVATIONS
@given(data=st.data())
def test_never_raises_on_any_observation(check: Check[Any], data: st.DataObject) -> None:
    families: tuple[type[Observation], ...] = check.families
    seen = data.draw(st.one_of(*map(observations, families)))
    before = encode(seen)
    for facts in (FACTS, DECLARED):
        for verdict in check.judge(seen, facts):
            _is_worded(check, verdict)
    assert encode(seen) == before, "an observation is never touched"


@given(forest=directories())
def test_no_check_of_a_directory_raises_on_any_forest(forest: Directory) -> None:
    for check in reading(Directory):
        places: set[str] = set()
        for verdict in check.judge(forest, FACTS):
            _is_worded(check, verdict)
            if isinstance(verdict, Flagged):
                key = verdict.place.key()
                assert key not in places, f"{check.id}: one finding per domain, or for the forest"
                places.add(key)
                assert set(verdict.levels) <= set(all_points()[check.id].levels), check.id


def _is_worded(check: Check[Any], verdict: Verdict) -> None:
    if isinstance(verdict, NotMeasured):
        assert known(verdict.why), f"{check.id}: no wording for {verdict.why!r}"
        return
    assert verdict.proofs, "no verdict without its proof"
    for proof in verdict.proofs:
        _say(check, proof)


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _say(check: Check[Any], proof: Proof) -> None:
    wording = check.proofs[proof.id]
    missing = _fields(wording.fr) - set(proof.values)
    assert not missing, f"{check.id}: proof {proof.id!r} lacks {missing}"
    assert all(isinstance(value, str) for value in proof.values.values())


def test_each_check_of_a_directory_is_a_point() -> None:
    read = {check.id for check in reading(Directory)}
    assert set(all_points()) == read
    assert len({point.id for point in all_points().values()}) == len(read)


def test_a_sound_forest_fails_nothing() -> None:
    lived_in = (child_domain(), exchange(), entra_connect(), controller("RODC", read_only=True))
    for forest in (healthy(), *(healthy(one) for one in lived_in)):
        for check in reading(Directory):
            faults = [one for one in check.judge(forest, FACTS) if isinstance(one, Flagged)]
            assert not faults, f"{check.id}: {faults}"


def test_ids_are_words_of_the_contract() -> None:
    for check in all_checks():
        assert re.fullmatch(r"[a-z][a-z0-9]*\.[a-z0-9]+(-[a-z0-9]+)*", check.id), check.id
