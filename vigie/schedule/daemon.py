"""``vigie schedule run``: turn after turn, what is due is measured.

A turn reads the operator's file and the inventories again, then gives each GHT that is not at
work a task of its own: settle what ended, take up what was interrupted, else begin what is due.
What goes wrong in one GHT stays there.
"""

import shutil
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import trio

from core.cadence import Family
from core.errors import InventoryInvalid, VigieError
from core.inventory import Inventory
from core.knowledge.cadence import load_cadence
from core.observations.name import NameSeen
from core.operations import Operations
from core.store.life import Lives
from core.store.schedule import Schedule
from core.store.store import Run, Store
from inventories.hostnames import suffixes
from inventories.load import load_inventory
from inventories.operations.load import load_operations
from vigie.commands.scan import perimeter, tcp_ports, udp_ports
from vigie.config import Settings
from vigie.coverage import scope_of
from vigie.execution import Outcome, execute
from vigie.job import plan_run, utc_now
from vigie.leases import Held
from vigie.notify.flushing import Flushed, flush
from vigie.notify.queueing import after_run, before_mandates_end, urgent_of_run
from vigie.progress import Journal
from vigie.schedule.directories import audit_directory
from vigie.schedule.ground import Ground
from vigie.schedule.mandates import mandate_warnings
from vigie.schedule.measured import measured_by
from vigie.schedule.planner import Covered, Measured, Planner, Work

TURN_S = 30.0
"""Between two looks at what is due: also how soon a file that changed is read."""
SYNC = timedelta(hours=1)
OLDEST = timedelta(days=90)
"""Runs that began before are left as they are."""
ABANDONED = timedelta(days=7)
"""An interrupted run older than this is not taken up: what it saw counts, the rest is due."""
NAMES_KEPT = timedelta(days=30)
"""Names told in an older run are not asked for by a run that does not look for them."""
RESULTS_KEPT = 30
"""Folders of results, of each GHT."""
WHO = "vigie schedule"
_Read = TypeVar("_Read")


class Executor(Protocol):
    """Does one run, as :func:`vigie.execution.execute`."""

    def __call__(
        self,
        run: Run,
        store: Store,
        *,
        settings: Settings,
        out: Path,
        wait: bool | None,
        resumed: bool,
        interrupt: trio.Event | None,
    ) -> Awaitable[Outcome]: ...


