"""The region's own resolver: its names and addresses over UDP, and a closed DNS over TCP."""

from collections import defaultdict
from collections.abc import Iterable

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.rrset
import trio

from vigie.demo.servers.base import Gone, Guest


class Zone:
    """Names to addresses, both ways."""

    def __init__(self, names: dict[str, str], records: Iterable[str] = ()) -> None:
        """``records``: lines of a zone file, every name in full, besides those of ``names``."""
        self._others: dict[tuple[str, str], list[str]] = defaultdict(list)
        for line in records:
            owner, kind, value = line.split(" ", 2)
            self._others[owner.lower(), kind].append(value)
        self._forward = {f"{name}.": ip for name, ip in names.items()}
        self._reverse = {
            dns.reversename.from_address(ip).to_text(): f"{name}." for name, ip in names.items()
        }

    def answer(self, packet: bytes) -> bytes | None:
        """Give the answer to one query, ``None`` when it is not one. Total on any bytes."""
        try:
            query = dns.message.from_wire(packet)
        except (dns.exception.DNSException, ValueError):
            return None
        if query.flags & dns.flags.QR or not query.question:
            return None
        reply = dns.message.make_response(query, recursion_available=True)
        asked = query.question[0]
        name = asked.name.to_text().lower()
        if others := self._others.get((name, dns.rdatatype.to_text(asked.rdtype))):
            rrset = dns.rrset.from_text_list(asked.name, 60, "IN", asked.rdtype, others)
            reply.answer.append(rrset)
            return reply.to_wire()
        value, kind = self._forward.get(name), "A"
        if value is None:
            value, kind = self._reverse.get(name), "PTR"
        if value is None:
            known = any(
                own == name or own.endswith(f".{name}")
                for own in (*self._forward, *(owner for owner, _ in self._others))
            )
            reply.set_rcode(dns.rcode.NOERROR if known else dns.rcode.NXDOMAIN)
        elif dns.rdatatype.to_text(asked.rdtype) == kind:
            reply.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, value))
        return reply.to_wire()


async def resolve(bound: trio.socket.SocketType, zone: Zone) -> None:
    """Answer queries for ever."""
    while True:
        try:
            packet, sender = await bound.recvfrom(4_096)
            if reply := zone.answer(packet):
                await bound.sendto(reply, sender)
        except OSError:
            # An ICMP error of an earlier answer: its asker has gone.
            continue


async def closed_dns(guest: Guest) -> None:
    """Refuse every question, as an authoritative server does for names that are not its own."""
    while True:
        size = int.from_bytes(await guest.exactly(2), "big")
        try:
            query = dns.message.from_wire(await guest.exactly(size))
        except (dns.exception.DNSException, ValueError) as error:
            raise Gone("not DNS") from error
        if query.flags & dns.flags.QR:
            raise Gone("not a query")
        reply = dns.message.make_response(query)
        reply.set_rcode(dns.rcode.REFUSED)
        wire = reply.to_wire()
        await guest.send(len(wire).to_bytes(2, "big") + wire)
