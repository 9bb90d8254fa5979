"""A run from its first check to its files: before the pipeline, around it, after it."""

import signal
import sys
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import trio

from core.errors import OutOfScope, Unreachable, UsageError
from core.knowledge.load import load_knowledge
from core.model import Criticality, Intensity, Place, State, Status
from core.observations.egress import EgressSeen
from core.observations.feeds import FeedsUsed
from core.observations.name import NameSeen
from core.observations.passive import PassiveService
from core.results import Results
from core.store.store import Run, Store
from inventories.scope import Scope
from scanner.canary import try_canary
from scanner.names import resolve_names
from scanner.space import code_of
from vigie import settling
from vigie.alone import alone
from vigie.config import Settings
from vigie.coverage import scope_of, sweep_of
from vigie.feeds import Known, shelf_of
from vigie.job import STOP_POLL_S, Job, assemble, utc_now
from vigie.leases import Leases, leased, of_scan
from vigie.pipeline import fold, rejudge_run, scan
from vigie.progress import Journal
from vigie.recorder import Facts, Recorder
from vigie.reporting import write_observations, write_reports
from vigie.services import canary_dial, resolver

_NOT_DONE = (Status.UNDETERMINED, Status.OUT_OF_WINDOW, Status.BANNED)
_MEASURED_AGAIN = bytes(map(code_of, _NOT_DONE))
"""What a resume takes up: a window opens, a ban ends."""
_CLOSED = {State.FIXED, State.ACCEPTED, State.NOT_APPLICABLE}
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
            one.criticality >= fail_on and one.state not in _CLOSED for one in self.results.findings
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
    imported: Sequence[PassiveService] = (),
    internal_names: bool = False,
    interrupt: trio.Event | None = None,
) -> Outcome:
    """Do a run and write its files; Ctrl-C keeps what was measured.

    ``interrupt`` ends it as Ctrl-C does, where the caller listens to signals itself.
    ``imported`` is kept with the run from its start: what others told, never a fact of ours.

    Raises :class:`vigie.leases.Held` when another run is at work on one of its establishments,
    :class:`core.errors.OutOfScope` when nothing may be contacted now (nothing is sent then),
    :class:`core.errors.StoreError` when the store fails (what was written stays).
    """
    scope = scope_of(run)
    opening = _refused_until(run, scope, store, wait=wait)
    journal = Journal(out / "run.log", settings)
    try:
        with alone(settings, run.id):
            if opening is not None:
                await _wait_for(opening, run, scope, store, settings, journal)
                if not resumed:
                    # Planned before its window; what is allowed is read at the time it begins.
                    run = msgspec.structs.replace(run, started_at=utc_now())
            with leased(of_scan(run), store, settings, utc_now, work=run.id) as leases:
                if resumed:
                    store.reopen_run(run.id)
                    store.reopen_sweep(run.id, _MEASURED_AGAIN)
                else:
                    store.start_run(run)
                store.keep(run, observations=imported)
                journal.note("start", run=run.id, profile=run.profile, resumed=resumed)
                job = await _until_interrupted(
                    run, store, settings, journal, leases, wait=wait, interrupt=interrupt
                )
                with trio.CancelScope(shield=True, deadline=trio.current_time() + _FINISH_S):
                    return await _finish(job, settings, out, internal_names=internal_names)
                raise Unreachable(f"run {run.id}: its files not written in {_FINISH_S:.0f} s")
    finally:
        journal.close()


def _refused_until(run: Run, scope: Scope, store: Store, *, wait: bool | None) -> datetime | None:
    """Give when to begin, ``None`` for now; refuse what may not be contacted or waited for."""
    _refuse_held(run, store)
    if scope.profile is Intensity.PASSIVE or _anything_open(scope, at := utc_now()):
        return None
    opening = scope.next_opening(at)
    if opening is not None:
        opening = opening.astimezone(ZoneInfo(run.inventory.ght.timezone))
    if opening is None or wait is not True:
        reason = "out-of-window" if opening else "out-of-scope"
        raise OutOfScope(run.inventory.ght.id, reason, next_opening=opening)
    return opening


def _refuse_held(run: Run, store: Store) -> None:
    held = store.held()
    chosen = {one.id for one in run.inventory.establishments}
    chosen &= set(run.plan.establishments or chosen)
    if "*" in held or chosen <= held:
        raise OutOfScope(run.inventory.ght.id, "stopped")


