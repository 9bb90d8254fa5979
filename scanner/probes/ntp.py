"""NTP: what time it is, asked as any client asks (mode 3). Nothing of modes 6 and 7, ever."""

import secrets

from core.model import Transport
from scanner.lines import recognised
from scanner.visit import Measured, Probe, Visit

_CLIENT = 0x23
"""Leap 0, version 4, mode 3 (RFC 5905 §7.3)."""
_SERVER_MODE = 4
_LEAST_BYTES = 48
_ORIGIN = slice(24, 32)
_REFERENCE = slice(12, 16)
_UNSYNCHRONISED = 16


def question(cookie: bytes) -> bytes:
    """Give a client's packet: all zero but for its 8 bytes that the server sends back.

    No clock of ours in it (the data minimisation of draft-ietf-ntp-data-minimization).
    """
    return bytes([_CLIENT]) + bytes(39) + cookie


def read_answer(datagram: bytes, cookie: bytes) -> str | None:
    """Give what a server says of itself, ``None`` when this is no answer to that question."""
    if len(datagram) < _LEAST_BYTES or datagram[_ORIGIN] != cookie:
        return None
    first, stratum = datagram[0], datagram[1]
    version, mode = first >> 3 & 7, first & 7
    if mode != _SERVER_MODE or not 1 <= version <= 4 or stratum > _UNSYNCHRONISED:
        return None
    if stratum == 0:
        return f"NTP version {version}, kiss code {_letters(datagram[_REFERENCE])}"
    source = f", source {_letters(datagram[_REFERENCE])}" if stratum == 1 else ""
    return f"NTP version {version}, stratum {stratum}{source}"


def _letters(code: bytes) -> str:
    text = code.rstrip(b"\0").decode("latin-1")
    return text if text.isascii() and text.isalnum() else code.hex()


async def _measure(visit: Visit) -> Measured | None:
    cookie = secrets.token_bytes(8)
    async with visit.exchange() as udp:
        (answer,) = await udp.ask(question(cookie))
    told = read_answer(answer, cookie)
    if told is None:
        return None
    return Measured(service=recognised(visit, "ntp", answer, told))


PROBE = Probe(name="ntp", ports=(123,), transport=Transport.UDP, measure=_measure)
