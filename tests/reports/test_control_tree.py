"""The tree of control: whole, within its sheets, its lines apart, whatever its shape."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from reports.control_tree import MOST_PLATES, Twig, cut, draw
from reports.name_map import WIDTH, Plate

_PRINTED = 182 / 25.4 * 96
"""Pixels across A4 between the margins of the report."""
_TALL = (297 - 29) / 25.4 * 96


def _twig(text: str, *children: Twig) -> Twig:
    return Twig(text=text, note="note", look="nested", children=list(children))


def _drawn(*roots: Twig) -> tuple[tuple[Plate, ...], int]:
    return draw(roots, ("A", "B"), lambda name: f"{name} again", lambda count: f"+{count}")


def _texts(plates: tuple[Plate, ...]) -> list[str]:
    return [label.text for plate in plates for label in plate.labels if label.look != "head"]


def test_fifty_accounts_are_all_drawn_each_on_its_line() -> None:
    names = [f"a{rank}" for rank in range(50)]
    plates, left = _drawn(_twig("g", _twig("h", *map(_twig, names[:30])), *map(_twig, names[30:])))
    assert (len(plates), left) == (1, 0)
    assert set(names) <= set(_texts(plates))
    held = [label.y for label in plates[0].labels if label.look == "name"]
    assert all(after - before == 20 for before, after in itertools.pairwise(held))


def test_what_a_line_hangs_from_is_repeated_on_the_next_plate() -> None:
    groups = [_twig(f"g{rank}", *(_twig(f"{rank}.{at}") for at in range(30))) for rank in range(4)]
    plates, left = _drawn(_twig("root", *groups))
    assert (len(plates), left) == (3, 0)
    assert "root again" in [label.text for label in plates[1].labels]
    assert "g1 again" in [label.text for label in plates[1].labels]


def test_members_beyond_what_helps_are_counted() -> None:
    plates, left = _drawn(_twig("g", *(_twig(str(rank)) for rank in range(5_000))))
    assert left == 0
    assert "+4960" in _texts(plates)


def test_a_nesting_of_thousands_of_levels_is_drawn_within_the_sheet() -> None:
    chain = _twig("last")
    for rank in range(5_000):
        chain = _twig(f"level {rank}", chain)
    plates, left = _drawn(chain)
    assert len(plates) == MOST_PLATES
    assert left > 0
    for plate in plates:
        _fits(plate)


def _fits(plate: Plate) -> None:
    assert plate.height * _PRINTED / WIDTH < _TALL
    assert all(0 <= box.x <= box.x + box.width <= WIDTH for box in plate.boxes)
    assert all(0 < label.y <= plate.height for label in plate.labels)


_trees = st.recursive(
    st.builds(_twig, st.text(max_size=300)),
    lambda inner: st.builds(
        lambda text, children: _twig(text, *children),
        st.text(max_size=300),
        st.lists(inner, max_size=50),
    ),
    max_leaves=60,
)


@settings(max_examples=50, deadline=None)
@given(st.lists(_trees, max_size=5))
def test_any_tree_fits(roots: list[Twig]) -> None:
    plates, _ = _drawn(*roots)
    for plate in plates:
        _fits(plate)


def test_a_name_is_cut_to_its_columns() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcde…"
    assert cut("漢字漢字", 6) == "漢字…"
