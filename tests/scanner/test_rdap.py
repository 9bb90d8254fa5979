"""What registries tell, and what they are made to tell."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.sources.rdap import Holder, is_answer, read_domain, read_network
from tests.servers.name_services import card, domain, entity, network

IP = "198.51.100.7"


def told(answer: object) -> bytes:
    return json.dumps(answer).encode()


def test_a_network() -> None:
    found = read_network(
        told(
            network(
                "198.51.100.0",
                "198.51.100.63",
                entity("technical", "NOC-1", name="Exploitation", kind="group"),
                entity("registrant", "ORG-CHU1-RIPE", name="CHU d'Exemple"),
            )
        ),
        IP,
    )
    assert found is not None
    assert (found.handle, found.name, found.country) == (
        "198.51.100.0 - 198.51.100.63",
        "EXEMPLE-NET",
        "FR",
    )
    assert found.cidrs == ("198.51.100.0/26",)
    assert found.shown_range == "198.51.100.0/26"
    assert [one.name for one in found.holders] == ["CHU d'Exemple"]
    assert found.holder == "CHU d'Exemple"
    assert found.texts() == ("CHU d'Exemple", "Réseau d'exemple", "EXEMPLE-NET")
    assert found.holds(IP)
    assert not found.holds("198.51.100.64")
    assert not found.holds("2001:db8::1")


def test_a_network_of_odd_bounds_and_of_ipv6() -> None:
    found = read_network(told(network("198.51.100.3", "198.51.100.9")), IP)
    assert found is not None
    assert found.shown_range == "198.51.100.3 - 198.51.100.9"
    assert found.holder == "Réseau d'exemple"
    found = read_network(told(network("2001:db8::", "2001:db8:ff::/48")), "2001:db8::1")
    assert found is not None
    assert found.first == "2001:db8::"


def test_persons_are_not_kept() -> None:
    person = entity("registrant", "PERS-1", name="Prénom Nom", kind="individual")
    firm = entity("registrant", "ORG-1", name="Prénom Nom", org="Exemple SAS", kind="individual")
    found = read_network(told(network("198.51.100.0", "198.51.100.63", person, firm)), IP)
    assert found is not None
    assert [one.name for one in found.holders] == ["", "Exemple SAS"]
    assert "Nom" not in str(found)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        "x",
        1,
        None,
        {},
        {"objectClassName": "domain"},
        network("203.0.113.0", "203.0.113.255"),
        network("198.51.100.63", "198.51.100.0"),
        network("198.51.100.0", "2001:db8::"),
        network("0.0.0.0", "255.255.255.255"),
        network("128.0.0.0", "255.255.255.255"),
        network("", ""),
        network("198.51.100.0", "198.51.100.63", startAddress=7),
    ],
)
def test_what_tells_nothing_of_this_address(answer: object) -> None:
    assert read_network(told(answer), IP) is None


def test_the_unallocated_rest_is_nobodys() -> None:
    """Registries answer with the whole Internet for what is not theirs."""
    assert read_network(told(network("::", "ffff:" * 7 + "ffff")), "2001:db8::1") is None


def deep(depth: int) -> dict[str, object]:
    one: dict[str, object] = entity("registrant", "ORG-0", name="au fond")
    for _ in range(depth):
        one = {"roles": ["registrar"], "entities": [one]}
    return one


def test_hostile_cards_are_bounded() -> None:
    cards: list[object] = [
        card(name="\x1b[31m<b>a</b>\r\n\u202e" + "x" * 5_000),
        ["vcard", [["fn", {}, "text", ["a", ["b"]]], ["org"], [1, 2, 3, 4], "x"]],
        ["vcard", "x"],
        ["vcard"],
        "vcard",
        {"a": 1},
        None,
    ]
    entities = [
        {"roles": ["registrant"], "handle": ["x"], "vcardArray": each} for each in cards
    ] * 40
    answer = network("198.51.100.0", "198.51.100.63", *entities, deep(200), name={"a": []})
    found = read_network(told(answer), IP)
    assert found is not None
    assert len(found.holders) <= 64
    assert all(len(one.name) <= 200 and one.name.isprintable() for one in found.holders)
    assert found.holders[0].name.startswith("[31m<b>a</b> ")
    assert found.holders[1] == Holder(name="a", roles=("registrant",))
    assert "au fond" not in str(found)
    assert read_network(told(network("198.51.100.0", "198.51.100.63", deep(2))), IP) is not None
    assert read_network(b"[" * 100_000, IP) is None


def test_a_domain() -> None:
    found = read_domain(told(domain("chu.example", "2027-02-01T23:30:00-05:00")), "chu.example")
    assert found is not None
    assert found.expires_on == date(2027, 2, 2)
    assert found.registered_on == date(2009, 2, 3)
    assert found.name_servers == ("ns1.chu.example", "ns2.chu.example")
    assert (found.registrar, found.statuses, found.is_signed) == (
        "Bureau Exemple",
        ("active",),
        True,
    )


@pytest.mark.parametrize(
    ("changes", "expires"),
    [
        ({"events": []}, None),
        ({"events": "x"}, None),
        ({"events": [{"eventAction": "expiration", "eventDate": "demain"}]}, None),
        (
            {"events": [{"eventAction": "expiration", "eventDate": "9999-12-31T23:59:59-14:00"}]},
            None,
        ),
        ({"events": [{"eventAction": "expiration", "eventDate": 12}]}, None),
        ({"secureDNS": []}, date(2030, 1, 1)),
        ({"status": [1, None, "active"]}, date(2030, 1, 1)),
        ({"nameservers": [[], "x", {"ldhName": 2}]}, date(2030, 1, 1)),
    ],
)
def test_parts_that_make_no_sense_cost_themselves(
    changes: dict[str, object], expires: date | None
) -> None:
    found = read_domain(told({**domain("chu.example"), **changes}), "chu.example")
    assert found is not None
    assert found.expires_on == expires


def test_a_domain_of_another_name_is_none() -> None:
    assert read_domain(told(domain("autre.example")), "chu.example") is None
    assert read_domain(b"<html>", "chu.example") is None
    assert not is_answer(b"<html>")
    assert is_answer(b"{}")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
_KEYS = ["startAddress", "endAddress", "entities", "remarks", "events", "name", "vcardArray"]


@given(st.binary(max_size=60), st.dictionaries(st.sampled_from(_KEYS), _JSON))
def test_any_bytes_and_any_json(noise: bytes, changes: dict[str, object]) -> None:
    read_network(noise, IP)
    read_domain(noise, "chu.example")
    read_network(told({**network("198.51.100.0", "198.51.100.63"), **changes}), IP)
    read_network(
        told(network("198.51.100.0", "198.51.100.63", {"roles": ["registrant"], **changes})), IP
    )
    read_domain(told({**domain("chu.example"), **changes}), "chu.example")


def test_bytes_that_are_no_text_are_no_answer() -> None:
    assert not is_answer(b'{"objectClassName": "\xff"}')
