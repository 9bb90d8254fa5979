"""The region's own resolver, its authoritative servers, and a DNS that is closed to strangers."""

import copy
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


class ServedZone:
    """One zone as its authoritative server gives it, over UDP and TCP."""

    def __init__(self, domain: str, lines: Iterable[str], *, opens: bool) -> None:
        """``lines`` as for :class:`Zone`; ``opens``: to transfers and to any question at all."""
        self._zone = dns.name.from_text(domain)
        self._opens = opens
        texts: dict[tuple[str, str], list[str]] = defaultdict(list)
        for line in lines:
            owner, kind, value = line.split(" ", 2)
            texts[owner.lower(), kind].append(value)
        made = [
            dns.rrset.from_text_list(owner, 60, "IN", kind, values)
            for (owner, kind), values in texts.items()
        ]
        self._records = {(one.name, one.rdtype): one for one in made}

    def answer(self, packet: bytes) -> bytes | None:
        """Give the answer to one datagram. Total on any bytes."""
        query = _query(packet)
        return None if query is None else self._told(query).to_wire()

    async def attend(self, guest: Guest) -> None:
        """Answer one connection."""
        while True:
            size = int.from_bytes(await guest.exactly(2), "big")
            query = _query(await guest.exactly(size))
            if query is None:
                raise Gone("not DNS")
            is_transfer = query.question[0].rdtype == dns.rdatatype.AXFR
            told = self._transferred(query) if is_transfer else self._told(query)
            wire = told.to_wire()
            await guest.send(len(wire).to_bytes(2, "big") + wire)

    def _told(self, query: dns.message.Message) -> dns.message.Message:
        asked = query.question[0]
        if not asked.name.is_subdomain(self._zone):
            return self._elsewhere(query)
        reply = dns.message.make_response(query, recursion_available=self._opens)
        reply.flags |= dns.flags.AA
        found = self._records.get((asked.name, asked.rdtype))
        if found is not None:
            reply.answer.append(found)
            return reply
        if not any(owner.is_subdomain(asked.name) for owner, _ in self._records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        reply.authority.append(self._records[self._zone, dns.rdatatype.SOA])
        return reply

    def _elsewhere(self, query: dns.message.Message) -> dns.message.Message:
        """Refuse what is not of the zone, or pretend to have resolved it."""
        asked = query.question[0]
        reply = dns.message.make_response(query, recursion_available=self._opens)
        if not (self._opens and query.flags & dns.flags.RD):
            reply.set_rcode(dns.rcode.REFUSED)
        elif (asked.name, asked.rdtype) == (dns.name.root, dns.rdatatype.SOA):
            root = "racine.example. dns.example. 1 1800 900 604800 86400"
            reply.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "SOA", root))
        else:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply

    def _transferred(self, query: dns.message.Message) -> dns.message.Message:
        reply = dns.message.make_response(query)
        if not self._opens or query.question[0].name != self._zone:
            reply.set_rcode(dns.rcode.REFUSED)
            return reply
        reply.flags |= dns.flags.AA
        top = self._records[self._zone, dns.rdatatype.SOA]
        others = [one for one in self._records.values() if one is not top]
        reply.answer = [top, *others, copy.copy(top)]
        return reply


def _query(packet: bytes) -> dns.message.Message | None:
    try:
        query = dns.message.from_wire(packet)
    except (dns.exception.DNSException, ValueError):
        return None
    return query if query.question and not query.flags & dns.flags.QR else None


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
