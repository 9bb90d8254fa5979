"""The geometry of the pictures: everything a template needs to draw, and nothing for it to compute.

Widths are percentages and heights pixels, without a view box: a picture takes the width of the
page, and its figures keep their size on a telephone as on paper.
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from core.inventory import Network
from core.model import Criticality

MAP_HEIGHT = 36
_MAP_CELLS = 128
_LABEL_FROM_PERCENT = 6.0

_HEIGHTS: Mapping[Criticality | None, int] = {
    None: 8,
    Criticality.INFO: 12,
    Criticality.LOW: 17,
    Criticality.MEDIUM: 23,
    Criticality.HIGH: 29,
    Criticality.CRITICAL: 36,
}


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One rectangle."""

    x: str
    width: str
    y: int
    height: int
    look: str
    """CSS class: a criticality, ``service``, ``excluded``, or the group of a status."""
    label: str = ""
    label_x: str = ""


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """Ranges of addresses, drawn side by side, each from its first to its last."""

    blocks: tuple[Block, ...]
    addresses: int
    hosts: int
    flagged: int
    per_cell: int
    """Addresses that one cell stands for, rounded up."""


def stacked(
    parts: Sequence[tuple[str, int, str]], whole: int, height: int = 24
) -> tuple[Block, ...]:
    """Give ``(look, value, label)`` side by side; ``whole`` is the value that fills the width.

    A value of zero draws nothing; a label is left out where its block is too narrow for it.
    """
    blocks: list[Block] = []
    before = 0
    for look, value, label in parts:
        if value <= 0 or whole <= 0:
            continue
        share = 100 * value / whole
        start = 100 * before / whole
        blocks.append(
            Block(
                x=_percent(start),
                width=_percent(share),
                y=0,
                height=height,
                look=look,
                label=label if share >= _LABEL_FROM_PERCENT else "",
                label_x=_percent(start + share / 2),
            )
        )
        before += value
    return tuple(blocks)


def strip(
    ranges: Iterable[Network], seen: Mapping[int, Criticality | None], excluded: Iterable[Network]
) -> Strip:
    """Give the map of ranges of one IP version, without the addresses between them.

    ``seen`` holds the addresses with a service, as integers of the same IP version, and the gravest
    finding of each (None: a service without a finding).
    """
    kept = _disjoint(ranges)
    size = sum(one.num_addresses for one in kept)
    cells = min(size, _MAP_CELLS)
    blocks: list[Block] = []
    gravest: dict[int, Criticality | None] = {}
    outside = tuple(excluded)
    hosts = flagged = before = 0
    for one in kept:
        first = int(one.network_address)
        after = first + one.num_addresses
        for other in outside:
            start = max(first, int(other.network_address))
            end = min(after, int(other.network_address) + other.num_addresses)
            if other.version == one.version and start < end:
                at = before - first
                blocks.append(_block(at + start, at + end, size, MAP_HEIGHT, "excluded"))
        for address, criticality in seen.items():
            if not first <= address < after:
                continue
            hosts += 1
            flagged += criticality is not None
            cell = (before + address - first) * cells // size
            known = gravest.get(cell)
            if known is None or (criticality is not None and known < criticality):
                gravest[cell] = criticality
        before += one.num_addresses
    for cell, criticality in sorted(gravest.items()):
        look = "service" if criticality is None else criticality.value
        blocks.append(_block(cell, cell + 1, cells, _HEIGHTS[criticality], look))
    return Strip(
        blocks=tuple(blocks),
        addresses=size,
        hosts=hosts,
        flagged=flagged,
        per_cell=-(-size // cells) if cells else 1,
    )


def _disjoint(ranges: Iterable[Network]) -> list[Network]:
    """Give the ranges in order of address, without those inside another."""
    kept: list[Network] = []
    end = -1
    for one in sorted(ranges, key=lambda one: (int(one.network_address), one.prefixlen)):
        # Of two networks that meet, one holds the other.
        if int(one.broadcast_address) > end:
            kept.append(one)
            end = int(one.broadcast_address)
    return kept


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Give the texts that are address ranges, in order; names and nonsense are left out."""
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            continue
    return tuple(found)


def _block(start: int, end: int, size: int, height: int, look: str) -> Block:
    return Block(
        x=_percent(100 * start / size),
        width=_percent(100 * (end - start) / size),
        y=MAP_HEIGHT - height,
        height=height,
        look=look,
    )


def _percent(value: float) -> str:
    return f"{value:.3f}%"
