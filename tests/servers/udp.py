"""UDP services on loopback that answer as they are told, hostile ones included."""

import socket
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager

Answer = Callable[[bytes], Iterable[bytes]]
"""Gives the datagrams that answer one question."""


class Asked(list[tuple[bytes, tuple[str, int]]]):
    """What came: (datagram, sender), in order."""

    def datagrams(self) -> list[bytes]:
        """Give the datagrams alone."""
        return [datagram for datagram, _ in self]


@contextmanager
def udp_service(
    answer: Answer, *, ip: str = "127.0.0.1", port: int = 0, answers_from: str | None = None
) -> Generator[tuple[int, Asked]]:
    """Serve while the body runs; give the port and what was asked.

    ``answers_from`` is an address to answer from, at a new port; absent: from where it was asked.
    """
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    asked = Asked()
    with (
        socket.socket(family, socket.SOCK_DGRAM) as served,
        socket.socket(family, socket.SOCK_DGRAM) as other,
    ):
        served.bind((ip, port))
        served.settimeout(0.05)
        other.bind((answers_from or ip, 0))
        over = threading.Event()

        def serve() -> None:
            while True:
                try:
                    datagram, sender = served.recvfrom(65_536)
                except TimeoutError:
                    if over.is_set():
                        # All that came was read.
                        return
                    continue
                except OSError:
                    # An ICMP error of an earlier answer: its asker has gone.
                    continue
                asked.append((datagram, sender[:2]))
                for one in answer(datagram):
                    (served if answers_from is None else other).sendto(one, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield served.getsockname()[1], asked
        finally:
            over.set()
            thread.join()


def mute(_question: bytes) -> Sequence[bytes]:
    """Say nothing."""
    return ()


def ntp_server(question: bytes) -> Sequence[bytes]:
    """Answer a client of NTP (RFC 5905 §7.3): stratum 1, kept by GPS."""
    if len(question) < 48 or question[0] & 7 != 3:
        return ()
    times = question[40:48] + bytes(range(1, 17))
    return [bytes([0x24, 1, 6, 0xE9]) + bytes(8) + b"GPS\0" + bytes(8) + times]


def ntp_amplifier(question: bytes) -> Sequence[bytes]:
    """Answer anything as a monitoring list (mode 7) of 100 packets would be."""
    return [b"\xd7\0\x03\x2a" + bytes(440)] * 100
