"""A server that answers each TLS hello as a test says, and never completes a handshake."""

import socket
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

Script = Callable[[socket.socket, int, bytes], None]
"""Gets the connection, its rank from 0, and the hello."""


@contextmanager
def answering(script: Script) -> Generator[int]:
    """Serve on loopback, one thread per connection; give the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []

    def serve(connection: socket.socket, rank: int) -> None:
        with connection, suppress(OSError):
            connection.settimeout(10)
            hello = b""
            while len(hello) < 5 or len(hello) < 5 + int.from_bytes(hello[3:5], "big"):
                part = connection.recv(4_096)
                if not part:
                    return
                hello += part
            script(connection, rank, hello)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                threading.Thread(
                    target=serve, args=(connection, len(connections) - 1), daemon=True
                ).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    """Give one TLS record."""
    return struct.pack(">BHH", kind, version, len(body)) + body


def message(kind: int, body: bytes) -> bytes:
    """Give one handshake message."""
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def server_hello(version: int = 0x0303, suite: int = 0xC02F, extensions: bytes = b"") -> bytes:
    """Give a ServerHello message."""
    body = struct.pack(">H", version) + bytes(32) + b"\x00" + struct.pack(">HB", suite, 0)
    if extensions:
        body += struct.pack(">H", len(extensions)) + extensions
    return message(2, body)


def certificates(*ders: bytes) -> bytes:
    """Give a Certificate message."""
    listed = b"".join(len(der).to_bytes(3, "big") + der for der in ders)
    return message(11, len(listed).to_bytes(3, "big") + listed)


def alert(description: int) -> bytes:
    """Give a fatal alert."""
    return record(21, bytes([2, description]))


def ceiling(hello: bytes) -> int:
    """Give the highest version that a hello of ours offers below TLS 1.3."""
    return int.from_bytes(hello[9:11], "big")


def offers_tls1_3(hello: bytes) -> bool:
    """Whether a hello carries supported_versions with TLS 1.3."""
    return b"\x00\x2b" in hello and b"\x03\x04" in hello[hello.rindex(b"\x00\x2b") :][:16]


def cut(connection: socket.socket) -> None:
    """End a connection by a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