async def _wait_for(
    opening: datetime,
    run: Run,
    scope: Scope,
    store: Store,
    settings: Settings,
    journal: Journal,
) -> None:
    """Sleep until a window opens, and again if what opened was only a clock set back."""
    journal.note("waiting", until=opening.isoformat())
    if not settings.quiet and not settings.json_log:
        moment = f"{opening:%Y-%m-%d %H:%M %Z}"
        text = settings.say(f"En attente : ouverture {moment}.", f"Waiting: opens {moment}.")
        print(text, file=sys.stderr, flush=True)
    due: datetime | None = opening
    while due is not None:
        await _sleep_until(due)
        due = _refused_until(run, scope, store, wait=True)


def _anything_open(scope: Scope, at: datetime) -> bool:
    if any(one.permit is not None for one in scope.segments(at)):
        return True
    return scope.allows_a_name(at)


async def _sleep_until(opening: datetime) -> None:
    while (left_s := (opening - utc_now()).total_seconds()) > 0:  # noqa: ASYNC110
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
    if scope.names_to_learn():
        # Asked again by a resume: what is excluded or spared by name may have moved since.
        new = await learn_names(run, scope, sorted(scope.names_to_learn()), settings)
        before = {one.name: set(one.addresses) for one in learnt}
        if moved := sorted(
            one.name
            for one in new
            if before.get(one.name, set(one.addresses)) != set(one.addresses)
        ):
            raise UsageError(
                settings.say(
                    f"{', '.join(moved)} : l'adresse de ce nom exclu, médical ou hébergé a changé "
                    "depuis le début de l'exécution ; lancez un nouveau balayage",
                    f"{', '.join(moved)}: the address of this name, excluded, medical or hosted, "
                    "changed since the run began; start a new scan",
                )
            )
        unknown = [one for one in new if one.name not in before]
        await Recorder(store, run).keep([Facts(observations=tuple(unknown))])
        learnt += unknown
    egress = await _egress(run, journal)
    known = shelf_of(settings).known(
        lambda fault: journal.note("feed-left-out", feed=fault.feed, detail=fault.fault)
    )
    _judge_anew(run, store, journal, known)
    used = known.used(egress.place, egress.at)
    await Recorder(store, run).replace(("egress", "feeds"), [Facts(observations=(egress, used))])
    return assemble(
        run,
        store,
        settings=settings,
        journal=journal,
        wait=wait,
        learnt=learnt,
        egress_filtered=egress.filtered,
        known=known,
    )


def _judge_anew(run: Run, store: Store, journal: Journal, known: Known) -> None:
    """Judge by the same feeds what an interrupted run saw before they changed, and what comes."""
    present = {one.feed: one.sha256 for one in known.feeds.editions}
    for noted in list(store.observations(run.id, kinds=("feeds",))):
        if not isinstance(noted, FeedsUsed):
            continue
        if {one.feed: one.sha256 for one in noted.editions} != present:
            rejudge_run(
                store,
                run,
                lambda check, trace: journal.note("bug", where=check, trace=trace),
                known,
            )
        return


async def _egress(run: Run, journal: Journal) -> EgressSeen:
    """Try the ports that providers often filter against the operator's canary, if there is one."""
    place = Place(establishment=run.inventory.establishments[0].id)
    dial = canary_dial(run.inventory)
    if dial is None or not run.plan.tcp_ports:
        return EgressSeen(place=place, at=utc_now(), has_canary=False)
    often = {one.port for one in load_knowledge().ports if one.egress}
    egress = await try_canary(dial, often & set(run.plan.tcp_ports))
    journal.note("canary", answers=egress.has_canary, filtered=sorted(egress.filtered))
    return EgressSeen(
        place=place,
        at=utc_now(),
        has_canary=egress.has_canary,
        reached=tuple(sorted(egress.reached)),
        filtered=tuple(sorted(egress.filtered)),
    )


