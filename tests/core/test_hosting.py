"""The list of who hosts for others: well formed, and each entry found by what it is known by."""

import re
from ipaddress import ip_network

import pytest

from core.knowledge.hosting import Host, load_hosting, read_hosting
from inventories.hostnames import canonical_name

HOSTS = load_hosting().hosts


def test_it_holds_those_that_hospitals_use() -> None:
    known = {host.id for host in HOSTS}
    assert len(known) >= 60
    assert {
        *("aws", "azure", "google", "ovhcloud", "scaleway", "orange-business", "outscale"),
        *("cloudflare", "akamai", "fastly", "imperva", "claranet", "docaposte", "coreye"),
        *("cegedim", "mipih", "sib", "maincare", "softway", "dedalus"),
    } <= known


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.id)
def test_each_entry_is_found_by_what_it_is_known_by(host: Host) -> None:
    hosting = load_hosting()
    assert hosting.get(host.id) is host
    for suffix in host.cnames:
        assert canonical_name(suffix) == suffix
        found = hosting.by_alias([f"client.{suffix}"])
        assert found is host, suffix
        assert hosting.by_alias([f"client{suffix}"]) is not host
    for text in host.ranges:
        assert hosting.by_range(str(ip_network(text)[0])) is host
        assert hosting.by_range(str(ip_network(text)[-1])) is host
    for pattern in host.registry:
        assert not re.search(pattern, "Centre hospitalier d'Exemple", re.IGNORECASE)
        assert not re.search(pattern, "", re.IGNORECASE)
    for asn in host.asns:
        assert hosting.by_asn(asn) is host
    assert host.sources
    assert all(one.startswith("https://") for one in host.sources)
    assert host.confidence in {"high", "medium", "low"}
    if host.hds is not None:
        assert host.hds.certified in {"yes", "unknown"}
        assert host.hds.confidence in {"high", "medium", "low"}
        assert host.hds.source.startswith("https://")


def test_the_last_known_alias_wins() -> None:
    hosting = load_hosting()
    found = hosting.by_alias(["a.azurefd.net", "b.fastly.net", "c.inconnu.example"])
    assert found is not None
    assert found.id == "fastly"
    assert hosting.by_alias(["chu.example", ""]) is None
    assert hosting.by_range("192.0.2.1") is None
    assert hosting.by_asn(None) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "schema = 2\ncompiled_on = 2026-01-01\nhosts = []",
        "schema = 1\ncompiled_on = 2026-01-01\n[[hosts]]\nid = 'a'",
        "schema = 1\ncompiled_on = 2026-01-01\n[[hosts]]\nid = 'a'\nname = 'A'\nkind = 'x'\n"
        "sources = []\nconfidence = 'low'",
    ],
)
def test_data_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hosting\.toml"):
        read_hosting(text)
