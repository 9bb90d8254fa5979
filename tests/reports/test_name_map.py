"""The map of names: whole, within its sheets, readable, drawn without a computing template."""

import itertools
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import Language
from core.results import AddressRow, NameRow
from reports.name_map import MOST_PLATES, WIDTH, Node, Owner, Plate, Spot, Stop, Words, draw, flows
from reports.parts.names import names
from reports.render import render_html
from reports.told import Told
from reports.view import Names
from tests.reports.named import named, with_names
from tests.reports.page import Page
from tests.reports.sample import KNOWLEDGE, SCENE, sample

_WORDS = Words(
    heads=("N", "A", "S", "H"),
    more_names=lambda count: f"+{count} names",
    more_services=lambda count: f"+{count} services",
    more_addresses=lambda count: f"+{count} addresses",
)
_PRINTED = 182 / 25.4 * 96
"""Pixels across A4 between the margins of the report."""
_TALL = (297 - 29) / 25.4 * 96


def _part(count: int, language: Language = Language.FR) -> Names:
    return names(Told(with_names(sample(language), count), SCENE, KNOWLEDGE, language))


@pytest.mark.parametrize("count", [1, 5, 40, 300])
def test_every_name_with_an_address_is_drawn_or_counted(count: int) -> None:
    part = _part(count)
    texts = [label.text for plate in part.plates for label in plate.labels]
    led = [row for row in named(count) if row.addresses]
    shown = sum(row.name in texts for row in led)
    folded = sum(
        int(found[1]) for text in texts if (found := re.match(r"et (\d+) autres noms", text))
    )
    folded += sum(text == "et un autre nom" for text in texts)
    assert shown + folded == len(led)
    assert part.plates_more == ""


@pytest.mark.parametrize("count", [5, 300])
def test_a_plate_fits_a_printed_page_and_its_text_stays_readable(count: int) -> None:
    scale = _PRINTED / WIDTH
    assert 12.4 * scale > 8.8, "the smallest text of the style"
    for plate in _part(count).plates:
        assert plate.height * scale < _TALL
        assert all(0 <= box.x <= box.x + box.width <= WIDTH for box in plate.boxes)
        assert all(0 < label.y <= plate.height for label in plate.labels)


def test_lines_of_text_never_overlap_in_a_column() -> None:
    for plate in _part(300).plates:
        by_column: dict[int, list[int]] = {}
        for label in plate.labels:
            by_column.setdefault(label.x, []).append(label.y)
        for ys in by_column.values():
            ys.sort()
            assert all(after - before >= 13 for before, after in itertools.pairwise(ys))


def test_texts_stay_within_their_columns() -> None:
    # The widest sans-serif character of the style counts for about two thirds of its size.
    room = {0: 310, 318: 30, 329: 29, 538: 32, 551: 32, 752: 30, 765: 28, 250: 38}
    for plate in _part(300).plates:
        for label in plate.labels:
            assert len(label.text) <= room.get(label.x, 60), label


def test_a_name_in_two_ips_is_one_machine_with_two_addresses() -> None:
    spots = [Spot(text="www", title="www", addresses=(0, 1))]
    stops = [
        Stop(text="203.0.113.1", title="", owner=0, services=("443 https", "22 ssh")),
        Stop(text="2001:db8::1", title="", owner=0, services=("443 https",)),
    ]
    (plate,), left = draw(spots, stops, [Owner(kind="k", name="n", look="own")], _WORDS)
    assert left == 0
    assert [label.text for label in plate.labels].count("443 https") == 1
    assert len(plate.lines) == 1


def test_more_than_the_plates_hold_is_counted() -> None:
    count = 6_000
    spots = [Spot(text=f"n{rank}", title="", addresses=(rank,)) for rank in range(count)]
    stops = [Stop(text=f"a{rank}", title="", owner=0) for rank in range(count)]
    plates, left = draw(spots, stops, [Owner(kind="k", name="", look="own")], _WORDS)
    assert len(plates) == MOST_PLATES
    texts = {label.text for plate in plates for label in plate.labels}
    assert left + sum(spot.text in texts for spot in spots) == count


_ranks = st.integers(0, 7)


@settings(max_examples=60)
@given(
    led=st.lists(st.lists(_ranks, unique=True, max_size=8).map(tuple), max_size=40),
    owned=st.lists(st.integers(0, 3), min_size=8, max_size=8),
    text=st.text(max_size=80),
)
def test_anything_can_be_drawn(led: list[tuple[int, ...]], owned: list[int], text: str) -> None:
    spots = [Spot(text=text, title=text, addresses=one) for one in led]
    stops = [
        Stop(text=text, title=text, owner=owner, services=(text,) * rank, findings=text)
        for rank, owner in enumerate(owned)
    ]
    owners = [Owner(kind=text, name=text, look="own")] * 4
    plates, _ = draw(spots, stops, owners, _WORDS)
    assert bool(plates) == any(led)
    for plate in plates:
        assert all(label.y <= plate.height for label in plate.labels)


@given(
    between=st.dictionaries(
        st.tuples(st.integers(0, 3), st.integers(0, 5)), st.integers(1, 10_000), max_size=24
    )
)
def test_flows_stay_on_their_sheet(between: dict[tuple[int, int], int]) -> None:
    plate = flows([Node(text="s", look="source")] * 4, [Node(text="e", look="own")] * 6, between)
    assert len(plate.lines) == len(between)
    assert all(box.y + box.height <= plate.height for box in plate.boxes)


def test_strange_rows_find_their_place() -> None:
    rows = (
        NameRow(establishment="nobody", name="x" * 400, found_by=("??",), error="boum"),
        NameRow(
            establishment="chu-estuaire",
            name="odd",
            found_by=(),
            addresses=(
                AddressRow(
                    ip="not an address", scope="elsewhere", kind="invented", holder="h" * 900
                ),
                AddressRow(ip="2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", scope="in-scope"),
            ),
        ),
    )
    results = msgspec.structs.replace(sample(), names=rows)
    html = render_html(results, SCENE, KNOWLEDGE, Language.FR)
    assert Page(html).faults == []
    assert "détenteur inconnu" in html
    assert "2001:db8:aaaa:bb…" in html, "cut in the middle, whole in its title"


def test_a_run_without_names_has_no_such_part() -> None:
    html = render_html(sample(), SCENE, KNOWLEDGE, Language.FR)
    assert 'id="names"' not in html
    assert 'id="confirm"' not in html


def test_the_lines_to_paste_and_the_questions_are_there() -> None:
    html = render_html(with_names(sample()), SCENE, KNOWLEDGE, Language.FR)
    assert "[[answers]]" in html
    assert "À confirmer par l’établissement" in html
    page = Page(html)
    said = [one.get("aria-label") or "" for one in page.of("svg")]
    assert any(text.startswith("Carte des noms 1") for text in said)
    assert any("40 noms" in text for text in said)


def test_english_is_worded_too() -> None:
    part = _part(40, Language.EN)
    assert part.said.startswith("40 names, 30 addresses; in the mandate:")
    assert isinstance(part.flows, Plate)
