"""The one task that writes: facts and verdicts in batches, each batch one transaction."""

from collections.abc import Callable, Iterable, Sequence

import msgspec
import trio

from core.model import Judged, Place
from core.observations.base import Observation
from core.store.store import Opened, Run, Store, SweepBlock

_BATCH = 300
_BATCH_S = 0.2


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What one finished service, name or fold leaves: written whole or not at all."""

    observations: tuple[Observation, ...]
    judged: tuple[Judged, ...] = ()
    done: Place | None = None
    """The unit that is finished by this."""


class Recorder:
    """Writes a run to the store from trio. A store that fails ends the run with ``StoreError``."""

    def __init__(self, store: Store, run: Run) -> None:
        self._store = store
        self._run = run
        self._one_at_a_time = trio.Lock()

    async def keep(self, batch: Sequence[Facts]) -> None:
        """Write a batch in one transaction."""
        await self._in_thread(
            lambda: self._store.keep(
                self._run,
                observations=[seen for facts in batch for seen in facts.observations],
                judged=[one for facts in batch for one in facts.judged],
                done=[facts.done for facts in batch if facts.done is not None],
            )
        )

    async def save_sweep(self, blocks: Iterable[SweepBlock], opened: Iterable[Opened]) -> None:
        """Write sweep blocks and the ports opened with them in one transaction."""
        await self._in_thread(lambda: self._store.save_sweep(self._run.id, blocks, opened))

    async def write_all(self, incoming: "trio.MemoryReceiveChannel[Facts]") -> None:
        """Write what comes, at least every 200 ms, until the channel ends; then what is left."""
        async for first in incoming:
            batch = [first]
            with trio.move_on_after(_BATCH_S):
                while len(batch) < _BATCH:
                    try:
                        batch.append(await incoming.receive())
                    except trio.EndOfChannel:
                        break
            await self.keep(batch)

    async def _in_thread(self, write: Callable[[], None]) -> None:
        async with self._one_at_a_time:
            # Not abandoned on cancellation: a commit that began is worth its few milliseconds.
            await trio.to_thread.run_sync(write)
