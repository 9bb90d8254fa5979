"""What every benchmark gives: rows of one table, and what it could not measure."""

from collections.abc import Callable, Iterator, Mapping, Sequence

Row = tuple[str, str, str, str, str]
"""What, ours, the peer's, the ratio, the verdict."""
Benchmark = Callable[..., Iterator[Row]]
"""Called with ``short=``; each row is of one run."""
Named = Mapping[str, Benchmark]

_HEAD: Row = ("", "Vigie", "peer", "ratio", "target")


def verdict(met: bool, target: str) -> str:
    """Give the last cell of a row."""
    return f"{'met' if met else 'MISSED'} ({target})"


def missing(what: str, lacks: str) -> Row:
    """Give the row of what this machine does not allow to measure."""
    return what, "-", "-", "-", f"NOT MEASURED: {lacks}"


def is_missed(rows: Sequence[Row]) -> bool:
    """Whether a target is missed."""
    return any(row[4].startswith("MISSED") for row in rows)


def lay_out(rows: Sequence[Row]) -> str:
    """Give the table as text, one line a row."""
    rows = [_HEAD, *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines) + "\n"
