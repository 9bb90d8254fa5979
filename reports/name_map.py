"""The geometry of the map of names: names, the addresses they lead to, what answers, who holds it.

Drawn on a sheet of a fixed width that the page scales: on A4 the smallest text keeps nine pixels.
A map too tall for one printed page goes on on the next plate, its heads repeated.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

import msgspec

WIDTH = 960
_ROW = 17
_TOP = 34
_GAP = 12
_TALLEST = 1_340
_NAMES_RIGHT = 250
_ADDRESS_LEFT, _ADDRESS_RIGHT = 318, 520
_SERVICE_LEFT = 538
_OWNER_LEFT = 752
_NAMES_SHOWN = 10
_SERVICES_SHOWN = 4
_ADDRESSES_SHOWN = 6
_OWNER_CHARACTERS = 26
_OWNER_LINES = 3
MOST_PLATES = 12
_FLOW_ROW = 42
_FLOW_LEFT, _FLOW_RIGHT = 310, 570


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A name."""

    text: str
    title: str
    """Whole, for who points at it."""
    addresses: tuple[int, ...]
    """Ranks of those that it leads to."""


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """An address and what answers there."""

    text: str
    title: str
    owner: int
    """Rank."""
    services: tuple[str, ...] = ()
    findings: str = ""
    look: str = "service"
    """Criticality of the gravest finding."""


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds addresses."""

    kind: str
    name: str
    look: str


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What the map says besides."""

    heads: tuple[str, str, str, str]
    more_names: Callable[[int], str]
    more_services: Callable[[int], str]
    more_addresses: Callable[[int], str]


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """One rectangle."""

    x: int
    y: int
    width: int
    height: int
    look: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One curve, or the band between two."""

    path: str
    look: str


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """One text."""

    x: int
    y: int
    anchor: str
    look: str
    text: str
    title: str = ""


class Plate(msgspec.Struct, frozen=True, kw_only=True):
    """One sheet."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    labels: tuple[Label, ...]


class _Machine(msgspec.Struct):
    """Addresses to which the same names lead, of one owner."""

    owner: int
    stops: list[int]
    names: tuple[int, ...]


class _Sheet:
    def __init__(self, words: Words) -> None:
        self.y = _TOP
        self.boxes: list[Box] = []
        self.lines: list[Line] = []
        self.labels: list[Label] = []
        self.placed: dict[int, int] = {}
        """Name → height of its text."""
        self.owner = -1
        self.owner_from = 0
        self.owner_until = 0
        self.is_empty = True
        for x, head in zip(
            (0, _ADDRESS_LEFT, _SERVICE_LEFT, _OWNER_LEFT), words.heads, strict=True
        ):
            self.label(x, 14, head, "head")

    def label(self, x: int, y: int, text: str, look: str, title: str = "") -> None:
        self.labels.append(Label(x=x, y=y, anchor="start", look=look, text=text, title=title))

    def box(self, x: int, y: int, width: int, height: int, look: str) -> None:
        self.boxes.append(Box(x=x, y=y, width=width, height=height, look=look))

    def curve(self, y: int, to: int, look: str) -> None:
        start, end = _NAMES_RIGHT + 6, _ADDRESS_LEFT - 2
        middle = (start + end) // 2
        path = f"M{start},{y} C{middle},{y} {middle},{to} {end},{to}"
        self.lines.append(Line(path=path, look=look))

    def plate(self) -> Plate:
        return Plate(
            width=WIDTH,
            height=self.y,
            boxes=tuple(self.boxes),
            lines=tuple(self.lines),
            labels=tuple(self.labels),
        )


def draw(
    names: Sequence[Spot], stops: Sequence[Stop], owners: Sequence[Owner], words: Words
) -> tuple[tuple[Plate, ...], int]:
    """Give the plates, owners in their order, and how many names no plate had room for."""
    plates: list[Plate] = []
    sheet = _Sheet(words)
    shown: set[int] = set()
    for machine in _machines(names, stops):
        if not sheet.is_empty and sheet.y + _height(sheet, machine, stops, owners) > _TALLEST:
            _close_owner(sheet, owners)
            plates.append(sheet.plate())
            if len(plates) >= MOST_PLATES:
                return tuple(plates), len({*_leading(names)} - shown)
            sheet = _Sheet(words)
        _place(sheet, machine, names, stops, owners, words)
        shown.update(machine.names)
    if not sheet.is_empty:
        _close_owner(sheet, owners)
        plates.append(sheet.plate())
    return tuple(plates), 0


def _leading(names: Sequence[Spot]) -> Iterable[int]:
    return (rank for rank, one in enumerate(names) if one.addresses)


def _machines(names: Sequence[Spot], stops: Sequence[Stop]) -> list[_Machine]:
    led: list[list[int]] = [[] for _ in stops]
    for rank, name in enumerate(names):
        for reached in name.addresses:
            led[reached].append(rank)
    found: dict[tuple[int, tuple[int, ...]], _Machine] = {}
    for rank, stop in enumerate(stops):
        called = tuple(dict.fromkeys(led[rank]))
        if called:
            key = (stop.owner, called)
            found.setdefault(key, _Machine(stop.owner, [], called)).stops.append(rank)
    return _beside(sorted(found.values(), key=lambda one: (one.owner, one.names[0], one.stops[0])))


