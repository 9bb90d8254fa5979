"""A PACS that takes any caller: it associates and lets go, and is asked for nothing else."""

import struct

from vigie.demo.servers.base import Guest

_REQUEST, _ACCEPT, _DATA, _RELEASE, _RELEASED, _ABORT = 1, 2, 4, 5, 6, 7
_LIMIT_BYTES = 16_384


async def pacs(guest: Guest) -> None:
    """Answer associations (PS3.8); a message within one is a trespass."""
    while True:
        head = await guest.exactly(6)
        size = int.from_bytes(head[2:], "big")
        if head[1] or size > _LIMIT_BYTES:
            await guest.send(_pdu(_ABORT, bytes(4)))
            return
        body = await guest.exactly(size)
        if head[0] == _DATA:
            guest.room.trespass("message sent to a PACS", body[:64].hex())
        if head[0] == _RELEASE:
            await guest.send(_pdu(_RELEASED, bytes(4)))
            return
        if head[0] != _REQUEST or size < 68:
            await guest.send(_pdu(_ABORT, bytes(4)))
            return
        await guest.send(_acceptance(body))


def _acceptance(request: bytes) -> bytes:
    syntax = _item(0x40, b"1.2.840.10008.1.2")
    user = _item(0x51, struct.pack(">I", 16_384))
    user += _item(0x52, b"2.25.61280392018213049120731200394421001") + _item(0x55, b"PACS_DEMO_4")
    body = request[:68] + _item(0x10, b"1.2.840.10008.3.1.1.1")
    body += _item(0x21, b"\x01\x00\x00\x00" + syntax) + _item(0x50, user)
    return _pdu(_ACCEPT, body)


def _pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxI", kind, len(body)) + body


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value
