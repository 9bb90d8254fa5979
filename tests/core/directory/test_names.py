"""What zones answer: names, wildcards, sub-zones given away, and zones that do not decide."""

from hypothesis import given
from hypothesis import strategies as st

from checks.ad._shared.healthy import (
    ROOT,
    Departure,
    change,
    healthy,
    hide,
    node,
    spoilt,
    without,
    zone,
    zone_property,
)
from core.directory.names import Answer, record_of

_ZONE = f"DC=chu.example,CN=MicrosoftDNS,DC=DomainDnsZones,{ROOT}"
_A, _NS, _WINS = 1, 2, 0xFF01
_LOCAL = bytes((203, 0, 113, 7))


def answer(host: str, *departures: Departure) -> Answer | str:
    return healthy(*departures).dns_names.answer(host)


def said(host: str, *departures: Departure) -> tuple[bool, list[str]] | str:
    found = answer(host, *departures)
    if isinstance(found, str):
        return found.partition(":")[0]
    return found.is_there, [str(one) for one in found.addresses]


def test_a_name_has_its_addresses() -> None:
    assert said("SRV.chu.example.", node("srv", _A, _LOCAL)) == (True, ["203.0.113.7"])
    six = bytes.fromhex("20010db8") + bytes(12)
    assert said("a.b.chu.example", node("a.b", 28, six)) == (True, ["2001:db8::"])
    assert said("chu.example") == (True, [])
    assert said("srv.chu.example", node("srv", _A, b"\1")) == (True, [])


def test_a_name_is_missing() -> None:
    assert said("srv.chu.example") == (False, [])
    gone = f"DC=srv,{_ZONE}"
    assert said("srv.chu.example", node("srv", 0, bytes(8))) == (False, [])
    assert said("srv.chu.example", node("srv", _A, _LOCAL), change(gone, dnstombstoned=True)) == (
        False,
        [],
    )


def test_a_wildcard_answers_for_it() -> None:
    assert said("srv.chu.example", node("*", _A, _LOCAL)) == (True, ["203.0.113.7"])
    assert said("a.b.chu.example", node("*.b", _A, _LOCAL)) == (True, ["203.0.113.7"])
    assert said("a.b.chu.example", node("*.c", _A, _LOCAL)) == (False, [])


def test_the_nearest_zone_decides() -> None:
    assert said("a.b.chu.example", node("a.b", _A, _LOCAL), zone("b.chu.example")) == (False, [])
    below = node("a", _A, _LOCAL, zone_name="b.chu.example")
    assert said("a.b.chu.example", zone("b.chu.example"), below)[0] is True


def test_where_no_zone_decides() -> None:
    assert said("srv.autre.example") == said("srv") == said("") == "referred-elsewhere"
    assert said("a.b.chu.example", node("b", _NS, bytes(4))) == "referred-elsewhere"
    assert said("srv.chu.example", node("@", _WINS, bytes(4))) == "referred-elsewhere"
    forwarder = change(_ZONE, dnsproperty=[zone_property(1, bytes((4, 0, 0, 0)))])
    assert said("srv.chu.example", forwarder) == "referred-elsewhere"
    primary = change(_ZONE, dnsproperty=[zone_property(1, bytes((1, 0, 0, 0)))])
    assert said("srv.chu.example", primary) == (False, [])
    assert said("srv.chu.example", without(f"DC=@,{_ZONE}")) == "hidden"
    srv = f"DC=srv,{_ZONE}"
    assert said("srv.chu.example", node("srv", _A, _LOCAL), hide(srv, "dnsrecord")) == "hidden"
    # Longer than what a collection asks for.
    assert said("a.b.c.d.e.chu.example") == "gave-up"
    assert said("a." * 200) == "protocol-error"


@given(st.binary(max_size=64), st.text(max_size=300))
def test_never_raises(record: bytes, host: str) -> None:
    read = record_of(record)
    assert read is None or len(read[1]) <= len(record)
    srv = f"DC=srv,{_ZONE}"
    forest = healthy(node("srv", _A, _LOCAL), spoilt(srv, "dnsrecord", record))
    forest.dns_names.answer("srv.chu.example")
    forest.dns_names.answer(host)
