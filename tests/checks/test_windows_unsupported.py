"""The rules of support, day by day, on releases made up for the purpose."""

from datetime import date, timedelta

import msgspec
import pytest

from checks._shared.examples import AT, place
from checks.windows.unsupported import CHECK, NEAR_DAYS
from core.facts import Facts
from core.knowledge.model import Knowledge, WindowsBuild, WindowsRelease
from core.model import Criticality, Flagged, NotMeasured, Wording
from core.observations.windows import WindowsHost

TODAY = date(2026, 11, 22)
SEEN = WindowsHost(place=place(3389), at=AT, source="smb", nt_version="10.0", build=1000)


def release(name: str, days: int, *, esu_days: int | None = None) -> WindowsRelease:
    end = TODAY + timedelta(days=days)
    esu = None if esu_days is None else TODAY + timedelta(days=esu_days)
    return WindowsRelease(
        name=name, kind="server", end_mainstream=end, end_support=end, end_esu=esu
    )


def judge(*candidates: WindowsRelease, seen: WindowsHost = SEEN) -> list[Flagged | NotMeasured]:
    build = WindowsBuild(build=1000, nt_version="10.0", candidates=candidates)
    knowledge = Knowledge(
        compiled_on=TODAY,
        ports=(),
        extra_tcp=(),
        products=(),
        windows=(build,),
        care=(),
        care_disclaimer=Wording("", ""),
    )
    return list(CHECK.judge(seen, Facts(today=TODAY, knowledge=knowledge)))


@pytest.mark.parametrize(
    ("candidates", "criticality", "proof"),
    [
        ((release("A", -1),), Criticality.CRITICAL, "ended"),
        ((release("A", -1, esu_days=-1),), Criticality.CRITICAL, "ended"),
        ((release("A", -1, esu_days=0),), Criticality.HIGH, "paid-only"),
        ((release("A", -900), release("B", -9, esu_days=9)), Criticality.HIGH, "paid-only"),
        ((release("A", -9, esu_days=9), release("B", -1)), Criticality.HIGH, "paid-only"),
        ((release("A", 0),), Criticality.MEDIUM, "near"),
        ((release("A", NEAR_DAYS - 1), release("B", -9)), Criticality.MEDIUM, "near"),
    ],
)
def test_flags_by_the_most_favourable_release(
    candidates: tuple[WindowsRelease, ...], criticality: Criticality, proof: str
) -> None:
    (verdict,) = judge(*candidates)
    assert isinstance(verdict, Flagged)
    assert verdict.criticality is criticality
    assert [one.id for one in verdict.proofs] == [
        "build" if len(candidates) == 1 else "several",
        proof,
    ]


def test_supported_is_clean() -> None:
    assert judge(release("A", NEAR_DAYS)) == []


def test_ambiguity_is_told_with_every_candidate() -> None:
    (verdict,) = judge(release("Server A", 900), release("Client B", -900))
    assert isinstance(verdict, NotMeasured)
    assert verdict.why == "ambiguous-release: Server A, Client B"


def test_an_unknown_build_is_presumed_supported_and_told() -> None:
    (verdict,) = judge(release("A", -1), seen=msgspec.structs.replace(SEEN, build=1001))
    assert isinstance(verdict, NotMeasured)
    assert verdict.why == "unknown-release: build 1001"


def test_an_imitation_says_nothing_of_windows() -> None:
    assert judge(release("A", -1), seen=msgspec.structs.replace(SEEN, imitation="freerdp")) == []
