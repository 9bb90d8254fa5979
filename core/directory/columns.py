"""Attributes by column: a forest of 100,000 accounts is held in arrays, not in objects."""

from array import array
from collections.abc import Iterator

_DENSE_SHARE = 8
"""A column that more than one object in so many has is indexed by row, others by key."""


class Numbers:
    """One integer attribute, by row."""

    def __init__(self) -> None:
        self._rows = array("I")
        self._values = array("q")
        self._at: dict[int, int] | array[int] = {}

    def add(self, row: int, value: int) -> None:
        """Take a value; rows come in rising order, values fit 64 bits."""
        self._rows.append(row)
        self._values.append(value)

    def freeze(self, count: int) -> None:
        """End the filling; ``count`` is the number of objects."""
        self._at = _index(self._rows, count)

    def get(self, row: int) -> int | None:
        """Give the value of a row."""
        at = self._at
        place = at.get(row, -1) if isinstance(at, dict) else at[row]
        return self._values[place] if place >= 0 else None

    @property
    def rows(self) -> "array[int]":
        """Rows that have the attribute, rising."""
        return self._rows


class Values:
    """One attribute of any other kind, by row: values as the directory gave them."""

    def __init__(self) -> None:
        self._rows = array("I")
        self._first = array("I", [0])
        self._ends = array("Q")
        self._bytes = bytearray()
        self._at: dict[int, int] | array[int] = {}

    def add(self, row: int, values: tuple[bytes, ...]) -> None:
        """Take the values of a row; rows come in rising order."""
        for value in values:
            self._bytes += value
            self._ends.append(len(self._bytes))
        self._rows.append(row)
        self._first.append(len(self._ends))

    def freeze(self, count: int) -> None:
        """End the filling."""
        self._at = _index(self._rows, count)

    def get(self, row: int) -> tuple[bytes, ...]:
        """Give the values of a row; empty where it has none."""
        at = self._at
        place = at.get(row, -1) if isinstance(at, dict) else at[row]
        if place < 0:
            return ()
        first, last = self._first[place], self._first[place + 1]
        ends = self._ends
        start = ends[first - 1] if first else 0
        found: list[bytes] = []
        for end in ends[first:last]:
            found.append(bytes(self._bytes[start:end]))
            start = end
        return tuple(found)

    def items(self) -> Iterator[tuple[int, tuple[bytes, ...]]]:
        """Give each row that has the attribute, with its values."""
        for row in self._rows:
            yield row, self.get(row)

    @property
    def rows(self) -> "array[int]":
        """Rows that have the attribute, rising."""
        return self._rows


def _index(rows: "array[int]", count: int) -> "dict[int, int] | array[int]":
    if len(rows) * _DENSE_SHARE < count:
        return {row: at for at, row in enumerate(rows)}
    dense = array("i", [-1]) * count
    for at, row in enumerate(rows):
        dense[row] = at
    return dense
