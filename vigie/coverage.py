"""How the pairs of a run ended, folded from the saved sweep."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from core.knowledge.load import load_knowledge
from core.model import Intensity, Status, Transport
from core.observations.egress import EgressSeen
from core.observations.ipv6 import WAVES, Ipv6Chosen
from core.observations.name import NameSeen
from core.store.store import Run, Store
from inventories.scope import Scope, Segment
from scanner.space import (
    BLOCK_PAIRS,
    DATAGRAM_NOT_ALLOWED,
    DATAGRAM_SILENT,
    UNTRIED,
    Space,
    code_of,
    count_statuses,
    status_of_code,
)
from vigie.candidates import (
    ALIVE,
    candidate_spaces,
    large_ranges,
    narrowed,
    statuses_by_address,
    swept_parts,
)
from vigie.results import GuessedRange, Sweep

UDP_SPACES = 1_000_000
"""Number of the first space asked over UDP; the others follow in the order of those over TCP."""
_DETAIL_PAIRS = 5_000_000
"""Above this, counts are shared out, not made pair by pair: a pass would take minutes."""
_NOT_TRIED = {
    Status.BANNED,
    Status.EGRESS_FILTERED,
    Status.OUT_OF_SCOPE,
    Status.OUT_OF_WINDOW,
    Status.UNDETERMINED,
    Status.RATE_LIMITED,
    Status.GAVE_UP,
}


def scope_of(run: Run, learnt: Iterable[NameSeen] = ()) -> Scope:
    """Give the scope under which a run was planned, and what names taught before it began."""
    profile = Intensity(run.plan.profile) if run.plan.profile else None
    scope = Scope(run.inventory, profile=profile, establishments=run.plan.establishments or None)
    wanted = scope.names_to_learn()
    known = {one.name: one.addresses for one in learnt if one.name in wanted}
    return scope.knowing(known) if known else scope


def main_space(run: Run, scope: Scope) -> Space:
    """Give the space of the mandated ranges; the same at every resume."""
    segments = [
        one
        for one in scope.segments(run.started_at)
        if one.version == 4 and not _is_refused_for_good(one)
    ]
    segments += swept_parts(run, scope)
    return Space(narrowed(run, segments), run.plan.tcp_ports, run.plan.seed)


def udp_space(space: Space, run: Run) -> Space:
    """Give the same addresses over the UDP ports of a run; the same at every resume."""
    return Space(space.segments, run.plan.udp_ports, run.plan.seed)


def _is_refused_for_good(segment: Segment) -> bool:
    return segment.refusal not in {"", "out-of-window"}


def swept_spaces(
    store: Store, run: Run, scope: Scope, names: Iterable[NameSeen]
) -> Iterator[tuple[int, Space]]:
    """Give every space of a run over TCP, with its number."""
    yield 0, main_space(run, scope)
    yield from enumerate((space for space, _ in named_spaces(run, scope, names)), start=1)
    for number, space, _ in candidate_spaces(store, run, scope):
        yield number, space


def sweep_of(store: Store, run: Run) -> Sweep:
    """Fold the sweep of a run: totals always, ports one by one where the space is small enough."""
    names = [
        one for one in store.observations(run.id, kinds=("name",)) if isinstance(one, NameSeen)
    ]
    scope = scope_of(run, names)
    main = [main_space(run, scope), *(space for space, _ in named_spaces(run, scope, names))]
    chosen = list(candidate_spaces(store, run, scope))
    spaces = [*enumerate(main), *((number, space) for number, space, _ in chosen)]
    totals: Counter[Status] = Counter()
    silent: Counter[tuple[str, int]] = Counter()
    by_reason: Counter[tuple[str, str]] = Counter()
    seen_egress = [
        one for one in store.observations(run.id, kinds=("egress",)) if isinstance(one, EgressSeen)
    ]
    filtered = frozenset(port for one in seen_egress for port in one.filtered)
    for number, space in spaces:
        told = placed = 0
        whole: Counter[Status | None] = Counter()
        for block in store.sweep_blocks(run.id, space=number):
            counts = count_statuses(block.statuses)
            for status, count in counts.items():
                if status is not None:
                    totals[status] += count
                    told += count
            if space.size <= _DETAIL_PAIRS:
                placed += _detail(space, block.block, block.statuses, silent, by_reason, filtered)
            else:
                whole.update(counts)
        _share_out(space, whole, silent, by_reason, filtered)
        left = space.size - told
        if left and (number > 0 or run.profile != Intensity.PASSIVE.value):
            totals[Status.UNDETERMINED] += left
            for establishment in sorted({one.establishment for one in space.segments}):
                if share := _left_of(space, establishment, left - placed):
                    by_reason[establishment, "interrupted"] += share
    udp = _UdpCounts()
    if run.profile != Intensity.PASSIVE.value:
        for number, space in asked_over_udp(enumerate(main), chosen):
            _count_udp(store, run, UDP_SPACES + number, udp_space(space, run), udp)
    totals.update(udp.statuses)
    by_reason.update(udp.by_reason)
    egress = {
        fact.port
        for fact in load_knowledge().ports
        if fact.egress and fact.transport is Transport.TCP
    }
    proven = any(one.has_canary for one in seen_egress)
    return Sweep(
        # What answered was counted when it was guessed.
        addresses=sum(space.addresses for space in main)
        + sum(space.addresses for _, space, one in chosen if one.wave != "answered"),
        statuses=dict(totals),
        silent=dict(silent),
        unproven={} if proven else {key: n for key, n in silent.items() if key[1] in egress},
        by_reason=dict(by_reason),
        unanswered=dict(udp.silent),
        unasked=dict(udp.unasked),
        settled=udp.settled,
        pending=tuple(unit.place for unit in store.units(run.id, pending_only=True)),
        refused=tuple(_refused(run, scope)),
        guessed=tuple(_guessed(store, run, scope, chosen)),
    )


@dataclass(slots=True)
class _UdpCounts:
    """How the questions over UDP ended."""

    statuses: Counter[Status] = field(default_factory=Counter[Status])
    silent: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    by_reason: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    unasked: Counter[str] = field(default_factory=Counter[str])
    settled: int = 0


def _count_udp(store: Store, run: Run, number: int, space: Space, into: _UdpCounts) -> None:
    codes: Counter[int] = Counter()
    by_segment: Counter[tuple[int, int, int]] = Counter()
    for block in store.sweep_blocks(run.id, space=number):
        codes.update(block.statuses)
        if space.size <= _DETAIL_PAIRS:
            for offset, code in enumerate(block.statuses):
                if code in _TOLD_UDP:
                    _, _, port, at = space.pair(block.block * BLOCK_PAIRS + offset)
                    by_segment[at, port, code] += 1
    codes[UNTRIED] += space.size - codes.total()
    for code, count in (+codes).items():
        into.statuses[status_of_code(code) or Status.UNDETERMINED] += count
    into.settled += codes[DATAGRAM_SILENT] + codes[DATAGRAM_NOT_ALLOWED]
    for (at, port, code), count in by_segment.items():
        _tell_udp(into, space.segments[at].establishment, port, code, count)
    for establishment in sorted({one.establishment for one in space.segments}):
        untold = codes[UNTRIED] - sum(
            n for (_, _, code), n in by_segment.items() if code == UNTRIED
        )
        if share := _left_of(space, establishment, untold):
            into.by_reason[establishment, "interrupted"] += share
        if space.size > _DETAIL_PAIRS:
            for code in _TOLD_UDP - {UNTRIED}:
                share = round(_left_of(space, establishment, codes[code]) / len(space.ports))
                for port in space.ports:
                    _tell_udp(into, establishment, port, code, share)
    for segment in space.segments if run.plan.udp_unasked else ():
        addresses = segment.last - segment.first + 1
        into.unasked[segment.establishment] += addresses
        into.statuses[Status.UNDETERMINED] += addresses * len(run.plan.udp_unasked)
        into.settled += addresses * len(run.plan.udp_unasked)


_WHY_UDP = {
    UNTRIED: "interrupted",
    DATAGRAM_NOT_ALLOWED: "intensity",
    **{code_of(status): status.value for status in _NOT_TRIED},
    # No canary speaks UDP: only this machine can have told so.
    code_of(Status.EGRESS_FILTERED): "no-route",
}
_TOLD_UDP = {DATAGRAM_SILENT, *_WHY_UDP}


def _tell_udp(into: _UdpCounts, establishment: str, port: int, code: int, count: int) -> None:
    if not count:
        return
    if code == DATAGRAM_SILENT:
        into.silent[establishment, port] += count
    else:
        into.by_reason[establishment, _WHY_UDP[code]] += count


def named_spaces(
    run: Run, scope: Scope, names: Iterable[NameSeen]
) -> Iterator[tuple[Space, NameSeen]]:
    """Give one space per name mandated by name alone, whose address lies outside the ranges."""
    # A name may be told again, found by another way: the first telling numbers the spaces.
    first: dict[str, NameSeen] = {}
    for seen in names:
        first.setdefault(seen.name, seen)
    for seen in sorted(first.values(), key=lambda one: one.name):
        if run.plan.targets and seen.name not in run.plan.targets:
            continue
        segments = scope.named_segments(seen.name, seen.in_scope)
        if segments:
            yield Space(segments, run.plan.tcp_ports, run.plan.seed), seen


def _left_of(space: Space, establishment: str, left: int) -> int:
    """Share the pairs that were not done between establishments, by their number of addresses."""
    mine = sum(
        one.last - one.first + 1 for one in space.segments if one.establishment == establishment
    )
    return round(left * mine / max(1, space.addresses))


def _share_out(
    space: Space,
    whole: Counter[Status | None],
    silent: Counter[tuple[str, int]],
    by_reason: Counter[tuple[str, str]],
    filtered: frozenset[int],
) -> None:
    """Attribute the counts of a large space: by addresses, and evenly over its ports.

    The order of the sweep spreads both so; an exact count would not tell the reader more.
    """
    for establishment in sorted({one.establishment for one in space.segments}):
        for status, count in whole.items():
            share = _left_of(space, establishment, count)
            if status in _NOT_TRIED and share:
                by_reason[establishment, _why_not(status, is_canary=bool(filtered))] += share
            elif status is Status.TIMEOUT and (each := round(share / len(space.ports))):
                for port in space.ports:
                    silent[establishment, port] += each


def _why_not(status: Status, *, is_canary: bool) -> str:
    """Give the reason; ``is_canary``: what egress filters, the canary told."""
    if status is Status.EGRESS_FILTERED and not is_canary:
        return "no-route"
    # The sweep gives up on one thing only: hosts that accept every port.
    return "answers-everywhere" if status is Status.GAVE_UP else status.value


def _detail(
    space: Space,
    block: int,
    codes: bytes,
    silent: Counter[tuple[str, int]],
    by_reason: Counter[tuple[str, str]],
    filtered: frozenset[int],
) -> int:
    """Count what is worth telling of a block; give how many of its pairs were never done."""
    undone = 0
    for offset, code in enumerate(codes):
        status = status_of_code(code)
        if status is Status.TIMEOUT:
            _, _, port, at = space.pair(block * BLOCK_PAIRS + offset)
            silent[space.segments[at].establishment, port] += 1
        elif status in _NOT_TRIED:
            _, _, port, at = space.pair(block * BLOCK_PAIRS + offset)
            why = _why_not(status, is_canary=port in filtered)
            by_reason[space.segments[at].establishment, why] += 1
        elif status is None:
            _, _, _, at = space.pair(block * BLOCK_PAIRS + offset)
            by_reason[space.segments[at].establishment, "interrupted"] += 1
            undone += 1
    return undone


def asked_over_udp(
    main: Iterable[tuple[int, Space]], chosen: Iterable[tuple[int, Space, Ipv6Chosen]]
) -> Iterator[tuple[int, Space]]:
    """Give the spaces, with the numbers that they have over TCP, that are asked over UDP too.

    Addresses merely guessed are not: there, silence would be all that comes.
    """
    yield from main
    for number, space, one in chosen:
        if one.wave in {"named", "answered"}:
            yield number, space


def _guessed(
    store: Store,
    run: Run,
    scope: Scope,
    chosen: Sequence[tuple[int, Space, Ipv6Chosen]],
) -> Iterator[GuessedRange]:
    """Tell of each range too large to be swept how many of its addresses were tried."""
    for where in large_ranges(run, scope):
        mine = {
            one.wave: (space, one, statuses_by_address(store, run, number, space))
            for number, space, one in chosen
            if one.range == where.text and one.place.establishment == where.establishment
        }
        tried = {
            address
            for _, _, statuses in mine.values()
            for address, met in statuses.items()
            if met - _NOT_TRIED - {None}
        }
        answered = {
            address
            for wave, (_, _, statuses) in mine.items()
            if wave != "drawn"
            for address, met in statuses.items()
            if met & ALIVE
        }
        yield GuessedRange(
            establishment=where.establishment,
            range=where.text,
            named=len(mine["named"][1].addresses) if "named" in mine else 0,
            tried=len(tried),
            answered=len(answered),
            left_out=sum(one.left_out for _, one, _ in mine.values()),
            answers_all=mine["guessed"][1].answers_all if "guessed" in mine else (),
            is_whole=len(mine) == len(WAVES),
        )


def _refused(run: Run, scope: Scope) -> Iterator[tuple[str, str, str]]:
    is_tried = bool(large_ranges(run, scope))
    for one in narrowed(run, scope.segments(run.started_at)):
        if _is_refused_for_good(one):
            yield one.establishment, one.text, one.refusal
        elif not one.sweepable and not is_tried:
            yield one.establishment, one.text, "not-swept"
