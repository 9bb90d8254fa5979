"""Portals and undeclared access: what a declaration changes, and what it does not."""

from datetime import date, timedelta

import msgspec

from checks._shared.examples import AT, place
from checks._shared.product import example
from checks.registry import by_id
from core.facts import Facts
from core.inventory import Expected
from core.knowledge.load import load_knowledge
from core.model import Criticality, Flagged, Language
from core.observations.base import Observation
from core.observations.service import Service

FACTS = Facts(today=date(2026, 1, 15), knowledge=load_knowledge())
DECLARED = msgspec.structs.replace(
    FACTS, expected=(Expected(asset="203.0.113.10", port=443, justification="VPN du personnel"),)
)
PORTAL = Service(
    place=place(443), at=AT, protocol="http", tls=True, product="fortinet_fortios", portal=True
)


def judged(check: str, seen: Observation, facts: Facts) -> list[Flagged]:
    verdicts = list(by_id()[check].judge(seen, facts))
    assert all(isinstance(verdict, Flagged) for verdict in verdicts)
    return [verdict for verdict in verdicts if isinstance(verdict, Flagged)]


def said(check: str, verdict: Flagged, language: Language) -> str:
    proofs = by_id()[check].proofs
    return " ".join(proofs[one.id].say(language, one.values) for one in verdict.proofs)


def test_a_portal_is_medium_and_information_once_declared() -> None:
    assert by_id()["vpn.portal-exposed"].criticality is Criticality.MEDIUM
    (declared,) = judged("vpn.portal-exposed", PORTAL, DECLARED)
    assert declared.criticality is Criticality.INFO
    assert "VPN du personnel" in said("vpn.portal-exposed", declared, Language.FR)


def test_a_portal_with_exploited_flaws_is_high_until_its_version_is_read() -> None:
    (unknown,) = judged("vpn.portal-exposed", PORTAL, FACTS)
    assert unknown.criticality is Criticality.HIGH
    assert "KEV" in said("vpn.portal-exposed", unknown, Language.FR)
    read = msgspec.structs.replace(PORTAL, version="7.4.9")
    (known,) = judged("vpn.portal-exposed", read, FACTS)
    assert known.criticality is None


def test_a_declaration_speaks_for_its_product_while_its_review_lasts() -> None:
    (entry,) = DECLARED.expected
    other = msgspec.structs.replace(entry, product="citrix_netscaler")
    facts = msgspec.structs.replace(DECLARED, expected=(other,))
    assert judged("exposure.undeclared", PORTAL, facts)
    overdue = msgspec.structs.replace(entry, review_by=DECLARED.today - timedelta(days=1))
    facts = msgspec.structs.replace(DECLARED, expected=(overdue,))
    assert not judged("exposure.undeclared", PORTAL, facts)
    (verdict,) = judged("vpn.portal-exposed", PORTAL, facts)
    assert verdict.criticality is Criticality.HIGH


def test_undeclared_access_is_told_by_port() -> None:
    assert judged("exposure.undeclared", PORTAL, FACTS)
    assert not judged("exposure.undeclared", PORTAL, DECLARED)
    moved = msgspec.structs.replace(PORTAL, place=place(8443))
    assert judged("exposure.undeclared", moved, DECLARED)


def test_declaring_an_administration_page_excuses_nothing() -> None:
    seen = example("hpe_ilo", admin=True)
    for facts in (FACTS, DECLARED):
        (verdict,) = judged("admin.interface-exposed", seen, facts)
        assert verdict.criticality is Criticality.CRITICAL
    (firewall,) = judged("admin.interface-exposed", example("pfsense", admin=True), FACTS)
    assert firewall.criticality is None


def test_advice_comes_in_the_language_asked_for() -> None:
    (verdict,) = judged("vpn.portal-exposed", PORTAL, FACTS)
    product = FACTS.knowledge.product("fortinet_fortios")
    assert product is not None
    french = said("vpn.portal-exposed", verdict, Language.FR)
    english = said("vpn.portal-exposed", verdict, Language.EN)
    assert product.advice.fr in french
    assert product.advice.en not in french
    assert product.advice.en in english
    assert product.advice.fr not in english


def test_an_unknown_version_says_how_to_find_it() -> None:
    (verdict,) = judged("product.version-unknown", PORTAL, FACTS)
    assert "get system status" in said("product.version-unknown", verdict, Language.FR)
    assert "Fortinet FortiGate" in said("product.version-unknown", verdict, Language.EN)


def test_a_declaration_may_use_any_mandated_name_of_the_address() -> None:
    by_name = msgspec.structs.replace(
        FACTS, expected=(Expected(asset="vpn.chu.example", port=443, justification="VPN"),)
    )
    assert judged("exposure.undeclared", PORTAL, by_name)
    known = msgspec.structs.replace(by_name, names={"203.0.113.10": ("vpn.chu.example",)})
    assert judged("exposure.undeclared", PORTAL, known) == []
    (declared,) = judged("vpn.portal-exposed", PORTAL, known)
    assert declared.criticality is Criticality.INFO
