"""Web servers in a thread, on loopback: they say what a test wants and keep who asked."""

import functools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

import trustme


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    target: str
    headers: dict[str, str]
    connection: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Say = Callable[[Asked], "bytes | Iterator[bytes]"]


@dataclass
class Running:
    """A server that runs."""

    ip: str
    port: int
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    @property
    def targets(self) -> list[str]:
        return [one.target for one in self.asked]


def reply(
    body: bytes | str = b"",
    *,
    status: str = "200 OK",
    headers: tuple[str, ...] = (),
    kind: str = "text/html; charset=utf-8",
) -> bytes:
    """Give a whole answer with its length."""
    data = body.encode() if isinstance(body, str) else body
    lines = [
        f"HTTP/1.1 {status}",
        *headers,
        f"Content-Type: {kind}",
        f"Content-Length: {len(data)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + data


def moved(to: str, *, status: str = "302 Found", headers: tuple[str, ...] = ()) -> bytes:
    """Give a redirect."""
    return reply(b"", status=status, headers=(f"Location: {to}", *headers))


ABSENT = reply("<html><head><title>404 Not Found</title></head></html>", status="404 Not Found")


@functools.cache
def authority() -> trustme.CA:
    """Give a certification authority, made once per run of the tests."""
    return trustme.CA()


@contextmanager
def saying(
    say: Say,
    *,
    ip: str = "127.0.0.1",
    tls: str | None = None,
    context: ssl.SSLContext | None = None,
) -> Iterator[Running]:
    """Serve until the end of the block; ``tls`` is the name in the certificate."""
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority().issue_cert(tls).configure_cert(context)
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ip, 0))
        listener.listen(64)
        running = Running(ip=ip, port=int(listener.getsockname()[1]))
        done = threading.Event()
        opened: list[socket.socket] = []
        threads = [
            threading.Thread(
                target=_accept, args=(listener, context, say, running, done, opened), daemon=True
            )
        ]
        threads[0].start()
        try:
            yield running
        finally:
            done.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for one in opened:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            threads[0].join(5)


def _accept(
    listener: socket.socket,
    context: ssl.SSLContext | None,
    say: Say,
    running: Running,
    done: threading.Event,
    opened: list[socket.socket],
) -> None:
    while not done.is_set():
        try:
            client, _ = listener.accept()
        except OSError:
            return
        running.connections += 1
        client.settimeout(10)
        opened.append(client)
        number = running.connections
        threading.Thread(
            target=_talk, args=(client, context, say, running, number, done), daemon=True
        ).start()


def _talk(
    client: socket.socket,
    context: ssl.SSLContext | None,
    say: Say,
    running: Running,
    number: int,
    done: threading.Event,
) -> None:
    with suppress(OSError, ValueError):
        if context is not None:
            client = context.wrap_socket(client, server_side=True)
        with client:
            while not done.is_set():
                head = _head(client)
                if head is None:
                    return
                asked = Asked(*head, number)
                running.asked.append(asked)
                said = say(asked)
                for piece in [said] if isinstance(said, bytes) else said:
                    client.sendall(piece)
                    if done.is_set():
                        return
                if not isinstance(said, bytes) or b"Connection: close" in said[:2000]:
                    return


def _head(client: socket.socket) -> tuple[str, str, dict[str, str]] | None:
    got = b""
    while b"\r\n\r\n" not in got:
        more = client.recv(4096)
        if not more:
            return None
        got += more
    first, *lines = got.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = dict(line.split(": ", 1) for line in lines)
    return method, target, {name.lower(): value for name, value in headers.items()}
