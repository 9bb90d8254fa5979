"""Versions to verdicts: exploited, vulnerable, out of support, unknown; with and without feeds."""

from datetime import date

import msgspec
import pytest

from checks._shared.examples import AT, place
from checks._shared.product import example
from checks.registry import by_id
from core.facts import Facts
from core.feeds import Cvss, EolCycle, Epss, Feeds, KevEntry
from core.inventory import Expected
from core.knowledge.load import load_knowledge
from core.knowledge.model import Cycle, Flaw, Knowledge, Product, Signal, Support
from core.model import Confidence, Criticality, Flagged, Language, Wording
from core.observations.base import Observation
from core.observations.product import ProductSeen, Shown
from core.observations.service import Service

PRODUCT = Product(
    id="gate",
    vendor="Exemple",
    name="Gate",
    category="vpn_ssl",
    portal=True,
    criticality=Criticality.MEDIUM,
    signals=(Signal(kind="http_title", match="Gate", strength="strong"),),
    advice=Wording("Mettre à jour.", "Update."),
    version_how=Wording("Menu Système.", "System menu."),
    support=Support(
        cycles=(
            Cycle(cycle="6.0", ended=date(2022, 9, 29), note=Wording("Dernière.", "Last.")),
            Cycle(cycle="6.2", is_dead=True),
            Cycle(cycle="7.0", ended=date(2026, 1, 15)),
            Cycle(cycle="7.4"),
        ),
        as_of=date(2026, 1, 1),
        slug="gate",
    ),
    flaws=(
        Flaw(
            cve="CVE-2024-21762",
            affected=(">=7.4.0 <7.4.3", ">=6.0 <6.0.18"),
            fixed=("7.4.3", "6.0.18"),
            kev=date(2024, 2, 9),
            ransomware=True,
            condition=Wording("VPN SSL actif.", "SSL VPN on."),
        ),
        Flaw(cve="CVE-2023-1000", affected=("<7.4.2",), fixed=("7.4.2",), confidence="medium"),
        Flaw(cve="CVE-2024-2000", affected=("<7.4.9",), fixed=("7.4.9",), is_kev=False),
        Flaw(cve="CVE-2025-3000", fixed=("7.4.9",)),
    ),
    kev_names=("Exemple: Gate",),
)
KNOWLEDGE = Knowledge(
    compiled_on=date(2026, 1, 1),
    ports=(),
    extra_tcp=(),
    products=(
        PRODUCT,
        msgspec.structs.replace(PRODUCT, id="doubtful", confidence="low"),
        msgspec.structs.replace(PRODUCT, id="plain", support=Support(), flaws=(), kev_names=()),
        msgspec.structs.replace(PRODUCT, id="shell", version_order="openssh"),
    ),
    windows=(),
    care=(),
    care_disclaimer=Wording("", ""),
)
FACTS = Facts(today=date(2026, 1, 15), knowledge=KNOWLEDGE)
FED = msgspec.structs.replace(
    FACTS,
    feeds=Feeds(
        kev={
            one.cve: one
            for one in (
                KevEntry(
                    cve="CVE-2024-21762", vendor="Exemple", product="Gate", added=date(2024, 2, 10)
                ),
                KevEntry(
                    cve="CVE-2024-2000", vendor="Exemple", product="Gate", added=date(2026, 1, 12)
                ),
                KevEntry(
                    cve="CVE-2026-9999", vendor="EXEMPLE", product="Gate", added=date(2026, 1, 14)
                ),
                KevEntry(
                    cve="CVE-2019-5555", vendor="Exemple", product="Gate", added=date(2022, 3, 1)
                ),
            )
        },
        epss={"CVE-2024-21762": Epss(score=0.934, percentile=0.999)},
        cvss={"CVE-2024-21762": Cvss(score=9.8, vector="CVSS:3.1/AV:N", version="3.1")},
        eol={"gate": {"7.4": EolCycle(cycle="7.4", ended=date(2026, 1, 10), is_ended=True)}},
    ),
)


