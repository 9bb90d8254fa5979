"""The region's own resolver: its names and addresses over UDP, and a closed DNS over TCP."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.rrset
import trio

from vigie.demo.servers.base import Gone, Guest

_MOST_ALIASES = 16


class Zone:
    """Names to addresses, both ways, with aliases and wildcards."""

    def __init__(self, names: dict[str, str], records: Iterable[str] = ()) -> None:
        """``records``: lines of a zone file, every name in full, besides those of ``names``.

        They come before those of ``names`` for the same owner and kind.
        """
        self._records: dict[tuple[str, str], list[str]] = defaultdict(list)
        for line in records:
            owner, kind, value = line.split(" ", 2)
            self._records[owner.lower(), kind].append(value)
        for name, ip in names.items():
            self._records.setdefault((f"{name}.", "A"), [ip])
            self._records.setdefault(
                (dns.reversename.from_address(ip).to_text(), "PTR"), [f"{name}."]
            )
        self._known = {above for owner, _ in self._records for above in _suffixes(owner)}
        """Every name there is, those that are only above others too (RFC 4592, 2.2.2)."""

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
        kind, name = dns.rdatatype.to_text(asked.rdtype), asked.name
        for _ in range(_MOST_ALIASES):
            owner = self._owner(name.to_text().lower())
            if owner is None:
                reply.set_rcode(dns.rcode.NXDOMAIN)
                break
            if (values := self._records.get((owner, kind))) is not None:
                reply.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, values))
                break
            if (aliases := self._records.get((owner, "CNAME"))) is None:
                break
            reply.answer.append(dns.rrset.from_text_list(name, 60, "IN", "CNAME", aliases))
            name = dns.name.from_text(aliases[0])
        return reply.to_wire()

    def _owner(self, name: str) -> str | None:
        """Give the owner whose records answer for a name: itself, or a wildcard (RFC 4592)."""
        if name in self._known:
            return name
        for above in list(_suffixes(name))[1:]:
            if above in self._known:
                return f"*.{above}" if f"*.{above}" in self._known else None
        return None


def _suffixes(name: str) -> Iterator[str]:
    while name not in {"", "."}:
        yield name
        name = name.partition(".")[2]


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
