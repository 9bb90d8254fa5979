"""X11: one connection setup without authorisation data, then the line is cut."""

import struct
from typing import NamedTuple

from core.observations.x11 import X11Service
from scanner.lines import recognised, shown
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit

_SETUP = struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0)
"""X protocol §8: little-endian, version 11.0, no authorisation name, no authorisation data."""
_FAILED, _SUCCESS, _AUTHENTICATE = 0, 1, 2
_HEAD = struct.Struct("<BBHHH")
_FIXED = struct.Struct("<IIIIHHBBBBBBBB4x")
"""What follows the head of a success: the release first, the length of the vendor name fifth."""


class Head(NamedTuple):
    """The first 8 bytes of the answer."""

    outcome: int
    reason_bytes: int
    body_bytes: int


def parse_head(data: bytes) -> Head | None:
    """Give the head of an answer to our setup, ``None`` when no X server wrote it."""
    if len(data) < _HEAD.size:
        return None
    outcome, first, major, minor, words = _HEAD.unpack_from(data)
    body = int(words) * 4
    if outcome == _AUTHENTICATE:
        # Five unused bytes stand where the others have a length and a version.
        return Head(outcome, body, body) if 0 < body <= 1_024 else None
    if major != 11 or minor > 99:
        return None
    if outcome == _FAILED and first <= body <= 1_024:
        return Head(outcome, int(first), body)
    if outcome == _SUCCESS and body >= _FIXED.size:
        return Head(outcome, 0, body)
    return None


async def _answer(stream: Stream, visit: Visit, head: Head) -> X11Service:
    if head.outcome != _SUCCESS:
        text = shown((await stream.receive_exactly(head.body_bytes))[: head.reason_bytes])
        return X11Service(place=visit.place, at=visit.now(), is_open=False, refusal=text or "—")
    fixed = _FIXED.unpack(await stream.receive_exactly(_FIXED.size))
    vendor_bytes = min(int(fixed[4]), head.body_bytes - _FIXED.size, 256)
    vendor = shown(await stream.receive_exactly(vendor_bytes)) if vendor_bytes else ""
    return X11Service(
        place=visit.place, at=visit.now(), is_open=True, vendor=vendor, release=int(fixed[0])
    )


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        await stream.send(_SETUP)
        head = parse_head(await stream.receive_exactly(_HEAD.size))
        if head is None:
            return None
        seen = await _answer(stream, visit, head)
        heard = bytes(stream.heard)
    if seen.is_open:
        evidence = ["setup: Success"]
        if seen.vendor:
            evidence.append(f"vendor: {seen.vendor}, release-number {seen.release}")
    else:
        evidence = [
            f"setup: {'Failed' if head.outcome == _FAILED else 'Authenticate'}: {seen.refusal}"
        ]
    return Measured(service=recognised(visit, "x11", heard, *evidence), seen=(seen,))


PROBE = Probe(
    name="x11",
    ports=tuple(range(6000, 6011)),
    recognises=lambda heard: parse_head(heard) is not None,
    measure=_measure,
    in_tls=False,
)
