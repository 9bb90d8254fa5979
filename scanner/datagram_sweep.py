"""Every address × UDP port of a space, asked once each: streamed, resumable, bounded."""

import math
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import trio

from core.errors import OutOfScope
from core.model import Status, Transport
from core.observations.base import Observation
from scanner.discovery import SAVE_EVERY_S, BlockState, Ledger, Opened, Progress, SweepState
from scanner.gate import Door, Gate, Shut
from scanner.pace import keys_of
from scanner.questions import Reply
from scanner.space import BLOCK_PAIRS, UNTRIED, Space, code_of
from scanner.target import Target

MOST_AT_ONCE = 512
"""Ports waited for at the same time, at most: a socket and a task each."""
_DEFERRED = 4_096
"""Pairs set aside because their host is being asked; above this no new one is chosen."""
_LATER = 3
"""Passes over what could not be sent for want of room here; then it stays undetermined."""
_LATER_S = 1.0
_LOOK_AGAIN_S = 30.0
"""While a window is closed, in case the clock is set."""
_POLL_S = 0.5
"""Nothing tells us when a stop is lifted."""

Ask = Callable[[Target, int], Awaitable[Reply]]
"""Asks one port; raises :class:`core.errors.OutOfScope` when nothing may be sent now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """A port that answered, and what it is; its unit is saved already."""

    opened: Opened
    observations: tuple[Observation, ...]


class _Block:
    __slots__ = ("codes", "is_dirty", "is_over", "number", "outstanding")

    def __init__(self, number: int, codes: bytearray) -> None:
        self.number = number
        self.codes = codes
        self.is_dirty = False
        self.is_over = False
        """Chosen from to its end in this pass."""
        self.outstanding = 0


_Pair = tuple[_Block, int, Target, int, int]
"""Block, offset, target, port, host key."""


async def sweep_datagrams(
    gate: Gate,
    space: Space,
    ledger: Ledger,
    ask: Ask,
    told: trio.MemorySendChannel[Answered],
    *,
    at_once: int,
    progress: Progress,
    state: SweepState | None = None,
    wait: bool = True,
) -> None:
    """Ask every pair that has no status yet; hand over what answered, once it is saved.

    ``at_once`` ports are waited for at the same time, all but one of a host's connections on one
    host. ``wait`` says what a closed window does: pause, or end its pairs as ``out-of-window``. A
    stop of everything pauses; one of some establishments leaves their pairs untried. ``told``
    stays open. Cancelled, it saves what was measured. Raises what the ledger raises.
    """
    sweep = _Sweep(gate, space, ledger, ask, told, progress, state or SweepState(), wait=wait)
    try:
        await sweep.run(max(1, min(at_once, MOST_AT_ONCE)))
    except ExceptionGroup as group:
        first = group.exceptions[0]
        if len(group.exceptions) > 1 or isinstance(first, ExceptionGroup):
            raise
        raise first from None


class _Sweep:
    def __init__(
        self,
        gate: Gate,
        space: Space,
        ledger: Ledger,
        ask: Ask,
        told: trio.MemorySendChannel[Answered],
        progress: Progress,
        state: SweepState,
        *,
        wait: bool,
    ) -> None:
        self._gate = gate
        self._space = space
        self._ledger = ledger
        self._ask = ask
        self._told = told
        self._progress = progress
        self._state = state
        self._wait = wait
        self._doors = gate.doors(space.segments)
        self._live: dict[int, _Block] = {}
        self._seen: set[int] = set()
        """Blocks whose stored pairs are counted in the progress."""
        self._answered: list[Answered] = []
        self._busy: Counter[int] = Counter()
        self._queues: dict[int, deque[_Pair]] = {}
        self._deferred = 0
        self._room = trio.Event()
        self._later: Counter[tuple[int, int]] = Counter()
        self._opens_at = math.inf
        """When the first window opens that pairs of this pass wait for."""
        self._is_short = False
        """Something could not be sent for want of room in this pass."""
        self._aside: set[str] = set()
        """Establishments under a stop of which pairs were left untried in this pass."""
        self._saving = trio.Lock()

    async def run(self, workers: int) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._save_for_ever)
                left = [
                    number for number in range(self._space.blocks) if not self._was_finished(number)
                ]
                while left:
                    await self._pass(left, workers)
                    left = [number for number in left if not await self._put_away(number)]
                    if not left or not await self._goes_on():
                        break
                await self._save()
                nursery.cancel_scope.cancel()
        finally:
            self._gate.forget(self._doors)
            # Cut short: what was measured is kept, within the time a Ctrl-C may take.
            with trio.move_on_after(1.5, shield=True):
                await self._save(closing=True)

    def _was_finished(self, number: int) -> bool:
        if number not in self._state.finished:
            return False
        self._progress.done += self._block_size(number)
        return True

    def _block_size(self, number: int) -> int:
        return min(BLOCK_PAIRS, self._space.size - number * BLOCK_PAIRS)

    async def _pass(self, numbers: Sequence[int], workers: int) -> None:
        """Try what is untried in these blocks, once."""
        self._opens_at, self._is_short, self._aside = math.inf, False, set()
        send, receive = trio.open_memory_channel[_Pair](0)
        async with trio.open_nursery() as nursery, receive:
            for _ in range(min(workers, self._space.size)):
                nursery.start_soon(self._work, receive.clone())
            async with send:
                for number in numbers:
                    block = await self._load(number)
                    await self._choose(block, send)
                    block.is_over = True
                    if not block.outstanding and UNTRIED not in block.codes:
                        await self._put_away(number)

    async def _choose(self, block: _Block, send: trio.MemorySendChannel[_Pair]) -> None:
        at = -1
        while (at := block.codes.find(UNTRIED, at + 1)) >= 0:
            version, address, port, segment = self._space.pair(block.number * BLOCK_PAIRS + at)
            door = self._doors[segment]
            if not await self._may(door, block, at):
                continue
            target = Target(
                establishment=door.establishment,
                ip=door.text(address),
                hostname=door.hostname,
                medical=door.medical,
            )
            _, host = keys_of(version, address)
            pair = (block, at, target, port, host)
            block.outstanding += 1
            # One is left for what stands behind the ports that TCP found open.
            if self._busy[host] >= max(1, door.limit - 1):
                self._queues.setdefault(host, deque()).append(pair)
                self._deferred += 1
                while self._deferred >= _DEFERRED:
                    self._room = trio.Event()
                    await self._room.wait()
                continue
            self._busy[host] += 1
            await send.send(pair)

    async def _may(self, door: Door, block: _Block, at: int) -> bool:
        """Whether a pair may be asked now; waits while everything is stopped."""
        while True:
            now = trio.current_time()
            refusal = self._gate.refusal(door, now)
            if refusal is None:
                self._progress.is_paused = False
                return True
            if not isinstance(refusal, Shut):
                door.count.refused_here += 1
                self._finish(block, at, code_of(refusal))
                return False
            if self._gate.sets_aside(door.establishment):
                self._aside.add(door.establishment)
                return False
            if self._gate.is_held(door.establishment):
                self._progress.is_paused = True
                await trio.sleep(_POLL_S)
                continue
            self._shut(block, at, refusal.when)
            return False

    def _shut(self, block: _Block, at: int, opens_at: float) -> None:
        """Leave a pair for when its window opens, or end it."""
        if self._wait:
            self._opens_at = min(self._opens_at, opens_at)
        else:
            self._finish(block, at, code_of(Status.OUT_OF_WINDOW))

    async def _work(self, pairs: trio.MemoryReceiveChannel[_Pair]) -> None:
        async with pairs:
            async for first in pairs:
                pair: _Pair | None = first
                while pair is not None:
                    await self._settle(*pair[:4])
                    pair = self._next_of(pair[4])

    def _next_of(self, host: int) -> _Pair | None:
        """Give the next pair of a host that was waiting for this one to end."""
        queue = self._queues.get(host)
        if queue:
            self._deferred -= 1
            self._room.set()
            return queue.popleft()
        self._queues.pop(host, None)
        self._busy[host] -= 1
        if not self._busy[host]:
            del self._busy[host]
        return None

    async def _settle(self, block: _Block, at: int, target: Target, port: int) -> None:
        """Ask one pair and take note of how it ends."""
        try:
            reply = await self._ask(target, port)
        except OutOfScope as refused:
            self._refused(block, at, target, refused)
        else:
            if reply.code == UNTRIED:
                self._retry_later(block, at)
            else:
                self._finish(block, at, reply.code)
            if reply.is_open:
                self._progress.open += 1
                index = block.number * BLOCK_PAIRS + at
                opened = Opened(
                    index=index, target=target, port=port, stream=None, transport=Transport.UDP
                )
                self._answered.append(Answered(opened=opened, observations=reply.observations))
        finally:
            block.outstanding -= 1

    def _refused(self, block: _Block, at: int, target: Target, refused: OutOfScope) -> None:
        if refused.reason == "interrupted":
            self._aside.add(target.establishment)
        elif refused.reason == "out-of-window":
            # When it opens is known to its door: the next pass asks it.
            self._shut(block, at, trio.current_time() + _LATER_S)
        else:
            self._finish(block, at, code_of(Status.OUT_OF_SCOPE))

    def _retry_later(self, block: _Block, at: int) -> None:
        pair = block.number, at
        self._later[pair] += 1
        if self._later[pair] >= _LATER:
            del self._later[pair]
            self._finish(block, at, code_of(Status.UNDETERMINED))
        else:
            self._is_short = True

    def _finish(self, block: _Block, at: int, code: int) -> None:
        block.codes[at] = code
        block.is_dirty = True
        self._progress.done += 1

    async def _goes_on(self) -> bool:
        """Wait for what lets another pass do something; ``False`` when nothing will."""
        if self._is_short:
            await trio.sleep(_LATER_S)
            return True
        if self._opens_at < math.inf:
            self._progress.is_paused = True
            await trio.sleep_until(min(self._opens_at, trio.current_time() + _LOOK_AGAIN_S))
            return True
        while self._aside and all(map(self._gate.is_held, self._aside)):
            if all(map(self._gate.sets_aside, self._aside)):
                return False
            self._progress.is_paused = True
            await trio.sleep(_POLL_S)
        return bool(self._aside)

    # Blocks.

    async def _load(self, number: int) -> _Block:
        block = self._live.get(number)
        if block is None:
            size = self._block_size(number)
            stored = await self._ledger.load(number) if self._is_stored(number) else None
            codes = (
                bytearray(stored) if stored is not None and len(stored) == size else bytearray(size)
            )
            if number not in self._seen:
                self._seen.add(number)
                self._progress.done += size - codes.count(UNTRIED)
            block = self._live[number] = _Block(number, codes)
        block.is_over = False
        return block

    def _is_stored(self, number: int) -> bool:
        return number in self._seen or number in self._state.partial

    async def _put_away(self, number: int) -> bool:
        """Save a block that is done and let go of it; give whether it is done."""
        block = self._live.get(number)
        if block is None:
            return True
        if block.outstanding or not block.is_over:
            return False
        await self._save()
        del self._live[number]
        return UNTRIED not in block.codes

    async def _save_for_ever(self) -> None:
        while True:
            await trio.sleep(SAVE_EVERY_S)
            await self._save()

    async def _save(self, *, closing: bool = False) -> None:
        async with self._saving:
            dirty = [block for block in self._live.values() if block.is_dirty]
            states = [
                BlockState(
                    number=block.number,
                    codes=bytes(block.codes),
                    finished=UNTRIED not in block.codes,
                )
                for block in dirty
            ]
            answered, self._answered = self._answered, []
            for block in dirty:
                block.is_dirty = False
            try:
                if states or answered:
                    await self._ledger.save(states, [one.opened for one in answered])
            except BaseException:
                # Whether it was written is not known: once more, all of it, is harmless.
                self._answered[:0] = answered
                for block in dirty:
                    block.is_dirty = True
                raise
            if not closing:
                # Left pending where the run ends first: a resume asks it again.
                for one in answered:
                    await self._told.send(one)