class Daemon:
    """The schedule at work over one store."""

    def __init__(
        self,
        path: Path,
        settings: Settings,
        store: Store,
        *,
        now: Callable[[], datetime] = utc_now,
        executor: Executor = execute,
    ) -> None:
        """Raises :class:`core.errors.InventoryInvalid` when the file of operations has faults.

        An inventory that has some keeps its own GHT from being measured, unless all have.
        """
        self._path = path
        self._settings = settings
        self._store = store
        self._now = now
        self._execute = executor
        self._schedule = Schedule(store)
        self._operations = load_operations(path, settings.language)
        self._planner = Planner(
            self._schedule, load_cadence().paced(self._operations.schedule.periods)
        )
        self._inventories = _some_of(self._operations, settings)
        self._told: dict[str, str] = {}
        """What was last said of a file, so that it is not said at each turn."""
        self._grounds: dict[str, Ground] = {}
        self._synced: dict[str, datetime] = {}
        self._at_work: set[str] = set()
        self._stop = trio.Event()
        self._sending: trio.CancelScope | None = None
        self._alerted: set[str] = set()
        """Runs not settled whose alerts were queued since we started."""
        self.is_whole = True
        """Nothing that was due was left undone."""
        self._log = Journal(settings.state() / "schedule.log", settings)

    async def run(self, *, once: bool = False) -> None:
        """Work until SIGTERM or Ctrl-C, or, once, until nothing more is due now."""
        self._note("start", operations=str(self._path))
        try:
            with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async with trio.open_nursery() as listening:

                    async def listen() -> None:
                        async for _ in signals:
                            # Each run ends properly, and is taken up at the next start.
                            self._note("stopping")
                            self._stop.set()
                            if self._sending is not None:
                                # What is not yet with the other side is sent at the next start.
                                self._sending.cancel()
                            return

                    listening.start_soon(listen)
                    await self._turns(once=once)
                    if once and not self._stop.is_set():
                        await self._send()
                    listening.cancel_scope.cancel()
            self._note("end")
        finally:
            self._log.close()

    async def _turns(self, *, once: bool) -> None:
        limiter = trio.CapacityLimiter(self._operations.schedule.at_once)
        async with trio.open_nursery() as working:
            while not self._stop.is_set():
                self._reread()
                limiter.total_tokens = self._operations.schedule.at_once
                for ght in sorted(self._grounds.keys() - self._at_work):
                    self._at_work.add(ght)
                    working.start_soon(self._isolated, ght, limiter, once)
                if once:
                    return
                if self._sending is None:
                    working.start_soon(self._send)
                with trio.move_on_after(TURN_S):
                    await self._stop.wait()

    async def _send(self) -> None:
        """End the decisions that are over, and send what waits to be told.

        Whom it cannot reach now is tried again at a later turn.
        """
        self._sending = trio.CancelScope()
        try:
            with self._sending:
                now, ours = self._now(), {one.ght.id: one for one in self._inventories.values()}
                # Where no run ends for long, too.
                await trio.to_thread.run_sync(Lives(self._store).expire, now)
                await before_mandates_end(self._store, self._operations, ours.values(), now=now)
                done = await flush(
                    self._store, self._operations, ours, self._settings, now=self._now
                )
                if done != Flushed():
                    self._note("notified", **msgspec.structs.asdict(done))
        except Exception as error:
            self._tell_fault("notify", error)
        else:
            self._told.pop("notify", None)
        finally:
            self._sending = None

    async def _isolated(self, ght: str, limiter: trio.CapacityLimiter, once: bool) -> None:
        """Do the turn of one GHT; its faults are told, and leave the others alone."""
        try:
            async with limiter:
                while await self._turn(ght) and once and not self._stop.is_set():
                    pass
        except Held as held:
            self._tell("busy", ght, str(held))
            self.is_whole = False
        except Exception as error:
            self._tell_fault(ght, error)
            self.is_whole = False
        else:
            self._told.pop(ght, None)
        finally:
            self._at_work.discard(ght)

    async def _turn(self, ght: str) -> bool:
        """Settle, then do one run; false when nothing was to be done."""
        ground = self._grounds[ght]
        now = self._now()
        if now - self._synced.get(ght, now - SYNC) >= SYNC or now < self._synced[ght]:
            self._planner.sync(ground, now)
            self._synced[ght] = now
        self._warn(ground.inventory, now)
        held = self._store.held()
        for run, is_ours in self._schedule.unsettled(ght, now - OLDEST):
            if run.kind == "directory":
                # Told here, not as its audit ends: a crash in between loses nothing.
                await after_run(self._store, self._operations, run, now=now)
                self._schedule.settled(run.id, now)
            elif run.complete or not is_ours or not self._may_go_on(run, ground, now):
                await self._settle(run, ground)
            elif self._is_open(run, ground, now, held):
                await self._do(msgspec.structs.replace(run, inventory=ground.inventory), ground)
                return True
            elif run.id not in self._alerted:
                # Of one that a crash cut: it may wait long for all its windows.
                await urgent_of_run(self._store, self._operations, run, now=now)
                self._alerted.add(run.id)
        if await self._audit(ground, now):
            return True
        work = self._planner.choose(ground, now, held)
        if work is None or not work.rows:
            return False
        await self._begin(work, ground)
        return True

    async def _begin(self, work: Work, ground: Ground) -> None:
        inventory = ground.inventory
        run = plan_run(
            inventory,
            profile=None,
            establishments=() if work.is_everything else work.establishments,
            tcp_ports=[*tcp_ports(inventory, None), *work.tcp_ports],
            udp_ports=[*udp_ports(inventory, None), *work.udp_ports],
            targets=() if work.is_everything else sorted({one.target for one in work.rows}),
        )
        run = msgspec.structs.replace(run, started_at=self._now())
        # Stored before it begins, as one to be taken up: a crash from now on loses nothing of it.
        self._store.start_run(run)
        self._schedule.begun(run.id)
        self._store.keep(run, observations=self._names_met(run, work))
        await self._do(run, ground)

    async def _do(self, run: Run, ground: Ground) -> None:
        """Do a stored run, then take it into account, unless it is to be taken up."""
        self._note("run", ght=ground.id, run=run.id, targets=len(run.plan.targets))
        outcome = await self._execute(
            run,
            self._store,
            settings=replace(self._settings, quiet=True),
            out=self._settings.state() / "scheduled" / ground.id / run.id,
            wait=False,
            resumed=True,
            interrupt=self._stop,
        )
        self._forget_old_results(ground.id)
        ended = self._store.run(run.id)
        self._note("ran", ght=ground.id, run=run.id, complete=ended.complete)
        self.is_whole &= ended.complete
        now, held = self._now(), self._store.held()
        # Allowed, and not whole all the same: what was not measured is tried again later.
        if not outcome.interrupted and (ended.complete or self._is_open(ended, ground, now, held)):
            await self._settle(ended, ground)
        else:
            # What is grave does not wait until the run is taken up.
            await urgent_of_run(self._store, self._operations, ended, now=now)

    def _forget_old_results(self, ght: str) -> None:
        folder = self._settings.state() / "scheduled" / ght
        # Named by the moment each was planned; the store can write them all again.
        for old in sorted(folder.glob("[0-9]*T[0-9]*-*"))[:-RESULTS_KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    async def _settle(self, run: Run, ground: Ground) -> None:
        now = self._now()
        # Before it is settled: told again after a crash, it is queued once.
        await after_run(self._store, self._operations, run, now=now)
        rows = self._schedule.rows(ground.id)
        self._planner.settle(ground, measured_by(run, rows, self._store), now)
        self._schedule.settled(run.id, now)

    def _may_go_on(self, run: Run, ground: Ground, now: datetime) -> bool:
        if now - run.started_at > ABANDONED:
            return False
        return perimeter(run.inventory) == perimeter(ground.inventory)

    def _is_open(self, run: Run, ground: Ground, now: datetime, held: set[str]) -> bool:
        """Whether all that a run may contact may be contacted now."""
        chosen = {*(run.plan.establishments or [one.id for one in ground.inventory.establishments])}
        if "*" in held or chosen & held:
            return False
        wanted = set(run.plan.targets)
        return all(
            ground.opening(one, now) == now
            for one in self._schedule.rows(ground.id)
            if one.establishment in chosen
            and one.due is not None
            and one.family is not Family.DIRECTORY
            and (not wanted or one.target in wanted)
        )

    async def _audit(self, ground: Ground, now: datetime) -> bool:
        """Audit the directories that are due; whether there was one."""
        due = self._planner.directories_due(ground, now)
        for row in due:
            self._note("audit", ght=ground.id, directory=row.target)
            code = await audit_directory(ground.inventory, row.target, self._settings, self._stop)
            if code is None:
                return True
            self._note("audited", ght=ground.id, directory=row.target, code=code)
            done, failed = ((row.key,), ()) if code in {0, 3} else ((), (row.key,))
            self.is_whole &= code == 0
            self._planner.settle(ground, Measured(at=now, done=done, failed=failed), self._now())
        return bool(due)

    def _names_met(self, run: Run, work: Work) -> list[NameSeen]:
        """Give the names under which the services of these targets were met, as last told.

        A domain that is due is looked at anew, with all its names.
        """
        if work.is_everything:
            return []
        covered = Covered(work.rows)
        due = {one.target for one in work.rows if one.family is Family.DOMAIN}
        closing = scope_of(run).names_to_learn()
        return [
            one
            for one in self._schedule.names(run.ght, self._now() - NAMES_KEPT)
            if one.name not in closing
            and not due.intersection(suffixes(one.name))
            and any(any(covered.holding(ip)) for ip in one.in_scope)
        ]

    def _warn(self, inventory: Inventory, now: datetime) -> None:
        """Note once in the journal each threshold that a mandate passes before it ends."""
        today = now.astimezone(ZoneInfo(inventory.ght.timezone)).date()
        for one in mandate_warnings(inventory, today):
            detail = {
                "ght": one.ght,
                "document": one.document,
                "ends_on": str(one.ends_on),
                "threshold_days": str(one.threshold_days),
            }
            if not self._schedule.has_noted("mandate-ends", detail):
                self._store.note(at=now, who=WHO, what="mandate-ends", detail=detail)
                self._note("mandate-ends", **detail)

    def _reread(self) -> None:
        """Read the files again; one that has faults keeps its last good reading, and is told."""
        language = self._settings.language
        operations = self._read(str(self._path), self._operations, self._load_operations)
        if operations != self._operations:
            self._operations = operations
            cadence = load_cadence().paced(operations.schedule.periods)
            self._planner = Planner(self._schedule, cadence)
            self._synced.clear()
        inventories: dict[str, Inventory] = {}
        for path in operations.inventories:
            known = self._inventories.get(path)
            read = self._read(path, known, partial(load_inventory, Path(path), language))
            if read is not None:
                inventories[path] = read
        self._inventories = inventories
        grounds: dict[str, Ground] = {}
        for path, inventory in inventories.items():
            ght = inventory.ght.id
            if ght in grounds:
                self._tell("twice", path, f"{ght}: {path}")
                continue
            known_ground = self._grounds.get(ght)
            if known_ground is not None and known_ground.inventory == inventory:
                grounds[ght] = known_ground
                continue
            grounds[ght] = ground_of(inventory, operations)
            self._synced.pop(ght, None)
        self._grounds = grounds

    def _load_operations(self) -> Operations:
        return load_operations(self._path, self._settings.language)

    def _read(self, path: str, known: _Read, load: Callable[[], _Read]) -> _Read:
        try:
            read = load()
        except InventoryInvalid as invalid:
            self._tell("invalid" if known is not None else "unread", path, str(invalid))
            self.is_whole = False
            return known
        self._told.pop(path, None)
        return read

    def _tell(self, event: str, about: str, text: str) -> None:
        """Say something to people, once until it changes."""
        if self._told.get(about) == text:
            return
        self._told[about] = text
        detail = {"about": about, "text": text}
        # Also told of a disk that is full or a database that is gone: it stops nothing else.
        with suppress(VigieError):
            self._log.note(event, **detail)
        with suppress(VigieError):
            self._store.note(at=self._now(), who=WHO, what=event, detail=detail)
        if self._settings.json_log:
            return
        words = {
            "invalid": self._settings.say(
                "fichier invalide, la dernière lecture valable reste en vigueur",
                "invalid file, its last valid reading stays in force",
            ),
            "unread": self._settings.say(
                "fichier invalide, son GHT n'est pas mesuré",
                "invalid file, its GHT is not measured",
            ),
            "busy": self._settings.say("déjà au travail ailleurs", "already at work elsewhere"),
            "failed": self._settings.say("échec", "failed"),
            "twice": self._settings.say("GHT décrit deux fois", "GHT described twice"),
        }
        print(f"vigie schedule: {about}: {words[event]}: {text}", file=sys.stderr, flush=True)

    def _tell_fault(self, about: str, error: Exception) -> None:
        if not isinstance(error, VigieError):
            self._note("bug", about=about, trace=traceback.format_exc())
        said = str(error) if isinstance(error, VigieError) else f"{type(error).__name__}: {error}"
        self._tell("failed", about, said)

    def _note(self, event: str, **values: object) -> None:
        with suppress(VigieError):
            self._log.note(event, **values)
        if not self._settings.quiet and not self._settings.json_log:
            told = " ".join(f"{name}={value}" for name, value in values.items())
            print(f"vigie schedule: {event} {told}".rstrip(), file=sys.stderr, flush=True)


def _some_of(operations: Operations, settings: Settings) -> dict[str, Inventory]:
    """Give the inventories that can be read; raises the last fault when none can."""
    read: dict[str, Inventory] = {}
    fault: InventoryInvalid | None = None
    for one in operations.inventories:
        try:
            read[one] = load_inventory(Path(one), settings.language)
        except InventoryInvalid as invalid:
            fault = invalid
    if fault is not None and not read:
        raise fault
    return read


def ground_of(inventory: Inventory, operations: Operations) -> Ground:
    """Give the ground of an inventory, with the ports that its runs ask."""
    ports = len(tcp_ports(inventory, None)) + len(udp_ports(inventory, None))
    return Ground(inventory, ports, directories=operations.schedule.directories)
