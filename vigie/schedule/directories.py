"""The audit of a directory that is due: the command itself, in a process of its own."""

import subprocess
import sys

import trio

from core.inventory import Inventory
from vigie.config import Settings

_END_S = 30.0


async def audit_directory(
    inventory: Inventory, directory: str, settings: Settings, stop: trio.Event
) -> int | None:
    """Audit one directory of an inventory; gives the exit code, ``None`` when it was interrupted.

    An interrupted collection is taken up by the next audit.
    """
    command = [
        *(sys.executable, "-m", "vigie", "ad", "audit"),
        *("--inventory", inventory.path, "--directory", directory),
        *("--out", str(settings.state() / "scheduled" / inventory.ght.id / directory)),
        *("--quiet", "--lang", settings.language.value),
        *("--state-dir", str(settings.state()), "--db", settings.store_url()),
    ]
    async with trio.open_nursery() as nursery:
        process = await trio.lowlevel.open_process(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

        async def end() -> None:
            await stop.wait()
            process.terminate()
            with trio.move_on_after(_END_S):
                await process.wait()
            if process.returncode is None:
                process.kill()

        nursery.start_soon(end)
        code = await process.wait()
        nursery.cancel_scope.cancel()
    return None if stop.is_set() else code