def _beside(machines: Sequence[_Machine]) -> list[_Machine]:
    """Put machines of one owner that share a name one after the other: lines stay short."""
    sharing: dict[tuple[int, int], list[int]] = {}
    for rank, machine in enumerate(machines):
        for name in machine.names:
            sharing.setdefault((machine.owner, name), []).append(rank)
    order: dict[int, None] = {}
    for first in range(len(machines)):
        waiting = deque([first])
        while waiting:
            rank = waiting.popleft()
            if rank in order:
                continue
            order[rank] = None
            machine = machines[rank]
            for name in machine.names:
                waiting.extend(
                    other for other in sharing.pop((machine.owner, name), ()) if other not in order
                )
    return [machines[rank] for rank in order]


def _new_names(sheet: _Sheet, machine: _Machine) -> list[int]:
    return [rank for rank in machine.names if rank not in sheet.placed]


def _services(machine: _Machine, stops: Sequence[Stop]) -> list[str]:
    return list(dict.fromkeys(text for rank in machine.stops for text in stops[rank].services))


def _rows(sheet: _Sheet, machine: _Machine, stops: Sequence[Stop]) -> int:
    services = len(_services(machine, stops))
    findings = sum(bool(stops[rank].findings) for rank in machine.stops[:_ADDRESSES_SHOWN])
    return max(
        min(len(_new_names(sheet, machine)), _NAMES_SHOWN),
        min(len(machine.stops), _ADDRESSES_SHOWN),
        min(services, _SERVICES_SHOWN) + findings,
        1,
    )


def _height(
    sheet: _Sheet, machine: _Machine, stops: Sequence[Stop], owners: Sequence[Owner]
) -> int:
    height = _rows(sheet, machine, stops) * _ROW + _GAP
    if machine.owner != sheet.owner:
        height = max(height, _owner_height(owners[machine.owner])) + _GAP
    return height


def _place(
    sheet: _Sheet,
    machine: _Machine,
    names: Sequence[Spot],
    stops: Sequence[Stop],
    owners: Sequence[Owner],
    words: Words,
) -> None:
    if machine.owner != sheet.owner:
        _close_owner(sheet, owners)
        if not sheet.is_empty:
            sheet.box(0, sheet.y - 2, WIDTH, 1, "rule")
            sheet.y += _GAP
        sheet.owner, sheet.owner_from = machine.owner, sheet.y
    sheet.is_empty = False
    top = sheet.y
    rows = _rows(sheet, machine, stops)
    _put_names(sheet, machine, names, top, words)
    count = min(len(machine.stops), _ADDRESSES_SHOWN)
    look = owners[machine.owner].look
    sheet.box(_ADDRESS_LEFT, top, _ADDRESS_RIGHT - _ADDRESS_LEFT, count * _ROW + 4, "address")
    sheet.box(_ADDRESS_LEFT, top, 4, count * _ROW + 4, look)
    middle = top + (count * _ROW + 4) // 2
    left = len(machine.stops) - count
    for row, rank in enumerate(machine.stops[:count]):
        text, title = stops[rank].text, stops[rank].title
        if left and row == count - 1:
            text, title = words.more_addresses(left + 1), ""
        sheet.label(_ADDRESS_LEFT + 11, top + row * _ROW + 14, text, "address", title)
    _put_services(sheet, machine, stops, top, words)
    for rank in dict.fromkeys(sheet.placed[name] for name in machine.names):
        sheet.curve(rank - 4, middle, look)
    sheet.y = top + rows * _ROW + _GAP
    sheet.owner_until = sheet.y - _GAP + 4


def _put_names(
    sheet: _Sheet, machine: _Machine, names: Sequence[Spot], top: int, words: Words
) -> None:
    fresh = _new_names(sheet, machine)
    cut = len(fresh) > _NAMES_SHOWN
    shown = fresh[: _NAMES_SHOWN - 1] if cut else fresh
    y = top + 14
    for rank in shown:
        sheet.labels.append(
            Label(
                x=_NAMES_RIGHT,
                y=y,
                anchor="end",
                look="name",
                text=names[rank].text,
                title=names[rank].title,
            )
        )
        sheet.placed[rank] = y
        y += _ROW
    if cut:
        text = words.more_names(len(fresh) - len(shown))
        sheet.labels.append(
            Label(x=_NAMES_RIGHT, y=y, anchor="end", look="more", text=text, title="")
        )
        for rank in fresh[len(shown) :]:
            sheet.placed[rank] = y


