"""The list of words is what resolvers can be asked, each once."""

import re

from core.knowledge.names import load_name_facts
from scanner.dns_wire import wire_of

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def test_every_word_is_a_label_told_once() -> None:
    facts = load_name_facts()
    words = [word for one in facts.labels for word in one.words]
    assert len(words) == len(set(words)) > 1_000
    assert all(_LABEL.fullmatch(word) for word in (*words, *facts.below))
    assert len(facts.below) == len(set(facts.below))
    of_health = {"vpn", "extranet", "owa", "pacs", "ris", "dpi", "hospitalis", "easily", "dxcare"}
    more = {"telemed", "gtb", "sillage", "crossway", "orbis", "medibase", "portail-patient"}
    assert of_health | more <= set(words)


def test_owners_of_services_can_be_asked() -> None:
    services = load_name_facts().services
    assert len(services) == len(set(services))
    assert {"_sip._tls", "_autodiscover._tcp", "_ldap._tcp", "_kerberos._tcp"} <= set(services)
    assert all(one.startswith("_") and wire_of(f"{one}.chu.example") for one in services)
