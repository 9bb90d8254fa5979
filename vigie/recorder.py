"""What writes: facts and verdicts in batches, sweeps by blocks; each write one transaction."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
import trio

from checks.registry import all_checks
from core.model import Judged, Place
from core.observations.base import Observation
from core.observations.codec import kind
from core.store.store import Opened as Unit
from core.store.store import Run, Store, SweepBlock
from scanner.discovery import BlockState, Opened, SweepState
from scanner.space import BLOCK_PAIRS

_BATCH = 300
_BATCH_S = 0.2


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What one finished service, name or fold leaves: written whole or not at all."""

    observations: tuple[Observation, ...]
    judged: tuple[Judged, ...] = ()
    done: Place | None = None
    """The unit that is finished by this."""
    stored: trio.Event | None = None
    """Set once this is written."""


class Recorder:
    """Writes a run to the store from trio. A store that fails ends the run with ``StoreError``."""

    def __init__(self, store: Store, run: Run) -> None:
        self.store = store
        self.run = run
        self._one_at_a_time = trio.Lock()

    async def keep(self, batch: Sequence[Facts]) -> None:
        """Write a batch in one transaction."""
        await self.in_thread(
            lambda: self.store.keep(
                self.run,
                observations=[seen for facts in batch for seen in facts.observations],
                judged=[one for facts in batch for one in facts.judged],
                done=[facts.done for facts in batch if facts.done is not None],
            )
        )

    async def replace(self, kinds: Sequence[str], batch: Sequence[Facts]) -> None:
        """Write folds in the place of those of the same kinds that an earlier try left."""
        await self.in_thread(
            lambda: self.store.keep(
                self.run,
                observations=[seen for facts in batch for seen in facts.observations],
                judged=[one for facts in batch for one in facts.judged],
                replacing=kinds,
                forgetting=[
                    check.id
                    for check in all_checks()
                    if issubclass(check.reads, Observation) and kind(check.reads) in kinds
                ],
            )
        )

    async def state(self, space: int) -> SweepState:
        """Give where the sweep of a space stood when the run was interrupted."""
        finished, partial = await trio.to_thread.run_sync(
            self.store.block_numbers, self.run.id, space
        )
        return SweepState(finished=finished, partial=sorted(partial))

    def ledger(self, space: int) -> "SpaceLedger":
        """Give the ledger of one space."""
        return SpaceLedger(self, space)

    async def write_all(self, incoming: "trio.MemoryReceiveChannel[Facts]") -> None:
        """Write what comes, at least every 200 ms, until the channel ends; then what is left."""
        async for first in incoming:
            batch = [first]
            try:
                with trio.move_on_after(_BATCH_S):
                    while len(batch) < _BATCH:
                        try:
                            batch.append(await incoming.receive())
                        except trio.EndOfChannel:
                            break
            finally:
                # Cancelled too: what is in hand was measured, and one commit is short.
                with trio.CancelScope(shield=True):
                    await self.keep(batch)
                for facts in batch:
                    if facts.stored is not None:
                        facts.stored.set()

    async def in_thread(self, write: Callable[[], None]) -> None:
        async with self._one_at_a_time:
            # Not abandoned on cancellation: a commit that began is worth its few milliseconds.
            await trio.to_thread.run_sync(write)


class SpaceLedger:
    """The sweep of one space of a run, in the store (:class:`scanner.discovery.Ledger`)."""

    def __init__(self, recorder: Recorder, space: int) -> None:
        self._recorder = recorder
        self._space = space

    async def save(self, blocks: Sequence[BlockState], opened: Sequence[Opened]) -> None:
        """Write both in one transaction."""
        at = datetime.now(UTC)
        rows = [
            SweepBlock(
                space=self._space, block=one.number, finished=one.finished, statuses=one.codes
            )
            for one in blocks
        ]
        units = [Unit(place=place_of(one), at=at, space=self._space) for one in opened]
        store, run_id = self._recorder.store, self._recorder.run.id
        await self._recorder.in_thread(lambda: store.save_sweep(run_id, rows, units))

    async def load(self, number: int) -> bytes | None:
        """Give the codes of a block saved before."""
        store, run_id = self._recorder.store, self._recorder.run.id
        return await trio.to_thread.run_sync(store.sweep_block, run_id, self._space, number)

    async def amend(self, changes: Sequence[tuple[int, int]]) -> None:
        """Replace the code of these indices, in blocks saved before."""
        by_block: dict[int, dict[int, int]] = {}
        for index, code in changes:
            by_block.setdefault(index // BLOCK_PAIRS, {})[index % BLOCK_PAIRS] = code
        store, run_id = self._recorder.store, self._recorder.run.id
        await self._recorder.in_thread(lambda: store.amend_sweep(run_id, self._space, by_block))


def place_of(opened: Opened) -> Place:
    """Give the place of an open port."""
    return Place(
        establishment=opened.target.establishment,
        ip=opened.target.ip,
        port=opened.port,
        transport=opened.transport,
        hostname=opened.target.hostname,
    )
