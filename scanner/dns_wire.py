"""DNS messages as bytes: a question written, an answer read. Pure, total, and bounded.

Only what the question asks is decoded (RFC 1035, 4.1): a negative answer, nine in ten when names
are guessed, costs a few comparisons. Records themselves are read by dnspython.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

MOST_RECORDS = 64
"""Records of one answer that are handed over."""
UDP_SIZE = 1_232
"""What is said to fit in a datagram (DNS flag day 2020)."""
RD, AD, CD = 0x0100, 0x0020, 0x0010
_QR, _TC = 0x8000, 0x0200
_OPCODE = 0x7800
_MOST_READ = 512
"""Records of one answer that are looked at: 64 kB hold more, and nobody publishes so many."""
_MOST_ALIASES = 32
_MOST_JUMPS = 32
"""Compression pointers of one name; each goes back, so that none can loop."""
_IN = 1
_CNAME, _SOA = 5, 6
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_HEAD = struct.Struct(">6H")
_FIXED = struct.Struct(">HHIH")
_RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN")
_KINDS: dict[str, int] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What the resolvers said to one question."""

    why: str = ""
    """Reason id when there was no answer that can be used; the rest is empty then."""
    exists: bool = True
    """False: the name, or what its aliases lead to, does not exist."""
    records: tuple[dns.rdata.Rdata, ...] = ()
    """Of the kind asked for, at the end of the aliases; others are not looked at."""
    chain: tuple[str, ...] = ()
    """Aliases followed, in order."""
    is_validated: bool = False
    """The resolver says that it checked the signatures (AD)."""
    apex: str = ""
    """Where the zone begins, when the answer tells."""
    message: dns.message.Message | None = None
    """The answer itself, signatures with it; only where it was asked for."""


class BadAnswer(ValueError):
    """Bytes that are no answer to this question."""


def host_of(name: dns.name.Name) -> str:
    """Give a name as written elsewhere: lower case, without the last dot; the root is « . »."""
    return name.to_text(omit_final_dot=True).lower()


def wire_of(name: str) -> bytes | None:
    """Give a name in wire form, lower case; ``None`` for what the DNS cannot hold."""
    if len(name) < 254 and _PLAIN.fullmatch(name):
        labels = name.lower().removesuffix(".").split(".")
        return b"".join(bytes((len(one),)) + one.encode() for one in labels) + b"\0"
    try:
        return (dns.name.from_text(name).to_wire() or b"").lower() or None
    except (dns.exception.DNSException, ValueError):
        return None


def kind_of(kind: str) -> int:
    """Give the number of a type of record; raises ``ValueError`` on what is none."""
    number = _KINDS.get(kind)
    if number is None:
        try:
            number = _KINDS[kind] = int(dns.rdatatype.from_text(kind))
        except dns.exception.DNSException as fault:
            raise ValueError(f"{kind!r} is no type of record") from fault
    return number


def question_of(name: bytes, kind: int) -> bytes:
    """Give the question section."""
    return name + struct.pack(">HH", kind, _IN)


def query_of(number: int, flags: int, question: bytes, *, edns: bool, dnssec: bool) -> bytes:
    """Give a query; with EDNS, an OPT record that tells our size (RFC 6891)."""
    head = _HEAD.pack(number, flags, 1, 0, 0, int(edns))
    if not edns:
        return head + question
    return head + question + struct.pack(">BHHIH", 0, 41, UDP_SIZE, 0x8000 if dnssec else 0, 0)


def rcode_of(wire: bytes, question: bytes) -> str:
    """Give the code of an answer to this question; raises :class:`BadAnswer` on anything else.

    A server that could not even read the question may leave it out, and then gives nothing else.
    """
    if len(wire) < 12:
        raise BadAnswer("too short")
    _, flags, questions, answers, _, _ = _HEAD.unpack_from(wire)
    if not flags & _QR or flags & _OPCODE:
        raise BadAnswer("no response")
    rcode = flags & 15
    if questions == 0 and rcode not in {0, 3} and not answers:
        return _code(rcode)
    end = 12 + len(question)
    # The length bytes of labels are below 64, and stay what they are in lower case.
    if (
        questions != 1
        or wire[end - 4 : end] != question[-4:]
        or wire[12 : end - 4].lower() != question[:-4]
    ):
        raise BadAnswer("another question")
    return _code(rcode)


def is_cut(wire: bytes) -> bool:
    """Whether an answer says that it did not fit (TC)."""
    return bool(wire[2] & 0x02)


