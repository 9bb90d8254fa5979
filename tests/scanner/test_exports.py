"""Files of others: Shadowserver, Censys and ONYPHE, as their makers document them, and broken."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import Place, Transport
from scanner.sources import internetdb
from scanner.sources.exports import MOST_BYTES, Claim, NotAnExport, read_export

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

SHADOWSERVER = (
    b'"timestamp","severity","ip","protocol","port","hostname","tag","asn","geo",'
    b'"device_vendor","device_model","device_version"\n'
    b'"2026-11-19 03:14:15","high","203.0.113.10","tcp",3389,"rdp.chu.example","rdp",64500,'
    b'"FR","","",""\n'
    b'"2026-11-18 01:02:03","medium","203.0.113.11","udp","161","","snmp","64500",'
    b'"FR","Cisco","IOS","15.2"\n'
    b'"not a date","medium","203.0.113.300","udp","161","","snmp","64500","FR","","",""\n'
)

CENSYS = {
    "code": 200,
    "result": {
        "hits": [
            {
                "ip": "203.0.113.12",
                "last_updated_at": "2026-11-17T10:00:00.000Z",
                "services": [
                    {
                        "port": 443,
                        "service_name": "HTTP",
                        "extended_service_name": "HTTPS",
                        "transport_protocol": "TCP",
                        "observed_at": "2026-11-16T09:08:07.123Z",
                        "software": [
                            {"vendor": "fortinet", "product": "fortios", "version": "7.4.3"}
                        ],
                    },
                    {"port": 443, "transport_protocol": "QUIC", "service_name": "UNKNOWN"},
                ],
            }
        ]
    },
}

ONYPHE = {
    "@category": "datascan",
    "@timestamp": "2026-11-15T07:00:00.000Z",
    "ip": "2001:db8::1",
    "port": 1723,
    "protocol": "pptp",
    "transport": "tcp",
    "productvendor": "Microsoft",
    "product": "PPTP",
}


def test_a_shadowserver_report() -> None:
    found = read_export(SHADOWSERVER, name="2026-11-19-scan_rdp-asn.csv", at=NOW)
    first, second = found.claims
    assert (found.source, found.unread) == ("shadowserver", 1)
    assert first == Claim(
        "shadowserver",
        "203.0.113.10",
        3389,
        Transport.TCP,
        date(2026, 11, 19),
        "rdp",
        names=("rdp.chu.example",),
    )
    assert (second.product, second.version, second.transport) == (
        "Cisco IOS",
        "15.2",
        Transport.UDP,
    )


def test_a_censys_export_in_each_of_its_shapes() -> None:
    host = CENSYS["result"]["hits"][0]  # type: ignore[index]
    newer = {"host": {"ip": host["ip"], "services": host["services"]}}
    for data in (
        json.dumps(CENSYS),
        json.dumps([host]),
        json.dumps(host),
        f"{json.dumps(host)}\n\n{json.dumps(newer)}\n",
    ):
        found = read_export(data.encode(), at=NOW)
        assert found.source == "censys"
        assert found.claims[0] == Claim(
            "censys",
            "203.0.113.12",
            443,
            Transport.TCP,
            date(2026, 11, 16),
            "https",
            "fortinet fortios",
            "7.4.3",
        )
        assert found.claims[1].transport is Transport.UDP


def test_an_onyphe_export() -> None:
    found = read_export(json.dumps(ONYPHE).encode(), at=NOW)
    (claim,) = found.claims
    assert (claim.ip, claim.port, claim.protocol) == ("2001:db8::1", 1723, "pptp")
    assert claim.product == "Microsoft PPTP"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   \n",
        b"a;b;c\n1;2;3\n",
        b"<html>",
        b"{",
        b"[]x",
        b"{}",
        b"\x00\xff" * 100,
        b"[" * 200_000,
        b" " * (MOST_BYTES + 1),
    ],
)
def test_what_is_no_export_is_refused(data: bytes) -> None:
    with pytest.raises(NotAnExport):
        read_export(data, at=NOW)


def test_an_empty_list_is_an_answer() -> None:
    assert read_export(b"[]", at=NOW).claims == ()


def test_hostile_texts_are_made_plain() -> None:
    row = {**ONYPHE, "product": "a\x1b[31m\u202e" * 99, "@timestamp": "2999-01-01T00:00:00Z"}
    (claim,) = read_export(json.dumps(row).encode(), at=NOW).claims
    assert claim.product.isprintable()
    assert len(claim.product) <= 80
    assert claim.seen_on is None


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_an_export_or_none(data: bytes) -> None:
    for head in (b"", b"timestamp,ip,port\n", b"[", b'{"ip":"1.2.3.4","services":['):
        try:
            found = read_export(head + data, at=NOW)
        except NotAnExport:
            continue
        assert all(1 <= claim.port <= 65_535 for claim in found.claims)


def test_internetdb_as_documented() -> None:
    at = Place(establishment="chu", ip="203.0.113.10")
    body = {
        "cpes": ["cpe:/a:openbsd:openssh"],
        "hostnames": ["h.example"],
        "ip": "203.0.113.10",
        "ports": [443, 22, 22, 70_000],
        "tags": [],
        "vulns": ["CVE-2024-6387"],
    }
    seen = internetdb.read_host(body, at, NOW) or ()
    assert [one.place.port for one in seen] == [22, 443]
    assert all(one.seen_on is None and not one.product for one in seen)
    assert {one.names for one in seen} == {("h.example",)}
    assert internetdb.read_host({**body, "ip": "203.0.113.11"}, at, NOW) is None
    assert internetdb.read_host({"detail": "No information available"}, at, NOW) is None


def test_host_names_are_kept_canonical_and_few() -> None:
    row = {
        **ONYPHE,
        "hostname": ["*.A.example", "b.example", 1, None, "<b>", "localhost", "é.example"],
    }
    (claim,) = read_export(json.dumps(row).encode(), at=NOW).claims
    assert claim.names == ("a.example", "b.example", "xn--9ca.example")
    row = {**ONYPHE, "hostname": [f"n{number}.example" for number in range(999)]}
    (claim,) = read_export(json.dumps(row).encode(), at=NOW).claims
    assert len(claim.names) == 64
    host = {**CENSYS["result"]["hits"][0], "dns": {"names": ["c.example"], "reverse_dns": []}}  # type: ignore[index]
    assert read_export(json.dumps(host).encode(), at=NOW).claims[0].names == ("c.example",)