def seen(version: str | None, product: str = "gate", **more: object) -> ProductSeen:
    shown = Shown(kind="http_header", path="/login", text=f"Server: Gate/{version}", strength="")
    one = example(product, version=version, version_shown=shown if version else None)
    return msgspec.structs.replace(one, **more)


def service(version: str | None, product: str = "gate", **more: object) -> Service:
    return Service(
        place=place(443),
        at=AT,
        protocol="http",
        product=product,
        version=version,
        portal=True,
        **more,  # type: ignore[arg-type]
    )


def judged(check: str, one: Observation, facts: Facts = FACTS) -> list[Flagged]:
    verdicts = list(by_id()[check].judge(one, facts))
    assert all(isinstance(verdict, Flagged) for verdict in verdicts)
    return [verdict for verdict in verdicts if isinstance(verdict, Flagged)]


def said(check: str, verdict: Flagged, language: Language = Language.FR) -> str:
    proofs = by_id()[check].proofs
    return " ".join(proofs[one.id].say(language, one.values) for one in verdict.proofs)


def test_an_exploited_flaw_is_critical_and_certain_when_both_are() -> None:
    assert by_id()["product.known-exploited"].criticality is Criticality.CRITICAL
    (one,) = judged("product.known-exploited", seen("7.4.2"))
    assert (one.criticality, one.confidence) == (None, Confidence.CERTAIN)
    words = said("product.known-exploited", one)
    for told in ("7.4.2", "/login", "09/02/2024", "rançongiciels", "7.4.3", "VPN SSL actif"):
        assert told in words
    assert "CVE-2023-1000" not in words
    assert "SSL VPN on" in said("product.known-exploited", one, Language.EN)


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"confidence": Confidence.FIRM}, Confidence.FIRM),
        ({"version_confidence": Confidence.TENTATIVE}, Confidence.TENTATIVE),
        ({"contradicted_by": ("other",), "confidence": Confidence.TENTATIVE}, Confidence.TENTATIVE),
    ],
)
def test_a_verdict_is_as_sure_as_the_weakest(more: dict[str, object], wanted: Confidence) -> None:
    (one,) = judged("product.known-exploited", msgspec.structs.replace(seen("7.4.2"), **more))
    assert one.confidence is wanted


def test_the_range_may_be_the_weakest() -> None:
    (one,) = judged("product.known-exploited", seen("7.3.9"))
    assert one.confidence is Confidence.FIRM


def test_openssh_by_its_number_alone_is_tentative() -> None:
    (one,) = judged("product.known-exploited", seen("7.4p1", product="shell"))
    assert one.confidence is Confidence.TENTATIVE
    assert "Red Hat" in said("product.known-exploited", one)
    assert not judged("product.known-exploited", seen("7.4p1 Debian-5", product="shell"))


@pytest.mark.parametrize("version", [None, "7.4.9", "?", "8.0"])
def test_an_open_question_is_no_finding(version: str | None) -> None:
    assert not judged("product.known-exploited", seen(version))
    assert not judged("product.vulnerable", seen(version))


def test_a_branch_is_not_a_version() -> None:
    assert not judged("product.known-exploited", seen("7.4", version_gives="branch"))
    (old,) = judged("product.end-of-life", seen("6.0", version_gives="branch"))
    assert "2022-09-29" in said("product.end-of-life", old)
    (asked,) = judged("product.version-unknown", service("7.4", version_gives="branch"))
    assert "CVE-2024-21762" in said("product.version-unknown", asked)


def test_a_flaw_that_nobody_exploits_is_high() -> None:
    assert by_id()["product.vulnerable"].criticality is Criticality.HIGH
    (one,) = judged("product.vulnerable", seen("7.4.8"))
    assert "CVE-2024-2000" in said("product.vulnerable", one)
    # Once the fetched catalogue has it, it is another finding.
    assert not judged("product.vulnerable", seen("7.4.8"), FED)
    (now,) = judged("product.known-exploited", seen("7.4.8"), FED)
    assert "CVE-2024-2000" in said("product.known-exploited", now)
    assert "12/01/2026" in said("product.known-exploited", now)


