"""PPTP: the control connection is started, then stopped, before any call (RFC 2637 §2.1-2.4)."""

import struct
from contextlib import suppress
from dataclasses import dataclass

from core.errors import Unanswered
from core.observations.vpn import VpnService
from scanner.lines import contact_text, recognised, shown
from scanner.visit import Measured, Probe, Visit

_MAGIC = 0x1A2B3C4D
_START, _STARTED, _STOP = 1, 2, 3
_START_BYTES, _STOP_BYTES = 156, 16
_ESTABLISHED = 1
_LEAVING = 1
"""Reason of Stop: « general request to clear control connection » (RFC 2637 §2.3)."""


@dataclass(frozen=True, slots=True)
class Started:
    """A Start-Control-Connection-Reply."""

    version: int
    """0x0100 is 1.0, the only one."""
    result: int
    """1: established; others refuse, and prove a gateway as well."""
    firmware: int
    host_name: str
    maker: str


def start(operator: str) -> bytes:
    """Give the request that opens the control connection; its names say who asks."""
    head = struct.pack(">HHIHH", _START_BYTES, 1, _MAGIC, _START, 0)
    body = struct.pack(">HHIIHH", 0x0100, 0, 3, 3, 0, 0)
    names = struct.pack(">64s64s", b"vigie", contact_text(operator).encode("ascii")[:63])
    return head + body + names


def stop() -> bytes:
    """Give the request that closes it."""
    return struct.pack(">HHIHHBBH", _STOP_BYTES, 1, _MAGIC, _STOP, 0, _LEAVING, 0, 0)


def read_started(packet: bytes) -> Started | None:
    """Read the answer; ``None`` when it is not one. Total."""
    if len(packet) < _START_BYTES:
        return None
    size, kind, magic, control, _ = struct.unpack_from(">HHIHH", packet)
    if (size, kind, magic, control) != (_START_BYTES, 1, _MAGIC, _STARTED):
        return None
    version, result, _, _, _, _, firmware = struct.unpack_from(">HBBIIHH", packet, 12)
    return Started(
        version=version,
        result=result,
        firmware=firmware,
        host_name=_name(packet[28:92]),
        maker=_name(packet[92:156]),
    )


def _name(field: bytes) -> str:
    return shown(field.partition(b"\0")[0], 64)


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        await stream.send(start(visit.operator))
        head = await stream.receive_exactly(8)
        if struct.unpack(">HHI", head) != (_START_BYTES, 1, _MAGIC):
            return None
        said = read_started(head + await stream.receive_exactly(_START_BYTES - 8))
        if said is not None:
            # Its answer, or the end of the connection, tells that nothing of ours is left open.
            with suppress(Unanswered):
                await stream.send(stop())
                await stream.receive_exactly(_STOP_BYTES, timeout_s=1.0)
    if said is None:
        return None
    lines = [f"Start-Control-Connection-Reply {said.version >> 8}.{said.version & 0xFF}"]
    lines += [f"vendor {said.maker}"] if said.maker else []
    lines += [f"firmware {said.firmware}"] if said.firmware else []
    service = recognised(visit, "pptp", b"", *lines)
    seen = VpnService(
        place=visit.place,
        at=visit.now(),
        protocol="pptp",
        host_name=said.host_name,
        maker=said.maker,
        firmware=said.firmware,
        accepted=said.result == _ESTABLISHED,
    )
    return Measured(service=service, seen=(seen,))


PROBE = Probe(
    name="pptp",
    ports=(1723,),
    recognises=lambda heard: read_started(heard) is not None,
    measure=_measure,
    in_tls=False,
)
