"""Flushes an outbox again and again, killed one step later each time; then once to the end.

Run as a program, ``python -m tests.vigie.notify.dying STORE PORT DEATHS``: each flush is a fork of
this process, which has no thread, opens nothing and stays.
"""

import functools
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

import trio

from core.operations import Recipient
from core.store.outbox import HOLD, Outbox
from core.store.store import Store
from tests.servers.mail import HOST
from tests.vigie.notify.region import NOW, inventory, operations
from vigie.config import Settings
from vigie.notify import smtp
from vigie.notify.flushing import flush

P = ParamSpec("P")
T = TypeVar("T")

_steps = 0


def step(last: int) -> None:
    """Die at the last step."""
    global _steps
    _steps += 1
    if _steps == last:
        os.kill(os.getpid(), signal.SIGKILL)


def mortal(call: Callable[P, T], last: int) -> Callable[P, T]:
    """Give a call that may die just before and just after."""

    @functools.wraps(call)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        step(last)
        done = call(*args, **kwargs)
        step(last)
        return done

    return wrapped


def mortal_async(call: Callable[P, Awaitable[T]], last: int) -> Callable[P, Awaitable[T]]:
    """Give the same of a coroutine."""

    @functools.wraps(call)
    async def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        step(last)
        done = await call(*args, **kwargs)
        step(last)
        return done

    return wrapped


def flush_once(url: str, port: int, turn: int, last: int) -> None:
    """Flush as a process that begins now, long after the one before."""
    for name in ("settle", "take", "sending", "done", "retry", "unsure"):
        setattr(Outbox, name, mortal(getattr(Outbox, name), last))
    for name in ("write", "_line"):
        session = smtp._Session
        setattr(session, name, mortal_async(getattr(session, name), last))
    store = Store(url)
    folder = Path(url.removeprefix("sqlite:///")).parent
    told = operations(folder, port=port, recipients=[Recipient(id="rssi", mail="rssi@chu.example")])
    now = NOW + turn * 2 * HOLD + timedelta(seconds=1)
    ours = inventory(mail=f"{HOST}:{port}")
    settings = Settings(state_dir=folder)
    trio.run(functools.partial(flush, store, told, {ours.ght.id: ours}, settings, now=lambda: now))
    store.close()


def main(url: str, port: int, deaths: int) -> None:
    """Be killed at each step in turn, then not at all."""
    for turn in range(1, deaths + 2):
        last = turn if turn <= deaths else 0
        child = os.fork()
        if child == 0:
            flush_once(url, port, turn, last)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if os.waitstatus_to_exitcode(status) and not killed:
            raise SystemExit(f"turn {turn}: {status}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
