"""Who is at work on which establishment or tracker: never two on the same one at the same time.

Known to every machine that shares the store. A process that died on this machine is seen to be
gone; one of another machine is waited for until its lease expires.
"""

import os
import socket
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import trio

from core.errors import UsageError
from core.store.schedule import LEASE, Lease, Schedule
from core.store.store import Run, Store
from vigie.config import Settings
from vigie.operator import operator

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_RENEWED = 5
"""Times in the length of a lease."""


class Held(UsageError):
    """Another is at work on it."""


def of_scan(run: Run) -> list[str]:
    """Name what a run holds: its establishments."""
    chosen = run.plan.establishments or [one.id for one in run.inventory.establishments]
    return [f"scan/{run.ght}/{one}" for one in chosen]


@contextmanager
def leased(
    names: Collection[str],
    store: Store,
    settings: Settings,
    now: Callable[[], datetime],
    *,
    work: str,
) -> Generator["Leases"]:
    """Hold these names while the body works on them; raises :class:`Held`.

    ``work`` tells it from others of this process: the id of a run, a command.
    """
    leases = Leases(names, store, now, work=work)
    if (other := leases.take()) is not None:
        what = other.name.partition("/")[2]
        raise Held(
            settings.say(
                f"{what} : {other.who} y travaille depuis {other.since:%Y-%m-%d %H:%M} UTC ; "
                "attendre sa fin ou l'interrompre",
                f"{what}: {other.who} has been at work there since "
                f"{other.since:%Y-%m-%d %H:%M} UTC; wait for it to end, or interrupt it",
            )
        )
    try:
        yield leases
    finally:
        leases.release()


class Leases:
    """Some names, held by one piece of work."""

    def __init__(
        self, names: Collection[str], store: Store, now: Callable[[], datetime], *, work: str
    ) -> None:
        self._schedule = Schedule(store)
        self._now = now
        self._names = names
        self._holder = f"{here()} {life(os.getpid())} {work}"
        self._who = f"{operator()} (pid {os.getpid()}, {work})"

    def take(self) -> Lease | None:
        """Hold them all; gives the lease of another who holds one."""
        gone = [one.holder for one in self._schedule.leases() if is_gone(one.holder)]
        return self._schedule.take(
            self._names, holder=self._holder, who=self._who, now=self._now(), gone=gone
        )

    async def keep(self, lost: Callable[[], None]) -> None:
        """Renew them until cancelled; ``lost`` is called when another took one over."""
        while True:
            await trio.sleep(LEASE.total_seconds() / _RENEWED)
            if not await trio.to_thread.run_sync(self._renew):
                lost()
                return

    async def make_sure(self, lost: Callable[[], None]) -> None:
        """Renew at once, before what must not be done twice; ``lost``, which cancels the caller, is
        called when another took one over.
        """
        if not await trio.to_thread.run_sync(self._renew):
            lost()
            await trio.lowlevel.checkpoint()

    def _renew(self) -> bool:
        return self._schedule.renew(self._names, holder=self._holder, now=self._now())

    def release(self) -> None:
        """Let go."""
        self._schedule.release(self._names, holder=self._holder)


def here() -> str:
    """Name this machine as long as it is up, and the processes that can be seen from here."""
    try:
        return f"{_BOOT.read_text().strip()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def life(pid: int) -> str:
    """Name one life of a process number; empty when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    # A zombie works no more.
    return "" if fields[0] == "Z" else f"{pid}/{fields[19]}"


def is_gone(holder: str) -> bool:
    """Whether a holder was a process of this machine that has ended."""
    where, _, rest = holder.partition(" ")
    lived = rest.partition(" ")[0]
    pid = lived.partition("/")[0]
    return where == here() and pid.isdecimal() and life(int(pid)) != lived
