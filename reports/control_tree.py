"""The geometry of a tree of control: what is held at the left, who holds it indented below.

One line an object, its name at the left and what is said of it at the right. A tree too tall for
one printed page goes on on the next plate, what it hangs from repeated.
"""

import unicodedata
from collections.abc import Callable, Sequence

import msgspec

from reports.name_map import WIDTH, Box, Label, Line, Plate

_ROW = 20
_TOP = 34
_INDENT = 22
_DEEPEST = 14
_NOTE_LEFT = 530
_CHARACTER = 7.6
_ROWS = 62
_CHILDREN_SHOWN = 40
MOST_PLATES = 6


class Twig(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One object of the tree."""

    text: str
    note: str = ""
    look: str
    is_group: bool = False
    children: list["Twig"]


class _Row(msgspec.Struct, frozen=True, eq=False):
    twig: Twig
    above: tuple[int, ...]
    """Rows that it hangs from, the root first."""


def draw(
    roots: Sequence[Twig],
    heads: tuple[str, str],
    again: Callable[[str], str],
    more: Callable[[int], str],
) -> tuple[tuple[Plate, ...], int]:
    """Give the plates, and how many lines no plate had room for.

    ``again`` words the name of what is repeated on the next plate, ``more`` a count of those that
    are folded.
    """
    rows = _rows(roots, more)
    plates: list[Plate] = []
    at = 0
    while at < len(rows) and len(plates) < MOST_PLATES:
        repeated = rows[at].above[-_DEEPEST:]
        until = min(len(rows), at + _ROWS - len(repeated))
        plates.append(_plate(rows, repeated, range(at, until), heads, again))
        at = until
    return tuple(plates), len(rows) - at


def _rows(roots: Sequence[Twig], more: Callable[[int], str]) -> list[_Row]:
    rows: list[_Row] = []
    waiting: list[tuple[Twig, tuple[int, ...]]] = [(one, ()) for one in reversed(roots)]
    while waiting:
        twig, above = waiting.pop()
        # A nesting deeper than is indented hangs from its last levels: a chain costs its length.
        path = (*above[-_DEEPEST:], len(rows))
        rows.append(_Row(twig, above))
        shown = twig.children[:_CHILDREN_SHOWN]
        if left := len(twig.children) - len(shown):
            waiting.append((Twig(text=more(left), look="more", children=[]), path))
        waiting += [(one, path) for one in reversed(shown)]
    return rows


def _plate(
    rows: list[_Row],
    repeated: tuple[int, ...],
    shown: range,
    heads: tuple[str, str],
    again: Callable[[str], str],
) -> Plate:
    boxes: list[Box] = []
    lines: list[Line] = []
    labels = [
        Label(x=x, y=14, anchor="start", look="head", text=text)
        for x, text in zip((0, _NOTE_LEFT), heads, strict=True)
    ]
    placed: dict[int, tuple[int, int]] = {}
    y = _TOP
    for rank in (*repeated, *shown):
        row = rows[rank]
        x = min(len(row.above), _DEEPEST) * _INDENT
        parent = placed.get(row.above[-1]) if row.above else None
        if parent is not None:
            left, top = parent
            across = f" H{x - 1}" if x > left + 5 else ""
            lines.append(Line(path=f"M{left + 5},{top + 7} V{y}{across}", look="branch"))
        placed[rank] = (x, y)
        is_repeated = rank not in shown
        text = again(row.twig.text) if is_repeated else row.twig.text
        if row.twig.look != "more":
            boxes.append(Box(x=x, y=y - 5, width=10, height=10, look=row.twig.look))
        labels.append(
            Label(
                x=x + 17,
                y=y + 4,
                anchor="start",
                look=_look(row.twig, is_repeated),
                text=cut(text, int((_NOTE_LEFT - 12 - x - 17) / _CHARACTER)),
                title=text,
            )
        )
        if row.twig.note and not is_repeated:
            note = cut(row.twig.note, int((WIDTH - _NOTE_LEFT) / _CHARACTER))
            labels.append(
                Label(
                    x=_NOTE_LEFT,
                    y=y + 4,
                    anchor="start",
                    look="served",
                    text=note,
                    title=row.twig.note,
                )
            )
        y += _ROW
    return Plate(
        width=WIDTH, height=y, boxes=tuple(boxes), lines=tuple(lines), labels=tuple(labels)
    )


def _look(twig: Twig, is_repeated: bool) -> str:
    if is_repeated or twig.look == "more":
        return "more"
    return "owner" if twig.is_group else "name"


def cut(text: str, columns: int) -> str:
    """Give a text within a number of columns; a wide character takes two."""
    used = 0
    for at, character in enumerate(text):
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > columns:
            return f"{text[: max(0, at - 1)].rstrip()}…"
    return text
