"""The caps, counted on the wire from the other side. Run as a module; prints JSON.

A capture on the loopback of a private network notes each SYN with the kernel's clock. The scan
keeps the default ``[limits]``; it runs for a while and is interrupted.
"""

import argparse
import json
import socket
import struct
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.scan import region
from benchmarks.scan.namespace import raise_loopback
from core.inventory import Limits

_SO_TIMESTAMPNS = 35
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_TARGETS = b"\x7f\x14"
_WINDOW_S = 1.0

Syn = tuple[float, bytes]
"""When, to which address."""


class Peak(msgspec.Struct, frozen=True, kw_only=True):
    """The fullest second of one cap."""

    cap: int
    seen: int
    where: str


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What left in one run."""

    seconds: float
    syns: int
    told: int
    """Attempts, as the scan itself counts them."""
    dropped: int
    """Packets that the capture lost."""
    whole: Peak
    prefix24: Peak
    host: Peak


class _Tap:
    """Every SYN sent to the region."""

    def __init__(self) -> None:
        # One protocol, so incoming packets alone: on loopback each one passes once.
        self._tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        self._tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        self._tap.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._tap.bind(("lo", 0))
        self._tap.settimeout(0.2)
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.syns: list[Syn] = []

    def stop(self) -> int:
        """End it; gives how many packets were lost."""
        self._ended.set()
        self._reader.join()
        statistics = self._tap.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        self._tap.close()
        return int(struct.unpack("II", statistics)[1])

    def _read(self) -> None:
        while not self._ended.is_set():
            try:
                data, notes, _, _ = self._tap.recvmsg(64, 64)
            except TimeoutError:
                continue
            if len(data) < 34 or data[9] != socket.IPPROTO_TCP:
                continue
            tcp = (data[0] & 0x0F) * 4
            if data[16:18] == _TARGETS and data[tcp + 13] & 0x12 == 0x02:
                seconds, nanos = struct.unpack("qq", notes[0][2])
                self.syns.append((seconds + nanos / 1e9, data[16:20]))


def peak(syns: list[Syn], cap: int, key: Callable[[bytes], str]) -> Peak:
    """Give the fullest sliding second of any key."""
    times: dict[str, list[float]] = defaultdict(list)
    for at, address in syns:
        times[key(address)].append(at)
    best, where = 0, ""
    for name, moments in times.items():
        moments.sort()
        first = 0
        for last, at in enumerate(moments):
            while at - moments[first] >= _WINDOW_S:
                first += 1
            if last - first + 1 > best:
                best, where = last - first + 1, name
    return Peak(cap=cap, seen=best, where=where)


def _measure(hosts: int, seconds: float, folder: Path) -> Counted:
    limits = Limits()
    with region.served(folder / "region", hosts) as papers:
        tap = _Tap()
        out = folder / "out"
        region.weigh(papers, "", out, stop_after_s=seconds)
        dropped = tap.stop()
    syns = sorted(tap.syns)
    sent = [json.loads(line) for line in (out / "run.log").read_text().splitlines()]
    return Counted(
        seconds=syns[-1][0] - syns[0][0],
        syns=len(syns),
        told=sum(line["attempts"] for line in sent if line["event"] == "sent"),
        dropped=dropped,
        whole=peak(syns, limits.packets_per_second, lambda _: "all"),
        prefix24=peak(
            syns,
            limits.packets_per_second_per_prefix24,
            lambda to: ".".join(map(str, to[:3])),
        ),
        host=peak(syns, limits.packets_per_second_per_host, lambda to: ".".join(map(str, to))),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=40)
    asked = parser.parse_args()
    raise_loopback()
    with tempfile.TemporaryDirectory() as made:
        counted = _measure(asked.hosts, asked.seconds, Path(made))
    sys.stdout.write(msgspec.json.encode(counted).decode())
