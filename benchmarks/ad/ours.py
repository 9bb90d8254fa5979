"""One collection by Vigie, timed from the first connection to the finished snapshot."""

import functools
import json
import resource
import sys
import time
from pathlib import Path

import trio

from ad_audit.collect import collect_forest
from ad_audit.session import Login
from ad_audit.snapshot import own_key
from ad_audit.wire import Limits
from core.secrets import Secret
from inventories.scope import DirectoryScope


def main() -> None:
    """Read what to do as JSON on standard input; write the figures on standard output."""
    asked = json.load(sys.stdin)
    folder = Path(asked["folder"])

    async def resolve(_host: str) -> tuple[str, ...]:
        return (asked["address"],)

    login = Login(
        servers=(asked["url"],),
        user=asked["user"],
        password=Secret(asked["password"]),
        ca_file=Path(asked["ca_file"]),
    )
    began = time.monotonic()
    collection = trio.run(
        functools.partial(
            collect_forest,
            DirectoryScope(asked["url"]),
            login,
            folder / "forest.vigie-ad",
            own_key(folder),
            version="bench",
            limits=Limits(connections=asked["connections"]),
            resume=False,
            resolve=resolve,
        )
    )
    wall = time.monotonic() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "wall_s": wall,
                "cpu_s": usage.ru_utime + usage.ru_stime,
                "peak_mib": usage.ru_maxrss / 1024,
                "objects": sum(one.read for one in collection.contexts),
                "requests": collection.requests,
                "bytes_in": collection.bytes_in,
                "bytes_out": collection.bytes_out,
                "unread": len(collection.unread),
                "snapshot_bytes": (folder / "forest.vigie-ad").stat().st_size,
            }
        )
    )


main()
