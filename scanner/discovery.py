"""Which ports are open: a sweep of a target space, streamed, resumable, in one task."""

import errno
import heapq
import math
import select
import socket
from collections import OrderedDict, deque
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

import trio

from core.model import Status, Transport
from scanner.controls import SUSPECT_AFTER, SUSPECT_SHARE, Controls
from scanner.gate import PATIENCE_S, Door, Gate, Shut
from scanner.pace import NotNow, keys_of
from scanner.sentinel import Sentinels
from scanner.space import (
    BLOCK_PAIRS,
    SILENT_ONCE,
    SILENT_TWICE,
    UNTRIED,
    Space,
    code_of,
)
from scanner.stream import Stream, status_of
from scanner.target import Target

SAVE_EVERY_S = 0.5
"""What a kill costs at most."""
_SAVE_OPEN_AFTER_S = 0.05
_LIVE_BLOCKS = 8
_BATCH = 256
_DEFERRED = 4_096
"""Pairs set aside because their host or prefix may not be asked now."""
_HANDED = 64
"""Open ports found and not yet taken, above which no new attempt starts."""
_EVERYWHERE = 40
"""Open ports, nine in ten of those tried: a tarpit or a SYN proxy. Its other ports say no more."""
TELLING = frozenset({22, 80, 443, 3389, 4443, 8443, 10443})
"""Ports still looked at on such a host: a server may stand behind, and people enter there."""
_HOSTS_FOLLOWED = 65_536
_PARKED_S = 5.0
_LOOK_S = 0.01
_SAMPLED = 15
"""One round trip in sixteen is enough to follow a path."""
_ALIVE_PAGES = 16_384


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockState:
    """One byte a pair (see :mod:`scanner.space`), as it stands."""

    number: int
    codes: bytes
    finished: bool
    """Nothing left to do in it: it is saved once more for amendments at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A port that accepted a connection, or answered a question over UDP."""

    index: int
    target: Target
    port: int
    stream: Stream | None
    """Still connected, untouched; look at ``is_open`` first: the gate may have taken it back."""
    transport: Transport = Transport.TCP


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepState:
    """Where an interrupted sweep stood."""

    finished: Container[int] = field(default_factory=frozenset[int])
    """Numbers of the blocks saved as finished."""
    partial: Sequence[int] = ()
    """Numbers of the blocks saved unfinished."""


class Ledger(Protocol):
    """Where a sweep writes what it did. Called from one task at a time, in order."""

    async def save(self, blocks: Sequence[BlockState], opened: Sequence[Opened]) -> None:
        """Write both in one transaction; the same may come twice, the last one counts.

        ``opened`` reach the consumer only after it returns.
        """
        ...

    async def load(self, number: int) -> bytes | None:
        """Give the codes of a block saved before."""
        ...

    async def amend(self, changes: Sequence[tuple[int, int]]) -> None:
        """Replace the code of these indices, in blocks saved before."""
        ...


@dataclass(kw_only=True, slots=True)
class Progress:
    """Where a sweep stands; read it at any time."""

    total: int = 0
    done: int = 0
    """Pairs with a status."""
    open: int = 0
    attempts: int = 0
    """SYNs, retries included."""
    is_paused: bool = False
    """Nothing may be sent at the moment (window, stop), or those who read are behind."""
    everywhere: list[Target] = field(default_factory=list[Target])
    """Hosts that accept every port; what was left of them but :data:`TELLING` is ``gave-up``."""


class Engine(Protocol):
    """A way to sweep. The raw SYN engine will be another."""

    async def sweep(
        self,
        space: Space,
        ledger: Ledger,
        found: trio.MemorySendChannel[Opened],
        *,
        state: SweepState = ...,
        egress_filtered: Container[int] = ...,
        wait: bool = True,
    ) -> Progress: ...


