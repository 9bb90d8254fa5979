"""A run from its first check to its files: before the pipeline, around it, after it."""

import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import trio

from core.errors import OutOfScope, UsageError
from core.knowledge.load import load_knowledge
from core.model import Criticality, Intensity, Status
from core.observations.name import NameSeen
from core.results import Results
from core.store.store import Run, Store
from inventories.scope import Scope
from scanner.canary import egress_filtered
from scanner.discovery import Opened
from scanner.names import resolve_names
from scanner.target import Target
from vigie.config import Settings
from vigie.coverage import scope_of, sweep_of
from vigie.job import Job, assemble, utc_now
from vigie.pipeline import fold, scan
from vigie.progress import Journal
from vigie.recorder import Facts, Recorder
from vigie.reporting import write_observations, write_reports
from vigie.services import canary_dial, resolver

_NOT_DONE = {Status.UNDETERMINED, Status.OUT_OF_WINDOW, Status.BANNED}
_FINISH_S = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a run ended."""

    results: Results
    interrupted: bool

    def exit_code(self, fail_on: Criticality | None) -> int:
        """Give the exit code of CONTRACT.md."""
        if self.interrupted:
            return 130
        grave = fail_on is not None and any(
            one.criticality >= fail_on for one in self.results.findings
        )
        if grave:
            return 10
        return 0 if self.results.run.complete else 3


async def execute(
    run: Run,
    store: Store,
    *,
    settings: Settings,
    out: Path,
    wait: bool | None,
    resumed: bool = False,
) -> Outcome:
    """Do a run and write its files; Ctrl-C keeps what was measured.

    Raises :class:`core.errors.OutOfScope` when nothing may be contacted now (nothing is sent then),
    :class:`core.errors.StoreError` when the store fails (what was written stays).
    """
    journal = Journal(out / "run.log", settings)
    interrupted = False
    try:
        await _may_begin(run, store, settings, wait=wait)
        if not resumed:
            store.start_run(run)
        else:
            store.reopen_run(run.id)
        journal.note("start", run=run.id, profile=run.profile, resumed=resumed)
        async with _signals() as signals:
            job = await _prepare(run, store, settings, journal, wait=wait)
            with job.screen:
                await _work(job)
            interrupted = signals.came
        with trio.CancelScope(shield=True, deadline=trio.current_time() + _FINISH_S):
            return await _finish(job, settings, out, interrupted=interrupted)
    finally:
        journal.close()


async def _may_begin(run: Run, store: Store, settings: Settings, *, wait: bool | None) -> None:
    """Refuse, or wait for, what may not be contacted now."""
    held = store.held()
    chosen = {one.id for one in run.inventory.establishments}
    chosen &= set(run.plan.establishments or chosen)
    if "*" in held or chosen <= held:
        raise OutOfScope(run.inventory.ght.id, "stopped")
    scope = scope_of(run)
    if scope.profile is Intensity.PASSIVE:
        return
    while not _anything_open(scope, at := utc_now()):
        opening = scope.next_opening(at)
        reason = "out-of-window" if opening else "out-of-scope"
        if opening is None or wait is not True:
            raise OutOfScope(run.inventory.ght.id, reason, next_opening=opening)
        await _sleep_until(opening)


def _anything_open(scope: Scope, at: datetime) -> bool:
    if any(one.permit is not None for one in scope.segments(at)):
        return True
    # A name hosted elsewhere is judged on its address, which is not known yet.
    return bool(scope.named_targets()) and scope.next_opening(at) in {None, at}


async def _sleep_until(opening: datetime) -> None:
    while (left_s := (opening - utc_now()).total_seconds()) > 0:
        # In short steps: a laptop that slept, or a clock that was set, wakes at the right time.
        await trio.sleep(min(left_s, 30))


async def _prepare(
    run: Run, store: Store, settings: Settings, journal: Journal, *, wait: bool | None
) -> Job:
    """Learn what must be known before the first packet: names that close addresses, egress."""
    learnt = [
        one for one in store.observations(run.id, kinds=("name",)) if isinstance(one, NameSeen)
    ]
    scope = scope_of(run)
    missing = scope.names_to_learn() - {one.name for one in learnt}
    if missing:
        new = [one async for one in _learn(run, scope, sorted(missing))]
        await Recorder(store, run).keep([Facts(observations=tuple(new))])
        learnt += new
    known = {one.port for one in load_knowledge().ports if one.egress}
    ports = [port for port in run.plan.tcp_ports if port in known]
    dial = canary_dial(run.inventory)
    filtered: frozenset[int] = frozenset()
    if dial is not None:
        filtered = await egress_filtered(dial, ports)
        journal.note("canary", filtered=sorted(filtered))
    pending = [
        Opened(
            index=0,
            target=Target(
                establishment=unit.place.establishment,
                ip=unit.place.ip or "",
                hostname=unit.place.hostname,
            ),
            port=unit.place.port or 0,
            stream=None,
        )
        for unit in store.units(run.id, pending_only=True)
    ]
    return assemble(
        run,
        store,
        settings=settings,
        journal=journal,
        wait=wait,
        learnt=learnt,
        pending=pending,
        egress_filtered=filtered,
    )


async def _learn(run: Run, scope: Scope, names: Sequence[str]) -> AsyncIterator[NameSeen]:
    """Resolve the names that are excluded, medical or a third party's, before anything is sent.

    What cannot be resolved could be any address of the ranges: nothing is sent then.
    """
    asked = resolver(run.inventory)
    if asked is None:
        raise UsageError(
            f"{', '.join(names)}: excluded, medical or hosted by name, and [services] names no "
            "resolver to learn the address; add resolvers, or give the address itself"
        )
    owner = run.inventory.establishments[0].id
    resolving = resolve_names(
        [(owner, name) for name in names], resolver=asked, scope=scope, now=utc_now
    )
    async for seen in resolving:
        if seen.error and seen.error not in {"NXDOMAIN", "no address"}:
            raise UsageError(
                f"{seen.name}: {seen.error}; its address must be known before anything is sent, "
                "since the inventory excludes, spares or reserves it by name"
            )
        yield seen


@dataclass(slots=True)
class _Signals:
    came: bool = False


@asynccontextmanager
async def _signals() -> AsyncIterator[_Signals]:
    """Cancel the body at the first SIGINT or SIGTERM."""
    told = _Signals()
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:

            async def listen() -> None:
                async for _ in signals:
                    told.came = True
                    nursery.cancel_scope.cancel()

            nursery.start_soon(listen)
            yield told
            nursery.cancel_scope.cancel()


async def _work(job: Job) -> None:
    """Run the pipeline, watched; a stop of everything cancels it."""
    async with trio.open_nursery() as watch:
        watch.start_soon(job.watch_stops)
        watch.start_soon(job.show_progress)

        async def stop() -> None:
            await job.stopped.wait()
            watch.cancel_scope.cancel()

        watch.start_soon(stop)
        await scan(job)
        watch.cancel_scope.cancel()


async def _finish(job: Job, settings: Settings, out: Path, *, interrupted: bool) -> Outcome:
    """Fold, say whether all was done, write the files."""
    await fold(job)
    sweep = sweep_of(job.store, job.run)
    left = any(sweep.statuses.get(status) for status in _NOT_DONE)
    pending = job.store.units(job.run.id, pending_only=True)
    complete = not (interrupted or left or pending or job.unfinished)
    ended = utc_now()
    job.store.end_run(job.run.id, at=ended, complete=complete)
    for establishment, counted in job.gate.counts().items():
        job.journal.note("sent", establishment=establishment, **msgspec.structs.asdict(counted))
    run = job.store.run(job.run.id)
    results = write_reports(job.store, run, out, settings.language)
    write_observations(job.store, run, out)
    job.journal.note("end", complete=complete, unfinished=sorted(job.unfinished))
    return Outcome(results=results, interrupted=interrupted)
