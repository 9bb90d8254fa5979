"""The yardstick: the least a Python program can do per connect. No scope, pace, state, or Trio."""

import errno
import select
import socket
import time
from collections.abc import Iterator


def bare_sweep(targets: Iterator[tuple[str, int]], in_flight: int, timeout_s: float) -> list[int]:
    """Connect to each target once through one epoll; give [answered, open, silent].

    Oneshot registration, batches, oldest first for deadlines: what the scan engine does, bare.
    """
    epoll = select.epoll()
    flying: dict[int, tuple[socket.socket, float]] = {}
    answered = opened = silent = 0
    more = True
    while more or flying:
        while more and len(flying) < in_flight:
            target = next(targets, None)
            if target is None:
                more = False
                break
            connecting = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            code = connecting.connect_ex(target)
            if code not in (0, errno.EINPROGRESS):
                connecting.close()
                answered += 1
                continue
            fd = connecting.fileno()
            flying[fd] = (connecting, time.monotonic())
            epoll.register(fd, select.EPOLLOUT | select.EPOLLONESHOT)
        for fd, _ in epoll.poll(0.02, 1_024):
            connecting, _ = flying.pop(fd)
            if connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                opened += 1
            connecting.close()
            answered += 1
        oldest = time.monotonic() - timeout_s
        late: list[int] = []
        for fd, (_, started) in flying.items():
            if started > oldest:
                break
            late.append(fd)
        for fd in late:
            flying.pop(fd)[0].close()
            silent += 1
    epoll.close()
    return [answered, opened, silent]
