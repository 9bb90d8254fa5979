"""A resolver that lies: rebinding, aliases, forbidden addresses, servers of others."""

from collections import Counter
from ipaddress import ip_address

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.servers.lure_places import EVIL4, EVIL6, NAMES

_asked: Counter[tuple[str, str]] = Counter()


def answer(query: bytes, *, refer: bool = False) -> bytes | None:
    """Give the answer to a query: the next lie of its name; ``refer``: name servers only."""
    try:
        asked = dns.message.from_wire(query)
    except (dns.exception.DNSException, ValueError):
        return None
    if not asked.question:
        return None
    question = asked.question[0]
    name = question.name.to_text(omit_final_dot=True).lower()
    kind = question.rdtype
    told = dns.message.make_response(asked, recursion_available=True)
    if refer:
        told.flags &= ~dns.flags.RA
    elif name in NAMES:
        told.answer = _answers(question.name, name, kind)
    else:
        # Whatever a lure names exists, and leads where the lure wants.
        address = {dns.rdatatype.A: EVIL4, dns.rdatatype.AAAA: EVIL6}.get(kind)
        if address:
            told.answer = [_rrset(question.name, kind, address)]
    told.authority = [_rrset(question.name, dns.rdatatype.NS, "ns.leurre.example.")]
    told.additional = [
        _rrset("ns.leurre.example.", dns.rdatatype.A, EVIL4),
        _rrset("ns.leurre.example.", dns.rdatatype.AAAA, EVIL6),
        _rrset(question.name, dns.rdatatype.MX, "10 smtp.leurre.example."),
        _rrset("smtp.leurre.example.", dns.rdatatype.A, EVIL4),
    ]
    return told.to_wire(max_size=4_096)


def forget() -> None:
    """Begin again with the first truth of each name."""
    _asked.clear()


def question_of(query: bytes) -> str:
    """Give name and type of a well-formed query."""
    asked = dns.message.from_wire(query).question[0]
    return f"{asked.name.to_text(omit_final_dot=True)} {asked.rdtype.name}"


def _answers(
    owner: dns.name.Name, name: str, kind: dns.rdatatype.RdataType
) -> list[dns.rrset.RRset]:
    turn = _asked[name, kind.name]
    _asked[name, kind.name] += 1
    lies = NAMES[name]
    told: list[dns.rrset.RRset] = []
    addresses: list[str] = []
    for word in lies[min(turn, len(lies) - 1)]:
        if word.startswith("CNAME "):
            alias = word.removeprefix("CNAME ") + "."
            told.append(_rrset(owner, dns.rdatatype.CNAME, alias))
            owner = dns.name.from_text(alias)
        elif (ip_address(word).version == 6) == (kind == dns.rdatatype.AAAA):
            addresses.append(word)
    if addresses and kind in {dns.rdatatype.A, dns.rdatatype.AAAA}:
        told.append(_rrset(owner, kind, *addresses))
    return told


def _rrset(
    owner: dns.name.Name | str, kind: dns.rdatatype.RdataType, *values: str
) -> dns.rrset.RRset:
    # TTL 0: nothing keeps a resolver from asking again.
    return dns.rrset.from_text(owner, 0, "IN", kind, *values)
