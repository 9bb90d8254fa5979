"""A name server that answers as it is told, over UDP and TCP, and counts what it is asked."""

import socket
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import dns.message
import dns.rdatatype

from tests.servers.authorities import free_everywhere
from tests.servers.udp import udp_service

Reply = Callable[[dns.message.Message], Iterable[bytes]]
"""Gives the messages that answer one question, over either transport."""


@dataclass
class Heard:
    """What came."""

    port: int
    datagrams: list[dns.message.Message] = field(default_factory=list)
    streams: list[dns.message.Message] = field(default_factory=list)
    connections: int = 0

    def kinds(self) -> list[str]:
        """Give the types asked for, over both transports, sorted."""
        both = (*self.datagrams, *self.streams)
        return sorted(dns.rdatatype.to_text(one.question[0].rdtype) for one in both)


@contextmanager
def lying(
    reply: Reply,
    *,
    ip: str = "127.44.0.1",
    port: int = 0,
    over_udp: Reply | None = None,
    over_tcp: Callable[[socket.socket, dns.message.Message], None] | None = None,
    has_tcp: bool = True,
) -> Generator[Heard]:
    """Serve while the body runs. ``over_udp`` and ``over_tcp`` answer there instead."""
    chosen = port or free_everywhere(ip)
    heard = Heard(chosen)

    def datagram(wire: bytes) -> Iterable[bytes]:
        asked = dns.message.from_wire(wire)
        heard.datagrams.append(asked)
        return (over_udp or reply)(asked)

    def talk(client: socket.socket) -> None:
        with client, suppress(OSError, EOFError):
            client.settimeout(10)
            while True:
                size = int.from_bytes(_exactly(client, 2), "big")
                asked = dns.message.from_wire(_exactly(client, size))
                heard.streams.append(asked)
                if over_tcp is not None:
                    over_tcp(client, asked)
                    return
                for one in reply(asked):
                    client.sendall(len(one).to_bytes(2, "big") + one)

    with udp_service(datagram, ip=ip, port=chosen), socket.socket() as listener:
        over = threading.Event()
        threads: list[threading.Thread] = []

        def accept() -> None:
            while not over.is_set():
                try:
                    client, _ = listener.accept()
                except TimeoutError:
                    continue
                heard.connections += 1
                threads.append(threading.Thread(target=talk, args=(client,)))
                threads[-1].start()

        if has_tcp:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((ip, chosen))
            listener.listen(8)
            listener.settimeout(0.05)
            threads.append(threading.Thread(target=accept))
            threads[0].start()
        try:
            yield heard
        finally:
            over.set()
            for thread in threads:
                thread.join(15)


def _exactly(client: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        more = client.recv(size - len(got))
        if not more:
            raise EOFError
        got += more
    return got
