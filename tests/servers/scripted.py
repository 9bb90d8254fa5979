"""A server that says what a test tells it to, and keeps every byte that it was sent."""

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Scripted:
    """A running server."""

    port: int
    received: list[bytes] = field(default_factory=list[bytes])
    """What each connection sent, in order of their opening."""


class Talk:
    """One connection of a scripted server."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.heard = bytearray()

    def say(self, data: bytes) -> None:
        """Send all of it."""
        self._connection.sendall(data)

    def hear(self, until: bytes = b"\n") -> bytes:
        """Wait for the client to have sent something that ends so; ``b""`` when it left."""
        start = len(self.heard)
        while not self.heard[start:].endswith(until):
            part = self._connection.recv(4_096)
            if not part:
                return b""
            self.heard += part
        return bytes(self.heard[start:])

    def hear_some(self) -> bytes:
        """Give what the client sends first; ``b""`` when it left."""
        part = self._connection.recv(4_096)
        self.heard += part
        return part

    def leave(self) -> None:
        """End what we say; the client is heard on."""
        self._connection.shutdown(socket.SHUT_WR)

    def rest(self) -> None:
        """Read until the client leaves."""
        while part := self._connection.recv(4_096):
            self.heard += part


@contextmanager
def scripted(script: Callable[[Talk], None]) -> Generator[Scripted]:
    """Serve on loopback, one thread per connection, until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Scripted(port=int(listener.getsockname()[1]))
    threads: list[threading.Thread] = []
    connections: list[socket.socket] = []

    def serve(connection: socket.socket, at: int) -> None:
        talk = Talk(connection)
        with connection, suppress(OSError):
            connection.settimeout(10)
            script(talk)
            talk.rest()
        server.received[at] = bytes(talk.heard)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                server.received.append(b"")
                thread = threading.Thread(
                    target=serve, args=(connection, len(server.received) - 1), daemon=True
                )
                threads.append(thread)
                thread.start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