class ConnectEngine:
    """Sweeps with plain connections, without privilege.

    One task around its own epoll, awaited by Trio in batches; a second one saves, a third hands
    over. Silence is tried again in a later pass: once, or twice on a host that answers elsewhere
    in a prefix where packets were seen to be lost.
    """

    def __init__(
        self,
        gate: Gate,
        *,
        sentinels: Sentinels | None = None,
        controls: Controls | None = None,
        save_every_s: float = SAVE_EVERY_S,
    ) -> None:
        self._gate = gate
        self._sentinels = sentinels
        self._controls = controls
        self._save_every_s = save_every_s
        self.progress = Progress()
        """Of the sweep under way."""

    async def sweep(
        self,
        space: Space,
        ledger: Ledger,
        found: trio.MemorySendChannel[Opened],
        *,
        state: SweepState | None = None,
        egress_filtered: Container[int] = frozenset(),
        wait: bool = True,
    ) -> Progress:
        """Try every pair until each has one status; hand over what is open, still connected.

        ``wait`` says what a closed window does: pause, or end its pairs as ``out-of-window``. A
        stop of everything (``Gate.hold``) pauses; a stop of some establishments sets their pairs
        aside, and a sweep that has nothing else left ends without them. ``found`` stays open.
        Cancelled, it saves what was measured and leaves nothing connected but what was handed
        over. Raises what the ledger raises.
        """
        self.progress = Progress(total=space.size)
        sweep = _Sweep(
            self._gate,
            space,
            ledger,
            found,
            self.progress,
            self._sentinels,
            egress_filtered,
            state or SweepState(),
            controls=self._controls,
            wait=wait,
            save_every_s=self._save_every_s,
        )
        try:
            await sweep.run()
        except ExceptionGroup as group:
            raise _sole(group) from None
        return self.progress


def _sole(group: ExceptionGroup[Exception]) -> Exception:
    """Three tasks, one fault: who called wants the ledger's error, not our nursery's."""
    inner: tuple[Exception, ...] = tuple(group.exceptions)
    if len(inner) != 1:
        return group
    first = inner[0]
    if isinstance(first, ExceptionGroup):
        return _sole(cast("ExceptionGroup[Exception]", first))
    return first


class _Block:
    __slots__ = (
        "at",
        "codes",
        "is_dirty",
        "number",
        "outstanding",
        "parked_until",
        "undone",
        "waits_for",
        "want",
    )

    def __init__(self, number: int, codes: bytearray) -> None:
        self.number = number
        self.codes = codes
        self.undone = sum(codes.count(code) for code in (UNTRIED, SILENT_ONCE, SILENT_TWICE))
        self.outstanding = 0
        """Pairs in flight or set aside."""
        self.want = UNTRIED
        """The code that the current pass looks for, from ``at`` on."""
        self.at = 0
        self.is_dirty = False
        self.parked_until = math.inf
        self.waits_for: set[str] = set()
        """Establishments under a stop whose pairs were set aside; ``""``: a window, for others."""


# connecting, block, offset, started, ends, door, address, port, prefix, host
_Attempt = tuple[socket.socket, _Block, int, float, float, Door, int, int, int, int]

_OPEN = code_of(Status.OPEN)
_REFUSED = code_of(Status.REFUSED)
_TIMEOUT = code_of(Status.TIMEOUT)
_BANNED = code_of(Status.BANNED)
_EGRESS = code_of(Status.EGRESS_FILTERED)
_WINDOW = code_of(Status.OUT_OF_WINDOW)
_MEASURED = frozenset(
    {_REFUSED, _TIMEOUT, _EGRESS, code_of(Status.FILTERED), code_of(Status.RESET)}
)
_LATER = frozenset({errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN})
_WHEN_CONNECTED = select.EPOLLOUT | select.EPOLLONESHOT


