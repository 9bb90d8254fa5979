"""OpenVPN over TCP: one reset, answered without any certificate unless a key shuts us out.

With ``tls-auth`` or ``tls-crypt`` the server ignores whoever lacks the key, or closes: that is not
told from a port where something else listens, and nothing is concluded.
"""

import struct

from core.observations.vpn import VpnService
from scanner import openvpn
from scanner.lines import recognised
from scanner.visit import Measured, Probe, Visit


def recognises(heard: bytes) -> bool:
    """Whether bytes begin like an answer to some OpenVPN client: length, then a server's packet."""
    size = int.from_bytes(heard[:2], "big")
    packet = heard[2 : 2 + size]
    if not openvpn.SHORTEST_BYTES <= size <= openvpn.LONGEST_BYTES or len(packet) < size:
        return False
    return bool(openvpn.told(packet, packet[14:22]))


async def _measure(visit: Visit) -> Measured | None:
    session = openvpn.new_session()
    reset = openvpn.client_reset(session)
    async with await visit.dial(None) as stream:
        await stream.send(struct.pack(">H", len(reset)) + reset)
        size = int.from_bytes(await stream.receive_exactly(2), "big")
        if not openvpn.SHORTEST_BYTES <= size <= openvpn.LONGEST_BYTES:
            return None
        packet = await stream.receive_exactly(size)
    said = openvpn.told(packet, session)
    return measured(visit, said) if said else None


def measured(visit: Visit, said: str) -> Measured:
    """Give what an answer proves, over either transport."""
    service = recognised(visit, "openvpn", b"", said)
    seen = VpnService(place=visit.place, at=visit.now(), protocol="openvpn")
    return Measured(service=service, seen=(seen,))


PROBE = Probe(
    name="openvpn",
    ports=(1194, 443, 943, 1195),
    recognises=recognises,
    measure=_measure,
    in_tls=False,
)
