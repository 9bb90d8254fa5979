"""Portals and undeclared access: what a declaration changes, and what it does not."""

from datetime import date, timedelta

import msgspec
import pytest

from checks._shared.examples import AT, place
from checks._shared.product import example
from checks._shared.remote import is_remote_access
from checks.registry import by_id
from core.facts import Facts
from core.inventory import Expected
from core.knowledge.load import load_knowledge
from core.model import Criticality, Flagged, Language
from core.observations.base import Observation
from core.observations.product import ProductSeen, Shown
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


def _web(product: str, **changes: object) -> ProductSeen:
    shown = Shown(kind="http_title", path="/", text="<title>: Exemple", strength="strong")
    return msgspec.structs.replace(example(product), shown=(shown,), **changes)


@pytest.mark.parametrize(
    ("product", "told"),
    [
        ("orthanc", Criticality.CRITICAL),
        ("synology_dsm", Criticality.HIGH),
        ("screenconnect", Criticality.MEDIUM),
        ("roundcube", Criticality.MEDIUM),
    ],
)
def test_a_product_without_portal_or_administration_is_told_for_its_exposure(
    product: str, told: Criticality
) -> None:
    (exposed,) = judged("product.exposed", _web(product), FACTS)
    assert exposed.criticality is told
    (declared,) = judged("product.exposed", _web(product), DECLARED)
    assert declared.criticality is Criticality.INFO


def test_a_database_that_answers_strangers_is_critical_even_declared() -> None:
    read = Shown(kind="http_body", path="/", text='"number" : "7.17.9"', strength="strong")
    seen = _web("elasticsearch", version="7.17.9", version_shown=read, status=200)
    for facts in (FACTS, DECLARED):
        (verdict,) = judged("product.exposed", seen, facts)
        assert verdict.criticality is Criticality.CRITICAL
        assert "sans compte" in said("product.exposed", verdict, Language.FR)
    (closed,) = judged("product.exposed", _web("elasticsearch", status=401), FACTS)
    assert closed.criticality is Criticality.HIGH


def test_one_exposure_is_told_by_one_check() -> None:
    banner = Shown(kind="banner", text="SSH-2.0-OpenSSH_9.2p1", strength="strong")
    assert not judged("product.exposed", example("openssh", shown=(banner,)), FACTS)
    for product in ("kubernetes_api", "etcd"):
        seen = _web(product, admin=True)
        (verdict,) = judged("admin.interface-exposed", seen, FACTS)
        assert verdict.criticality is Criticality.CRITICAL
        assert not judged("product.exposed", seen, FACTS)
    assert not judged("admin.interface-exposed", _web("docker_api", admin=True), FACTS)


def test_a_remote_support_tool_is_a_remote_access() -> None:
    seen = Service(place=place(8040), at=AT, protocol="http", product="screenconnect")
    assert judged("exposure.undeclared", seen, FACTS)
    assert is_remote_access(seen, FACTS.knowledge.product("screenconnect"))
    web = msgspec.structs.replace(seen, product="roundcube")
    assert not judged("exposure.undeclared", web, FACTS)
    assert not is_remote_access(web, FACTS.knowledge.product("roundcube"))


def test_a_digest_says_what_it_is_of() -> None:
    digest = Shown(kind="favicon_md5", text="6e028d7cc65a1430c68a581f8064e8e2", strength="strong")
    seen = msgspec.structs.replace(example("orthanc", port=8042), shown=(digest,))
    (verdict,) = judged("product.exposed", seen, FACTS)
    assert f"favicon MD5: {digest.text}" in said("product.exposed", verdict, Language.FR)
