"""Keys and signatures of any bytes at all: judged, never believed, never an end of ours."""

from datetime import UTC, datetime

import dns.dnssec
import dns.flags
import dns.message
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import trio
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from hypothesis import example, given
from hypothesis import strategies as st

from core.observations.domain import Dnssec
from scanner.asking_names import NameAsker, Said
from scanner.dnssec import Chains

_NOW = datetime(2026, 1, 15, tzinfo=UTC)
_SOA = "ns1.chu.example. dns.chu.example. 1 2 3 4 5"


class _Asker(NameAsker):
    """Answers about one zone from what it was given; the rest does not exist."""

    def __init__(self, rrsets: list[dns.rrset.RRset]) -> None:
        self._rrsets = rrsets

    async def ask_signed(self, name: str, kind: str) -> Said:
        await trio.lowlevel.checkpoint()
        told = dns.message.make_response(dns.message.make_query(name, kind))
        wanted = dns.rdatatype.from_text(kind)
        found = [one for one in self._rrsets if one.name.to_text(omit_final_dot=True) == name]
        told.answer = [one for one in found if one.rdtype in {wanted, dns.rdatatype.RRSIG}]
        records = tuple(each for one in found if one.rdtype == wanted for each in one)
        return Said(records=records, message=told)


def _read(rrsets: list[dns.rrset.RRset]) -> Dnssec:
    chains = Chains(_Asker(rrsets), ["1 8 2 " + "AB" * 32], lambda: _NOW)
    found, why = trio.run(chains.read, "chu.example")
    assert found is not None, why
    return found


def _record(kind: str, wire: bytes) -> dns.rrset.RRset | None:
    try:
        made = dns.rdata.from_wire(
            dns.rdataclass.IN, dns.rdatatype.from_text(kind), wire, 0, len(wire)
        )
    except dns.exception.DNSException:
        return None
    return dns.rrset.from_rdata("chu.example.", 60, made)


def _signature(algorithm: int, tag: int, signature: bytes) -> bytes:
    head = dns.rdatatype.DNSKEY.to_bytes(2, "big") + bytes([algorithm, 2]) + bytes([0, 0, 0, 60])
    times = (2_000_000_000).to_bytes(4, "big") + (1_000_000_000).to_bytes(4, "big")
    return head + times + tag.to_bytes(2, "big") + b"\3chu\7example\0" + signature


@given(
    algorithm=st.sampled_from([1, 3, 5, 7, 8, 10, 12, 13, 14, 15, 16, 200, 253]),
    key=st.binary(max_size=80),
    signature=st.binary(max_size=80),
    flags=st.sampled_from([256, 257, 385, 0]),
)
@example(algorithm=8, key=b"", signature=b"", flags=257)
@example(algorithm=8, key=b"\0", signature=b"", flags=257)
@example(algorithm=8, key=b"\0\xff\xff\1", signature=b"\1", flags=257)
@example(algorithm=13, key=bytes(64), signature=bytes(64), flags=257)
@example(algorithm=13, key=bytes(63), signature=bytes(63), flags=257)
@example(algorithm=3, key=b"\x09" + bytes(60), signature=bytes(41), flags=257)
@example(algorithm=253, key=b"", signature=b"", flags=257)
def test_no_bytes_hold_and_none_stop_us(
    algorithm: int, key: bytes, signature: bytes, flags: int
) -> None:
    keys = _record("DNSKEY", flags.to_bytes(2, "big") + bytes([3, algorithm]) + key)
    if keys is None:
        return
    one = keys[0]
    assert isinstance(one, DNSKEY)
    signed = _record("RRSIG", _signature(algorithm, dns.dnssec.key_id(one), signature))
    delegation = _record(
        "DS", dns.dnssec.key_id(one).to_bytes(2, "big") + bytes([algorithm, 2]) + bytes(32)
    )
    soa = dns.rrset.from_text("chu.example.", 60, "IN", "SOA", _SOA)
    found = _read([each for each in (keys, signed, delegation, soa) if each is not None])
    assert found.faults
    assert all(each.fault for each in found.signatures)


def test_a_delegation_to_a_digest_that_nobody_computes_proves_nothing() -> None:
    keys = _record("DNSKEY", b"\1\1\3\x0d" + bytes(64))
    delegation = _record("DS", b"\0\1\x0d\xc8" + bytes(32))
    signed = _record("RRSIG", _signature(13, 1, bytes(64)))
    assert keys is not None
    assert delegation is not None
    assert signed is not None
    found = _read([keys, delegation, signed])
    assert [one.is_matched for one in found.delegations] == [None]
    assert "no-match" not in {one.id for one in found.faults}
