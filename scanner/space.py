"""Every address × port of a sweep, in an order that spares hosts and needs no list."""

import bisect
import math
from collections.abc import Sequence
from typing import Protocol

from core.model import Status

BLOCK_PAIRS = 65_536
"""Pairs are followed by blocks of this many: one byte each while a block is at work."""

_GOLDEN = (math.sqrt(5) - 1) / 2


class Segment(Protocol):
    """A run of addresses judged alike; :mod:`inventories.scope` cuts the perimeter into them."""

    @property
    def version(self) -> int: ...
    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...
    @property
    def establishment(self) -> str: ...
    @property
    def medical(self) -> bool: ...
    @property
    def hostname(self) -> str | None: ...


class Space:
    """Segments × ports under one number each, ``0 <= index < len``, in a pseudo-random order.

    The order is an affine bijection whose multiplier is near the golden ratio of the size: any run
    of consecutive indices is spread evenly over hosts and prefixes, so that no host meets a burst.
    The same segments, ports and seed give the same order for ever: resuming relies on it.
    """

    __slots__ = (
        "_inverse",
        "_ports",
        "_rank",
        "_shifts",
        "_size",
        "_starts",
        "_step",
        "_turn",
        "addresses",
        "ports",
        "segments",
    )

    def __init__(self, segments: Sequence[Segment], ports: Sequence[int], seed: int) -> None:
        self.segments = tuple(segments)
        self.ports = tuple(dict.fromkeys(ports))
        """Each once."""
        self._ports = len(self.ports)
        self._rank = {port: rank for rank, port in enumerate(self.ports)}
        self._starts: list[int] = []
        self._shifts: list[tuple[int, int]] = []
        total = 0
        for segment in self.segments:
            if segment.last < segment.first:
                raise ValueError("a segment ends before it starts")
            self._starts.append(total)
            self._shifts.append((segment.version, segment.first - total))
            total += segment.last - segment.first + 1
        self.addresses = total
        """How many addresses the segments hold."""
        self._size = total * self._ports
        # The seed moves the start only: steps a thousandth away from the ratio already cluster.
        self._step = _coprime(round(self._size * _GOLDEN), self._size)
        self._turn = (seed * 0x9E3779B97F4A7C15 >> 11) % max(1, self._size)
        self._inverse = pow(self._step, -1, self._size) if self._size > 1 else 0

    def __len__(self) -> int:
        return self._size

    @property
    def size(self) -> int:
        """How many pairs, where ``len`` would overflow (IPv6)."""
        return self._size

    @property
    def blocks(self) -> int:
        """How many blocks."""
        return -(-self._size // BLOCK_PAIRS)

    def pair(self, index: int) -> tuple[int, int, int, int]:
        """Give (IP version, address, port, number of the segment) of an index."""
        ordinal, rank = divmod((index * self._step + self._turn) % self._size, self._ports)
        at = bisect.bisect_right(self._starts, ordinal) - 1
        version, shift = self._shifts[at]
        return version, shift + ordinal, self.ports[rank], at

    def index_of(self, version: int, address: int, port: int) -> int:
        """Give the index of a pair; ``KeyError`` when it is not of this space."""
        rank = self._rank[port]
        for at, segment in enumerate(self.segments):
            if segment.version == version and segment.first <= address <= segment.last:
                place = (self._starts[at] + address - segment.first) * self._ports + rank
                return (place - self._turn) * self._inverse % self._size if self._size > 1 else 0
        raise KeyError((version, address))


def _coprime(near: int, size: int) -> int:
    """Give a number near this one, at least 1, that shares no divisor with ``size``."""
    if size <= 2:
        return 1
    step = min(max(1, near), size - 1)
    while math.gcd(step, size) != 1:
        step = step - 1 if step > 1 else size - 1
    return step


UNTRIED = 0
"""Code of a pair not done."""
SILENT_ONCE = 0xF1
"""One attempt met silence; another is due. The ledger keeps it as it is: a resume goes on."""
SILENT_TWICE = 0xF2
"""Two attempts met silence where packets get lost; a last one is due."""

_CODES: dict[Status, int] = {
    Status.OPEN: 1,
    Status.REFUSED: 2,
    Status.FILTERED: 3,
    Status.TIMEOUT: 4,
    Status.RESET: 5,
    Status.GAVE_UP: 6,
    Status.RATE_LIMITED: 7,
    Status.BANNED: 8,
    Status.EGRESS_FILTERED: 9,
    Status.OUT_OF_SCOPE: 10,
    Status.OUT_OF_WINDOW: 11,
    Status.UNDETERMINED: 12,
    Status.PROTOCOL_ERROR: 13,
    Status.OK: 14,
}
DATAGRAM_SILENT = 15
"""UDP: asked as planned, met silence. ``undetermined``, and nothing is left to do about it."""
DATAGRAM_NOT_ALLOWED = 16
"""UDP: what would have to be asked there is above the allowed intensity. ``undetermined`` too."""
_STATUSES = {code: status for status, code in _CODES.items()} | {
    DATAGRAM_SILENT: Status.UNDETERMINED,
    DATAGRAM_NOT_ALLOWED: Status.UNDETERMINED,
}


def code_of(status: Status) -> int:
    """Give the byte that stands for a status in a block. Stored: never renumbered."""
    return _CODES[status]


def status_of_code(code: int) -> Status | None:
    """Give the status of a byte; ``None`` while the pair is not done."""
    return _STATUSES.get(code)


def count_statuses(codes: bytes | bytearray) -> dict[Status | None, int]:
    """Count the statuses of a block; ``None`` counts the pairs not done."""
    counts: dict[Status | None, int] = {}
    left = len(codes)
    for code, status in _STATUSES.items():
        if found := codes.count(code):
            counts[status] = counts.get(status, 0) + found
            left -= found
    if left:
        counts[None] = left
    return counts
