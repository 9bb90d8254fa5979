"""The network of an address, by the zone that maps one to the other."""

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.attribution import Origin
from scanner.dns_wire import Said
from scanner.sources.asn import (
    name_question,
    origin_asker,
    origin_question,
    read_name,
    read_origin,
)
from tests.on_trio import on_trio

ZONE = "origin.asn.example"
IP = "198.51.100.7"


def test_questions() -> None:
    assert origin_question(IP, ZONE) == "7.100.51.198.origin.asn.example"
    assert origin_question("2001:db8::1", ZONE).endswith("8.b.d.0.1.0.0.2.origin6.asn.example")
    assert origin_question("2001:db8::1", "six.example").endswith(".six.example")
    assert name_question(64496, ZONE) == "AS64496.asn.example"


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["64496 | 198.51.100.0/24 | FR | x | 2010-01-01"], (64496, "198.51.100.0/24")),
        (["64497 64496 | 198.51.100.0/24 | FR"], (64497, "198.51.100.0/24")),
        (
            ["64496 | 198.51.0.0/16 | FR", "64499 | 198.51.100.0/24 | FR"],
            (64499, "198.51.100.0/24"),
        ),
        (["64496 | 203.0.113.0/24 | FR"], None),
        (["64496 | 2001:db8::/32 | FR"], None),
        (["-1 | 198.51.100.0/24", "x", "", "|", "99999999999 | 198.51.100.0/24"], None),
        (["NA | NA | NA"], None),
    ],
)
def test_origins(texts: list[str], found: tuple[int, str] | None) -> None:
    told = read_origin(texts, IP)
    assert (told and (told.asn, told.range)) == found


@given(st.lists(st.text(max_size=60), max_size=20))
def test_any_text(texts: list[str]) -> None:
    read_origin(texts, IP)
    assert read_name(texts).isprintable()


@on_trio
async def test_each_network_is_named_once() -> None:
    asked: list[str] = []
    zone = {
        "7.100.51.198.origin.asn.example": "64496 | 198.51.100.0/24 | FR | x | 2010",
        "8.100.51.198.origin.asn.example": "64496 | 198.51.100.0/24 | FR | x | 2010",
        "as64496.asn.example": "64496 | FR | x | 2010 | EXEMPLE-AS, FR",
    }

    async def ask(name: str, kind: str) -> Said:
        asked.append(name)
        text = zone.get(name.lower())
        if text is None:
            return Said(exists=False)
        record = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), f'"{text}"')
        return Said(records=(record,))

    origin = origin_asker(ask, ZONE)
    whole = Origin(asn=64496, range="198.51.100.0/24", name="EXEMPLE-AS, FR")
    assert [await origin(IP), await origin("198.51.100.8")] == [whole, whole]
    assert sum(one.startswith("AS") for one in asked) == 1
    assert (await origin("192.0.2.1")).why == "not-registered"