async def learn_names(
    run: Run, scope: Scope, names: Sequence[str], settings: Settings
) -> list[NameSeen]:
    """Resolve the names that are excluded, medical or a third party's, before anything is sent.

    What cannot be resolved could be any address of the ranges: nothing is sent then.
    """
    asked = resolver(run.inventory)
    if asked is None:
        raise UsageError(
            settings.say(
                f"{', '.join(names)} : exclu, médical ou hébergé, désigné par son nom, et "
                "[services] ne donne aucun résolveur pour en connaître l'adresse ; ajoutez "
                "« resolvers », ou donnez l'adresse",
                f"{', '.join(names)}: excluded, medical or hosted by name, and [services] names no "
                "resolver to learn the address; add resolvers, or give the address itself",
            )
        )
    owner = run.inventory.establishments[0].id
    learnt: list[NameSeen] = []

    async def tell(seen: NameSeen) -> None:
        learnt.append(seen)

    wanted = [(owner, name) for name in names]
    await resolve_names(wanted, tell, resolver=asked, scope=scope, now=utc_now)
    for seen in learnt:
        if seen.error and seen.error not in {"NXDOMAIN", "no address"}:
            raise UsageError(
                settings.say(
                    f"{seen.name} : {seen.error} ; son adresse doit être connue avant tout envoi, "
                    "puisque l'inventaire l'exclut, le ménage ou le réserve par son nom",
                    f"{seen.name}: {seen.error}; its address must be known before anything is "
                    "sent, since the inventory excludes, spares or reserves it by name",
                )
            )
    return learnt


async def _until_interrupted(
    run: Run,
    store: Store,
    settings: Settings,
    journal: Journal,
    leases: Leases,
    *,
    wait: bool | None,
    interrupt: trio.Event | None,
) -> Job:
    """Prepare and work until done; Ctrl-C, SIGTERM or a stop of everything cancels it.

    A second Ctrl-C is not caught here: it ends the process at once.
    """
    jobs: list[Job] = []
    is_interrupted = False
    with _signals(interrupt) as interrupted:
        async with trio.open_nursery() as watch:

            def end() -> None:
                nonlocal is_interrupted
                is_interrupted = True
                watch.cancel_scope.cancel()

            async def listen() -> None:
                await interrupted()
                end()

            async def heed_stops() -> None:
                while not jobs:
                    try:
                        await trio.to_thread.run_sync(_refuse_held, run, store)
                    except OutOfScope:
                        watch.cancel_scope.cancel()
                    await trio.sleep(STOP_POLL_S)

            watch.start_soon(listen)
            watch.start_soon(heed_stops)
            watch.start_soon(leases.keep, end)
            jobs.append(await _prepare(run, store, settings, journal, wait=wait))
            with jobs[0].screen:
                await _work(jobs[0])
            watch.cancel_scope.cancel()
    # Interrupted while it was being prepared: its files say that nothing was measured.
    job = jobs[0] if jobs else assemble(run, store, settings=settings, journal=journal, wait=wait)
    job.is_interrupted = is_interrupted
    if not jobs:
        job.unfinished.add("interrupted")
    return job


@contextmanager
def _signals(interrupt: trio.Event | None) -> Generator[Callable[[], Awaitable[None]]]:
    """Give what waits for the word to end: from the caller, else Ctrl-C or SIGTERM."""
    if interrupt is not None:
        yield interrupt.wait
        return
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:

        async def first() -> None:
            async for _ in signals:
                return

        yield first


async def _work(job: Job) -> None:
    """Run the pipeline, watched."""
    async with trio.open_nursery() as watch:

        async def stop() -> None:
            await job.stopped.wait()
            watch.cancel_scope.cancel()

        watch.start_soon(stop)
        watch.start_soon(job.show_progress)
        # What is stopped already gets no packet at all.
        await watch.start(job.watch_stops)
        await scan(job)
        while job.wait is not False and job.reopens_at is not None:
            job.journal.note("waiting", until=job.reopens_at.isoformat())
            await _sleep_until(job.reopens_at)
            job.take_up()
            await scan(job)
        watch.cancel_scope.cancel()


async def _finish(job: Job, settings: Settings, out: Path, *, internal_names: bool) -> Outcome:
    """Fold, say whether all was done, write the files."""
    await fold(job)
    sweep = sweep_of(job.store, job.run)
    left = sum(sweep.statuses.get(status, 0) for status in _NOT_DONE) - sweep.settled
    pending = job.store.units(job.run.id, pending_only=True)
    complete = not (job.is_interrupted or left or pending or job.unfinished)
    ended = utc_now()
    settling.end(job.store, job.run, at=ended, complete=complete)
    for establishment, counted in job.gate.counts().items():
        job.journal.note("sent", establishment=establishment, **msgspec.structs.asdict(counted))
    run = job.store.run(job.run.id)
    results = write_reports(job.store, run, out, settings.language, internal_names=internal_names)
    write_observations(job.store, run, out, internal_names=internal_names)
    job.journal.note("end", complete=complete, unfinished=sorted(job.unfinished))
    return Outcome(results=results, interrupted=job.is_interrupted)
