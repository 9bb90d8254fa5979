"""A relay of datagrams that holds each for some milliseconds each way: distance, without ``netem``.

``python -m benchmarks.domains.relay MS IP:PORT IP:PORT``: hears the first, asks the second.
One socket serves all askers: questions cross it under numbers of its own.
"""

import heapq
import select
import socket
import sys
import time


def main(delay_ms: str, near: str, far: str) -> None:
    """Relay for ever."""
    delay_s = float(delay_ms) / 1_000
    front, back = _bound(near), _bound("")
    back.connect(_place(far))
    waiting: list[tuple[float, int, bytes, tuple[str, int] | None]] = []
    askers: list[tuple[bytes, tuple[str, int]] | None] = [None] * 65_536
    number = order = 0
    poll = select.epoll()
    poll.register(front, select.EPOLLIN)
    poll.register(back, select.EPOLLIN)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, packet, to = heapq.heappop(waiting)
            try:
                if to is None:
                    back.send(packet)
                else:
                    front.sendto(packet, to)
            except OSError:
                continue
        poll.poll(max(0.0, waiting[0][0] - time.monotonic()) if waiting else 1.0)
        due = time.monotonic() + delay_s
        for packet, asker in _read(front):
            number = (number + 1) % 65_536
            askers[number] = packet[:2], asker
            order += 1
            heapq.heappush(waiting, (due, order, number.to_bytes(2, "big") + packet[2:], None))
        for packet, _ in _read(back):
            known = askers[int.from_bytes(packet[:2], "big")]
            if known is not None:
                order += 1
                heapq.heappush(waiting, (due, order, known[0] + packet[2:], known[1]))


def _read(one: socket.socket) -> list[tuple[bytes, tuple[str, int]]]:
    found: list[tuple[bytes, tuple[str, int]]] = []
    while len(found) < 256:
        try:
            found.append(one.recvfrom(4_096))
        except OSError:
            break
    return found


def _bound(place: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    if place:
        made.bind(_place(place))
    return made


def _place(text: str) -> tuple[str, int]:
    ip, _, port = text.rpartition(":")
    return ip, int(port)


if __name__ == "__main__":
    main(*sys.argv[1:])
