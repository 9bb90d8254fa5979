"""``python -m benchmarks.names.odd_server slow|lame FOLDER``: a server that waits, or refuses."""

import heapq
import select
import socket
import sys
import time
from pathlib import Path

import dns.message
import dns.rcode
import dns.zone

from benchmarks.names import places
from benchmarks.names.planted import ZONES


def main(kind: str, folder: Path) -> None:
    """Answer for ever."""
    place = places.SLOW if kind == "slow" else places.LAME
    zones = [
        dns.zone.from_file(str(folder / f"{one.domain}.zone"), one.domain, relativize=False)
        for one in ZONES
        if one.server == place and kind == "slow"
    ]
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind((place, 53))
    held: list[tuple[float, int, bytes, tuple[str, int]]] = []
    count = 0
    while True:
        wait_s = max(0.0, held[0][0] - time.monotonic()) if held else None
        if select.select([bound], [], [], wait_s)[0]:
            query, sender = bound.recvfrom(4_096)
            count += 1
            due = time.monotonic() + (places.SLOW_S if kind == "slow" else 0)
            heapq.heappush(held, (due, count, _answer(zones, query), sender))
        while held and held[0][0] <= time.monotonic():
            _, _, reply, sender = heapq.heappop(held)
            bound.sendto(reply, sender)


def _answer(zones: list[dns.zone.Zone], packet: bytes) -> bytes:
    query = dns.message.from_wire(packet)
    reply = dns.message.make_response(query)
    asked = query.question[0]
    zone = next((one for one in zones if one.origin and asked.name.is_subdomain(one.origin)), None)
    if zone is None:
        reply.set_rcode(dns.rcode.REFUSED)
        return reply.to_wire()
    reply.flags |= 0x0400
    if (found := zone.get_rrset(asked.name, asked.rdtype)) is not None:
        reply.answer.append(found)
        return reply.to_wire()
    if not any(name.is_subdomain(asked.name) for name in zone.nodes):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    assert zone.origin is not None
    if (top := zone.get_rrset(zone.origin, "SOA")) is not None:
        reply.authority.append(top)
    return reply.to_wire()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
