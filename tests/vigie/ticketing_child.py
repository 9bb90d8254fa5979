"""An export in a process of its own, that a test may kill: ``STORE URL TICKETING-URL SETTLE``."""

import sys
from pathlib import Path

import trio

from core.operations import Operations
from core.store.store import Store
from tests.vigie.ticketing_lab import inventory, tracker
from vigie.config import Settings
from vigie.ticketing.export import Choice, export
from vigie.ticketing.http import Patience


async def main(store_url: str, url: str, settle_s: float) -> int:
    """Export once; 0 when all is told."""
    store = Store(store_url)
    config = tracker(url, secrets={"token": "env:VIGIE_TEST_TOKEN"})
    operations = Operations(path="region.toml", trackers=(config,))
    choice = Choice(kinds=("rt",), settle_s=settle_s, patience=Patience(again_s=0.05))
    settings = Settings(state_dir=Path(store_url.removeprefix("sqlite:///")).parent)
    outcomes = await export(choice, operations, [inventory(url)], store, settings, print)
    store.close()
    return 0 if not any(one.summary.left or one.summary.unreachable for one in outcomes) else 3


if __name__ == "__main__":
    sys.exit(trio.run(main, sys.argv[1], sys.argv[2], float(sys.argv[3])))
