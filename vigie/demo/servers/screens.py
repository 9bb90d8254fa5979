"""Shared screens: VNC (RFC 6143) and X11."""

import struct

from vigie.demo.servers.base import Gone, Guest, Handler

_NONE, _PASSWORD = 1, 2


def vnc(version: bytes, *types: int) -> Handler:
    """Give the handler of a VNC server; going on past the security handshake is a trespass."""

    async def serve(guest: Guest) -> None:
        await guest.send(b"RFB " + version + b"\n")
        theirs = await guest.exactly(12)
        if not theirs.startswith(b"RFB "):
            raise Gone("not RFB")
        if version == b"003.003" or theirs[4:11] == b"003.003":
            await guest.send(struct.pack(">I", types[0]))
            chosen = types[0]
        else:
            await guest.send(bytes([len(types), *types]))
            chosen = (await guest.exactly(1))[0]
        if chosen == _PASSWORD:
            await guest.send(bytes(range(16)))
            if await guest.receive():
                guest.room.trespass("credentials offered", "VNC")
        elif chosen == _NONE:
            await guest.send(bytes(4))
            if await guest.receive():
                guest.room.trespass("session opened", "VNC")

    return serve


async def x11(guest: Guest) -> None:
    """Let anybody in, as ``xhost +`` does; any request after the setup is a trespass."""
    setup = await guest.exactly(12)
    order = {0x6C: "<", 0x42: ">"}.get(setup[0])
    if order is None:
        raise Gone("not X11")
    vendor = b"The X.Org Foundation"
    screen = struct.pack(
        order + "IIIIIHHHHHHIBBBB",
        *(1, 2, 0xFFFFFF, 0, 0, 1024, 768, 271, 203, 1, 1, 32, 0, 0, 24, 0),
    )
    fixed = struct.pack(
        order + "IIIIHHBBBBBBBB4x",
        *(12_101_000, 0x400000, 0x3FFFFF, 256, len(vendor), 65_535, 1, 0, 0, 0, 32, 32, 8, 255),
    )
    body = fixed + vendor + screen
    await guest.send(struct.pack(order + "BxHHH", 1, 11, 0, len(body) // 4) + body)
    if await guest.receive():
        guest.room.trespass("session opened", "X11")


VNC_NONE = vnc(b"003.008", _NONE)
VNC_PASSWORD = vnc(b"003.008", _PASSWORD)
VNC_3_3 = vnc(b"003.003", _PASSWORD)
