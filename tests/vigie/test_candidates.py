"""IPv6 ranges of an inventory: swept or tried by candidates, and under which number."""

from datetime import UTC, datetime
from ipaddress import IPv6Address

import msgspec

from core.model import Intensity
from core.store.store import Plan, Run
from tests.inventories.samples import establishment, inventory, mandate
from vigie.candidates import IPV6_SPACES, large_ranges
from vigie.coverage import main_space, scope_of

_AT = datetime(2026, 6, 1, tzinfo=UTC)


def _run(*ranges: str, exclude: tuple[str, ...] = (), profile: str = "standard") -> Run:
    return Run(
        id="r",
        kind="exposure",
        ght="g",
        profile=profile,
        started_at=_AT,
        finished_at=None,
        complete=False,
        vigie_version="0",
        plan=Plan(seed=7, tcp_ports=(443,), establishments=(), profile=None),
        inventory=inventory(
            mandate(establishments=("a",)),
            establishments=(establishment(ranges=ranges, exclude=exclude),),
        ),
    )


def _swept(run: Run) -> set[tuple[str, int]]:
    space = main_space(run, scope_of(run))
    return {(str(IPv6Address(one.first)), one.last - one.first + 1) for one in space.segments}


def test_a_small_range_is_swept_and_no_candidate() -> None:
    run = _run("2001:db8:1::/112")
    assert _swept(run) == {("2001:db8:1::", 65_536)}
    assert large_ranges(run, scope_of(run)) == ()


def test_small_neighbours_are_swept_each() -> None:
    run = _run("2001:db8:1::/112", "2001:db8:1::1:0/112")
    assert _swept(run) == {("2001:db8:1::", 65_536), ("2001:db8:1::1:0", 65_536)}
    assert large_ranges(run, scope_of(run)) == ()


def test_a_small_range_written_inside_a_large_one_is_swept_and_tried_once() -> None:
    run = _run("2001:db8:1::/64", "2001:db8:1::100/120")
    assert _swept(run) == {("2001:db8:1::100", 256)}
    (large,) = large_ranges(run, scope_of(run))
    assert [(one.first & 0xFFFF, one.last & 0xFFFF) for one in large.segments] == [
        (0, 0xFF),
        (0x200, 0xFFFF),
    ]


def test_large_neighbours_are_two_ranges_with_numbers_of_their_own() -> None:
    run = _run("2001:db8:1::/64", "2001:db8:1:1::/64", exclude=("2001:db8:1:1::7",))
    found = large_ranges(run, scope_of(run))
    assert [one.text for one in found] == ["2001:db8:1::/64", "2001:db8:1:1::/64"]
    assert [one.space_number("named") for one in found] == [IPV6_SPACES, IPV6_SPACES + 8]
    assert len(found[1].segments) == 2, "cut by what is excluded"


def test_a_piece_that_an_exclusion_leaves_is_no_range_to_be_swept() -> None:
    run = _run("2001:db8:1::/64", exclude=("2001:db8:1::80",))
    assert _swept(run) == set()
    (large,) = large_ranges(run, scope_of(run))
    assert len(large.segments) == 2


def test_what_a_mandate_covers_is_swept_when_it_is_small() -> None:
    run = _run("2001:db8:1::/64")
    narrow = msgspec.structs.replace(
        run.inventory, mandates=(mandate(covers=("2001:db8:1::40/124",), establishments=("a",)),)
    )
    run = msgspec.structs.replace(run, inventory=narrow)
    assert _swept(run) == {("2001:db8:1::40", 16)}
    assert large_ranges(run, scope_of(run)) == ()


def test_a_range_inside_another_is_tried_once() -> None:
    run = _run("2001:db8::/32", "2001:db8:1::/64")
    assert [one.text for one in large_ranges(run, scope_of(run))] == ["2001:db8::/32"]


def test_nothing_is_tried_where_nothing_is_sent() -> None:
    passive = _run("2001:db8:1::/64", profile=Intensity.PASSIVE.value)
    assert large_ranges(passive, scope_of(passive)) == ()
    again = _run("2001:db8:1::/64")
    again = msgspec.structs.replace(again, plan=msgspec.structs.replace(again.plan, retest=("f",)))
    assert large_ranges(again, scope_of(again)) == ()