def read_answer(wire: bytes, question: bytes, *, keeps: bool = False) -> Said:
    """Read an answer whose code is NOERROR or NXDOMAIN; raises :class:`BadAnswer`.

    ``keeps`` holds the whole message too.
    """
    rcode_of(wire, question)
    _, flags, _, answers, authorities, _ = _HEAD.unpack_from(wire)
    exists = flags & 15 != 3
    validated = bool(flags & AD)
    position = 12 + len(question)
    kind = struct.unpack(">H", question[-4:-2])[0]
    chain: tuple[str, ...] = ()
    records: tuple[dns.rdata.Rdata, ...] = ()
    apex = ""
    if answers:
        aliases: dict[bytes, bytes] = {}
        wanted: list[tuple[bytes, int, int]] = []
        answer = position
        for owner, told, start, length, end in _records(wire, answer, answers):
            position = end
            if told == kind and len(wanted) < _MOST_READ:
                wanted.append((owner, start, length))
            if told == _CNAME and kind != _CNAME:
                aliases.setdefault(owner, _name(wire, start)[0])
            elif told == _SOA and not apex:
                apex = _text(owner)
        chain, last = _followed(question[:-4], aliases)
        if last is None:
            return Said(why="alias-loop", chain=chain)
        records = _read(wire, kind, [place for owner, *place in wanted if owner == last])
    if not apex and authorities and answers <= _MOST_READ:
        for owner, told, _, _, _ in _records(wire, position, authorities):
            if told == _SOA:
                apex = _text(owner)
                break
    return Said(
        exists=exists,
        records=records,
        chain=chain,
        is_validated=validated,
        apex=apex,
        message=_message(wire) if keeps else None,
    )


def _code(rcode: int) -> str:
    return _RCODES[rcode] if rcode < len(_RCODES) else f"RCODE{rcode}"


def _records(wire: bytes, position: int, count: int) -> Iterator[tuple[bytes, int, int, int, int]]:
    """Give owner, type (0 outside IN), start and length of the data, and the end of each record."""
    size = len(wire)
    for _ in range(min(count, _MOST_READ)):
        owner, position = _name(wire, position)
        if position + 10 > size:
            raise BadAnswer("cut record")
        told, group, _, length = _FIXED.unpack_from(wire, position)
        start = position + 10
        position = start + length
        if position > size:
            raise BadAnswer("cut record")
        yield owner, told if group == _IN else 0, start, length, position


def _name(wire: bytes, position: int) -> tuple[bytes, int]:
    """Give a name in lower case, without compression, and where it ends in the message."""
    labels: list[bytes] = []
    size, end, total, jumps = len(wire), -1, 1, 0
    while True:
        if position >= size:
            raise BadAnswer("cut name")
        length = wire[position]
        if length >= 0xC0:
            if position + 2 > size:
                raise BadAnswer("cut name")
            there = (length & 0x3F) << 8 | wire[position + 1]
            jumps += 1
            # RFC 1035, 4.1.4: « a prior occurrence ».
            if there >= position or jumps > _MOST_JUMPS:
                raise BadAnswer("pointer that leads nowhere")
            if end < 0:
                end = position + 2
            position = there
            continue
        if length > 63:
            raise BadAnswer("label of no known kind")
        position += 1
        if not length:
            break
        total += length + 1
        if total > 255 or position + length > size:
            raise BadAnswer("name too long")
        labels.append(wire[position - 1 : position + length])
        position += length
    return b"".join(labels).lower() + b"\0", position if end < 0 else end


def _text(wire: bytes) -> str:
    labels: list[bytes] = []
    position = 0
    while length := wire[position]:
        labels.append(wire[position + 1 : position + 1 + length])
        position += 1 + length
    return host_of(dns.name.Name((*labels, b"")))


def _followed(name: bytes, aliases: dict[bytes, bytes]) -> tuple[tuple[str, ...], bytes | None]:
    """Give the aliases in order and the last name; ``None`` where they turn round."""
    chain: list[str] = []
    met = {name}
    while (target := aliases.get(name)) is not None:
        chain.append(_text(target))
        if target in met or len(chain) > _MOST_ALIASES:
            return tuple(chain), None
        met.add(target)
        name = target
    return tuple(chain), name


def _read(wire: bytes, kind: int, places: list[list[int]]) -> tuple[dns.rdata.Rdata, ...]:
    records: list[dns.rdata.Rdata] = []
    told = dns.rdatatype.RdataType.make(kind)
    for start, length in places[:MOST_RECORDS]:
        try:
            one = dns.rdata.from_wire(dns.rdataclass.IN, told, wire, start, length)
        except (dns.exception.DNSException, ValueError):
            continue
        if one not in records:
            records.append(one)
    if places and not records:
        raise BadAnswer("no record that can be read")
    return tuple(records)


def _message(wire: bytes) -> dns.message.Message:
    try:
        return dns.message.from_wire(wire, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError) as fault:
        raise BadAnswer(str(fault)) from fault
