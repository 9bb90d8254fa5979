"""What was not measured is told, in the reader's language, and for its true reason."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

import msgspec
import pytest

from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Confidence, Language, Place, Status, Transport
from core.observations.base import Attempt, Observation
from core.observations.name import NameSeen
from core.observations.service import Service
from core.store.store import Plan, Run
from tests.inventories.samples import inventory, mandate
from vigie.reporting import names_by_address
from vigie.results import Sweep, build_results, service_row

_AT = datetime(2026, 6, 1, tzinfo=UTC)


def _place(port: int) -> Place:
    return Place(establishment="a", ip="203.0.113.4", port=port, transport=Transport.TCP)


def _service(port: int, protocol: str) -> Service:
    return Service(place=_place(port), at=_AT, protocol=protocol, confidence=Confidence.CERTAIN)


def _attempt(port: int, probe: str, status: Status, detail: str = "") -> Attempt:
    return Attempt(place=_place(port), at=_AT, probe=probe, status=status, detail=detail)


def _told(seen: Iterable[Observation], sweep: Sweep | None = None) -> list[tuple[str, str, int]]:
    """Give (what, why, count) in French, but for what no version measures."""
    run = Run(
        id="r",
        kind="exposure",
        ght="g",
        profile="standard",
        started_at=_AT,
        finished_at=_AT,
        complete=True,
        vigie_version="0",
        plan=Plan(seed=0, tcp_ports=(443,), establishments=(), profile=None),
        inventory=inventory(mandate()),
    )
    results = build_results(
        run,
        observations=seen,
        judged=(),
        kept={},
        sweep=sweep or Sweep(addresses=1, statuses={}),
        facts=Facts(today=date(2026, 6, 1), knowledge=load_knowledge()),
        language=Language.FR,
    )
    return [(row.what, row.why, row.count) for row in results.not_measured if "UDP" not in row.what]


@pytest.mark.parametrize("probe", ["identify", "tls-assess"])
def test_what_was_cut_short_at_a_known_service_is_told(probe: str) -> None:
    seen = (
        _service(443, "http"),
        _attempt(443, "http", Status.OK),
        _attempt(443, probe, Status.GAVE_UP, "time budget of the service spent"),
    )
    ((what, why, count),) = _told(seen)
    assert (what, count) == ("suite des mesures", 1)
    assert why == "abandonné : réponse trop lente ou trop longue"


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.RESET, Status.UNDETERMINED])
def test_what_nothing_recognised_is_told_once(status: Status) -> None:
    seen = (
        _service(443, "unknown"),
        _attempt(443, "tls", status, "closed without a word"),
        _attempt(443, "http", Status.TIMEOUT),
    )
    ((what, why, _),) = _told(seen)
    assert what == "identification"
    assert "closed" not in why


def test_a_hello_that_was_not_the_right_one_is_no_gap() -> None:
    seen = (
        _service(3389, "rdp"),
        _attempt(3389, "tls", Status.TIMEOUT),
        _attempt(3389, "rdp", Status.OK),
    )
    assert _told(seen) == []


def test_a_host_with_many_mute_ports_is_told_once_for_what_they_did() -> None:
    ports = range(1, 31)
    mute = [_attempt(port, "tls", Status.TIMEOUT) for port in ports]
    assert _told(mute) == [("identification", "pas de réponse dans le délai", 30)]
    mute[7] = _attempt(8, "identify", Status.GAVE_UP, "answers-everywhere")
    ((_, why, _),) = _told(mute)
    assert "répond sur tous les ports" in why


def test_names_without_an_address_or_with_half_of_them() -> None:
    def name(error: str, *addresses: str) -> NameSeen:
        place = Place(establishment="a", hostname="www.chu.example")
        return NameSeen(
            place=place, at=_AT, name="www.chu.example", addresses=addresses, error=error
        )

    assert _told([name("", "203.0.113.4")]) == []
    assert _told([name("no address")]) == [("résolution du nom", "nom sans adresse", 1)]
    assert _told([name("NXDOMAIN")])[0][1] == "nom sans adresse (NXDOMAIN)"
    withheld = msgspec.structs.replace(
        name("", "203.0.113.4"), withheld={"203.0.113.4": "third-party"}
    )
    assert _told([withheld]) == [
        ("adresses de ce nom", "hébergé par un tiers : son accord manque", 1)
    ]
    assert "une partie" in _told([name("timeout", "203.0.113.4")])[0][1]


def test_open_ports_left_and_pairs_not_tried_are_told() -> None:
    sweep = Sweep(
        addresses=1,
        statuses={Status.OPEN: 1},
        by_reason={("a", "banned"): 3},
        unproven={("a", 25): 2, ("a", 445): 1},
        pending=(_place(22),),
        refused=(("a", "203.0.113.0/24", "third-party"),),
    )
    told = _told((), sweep)
    assert [(what, count) for what, _, count in told] == [
        ("ports", 3),
        ("ports silencieux 25, 445", 3),
        ("203.0.113.0/24", 1),
        ("identification", 1),
    ]


def test_names_are_those_that_the_mandate_lets_us_contact() -> None:
    place = Place(establishment="a", hostname="www.chu.example")
    seen = NameSeen(
        place=place,
        at=_AT,
        name="www.chu.example",
        addresses=("192.0.2.1", "203.0.113.4"),
        in_scope=("203.0.113.4",),
    )
    assert names_by_address([seen]) == {"203.0.113.4": ("www.chu.example",)}


@pytest.mark.parametrize(
    ("version", "gives", "wanted"),
    [("7.4.3", "version", "7.4.3"), ("7.4", "branch", None), (None, "version", None)],
)
def test_a_version_stands_there_only_when_a_whole_one_was_read(
    version: str | None, gives: str, wanted: str | None
) -> None:
    seen = msgspec.structs.replace(
        _service(443, "http"), product="fortinet_fortios", version=version, version_gives=gives
    )
    facts = Facts(today=date(2026, 6, 1), knowledge=load_knowledge())
    row = service_row(seen, facts)
    assert (row.product, row.version) == ("fortinet_fortios", wanted)
