"""What is refused in a product's file: each fault is named; every pattern in use is linear."""

import re
import time
from datetime import date

import msgspec
import pytest

from core.knowledge.load import load_knowledge
from core.knowledge.model import Cycle, Flaw, Product, Reading, Signal, Support
from core.knowledge.vetting import faults_of
from core.model import Criticality, Wording

SOUND = Product(
    id="gate",
    vendor="Exemple",
    name="Gate",
    category="vpn_ssl",
    portal=True,
    criticality=Criticality.MEDIUM,
    signals=(Signal(kind="http_title", match="Gate", strength="strong"),),
    advice=Wording("Mettre à jour.", "Update."),
    version_how=Wording("Menu Système.", "System menu."),
    readings=(Reading(kind="http_header", match=r"^Server: Gate/(\d{1,2}\.\d{1,2})"),),
    support=Support(cycles=(Cycle(cycle="7.0", ended=date(2026, 1, 1)),), as_of=date(2026, 1, 1)),
    flaws=(
        Flaw(
            cve="CVE-2024-1000",
            affected=(">=7.4.0 <7.4.3",),
            fixed=("7.4.3",),
            kev=date(2024, 2, 1),
            kev_basis="catalogue",
        ),
    ),
    kev_names=("Exemple: Gate",),
    ports=("443/tcp",),
)


def reading(**changes: object) -> dict[str, object]:
    return {"readings": (msgspec.structs.replace(SOUND.readings[0], **changes),)}


def flaw(**changes: object) -> dict[str, object]:
    return {"flaws": (msgspec.structs.replace(SOUND.flaws[0], **changes),)}


def cycle(**changes: object) -> dict[str, object]:
    (one,) = SOUND.support.cycles
    made = msgspec.structs.replace(one, **changes)
    return {"support": msgspec.structs.replace(SOUND.support, cycles=(made,))}


def faults(changes: dict[str, object]) -> list[str]:
    product = msgspec.structs.replace(SOUND, **changes)
    knowledge = msgspec.structs.replace(load_knowledge(), products=(product,))
    return [fault for fault, _ in faults_of(knowledge)]


def test_a_sound_product_has_none() -> None:
    assert faults({}) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"version_order": "alphabetic"}, "unknown order of versions 'alphabetic'"),
        ({"branch_parts": 0}, "branch_parts"),
        ({"advice": Wording("Mettre à jour.", " ")}, "advice: a language is missing"),
        ({"version_how": Wording("", "x")}, "version_how: a language is missing"),
        ({"ports": ("https",)}, "not written as 443/tcp"),
        ({"kev_names": ("Gate",)}, "vendor: product"),
        (reading(kind="telepathy"), "unknown kind"),
        (reading(gives="mood"), "gives"),
        (reading(confidence="sure"), "unknown confidence"),
        (reading(kind="http_body", path="*"), "whole page"),
        (reading(path="login"), "does not start with a slash"),
        (reading(match="Gate"), "no group"),
        (reading(match="(a+)+"), "repeated group"),
        (reading(match="(", path="/"), "not a regular expression"),
        (reading(kind="http_body", match="v(.*)x"), "too many endless repeats"),
        (reading(body="<x/>"), "content_type"),
        (reading(table={"abc": "banana"}), "table"),
        (cycle(cycle="banana"), "banana"),
        (cycle(cycle="7.4..7.0"), "down to"),
        (cycle(ended=date(1066, 1, 1)), "ends on 1066"),
        (cycle(active_ended=date(2027, 1, 1)), "outlives"),
        (cycle(note=Wording("x", "")), "note: a language is missing"),
        ({"support": Support(cycles=(Cycle(cycle="7"),))}, "as_of is missing"),
        (flaw(cve="CVE-24-1"), "not written as a CVE"),
        (flaw(kev_basis="hearsay"), "kev_basis"),
        (flaw(kev=date(2020, 1, 1)), "it began on"),
        (flaw(cve="CVE-2026-1000"), "before its own year"),
        (flaw(is_kev=False, kev=None, affected=()), "nothing can come of it"),
        (flaw(affected=("7.4.3 or so",)), "no operator"),
        (flaw(affected=(">=banana",)), "banana"),
        (flaw(affected=(">=2016 <16.0.1",)), "holds no version"),
        (flaw(affected=(">7 <7",)), "holds no version"),
        (flaw(affected=(">=7.4.0 <=7.4.3",)), "which is fixed"),
        (flaw(affected=("<banana",), fixed=()), "banana"),
        (flaw(fixed=("banana",)), "no dotted version"),
        (flaw(packages=("9.2p1",)), "no package of a distribution"),
        (flaw(condition=Wording("", "x")), "condition: a language is missing"),
        ({"flaws": SOUND.flaws * 2}, "stands 2 times"),
    ],
)
def test_each_fault_is_named(changes: dict[str, object], named: str) -> None:
    assert any(named in fault for fault in faults(changes)), faults(changes)


def test_a_generation_of_a_device_is_told_by_its_name() -> None:
    by_name = reading(gives="branch", match="(iLO [0-9])")
    assert faults({**cycle(cycle="iLO 4"), **by_name}) == []


def test_no_reading_in_use_can_be_made_slow() -> None:
    for product in load_knowledge().products:
        for one in product.readings:
            pattern = re.compile(one.match)
            size = 524_288 if one.kind in {"http_body", "http_script"} else 2_048
            literal = re.sub(r"\\.|[^\w/<>\"=: -].*", "", one.match)[:20]
            for stem in {"1", "1.", "0" * 9, '"', "<", literal or "a", f"{literal}1."}:
                text = stem * (size // len(stem))
                started = time.process_time()
                pattern.search(text)
                assert time.process_time() - started < 0.25, (product.id, one.match, stem)
