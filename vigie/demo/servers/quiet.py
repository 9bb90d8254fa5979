"""Devices that one unexpected byte harms: printers, MLLP listeners, automata, serial lines."""

from vigie.demo.servers.base import Guest


async def quiet(guest: Guest) -> None:
    """Say nothing; every byte received is a trespass."""
    while data := await guest.receive():
        guest.room.trespass("byte sent to a fragile device", data[:64].hex())


async def forbidden(guest: Guest) -> None:
    """Stand on an address that no scanner may touch: to have come at all is the trespass."""
    guest.room.trespass("contact with an excluded address")
    await guest.drain()
