"""Which machines are told as less filtered in IPv6, and what keeps from telling."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from checks.host.ipv6_less_filtered import CHECK
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Confidence, Criticality, Flagged, NotMeasured, Place, Transport
from core.observations.name import NameSeen
from core.observations.parity import ParitySeen
from core.observations.service import Service
from vigie.parity import fold_parity

_AT = datetime(2026, 6, 1, tzinfo=UTC)
_V4, _OTHER, _V6 = "203.0.113.1", "203.0.113.2", "2001:db8:10::1"
_PORTS = (22, 80, 443, 445)


def _name(
    name: str, *addresses: str, outside: tuple[str, ...] = (), way: str = "inventory"
) -> NameSeen:
    return NameSeen(
        place=Place(establishment="a", hostname=name),
        at=_AT,
        name=name,
        addresses=(*addresses, *outside),
        in_scope=addresses,
        found_by=(way,),
    )


def _open(port: int, protocol: str = "http") -> Service:
    place = Place(establishment="a", ip=_V6, port=port, transport=Transport.TCP)
    return Service(place=place, at=_AT, protocol=protocol, confidence=Confidence.CERTAIN)


def _fold(
    names: list[NameSeen],
    services: list[Service],
    said: Mapping[tuple[str, int], str],
    everywhere: frozenset[str] = frozenset(),
) -> list[ParitySeen]:
    def told(ip: str, port: int) -> str:
        return said.get((ip, port), "filtered")

    return list(fold_parity(names, services, everywhere, _PORTS, told, _AT))


def _judged(seen: ParitySeen) -> tuple[list[Flagged], list[NotMeasured]]:
    facts = Facts(today=_AT.date(), knowledge=load_knowledge())
    verdicts = list(CHECK.judge(seen, facts))
    return (
        [one for one in verdicts if isinstance(one, Flagged)],
        [one for one in verdicts if isinstance(one, NotMeasured)],
    )


def test_silent_in_ipv4_and_open_in_ipv6_is_flagged() -> None:
    (seen,) = _fold([_name("x", _V4, _V6)], [_open(80), _open(443)], {(_V4, 443): "open"})
    assert [(one.port, one.ipv4) for one in seen.ports] == [(80, "filtered"), (443, "open")]
    (flagged,), missing = _judged(seen)
    assert (flagged.confidence, flagged.criticality) == (Confidence.FIRM, None)
    assert flagged.place == Place(establishment="a", ip=_V6, hostname="x")
    assert missing == []


def test_a_remote_access_makes_it_high() -> None:
    (seen,) = _fold([_name("x", _V4, _V6)], [_open(22, "ssh")], {(_V4, 443): "refused"})
    (flagged,), _ = _judged(seen)
    assert flagged.criticality is Criticality.HIGH


def test_an_ipv4_side_that_never_answers_makes_it_a_guess() -> None:
    (seen,) = _fold([_name("x", _V4, _V6)], [_open(80)], {})
    (flagged,), _ = _judged(seen)
    assert flagged.confidence is Confidence.TENTATIVE


def test_refused_in_ipv4_is_no_such_gap() -> None:
    (seen,) = _fold([_name("x", _V4, _V6)], [_open(80)], {(_V4, 80): "refused"})
    assert _judged(seen) == ([], [])


def test_open_on_one_of_several_ipv4_addresses_is_open() -> None:
    (seen,) = _fold([_name("x", _V4, _OTHER, _V6)], [_open(80)], {(_OTHER, 80): "open"})
    assert _judged(seen) == ([], [])


@pytest.mark.parametrize(
    "why", ["banned", "egress-filtered", "interrupted", "no-canary", "no-ipv4"]
)
def test_what_was_not_measured_in_ipv4_is_not_told_as_filtered(why: str) -> None:
    (seen,) = _fold([_name("x", _V4, _V6)], [_open(445, "smb")], {(_V4, 445): why})
    flagged, (missing,) = _judged(seen)
    assert flagged == []
    assert missing.why == why


def test_an_ipv4_address_outside_the_mandate_leaves_it_open() -> None:
    (seen,) = _fold([_name("x", _V4, _V6, outside=("198.51.100.1",))], [_open(80)], {})
    flagged, (missing,) = _judged(seen)
    assert flagged == []
    assert missing.why == "out-of-scope"


def test_a_host_that_accepts_everything_is_not_measured() -> None:
    (seen,) = _fold([_name("x", _V4, _V6)], [_open(80)], {}, frozenset({_V6}))
    flagged, (missing,) = _judged(seen)
    assert flagged == []
    assert missing.why == "answers-everywhere"


def test_names_that_lead_to_the_same_addresses_are_told_once() -> None:
    names = [_name("a.b.x", _V4, _V6, way="ct"), _name("www.x", _V4, _V6), _name("z", _V6)]
    (seen,) = _fold([*names, names[1]], [_open(80)], {})
    assert seen.names == ("www.x", "a.b.x")
    assert seen.place.hostname == "www.x"


def test_nothing_to_compare_tells_nothing() -> None:
    assert _fold([_name("x", _V6)], [_open(80)], {}) == []
    assert _fold([_name("x", _V4, _V6)], [], {}) == []
