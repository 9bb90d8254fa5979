"""An honest resolver, a domain whose every record leads out: names are followed inside alone.

The lying resolver of the other tests is believed by no stage that lives on names; this one is, so
that the hunt, mail and name servers, MTA-STS and sites all run.
"""

from collections.abc import Iterator

import pytest

from tests.servers.honest_dns import ZONE
from tests.servers.lure_places import (
    CANARY,
    EVIL4,
    EVIL6,
    EXCLUDED,
    FRAGILE,
    HONEST,
    HOSTED,
    RESOLVER,
    THIRD_PARTY,
)
from tests.vigie.perimeter import Field, Scanned, field_of_lures, perimeter

pytestmark = [pytest.mark.netns, pytest.mark.slow]

_ALLOWED = ("203.0.113.0/28", "2001:db8:10::/125", HOSTED, HONEST, CANARY)
_CLOSED_TO_US = {EXCLUDED, THIRD_PARTY, FRAGILE, "2001:db8:10::5", EVIL4, EVIL6}
_SPEC = ("--no-wait", "--ports", "25,53,80,443,8080")


def _inventory() -> str:
    return perimeter().replace(f'resolvers = ["{RESOLVER}"]', f'resolvers = ["{HONEST}"]')


def _stays_inside(done: Scanned) -> None:
    assert done.leaks(*_ALLOWED) == set()
    assert _CLOSED_TO_US.isdisjoint({one.far for one in done.sent()} | set(done.contacted))


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with field_of_lures(tmp_path_factory.mktemp("names")) as made:
        yield made


Whole = tuple[Scanned, dict[tuple[str, int], list[bytes]], dict[str, set[str]]]


@pytest.fixture(scope="module")
def whole(at: Field) -> Whole:
    """One standard scan, what the servers heard, what resolvers were asked."""
    return at.scan(_inventory(), *_SPEC), at.heard(), at.asked()


def test_no_packet_follows_a_name_out_of_the_mandate(whole: Whole) -> None:
    _stays_inside(whole[0])


def test_what_stands_inside_was_met_under_its_names(whole: Whole) -> None:
    """Else the test above could not fail."""
    done, heard, asked = whole
    assert asked.keys() == {HONEST}
    assert "3.113.0.203.in-addr.arpa PTR" in asked[HONEST]
    assert f"_mta-sts.{ZONE} TXT" in asked[HONEST]
    assert any(one.startswith(b"EHLO ") for one in heard["203.0.113.3", 25]), "the MX inside"
    # The type (AXFR) and class that end a question about the domain.
    assert any(b"\x03chu\x07example\x00\x00\xfc\x00\x01" in one for one in heard["203.0.113.3", 53])
    for name, ip, port in (
        ("extranet", "203.0.113.2", 80),
        ("extranet", "2001:db8:10::2", 443),
        ("sso", "203.0.113.4", 443),
        ("mta-sts", "203.0.113.4", 443),
        ("webmail", "203.0.113.5", 80),
        ("inverse", "203.0.113.11", 80),
        ("transfert", "203.0.113.10", 80),
    ):
        host = f"Host: {name}.{ZONE}\r\n".encode()
        assert any(host in one for one in heard[ip, port]), name
    found = {one["check"] for one in done.findings["findings"]}
    assert {"dns.zone-transfer", "mail.starttls-missing", "mail.mta-sts-without-effect"} <= found


def test_names_that_lead_out_are_told(whole: Whole) -> None:
    unattributed = {
        one["asset"]["hostname"].removesuffix(f".{ZONE}")
        for one in whole[0].findings["findings"]
        if one["check"] == "asset.unattributed"
    }
    assert unattributed >= {"vpn", "portail", "relais", "sip-dehors", "ns3", "mx3"}
    assert unattributed.isdisjoint({"pacs", "sso", "webmail", "citrix"})


def test_a_name_hosted_outside_is_never_a_host_of_the_address(whole: Whole) -> None:
    """No server inside is asked under the names of others, however a zone or an alias has it."""
    spoken = b"".join(part for sent in whole[1].values() for part in sent)
    hosts = {line for line in spoken.split(b"\r\n") if line.startswith(b"Host: ")}
    assert [one for one in hosts if b"leurre" in one] == []
    assert [one for one in hosts if b"fragile" in one] == []


def test_killed_and_resumed_it_stays_inside(at: Field, whole: Whole) -> None:
    with at.scanning(_inventory(), *_SPEC) as going:
        going.wait_for(120)
    assert _CLOSED_TO_US.isdisjoint(at.lab.contacted())
    done = at.scan(_inventory(), "--resume", *_SPEC)
    _stays_inside(done)
    assert done.code == whole[0].code, done.stderr


def test_a_finding_measured_again_stays_inside(at: Field, whole: Whole) -> None:
    marks = [
        one["fingerprint"]
        for one in whole[0].findings["findings"]
        if one["asset"].get("port") is not None
    ]
    assert marks
    at.lab.forget()
    told = at.vigie("retest", *marks, "--out", str(at.folder / "again"))
    assert told.returncode in {0, 3}, told.stderr
    met = set(at.lab.contacted())
    assert "203.0.113.4" in met
    assert _CLOSED_TO_US.isdisjoint(met)


@pytest.mark.parametrize(
    "host",
    [f"vpn.{ZONE}", f"citrix.{ZONE}", f"portail.{ZONE}", f"intranet.{ZONE}", "leurre.example"],
)
def test_tls_of_a_name_that_leads_out_is_refused(at: Field, host: str) -> None:
    inventory = at.write(_inventory(), "tls.toml")
    at.lab.forget()
    told = at.vigie("tls", host, f"sso.{ZONE}", "--inventory", str(inventory))
    assert told.returncode == 4, told.stderr
    assert set(at.lab.contacted()) <= {HONEST}


def test_tls_of_a_name_that_leads_both_ways_asks_inside_alone(at: Field) -> None:
    inventory = at.write(_inventory(), "tls.toml")
    at.lab.forget()
    told = at.vigie("tls", f"extranet.{ZONE}", f"mta-sts.{ZONE}", "--inventory", str(inventory))
    met = set(at.lab.contacted())
    assert met - {HONEST} <= {"203.0.113.2", "2001:db8:10::2", "203.0.113.4"}, told.stderr