def test_feeds_give_dates_and_scores() -> None:
    (one,) = judged("product.known-exploited", seen("7.4.2"), FED)
    for language, day in ((Language.FR, "10/02/2024"), (Language.EN, "2024-02-10")):
        words = said("product.known-exploited", one, language)
        for told in (day, "CVSS 9.8", "EPSS 93"):
            assert told in words


def test_a_new_exploited_flaw_of_unknown_range_is_told() -> None:
    (one,) = judged("product.known-exploited", seen(None), FED)
    assert (one.criticality, one.confidence) == (Criticality.HIGH, Confidence.TENTATIVE)
    words = said("product.known-exploited", one)
    assert "CVE-2026-9999" in words
    assert "14/01/2026" in words
    assert "CVE-2019-5555" not in words
    # An older one, that the file left out, is an open question of the version.
    (asked,) = judged("product.version-unknown", service("7.4.9"), FED)
    assert "CVE-2019-5555" in said("product.version-unknown", asked)


@pytest.mark.parametrize(
    ("version", "facts", "told"),
    [
        ("6.0.18", FACTS, "2022-09-29"),
        ("6.2.1", FACTS, "sans support"),
        ("7.0.1", FACTS, None),  # its last day is today
        ("7.4.9", FACTS, None),
        ("7.4.9", FED, "2026-01-10"),
        ("9.9", FED, None),
        ("?", FED, None),
        (None, FED, None),
    ],
)
def test_end_of_life(version: str | None, facts: Facts, told: str | None) -> None:
    found = judged("product.end-of-life", seen(version), facts)
    assert len(found) == (told is not None)
    if told is not None:
        assert told in said("product.end-of-life", found[0])


def test_an_unknown_version_says_how_to_find_it() -> None:
    (one,) = judged("product.version-unknown", service(None))
    assert "Menu Système." in said("product.version-unknown", one)
    assert "System menu." in said("product.version-unknown", one, Language.EN)
    assert by_id()["product.version-unknown"].criticality is Criticality.INFO
    (read,) = judged("product.version-unknown", service("7.4.3"))
    assert "CVE-2025-3000" in said("product.version-unknown", read)
    assert not judged("product.version-unknown", service("7.4.9"))
    # Nothing hangs on the version of this one.
    assert not judged("product.version-unknown", service(None, product="plain"))


def test_a_product_of_low_confidence_says_so() -> None:
    for check, one in (
        ("product.known-exploited", seen("7.4.2", product="doubtful")),
        ("product.end-of-life", seen("6.0.1", product="doubtful")),
        ("product.version-unknown", service(None, product="doubtful")),
        ("vpn.portal-exposed", service(None, product="doubtful")),
    ):
        (found,) = judged(check, one)
        assert "jamais vérifiées" in said(check, found)


def test_a_portal_stays_high_while_its_version_is_not_known() -> None:
    for version, gives, wanted in (
        (None, "version", Criticality.HIGH),
        ("7.4", "branch", Criticality.HIGH),
        ("7.4.9", "version", None),
    ):
        (one,) = judged("vpn.portal-exposed", service(version, version_gives=gives))
        assert one.criticality is wanted


def test_a_declaration_does_not_excuse_a_version() -> None:
    declared = msgspec.structs.replace(
        FACTS, expected=(Expected(asset="203.0.113.10", port=443, justification="VPN"),)
    )
    (one,) = judged("product.known-exploited", seen("7.4.2"), declared)
    assert one.criticality is None


def test_the_built_in_knowledge_judges_a_fortigate() -> None:
    facts = Facts(today=date(2026, 1, 15), knowledge=load_knowledge())
    (one,) = judged("product.known-exploited", seen("7.4.2", product="fortinet_fortios"), facts)
    assert "CVE-2024-21762" in said("product.known-exploited", one)
