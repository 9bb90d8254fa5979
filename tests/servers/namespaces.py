"""Two network namespaces and a wire between them: a place to scan where every packet is seen."""

import collections
import ctypes
import itertools
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_NUMBERS = itertools.count()
_CLONE_NEWNET = 0x40000000
_SCANNER, _TARGET = "10.65.0.1", "10.65.0.2"


class Wire:
    """A scanner's namespace and a target's, made by :func:`wire`."""

    def __init__(self, name: str) -> None:
        self.scanner = f"{name}s"
        self.target = f"{name}t"

    def nft(self, rules: str) -> None:
        """Load nftables rules on the target's side."""
        loaded = subprocess.run(
            [_program("ip"), "netns", "exec", self.target, _program("nft"), "-f", "-"],
            input=rules,
            text=True,
            check=False,
            capture_output=True,
        )
        assert loaded.returncode == 0, loaded.stderr

    def counted(self, counter: str) -> int:
        """Give the packets of a named counter of ``table inet lab``."""
        told = subprocess.run(
            [
                *(_program("ip"), "netns", "exec", self.target),
                *(_program("nft"), "list", "counter", "inet", "lab", counter),
            ],
            text=True,
            check=True,
            capture_output=True,
        )
        return int(told.stdout.partition("packets")[2].split()[0])

    @contextmanager
    def listening(self, places: Iterable[tuple[str, int]]) -> Iterator[None]:
        """Accept connections at these places, in the target's kernel."""
        with ExitStack() as stack, inside(self.target):
            for place in places:
                listener = stack.enter_context(socket.socket())
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(place)
                listener.listen(256)
            with outside(self):
                yield

    @contextmanager
    def watched(self) -> Iterator["Syns"]:
        """Note every SYN and every datagram that arrives at the target."""
        with inside(self.target):
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
            tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
            tap.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            tap.bind(("veth", 0))
        syns = Syns(tap)
        try:
            yield syns
        finally:
            syns.stop()


_SO_TIMESTAMPNS = 35


class Syns:
    """SYNs and UDP datagrams with the kernel's own times."""

    def __init__(self, tap: socket.socket) -> None:
        self.seen: list[tuple[float, int, int]] = []
        """(seconds, address, port), in order."""
        self._tap = tap
        self._over = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        self._tap.settimeout(0.1)
        while True:
            try:
                packet, extra, _, source = self._tap.recvmsg(128, 64)
            except TimeoutError:
                if self._over.is_set():
                    return
                continue
            header = (packet[0] & 15) * 4
            if source[2] == socket.PACKET_OUTGOING or packet[9] not in {6, 17}:
                continue
            if packet[9] == 6 and packet[header + 13] & 0x12 != 0x02:
                continue
            seconds, nanos = struct.unpack("qq", extra[0][2])
            address = int.from_bytes(packet[16:20], "big")
            port = int.from_bytes(packet[header + 2 : header + 4], "big")
            self.seen.append((seconds + nanos / 1e9, address, port))

    def stop(self) -> None:
        """Read what is left, then end."""
        if not self._over.is_set():
            self._over.set()
            self._reader.join()
            self._tap.close()

    def worst_second(self, shift: int) -> int:
        """Give the most of them in any second to one address (0), one /24 (8) or all (32)."""
        windows: dict[int, collections.deque[float]] = collections.defaultdict(collections.deque)
        worst = 0
        for at, address, _ in self.seen:
            window = windows[address >> shift]
            window.append(at)
            while window[0] <= at - 1:
                window.popleft()
            worst = max(worst, len(window))
        return worst


@contextmanager
def wire(network: str = "10.66.0.0/16") -> Iterator[Wire]:
    """Make both namespaces; every address of ``network`` is alive on the target's side."""
    ip = _program("ip")
    made = Wire(f"vigie{os.getpid()}x{next(_NUMBERS)}")

    def run(*words: str) -> None:
        subprocess.run([ip, *words], check=True, capture_output=True)

    run("netns", "add", made.scanner)
    try:
        run("netns", "add", made.target)
        run(
            *("link", "add", "veth", "netns", made.scanner, "type", "veth"),
            *("peer", "name", "veth", "netns", made.target),
        )
        for space, own in ((made.scanner, _SCANNER), (made.target, _TARGET)):
            run("-n", space, "link", "set", "lo", "up")
            run("-n", space, "addr", "add", f"{own}/30", "dev", "veth")
            run("-n", space, "link", "set", "veth", "up")
        run("-n", made.scanner, "route", "add", network, "via", _TARGET)
        run("-n", made.target, "route", "add", "local", network, "dev", "lo")
        yield made
    finally:
        for space in (made.scanner, made.target):
            subprocess.run([ip, "netns", "del", space], check=False, capture_output=True)


@contextmanager
def inside(space: str) -> Iterator[None]:
    """Have this thread open its sockets in a namespace."""
    with Path("/proc/thread-self/ns/net").open() as before:
        _enter(Path("/run/netns") / space)
        try:
            yield
        finally:
            _set(before.fileno())


@contextmanager
def outside(wire: Wire) -> Iterator[None]:
    """Go over to the scanner's side for a while, from within the target's."""
    with inside(wire.scanner):
        yield


def _program(name: str) -> str:
    # Not tests.servers.real.need: benchmarks use this module, without the hooks of the tests.
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise FileNotFoundError(name)
    return found


def _enter(path: Path) -> None:
    with path.open() as wanted:
        _set(wanted.fileno())


def _set(fd: int) -> None:
    # os.setns is of Python 3.12.
    if ctypes.CDLL(None, use_errno=True).setns(fd, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
