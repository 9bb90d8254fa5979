"""Servers that wear a scanner out: none of them does so for ever in real time, all do in spirit."""

import random
import socket
import struct

import trio

from vigie.demo.servers.base import Guest

_GARBAGE = random.Random(20).randbytes(4_096)  # noqa: S311 - noise, the same each time
_DRIP_S = 3.0
_CUT_S = 1.0


async def tarpit(guest: Guest) -> None:
    """Give one byte every few seconds, and never a whole greeting."""
    while True:
        await guest.send(b"2")
        await trio.sleep(_DRIP_S)


async def mute(guest: Guest) -> None:
    """Accept and say nothing, as a SYN proxy does for every port of an address."""
    await guest.drain()


async def reset(guest: Guest) -> None:
    """Cut with a reset, at the first byte or after a second."""
    with trio.move_on_after(_CUT_S):
        await guest.receive()
    guest.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await trio.aclose_forcefully(guest.stream)


async def garbage(guest: Guest) -> None:
    """Say four kilobytes of noise, then more noise to whatever is said."""
    await guest.send(_GARBAGE)
    while await guest.receive():
        await guest.send(_GARBAGE)


async def endless(guest: Guest) -> None:
    """Send for ever, as fast as it is read: a scanner stops at its own bound."""
    while True:
        await guest.send(b"~" * 16_384)
        await trio.sleep(0.001)
