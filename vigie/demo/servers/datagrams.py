"""What the region says over UDP: one datagram for one question, never longer by much."""

from collections.abc import Callable

import trio

Answer = Callable[[bytes], bytes | None]
"""Gives the answer to one datagram, ``None`` for silence. Total on any bytes."""

_KEPT = (b"via", b"from", b"to", b"call-id", b"cseq")


def telephony(question: bytes) -> bytes | None:
    """Answer OPTIONS as a telephone exchange does (RFC 3261 §11); say nothing to all else."""
    head, _, _ = question.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    if not (first.startswith(b"OPTIONS sip:") and first.endswith(b" SIP/2.0")):
        return None
    kept = [line for line in lines if line.partition(b":")[0].strip().lower() in _KEPT]
    told = (
        b"Server: Autocommutateur de demonstration",
        b"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS",
    )
    return b"\r\n".join((b"SIP/2.0 200 OK", *kept[:8], *told, b"Content-Length: 0", b"", b""))


async def attend_datagrams(bound: trio.socket.SocketType, answer: Answer) -> None:
    """Answer for ever."""
    while True:
        try:
            question, sender = await bound.recvfrom(4_096)
            if reply := answer(question):
                await bound.sendto(reply, sender)
        except OSError:
            # An ICMP error of an earlier answer: its asker has gone.
            continue