def _put_services(
    sheet: _Sheet, machine: _Machine, stops: Sequence[Stop], top: int, words: Words
) -> None:
    services = _services(machine, stops)
    cut = len(services) > _SERVICES_SHOWN
    shown = services[: _SERVICES_SHOWN - 1] if cut else services
    y = top + 14
    for text in shown:
        sheet.label(_SERVICE_LEFT, y, text, "served")
        y += _ROW
    if cut:
        sheet.label(_SERVICE_LEFT, y, words.more_services(len(services) - len(shown)), "more")
        y += _ROW
    for rank in machine.stops[:_ADDRESSES_SHOWN]:
        if stops[rank].findings:
            sheet.box(_SERVICE_LEFT, y - 9, 8, 8, stops[rank].look)
            sheet.label(_SERVICE_LEFT + 13, y, stops[rank].findings, "findings")
            y += _ROW


def _owner_height(owner: Owner) -> int:
    return (len(_wrapped(owner.kind)) + len(_wrapped(owner.name))) * _ROW + 6


def _close_owner(sheet: _Sheet, owners: Sequence[Owner]) -> None:
    if sheet.owner < 0:
        return
    owner = owners[sheet.owner]
    bottom = max(sheet.owner_until, sheet.owner_from + _owner_height(owner))
    sheet.box(_OWNER_LEFT, sheet.owner_from, 5, bottom - sheet.owner_from, owner.look)
    y = sheet.owner_from + 14
    for text, look in ((owner.kind, "owner"), (owner.name, "holder")):
        for line in _wrapped(text):
            sheet.label(_OWNER_LEFT + 13, y, line, look, text)
            y += _ROW
    sheet.y = max(sheet.y, bottom + _GAP)
    sheet.owner = -1


def _wrapped(text: str) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        piece = word
        if lines and len(lines[-1]) + 1 + len(piece) <= _OWNER_CHARACTERS:
            lines[-1] += f" {piece}"
            continue
        while len(piece) > _OWNER_CHARACTERS:
            lines.append(piece[:_OWNER_CHARACTERS])
            piece = piece[_OWNER_CHARACTERS:]
        lines.append(piece)
    if len(lines) > _OWNER_LINES:
        return [*lines[: _OWNER_LINES - 1], f"{lines[_OWNER_LINES - 1][: _OWNER_CHARACTERS - 1]}…"]
    return lines


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One end of the flows."""

    text: str
    note: str = ""
    """On a second line."""
    look: str


def flows(
    sources: Sequence[Node], ends: Sequence[Node], between: dict[tuple[int, int], int]
) -> Plate:
    """Give the whole in one look: how many names of each source lead to each end.

    ``between`` counts by (rank of the source, rank of the end).
    """
    height = _FLOW_ROW * max(len(sources), len(ends), 1) + 8
    whole = max(1, sum(between.values()))
    boxes: list[Box] = []
    lines: list[Line] = []
    labels: list[Label] = []
    left = _stacked([_flow(between, rank, 0) for rank in range(len(sources))], whole, height)
    right = _stacked([_flow(between, rank, 1) for rank in range(len(ends))], whole, height)
    for nodes, tops, x, anchor, look in (
        (sources, left, _FLOW_LEFT, "end", "source"),
        (ends, right, _FLOW_RIGHT, "start", ""),
    ):
        for node, (top, bottom) in zip(nodes, tops, strict=True):
            boxes.append(Box(x=x, y=top, width=8, height=bottom - top, look=look or node.look))
            at = x - 9 if anchor == "end" else x + 17
            y = (top + bottom) // 2 + (-3 if node.note else 5)
            labels.append(Label(x=at, y=y, anchor=anchor, look="flow", text=node.text))
            if node.note:
                note = Label(x=at, y=y + 16, anchor=anchor, look="served", text=node.note)
                labels.append(note)
    out_of = [top for top, _ in left]
    into = [top for top, _ in right]
    for (source, end), count in sorted(between.items()):
        taken = _share(count, _flow(between, source, 0), left[source])
        given = _share(count, _flow(between, end, 1), right[end])
        lines.append(
            Line(
                path=_band(out_of[source], taken, into[end], given),
                look=ends[end].look,
            )
        )
        out_of[source] += taken
        into[end] += given
    return Plate(
        width=WIDTH,
        height=height,
        boxes=tuple(boxes),
        lines=tuple(lines),
        labels=tuple(labels),
    )


def _flow(between: dict[tuple[int, int], int], rank: int, side: int) -> int:
    return sum(count for key, count in between.items() if key[side] == rank)


def _stacked(counts: Sequence[int], whole: int, height: int) -> list[tuple[int, int]]:
    """Give top and bottom of each node: as high as its share, and never less than a line."""
    room = height - 8
    least = 30
    spare = max(0, room - len(counts) * (least + 8))
    found: list[tuple[int, int]] = []
    top = 4
    for count in counts:
        bottom = top + least + spare * count // whole
        found.append((top, bottom))
        top = bottom + 8
    return found


def _share(count: int, whole: int, node: tuple[int, int]) -> int:
    return max(1, (node[1] - node[0]) * count // max(1, whole))


def _band(top: int, height: int, to: int, other: int) -> str:
    start, end = _FLOW_LEFT + 9, _FLOW_RIGHT - 1
    middle = (start + end) // 2
    return (
        f"M{start},{top} C{middle},{top} {middle},{to} {end},{to} V{to + other} "
        f"C{middle},{to + other} {middle},{top + height} {start},{top + height} Z"
    )
