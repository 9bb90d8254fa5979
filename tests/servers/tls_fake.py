"""A TLS server made of choices alone: it picks a version and a suite, and never goes further.

It stands for stacks that no system packages any more: SSLv2, servers that cut instead of refusing,
servers that take a hello's form badly, servers under load. It proves nothing about real ones.
"""

import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.servers.tls_hostile import alert, certificates, cut, message, record


@dataclass(frozen=True)
class Hello:
    """What a ClientHello offers."""

    size: int
    ceiling: int
    suites: tuple[int, ...]
    extensions: dict[int, bytes]

    @property
    def versions(self) -> tuple[int, ...]:
        """Versions offered, newest first."""
        listed = self.extensions.get(43)
        if listed is None:
            return tuple(range(min(self.ceiling, 0x0303), 0x02FF, -1))
        return struct.unpack(f">{listed[0] // 2}H", listed[1 : 1 + listed[0]])

    @property
    def name(self) -> str:
        """SNI."""
        return self.extensions.get(0, b"")[5:].decode()


def read_hello(data: bytes) -> Hello:
    """Read one record with a ClientHello."""
    body = data[9:]
    at = 35 + body[34]
    count = int.from_bytes(body[at : at + 2], "big")
    suites = struct.unpack(f">{count // 2}H", body[at + 2 : at + 2 + count])
    at += 2 + count
    at += 1 + body[at]
    extensions: dict[int, bytes] = {}
    end = at + 2 + int.from_bytes(body[at : at + 2], "big") if at < len(body) else at
    at += 2
    while at + 4 <= end:
        kind, length = struct.unpack(">HH", body[at : at + 4])
        extensions[kind] = body[at + 4 : at + 4 + length]
        at += 4 + length
    return Hello(len(data) - 5, int.from_bytes(body[:2], "big"), suites, extensions)


@dataclass
class Fake:
    """How the server answers; all of it may be changed while it runs."""

    versions: tuple[int, ...] = (0x0303,)
    suites: tuple[int, ...] = (0xC02F, 0x009C, 0x002F)
    """In its own order."""
    der: bytes = b""
    refuse: Callable[[socket.socket, int], None] = lambda connection, why: connection.sendall(
        alert(why)
    )
    """How it says no."""
    minds: Callable[[Hello], bool] = lambda _hello: False
    """Hellos that it takes badly: those are refused as ``mind`` says."""
    mind: Callable[[socket.socket], None] = cut
    troubles: Callable[[int], str] = lambda _rank: ""
    """By rank from 0: ``reset``, ``silent``, ``close``, ``drip``, or nothing."""
    sslv2: tuple[int, ...] = ()
    heartbeat: bool = False
    compression: bool = False
    encrypt_then_mac: bool = True
    public: bytes = b""
    """Ephemeral value; empty: another one each time."""
    weak_group: bool = False
    honours_fallback: bool = True
    opened: int = 0
    at_once: int = 0
    most_at_once: int = 0
    ranks: list[bytes] = field(default_factory=list[bytes])
    """The hellos that came."""


@contextmanager
def faking(fake: Fake) -> Generator[int]:
    """Serve on loopback, one thread per connection; give the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    lock = threading.Lock()

    def serve(connection: socket.socket, rank: int) -> None:
        with connection, suppress(OSError):
            connection.settimeout(10)
            trouble = fake.troubles(rank)
            if trouble == "reset":
                cut(connection)
            elif trouble == "close":
                return
            elif trouble == "silent":
                while connection.recv(4_096):
                    pass
            else:
                _answer(fake, connection, slow=trouble == "drip")
        with lock:
            fake.at_once -= 1

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with lock:
                    rank, fake.opened = fake.opened, fake.opened + 1
                    fake.at_once += 1
                    fake.most_at_once = max(fake.most_at_once, fake.at_once)
                threading.Thread(target=serve, args=(connection, rank), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)


def _answer(fake: Fake, connection: socket.socket, *, slow: bool) -> None:
    data = b""
    while len(data) < 5 or (data[0] == 22 and len(data) < 5 + int.from_bytes(data[3:5], "big")):
        part = connection.recv(4_096)
        if not part:
            return
        data += part
    fake.ranks.append(data)
    if data[0] & 0x80:
        if fake.sslv2:
            kinds = b"".join(kind.to_bytes(3, "big") for kind in fake.sslv2)
            body = struct.pack(">BBBHHHH", 4, 0, 1, 2, len(fake.der), len(kinds), 16)
            body += fake.der + kinds + bytes(16)
            connection.sendall(struct.pack(">H", 0x8000 | len(body)) + body)
        else:
            fake.refuse(connection, 70)
        return
    said = _choice(fake, connection, read_hello(data))
    if slow:
        for byte in said:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)
    else:
        connection.sendall(said)
    while connection.recv(4_096):
        pass


def _choice(fake: Fake, connection: socket.socket, hello: Hello) -> bytes:
    if fake.minds(hello):
        fake.mind(connection)
        return b""
    version = next((one for one in hello.versions if one in fake.versions), None)
    if version is None:
        fake.refuse(connection, 70)
        return b""
    if 0x5600 in hello.suites and fake.honours_fallback and version < max(fake.versions):
        connection.sendall(alert(86))
        return b""
    groups = hello.extensions.get(10, b"\0\0\0\x17")[2:]
    curves = [int.from_bytes(groups[at : at + 2], "big") for at in range(0, len(groups), 2)]
    own = (21, 23) if fake.weak_group else (23,)
    curve = next((one for one in own if one in curves), None)
    suite = next(
        (
            one
            for one in fake.suites
            if one in hello.suites and (curve or one not in range(0xC000, 0xC100))
        ),
        None,
    )
    if suite is None:
        fake.refuse(connection, 40)
        return b""
    said = b""
    if 15 in hello.extensions and fake.heartbeat:
        said += struct.pack(">HHB", 15, 1, 1)
    if 22 in hello.extensions and fake.encrypt_then_mac and version > 0x0300:
        said += struct.pack(">HH", 22, 0)
    if hello.extensions:
        said += struct.pack(">HHB", 0xFF01, 1, 0)
    body = struct.pack(">H", version) + random.randbytes(32) + b"\0" + struct.pack(">H", suite)
    body += b"\x01" if fake.compression else b"\0"
    if said:
        body += struct.pack(">H", len(said)) + said
    flight = message(2, body) + certificates(fake.der or b"\x30\x00")
    public = fake.public or random.randbytes(65)
    if suite in range(0xC000, 0xC100):
        flight += message(
            12, struct.pack(">BHB", 3, curve or 0, len(public)) + public + b"\x04\x01\0\0"
        )
    return record(22, flight + message(14, b""), min(version, 0x0303))