class _Sweep:
    """The state of one sweep."""

    def __init__(
        self,
        gate: Gate,
        space: Space,
        ledger: Ledger,
        found: trio.MemorySendChannel[Opened],
        progress: Progress,
        sentinels: Sentinels | None,
        egress_filtered: Container[int],
        state: SweepState,
        *,
        controls: Controls | None,
        wait: bool,
        save_every_s: float,
    ) -> None:
        self._gate = gate
        self._space = space
        self._ledger = ledger
        self._found = found
        self._progress = progress
        self._sentinels = sentinels
        self._watches = {} if sentinels is None else sentinels.watches
        self._controls = controls
        self._suspect_after = min(SUSPECT_AFTER, max(2, len(space.ports)))
        self._egress = egress_filtered
        self._wait = wait
        self._save_every_s = save_every_s
        self._doors = gate.doors(space.segments)
        self._epoll = select.epoll()
        self._flying: dict[int, _Attempt] = {}

        self._live: dict[int, _Block] = {}
        self._scanned: _Block | None = None
        self._fresh = self._fresh_blocks(state)
        self._fresh_ended = False
        self._stored = deque(sorted(set(state.partial)))
        self._parked: list[tuple[float, int]] = []
        self._aside: dict[frozenset[str], list[int]] = {}
        """Blocks left undone for stopped establishments alone."""
        self._load_wanted: int | None = None
        self._uncounted: set[int] = set()

        self._queues: dict[int, deque[tuple[_Block, int]]] = {}
        self._due: list[tuple[float, int]] = []
        self._armed: dict[int, float] = {}
        """Key → when it is tried; what else ``_due`` says of it no longer counts."""
        self._deferred = 0

        self._closing: dict[int, BlockState] = {}
        self._amended: list[tuple[int, int]] = []
        self._opened: list[Opened] = []
        self._to_hand: deque[Opened] = deque()
        self._in_hand = 0
        self._save_soon = trio.Event()
        self._hand_over = trio.Event()
        self._saving = trio.Lock()

        self._alive = _Alive()
        self._lossy: OrderedDict[int, None] = OrderedDict()
        """Prefixes where a second attempt was answered: the first was lost on the way."""
        self._talk: OrderedDict[int, list[int]] = OrderedDict()
        """Host → ports that accepted, others that did not, first silences; from the first open."""
        self._everywhere: OrderedDict[int, None] = OrderedDict()
        for host, accepts in () if controls is None else controls.verdicts.items():
            if accepts:
                self._everywhere[host] = None
        self._look_at_doors = -math.inf
        self._any_open = True
        self._look_for_silent = -math.inf

    def _fresh_blocks(self, state: SweepState) -> Iterable[int]:
        partial = frozenset(state.partial)
        return (
            number
            for number in range(self._space.blocks)
            if number not in partial and not self._was_finished(number, state.finished)
        )

    def _was_finished(self, number: int, finished: Container[int]) -> bool:
        if number not in finished:
            return False
        self._progress.done += self._block_size(number)
        return True

    def _block_size(self, number: int) -> int:
        return min(BLOCK_PAIRS, self._space.size - number * BLOCK_PAIRS)

    # The three tasks.

    async def run(self) -> None:
        sentinels = self._sentinels
        before = None if sentinels is None else sentinels.banned
        if sentinels is not None:
            sentinels.banned = self._ban
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._save_for_ever)
                nursery.start_soon(self._hand_for_ever)
                if self._controls is not None:
                    nursery.start_soon(self._controls.run, self._accepts_all)
                if sentinels is not None:
                    async with trio.open_nursery() as watching:
                        watching.start_soon(sentinels.run)
                        await self._loop()
                        watching.cancel_scope.cancel()
                    await sentinels.check_all()
                else:
                    await self._loop()
                if self._controls is not None:
                    await self._controls.settle()
                self._progress.is_paused = False
                await self._save()
                while self._to_hand or self._in_hand:  # noqa: ASYNC110 - once a sweep
                    await trio.sleep(0.01)
                nursery.cancel_scope.cancel()
        finally:
            if sentinels is not None and before is not None:
                sentinels.banned = before
            self._let_go()
            self._gate.forget(self._doors)
            # Cut short: what was measured is kept, within the time a Ctrl-C may take.
            try:
                with trio.move_on_after(1.5, shield=True):
                    await self._save(closing=True)
            finally:
                self._drop(self._opened)

    async def _save_for_ever(self) -> None:
        while True:
            with trio.move_on_after(self._save_every_s):
                await self._save_soon.wait()
                await trio.sleep(_SAVE_OPEN_AFTER_S)
            self._save_soon = trio.Event()
            await self._save()

    async def _save(self, *, closing: bool = False) -> None:
        async with self._saving:
            states = list(self._closing.values())
            for block in self._live.values():
                if block.is_dirty:
                    block.is_dirty = False
                    states.append(
                        BlockState(number=block.number, codes=bytes(block.codes), finished=False)
                    )
            opened, self._opened = self._opened, []
            amended, self._amended = self._amended, []
            try:
                if states or opened:
                    await self._ledger.save(states, opened)
                for saved in states:
                    if self._closing.get(saved.number) is saved:
                        del self._closing[saved.number]
                if amended:
                    await self._ledger.amend(amended)
            except BaseException:
                # Whether it was written is not known: once more, all of it, is harmless.
                self._opened[:0] = opened
                self._amended[:0] = amended
                for saved in states:
                    if saved.number in self._live:
                        self._live[saved.number].is_dirty = True
                raise
        if opened and not closing:
            self._to_hand.extend(opened)
            self._hand_over.set()
        elif opened:
            self._drop(opened)

    async def _hand_for_ever(self) -> None:
        while True:
            await self._hand_over.wait()
            self._hand_over = trio.Event()
            while self._to_hand:
                opened = self._to_hand.popleft()
                self._in_hand = 1
                try:
                    await self._found.send(opened)
                except BaseException:
                    if opened.stream is not None:
                        opened.stream.abort(Status.UNDETERMINED, "interrupted")
                    raise
                finally:
                    self._in_hand = 0

    async def _loop(self) -> None:
        epoll, flying = self._epoll, self._flying
        while True:
            events = epoll.poll(0, 1_024)
            now = trio.current_time()
            for fd, _ in events:
                self._answered(fd, now)
            if len(events) < 1_024:
                self._give_up_silent(now)
            wake = self._fill()
            if self._load_wanted is not None:
                await self._load(self._load_wanted)
                continue
            if wake is None or len(events) == 1_024:
                await trio.lowlevel.checkpoint()
                continue
            if wake == math.inf and not flying and self._is_done():
                return
            if flying:
                wake = min(wake, now + 0.02)
            # Nothing tells us when a reader catches up, a stop is lifted or a prefix is cleared.
            with trio.move_on_at(min(wake, now + 0.25)):
                await trio.lowlevel.wait_readable(epoll)

    def _is_done(self) -> bool:
        if self._live or self._deferred:
            return False
        left = self._parked or self._stored or not self._fresh_ended or self._lifted()
        return not left or self._all_aside()

    def _all_aside(self) -> bool:
        return all(self._gate.sets_aside(door.establishment) for door in self._doors)

    def _let_go(self) -> None:
        for connecting, *_, host in self._flying.values():
            self._gate.give_up(connecting, host)
        self._flying.clear()
        trio.lowlevel.notify_closing(self._epoll)
        self._epoll.close()
        self._drop(self._to_hand)
        self._to_hand.clear()

    def _drop(self, unread: Iterable[Opened]) -> None:
        for opened in unread:
            if opened.stream is not None:
                opened.stream.abort(Status.UNDETERMINED, "interrupted")

    # What comes next.

    def _fill(self) -> float | None:
        """Start attempts; give when to look again: ``None`` at once, ``inf`` without work left."""
        gate, flying, watches = self._gate, self._flying, self._watches
        pair, begin, wait_s = self._space.pair, gate.begin, gate.waits.wait_s
        register, clock = self._epoll.register, trio.lowlevel.current_clock().current_time
        plain = socket.socket
        doors, due, progress = self._doors, self._due, self._progress
        everywhere = self._everywhere
        if len(self._opened) + len(self._to_hand) + self._in_hand >= _HANDED:
            progress.is_paused = True
            return clock() + 0.02
        for _ in range(_BATCH):
            now = clock()
            queue_key: int | None = None
            if due and due[0][0] <= now:
                when, queue_key = heapq.heappop(due)
                if self._armed.get(queue_key) != when:
                    # Woken meanwhile, at another time.
                    continue
                del self._armed[queue_key]
                block, offset = self._queues[queue_key].popleft()
                self._deferred -= 1
            elif self._deferred >= _DEFERRED:
                return due[0][0]
            else:
                # The usual way of _next(), without its call.
                scanned = self._scanned
                if (
                    scanned is not None
                    and (offset := scanned.codes.find(scanned.want, scanned.at)) >= 0
                ):
                    block = scanned
                    block.at = offset + 1
                else:
                    chosen = self._next()
                    if chosen is None:
                        return due[0][0] if due else self._next_parked()
                    block, offset = chosen
                block.outstanding += 1
            version, address, port, segment = pair(block.number * BLOCK_PAIRS + offset)
            prefix, host = keys_of(version, address)
            door = doors[segment]
            watch = watches.get(prefix) if watches else None
            outcome: socket.socket | NotNow | Status
            if watch is not None and watch.is_banned:
                outcome = Status.BANNED
            elif watch is not None and watch.is_suspect:
                outcome = NotNow(prefix, now + 0.25)
            elif everywhere and host in everywhere and port not in TELLING:
                outcome = Status.GAVE_UP
            else:
                outcome = begin(door, address, port, prefix, host, now)
            if type(outcome) is plain:
                fd = outcome.fileno()
                # The last chance of a pair is given all the time there is.
                last = block.codes[offset] == SILENT_TWICE
                ends = now + (PATIENCE_S[1] if last else wait_s(prefix))
                flying[fd] = (
                    outcome, block, offset, now, ends, door, address, port, prefix, host,
                )  # fmt: skip
                register(fd, _WHEN_CONNECTED)
                progress.attempts += 1
                progress.is_paused = False
            elif isinstance(outcome, NotNow):
                later = self._postpone(outcome, block, offset, door, queue_key, now)
                if later is not None:
                    return later
            else:
                assert isinstance(outcome, Status)
                self._finish(block, offset, code_of(outcome), prefix)
            if queue_key is not None:
                self._rearm(queue_key, now)
        return None

    def _postpone(
        self,
        outcome: NotNow,
        block: _Block,
        offset: int,
        door: Door,
        queue_key: int | None,
        now: float,
    ) -> float | None:
        """Set a pair aside; give when to look again if everything must wait."""
        if isinstance(outcome, Shut):
            if not self._wait and not self._gate.is_held(door.establishment):
                self._finish(block, offset, _WINDOW, None)
            elif (aside := self._gate.sets_aside(door.establishment)) or not self._all_shut(now):
                self._park(block, outcome.when, now, door.establishment if aside else "")
            else:
                self._progress.is_paused = True
                self._put_back(block, offset, queue_key, now + 0.5)
                return min(outcome.when, now + 0.5)
            return None
        if outcome.key is None:
            self._put_back(block, offset, queue_key, outcome.when)
            return outcome.when
        if outcome.key == queue_key:
            self._put_back(block, offset, queue_key, outcome.when)
        else:
            self._defer(outcome.key, block, offset, outcome.when)
        return None

    def _park(self, block: _Block, until: float, now: float, waits_for: str) -> None:
        """Leave a pair undone: its block is put away after its passes, and comes back later."""
        block.outstanding -= 1
        block.waits_for.add(waits_for)
        block.parked_until = min(block.parked_until, max(until, now + _PARKED_S))

    def _put_back(self, block: _Block, offset: int, queue_key: int | None, when: float) -> None:
        """Undo the choice of a pair: it comes next again."""
        if queue_key is None:
            block.outstanding -= 1
            block.at = offset
            self._scanned = block
        else:
            self._queues[queue_key].appendleft((block, offset))
            self._deferred += 1
            self._rearm(queue_key, when)

    def _defer(self, key: int, block: _Block, offset: int, when: float) -> None:
        """Put a pair at the end of the queue of what it waits for."""
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = deque()
        queue.append((block, offset))
        self._deferred += 1
        if key not in self._armed:
            self._rearm(key, when)

    def _rearm(self, key: int, when: float) -> None:
        """Say when the first of a queue is to be tried, or forget an empty queue."""
        if key in self._armed:
            return
        if self._queues[key]:
            self._armed[key] = when
            heapq.heappush(self._due, (when, key))
        else:
            del self._queues[key]

    def _wake(self, host: int, now: float) -> None:
        """Try the queue of a host at once: one of its connections is free again."""
        if self._armed[host] > now:
            self._armed[host] = now
            heapq.heappush(self._due, (now, host))

    def _all_shut(self, now: float) -> bool:
        if now >= self._look_at_doors:
            self._look_at_doors = now + 0.25
            self._any_open = any(self._gate.refusal(door, now) is None for door in self._doors)
        return not self._any_open

    def _next(self) -> tuple[_Block, int] | None:
        """Give the next pair that the passes under way look for."""
        while True:
            block = self._scanned
            if block is not None:
                at = block.codes.find(block.want, block.at)
                if at >= 0:
                    block.at = at + 1
                    return block, at
                block.at = len(block.codes)
                self._scanned = None
            for candidate in tuple(self._live.values()):
                if candidate.at < len(candidate.codes) or (
                    candidate.outstanding == 0 and self._next_pass(candidate)
                ):
                    self._scanned = candidate
                    break
            else:
                if not self._open_block():
                    return None

    def _next_pass(self, block: _Block) -> bool:
        """Start the next pass of a block, or put it away; ``False``: it was put away."""
        later = (SILENT_ONCE, SILENT_TWICE)
        for want in later[later.index(block.want) + 1 :] if block.want in later else later:
            if block.codes.find(want) >= 0:
                block.want, block.at = want, 0
                return True
        if block.undone and block.parked_until == math.inf:
            block.want, block.at = UNTRIED, 0
            return True
        del self._live[block.number]
        self._closing[block.number] = BlockState(
            number=block.number, codes=bytes(block.codes), finished=not block.undone
        )
        if block.undone:
            if "" in block.waits_for:
                heapq.heappush(self._parked, (block.parked_until, block.number))
            else:
                self._aside.setdefault(frozenset(block.waits_for), []).append(block.number)
        return False

    def _open_block(self) -> bool:
        """Bring in one more block; ``False`` when there is none, no room, or one to load first."""
        if len(self._live) >= _LIVE_BLOCKS or self._load_wanted is not None or self._all_aside():
            return False
        if self._parked and self._parked[0][0] <= trio.current_time():
            self._load_wanted = heapq.heappop(self._parked)[1]
            return False
        if lifted := self._lifted():
            self._load_wanted = lifted.pop()
            return False
        if self._stored:
            self._load_wanted = self._stored.popleft()
            self._uncounted.add(self._load_wanted)
            return False
        number = next(iter(self._fresh), None)
        if number is None:
            self._fresh_ended = True
            return False
        self._live[number] = _Block(number, bytearray(self._block_size(number)))
        return True

    def _lifted(self) -> list[int] | None:
        """Give the blocks set aside for establishments that are no longer all stopped, if any."""
        for waits_for, numbers in self._aside.items():
            if numbers and not all(map(self._gate.sets_aside, waits_for)):
                return numbers
        return None

    def _next_parked(self) -> float:
        return self._parked[0][0] if self._parked else math.inf

    async def _load(self, number: int) -> None:
        size = self._block_size(number)
        async with self._saving:
            closing = self._closing.get(number)
            stored = closing.codes if closing is not None else await self._ledger.load(number)
        codes = bytearray(stored) if stored is not None and len(stored) == size else bytearray(size)
        for index, code in self._amended:
            if index // BLOCK_PAIRS == number:
                codes[index % BLOCK_PAIRS] = code
        block = _Block(number, codes)
        if number in self._uncounted:
            self._uncounted.discard(number)
            self._progress.done += size - block.undone
        self._live[number] = block
        self._load_wanted = None

    # What came of it.

    def _answered(self, fd: int, now: float) -> None:
        connecting, block, offset, started, _, door, address, port, prefix, host = self._flying.pop(
            fd
        )
        code = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if not offset & _SAMPLED or not self._gate.waits.knows(prefix):
            self._gate.waits.learn(prefix, now - started)
        if block.codes[offset] == SILENT_ONCE:
            self._lossy[prefix] = None
            if len(self._lossy) > _HOSTS_FOLLOWED:
                self._lossy.popitem(last=False)
        if code == errno.ECONNREFUSED:
            self._gate.give_up(connecting, host)
            self._alive.add(host)
            self._finish(block, offset, _REFUSED, prefix)
        elif code == 0:
            self._epoll.unregister(fd)
            self._open(connecting, block, offset, door, address, port, prefix, host)
            return
        elif code in _LATER:
            self._gate.give_up(connecting, host)
            self._defer(host, block, offset, now + 0.5)
            return
        else:
            self._gate.give_up(connecting, host)
            self._finish(block, offset, code_of(status_of(code)), prefix)
        if host in self._armed:
            self._wake(host, now)
        if code == errno.ECONNRESET:
            # A connection was made, and cut before we looked: a SYN proxy whose server refused.
            self._accepted(host, door, address)
        elif self._talk and host in self._talk:
            self._talk[host][1] += 1

    def _open(
        self,
        connected: socket.socket,
        block: _Block,
        offset: int,
        door: Door,
        address: int,
        port: int,
        prefix: int,
        host: int,
    ) -> None:
        now = trio.current_time()
        stream = self._gate.adopt(connected, door, host)
        if isinstance(stream, Shut):
            aside = self._gate.sets_aside(door.establishment)
            self._park(block, stream.when, now, door.establishment if aside else "")
            return
        self._alive.add(host)
        if isinstance(stream, Status):
            self._finish(block, offset, code_of(stream), prefix)
            return
        self._finish(block, offset, _OPEN, None)
        self._progress.open += 1
        index = block.number * BLOCK_PAIRS + offset
        target = self._accepted(host, door, address)
        self._opened.append(Opened(index=index, target=target, port=port, stream=stream))
        self._save_soon.set()
        if self._sentinels is not None:
            self._sentinels.seen(prefix, target, port)

    def _accepted(self, host: int, door: Door, address: int) -> Target:
        """Take note of a connection that was made; put to the test whom accepts too many."""
        target = Target(
            establishment=door.establishment,
            ip=door.text(address),
            hostname=door.hostname,
            medical=door.medical,
        )
        talk = self._talk.get(host)
        if talk is None:
            if len(self._talk) >= _HOSTS_FOLLOWED:
                self._talk.popitem(last=False)
            talk = self._talk[host] = [0, 0, 0]
        talk[0] += 1
        opened, closed, silent = talk
        controls = self._controls
        if (
            controls is not None
            and opened >= self._suspect_after
            and opened >= SUSPECT_SHARE * (closed + silent)
        ):
            controls.suspect(host, target)
        if opened < _EVERYWHERE or opened < 9 * closed:
            return target
        if controls is None or not controls.may_be_ordinary(host):
            self._accepts_all(host, target)
        return target

    def _accepts_all(self, host: int, target: Target) -> None:
        if host not in self._everywhere:
            if len(self._everywhere) >= _HOSTS_FOLLOWED:
                self._everywhere.popitem(last=False)
            self._everywhere[host] = None
            self._progress.everywhere.append(target)

    def _give_up_silent(self, now: float) -> None:
        if now < self._look_for_silent:
            return
        self._look_for_silent = now + _LOOK_S
        # Oldest first: dictionaries keep the order of the attempts.
        oldest = now - PATIENCE_S[0]
        silent: list[int] = []
        for fd, attempt in self._flying.items():
            if attempt[3] > oldest:
                break
            if attempt[4] <= now:
                silent.append(fd)
        for fd in silent:
            connecting, block, offset, started, _, _, _, port, prefix, host = self._flying.pop(fd)
            self._gate.give_up(connecting, host)
            if now - started >= 1.0:
                self._gate.late(prefix, host)
            if host in self._armed:
                self._wake(host, now)
            before = block.codes[offset]
            if port in self._egress:
                self._finish(block, offset, _EGRESS, prefix)
            elif before == UNTRIED:
                self._mark(block, offset, SILENT_ONCE)
                self._met_silence(prefix)
                if self._talk and host in self._talk:
                    self._talk[host][2] += 1
            elif before == SILENT_ONCE and prefix in self._lossy and host in self._alive:
                self._mark(block, offset, SILENT_TWICE)
            else:
                self._finish(block, offset, _TIMEOUT, prefix)
                if self._talk and host in self._talk:
                    self._talk[host][1] += 1
                    self._talk[host][2] -= 1

    def _met_silence(self, prefix: int) -> None:
        """Count a first silence too: a banned prefix gives nothing else before the second pass."""
        watch = self._watches.get(prefix) if self._watches else None
        if watch is not None and self._sentinels is not None:
            watch.silences += 1
            if len(watch.since) + watch.silences >= watch.ask_at:
                self._sentinels.ask(prefix, watch)

    def _mark(self, block: _Block, offset: int, code: int) -> None:
        block.codes[offset] = code
        block.outstanding -= 1
        block.is_dirty = True

    def _finish(self, block: _Block, offset: int, code: int, prefix: int | None) -> None:
        """Give a pair its one status; ``prefix`` when it says something of that prefix."""
        block.codes[offset] = code
        block.outstanding -= 1
        block.undone -= 1
        block.is_dirty = True
        self._progress.done += 1
        if self._watches and prefix is not None and code in _MEASURED:
            watch = self._watches.get(prefix)
            if watch is not None and self._sentinels is not None:
                watch.since.append(block.number * BLOCK_PAIRS + offset)
                if len(watch.since) >= watch.ask_at:
                    self._sentinels.ask(prefix, watch)

    def _ban(self, _prefix: int, indices: Sequence[int]) -> None:
        """Take back what was measured since the sentinel's last answer."""
        for index in indices:
            number, offset = divmod(index, BLOCK_PAIRS)
            if (block := self._live.get(number)) is not None:
                block.codes[offset] = _BANNED
                block.is_dirty = True
            else:
                # After the block itself: the ledger gets amendments behind what it saves.
                self._amended.append((index, _BANNED))


class _Alive:
    """Hosts that answered something: one bit each, in pages made when needed."""

    __slots__ = ("_pages",)

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def add(self, host: int) -> None:
        page = self._pages.get(host >> 13)
        if page is None:
            if len(self._pages) >= _ALIVE_PAGES:
                return
            page = self._pages[host >> 13] = bytearray(1_024)
        page[host >> 3 & 1_023] |= 1 << (host & 7)

    def __contains__(self, host: int) -> bool:
        page = self._pages.get(host >> 13)
        return page is not None and bool(page[host >> 3 & 1_023] >> (host & 7) & 1)
