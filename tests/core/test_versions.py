"""How vendors rank versions, and that every flaw of every product is judged by its own branch."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.knowledge.load import load_knowledge
from core.knowledge.model import Cycle, Flaw, Product
from core.knowledge.vetting import faults_of
from core.versions import (
    ORDERS,
    Standing,
    Version,
    bounds,
    branch_of,
    cycle_of,
    parse,
    satisfies,
    stands,
)

PRODUCTS = load_knowledge().products
ANY_ORDER = st.sampled_from(sorted(ORDERS))


@pytest.mark.parametrize(
    ("order", "rising"),
    [
        ("dotted", "6.4.14 6.4.15 7.0.1 7.4 7.4.3 7.10.1"),
        ("dotted", "7.1rc2 7.1rc4 7.1 7.1.1"),
        ("dotted", "4.0.0-alpha.1 4.0.0-beta.1 4.0.0-rc.1 4.0.0 4.0.1-rc.1"),
        ("dotted", "12.1.3 12.1.3_U3 12.1.3_U8 12.1.3_U12 12.1.4"),
        ("dotted", "7.0U2b 7.0U2c 7.0U3 7.0U3l 7.0U3o 8.0 8.0U2"),
        ("dotted", "8.7.11 8.7.11p9 8.7.11p10"),
        ("dotted", "12.4.3-02804 12.4.3-03093"),
        ("dotted", "1.0.2 1.0.2a 1.0.2k"),
        ("dotted", "2024.6 2024.6_HF1 2024.6_HF2 2025.3.1"),
        ("panos", "10.2.9 10.2.9-h1 10.2.9-h9 10.2.9-h18 10.2.10 11.0.0"),
        (
            "netscaler",
            "12.1-65.25 13.0-92.19 13.1-49.13 13.1-49.15 13.1-51.15 14.1-8.50 14.1-12.35",
        ),
        ("ivanti", "9.0R3.4 9.1R1 9.1R9.1 9.1R11.3 9.1R11.4 9.1R18 22.7R2 22.7R2.5 22.7R2.10"),
        ("asa", "9.12(4)72 9.16(4) 9.16(4)9 9.16(4)85 9.18(1) 9.18.4.67"),
        ("sonicos", "6.5.4.7-83n 6.5.4.14-109n 6.5.4.15-116n 7.0.1-5035 7.1.1-7058 8.0.0-8035"),
        ("sonicos", "10.2.0.8-37sv 10.2.1.1-19sv 10.2.1.9-57sv 10.2.1.10-62sv"),
        ("junos", "20.4R3-S9 21.2R3 21.2R3-S7 21.4R3-S5 22.4R2-S1 22.4R3"),
        ("checkpoint", "R80.40 R81 R81.10 R81.20 R82"),
        ("checkpoint", "R81.20 R81.20_Take_8 R81.20_Take_41"),
        ("openssh", "7.4 8.9 8.9p1 9.3p1 9.3p2 9.8p1 10.0p1"),
        ("exchange", "15.1.2507.39 15.2.1118.40 15.2.1544.4 15.2.1544.11"),
        ("build", "9 14320388 21424296"),
    ],
)
def test_rises_as_the_vendor_says(order: str, rising: str) -> None:
    versions = [parse(one.replace("_Take_", " Take "), order) for one in rising.split()]
    assert versions == sorted(versions)
    assert len(set(versions)) == len(versions)
    assert all(below < above for below, above in itertools.pairwise(versions))


@pytest.mark.parametrize(
    ("order", "one", "same"),
    [
        ("dotted", "7.4", "v7.4.0"),
        ("dotted", "2024.6 HF2", "2024.6-hf2"),
        ("dotted", "11.2.0+build.7", "11.2"),
        ("netscaler", "13.1-49.13", "NS13.1: Build 49.13.nc"),
        ("asa", "9.16(4)85", "9.16.4.85"),
        ("asa", "9.1(7.32)", "9.1(7)32"),
        ("ivanti", "9.1R11.4", "9.1r11.4"),
        ("openssh", "OpenSSH_9.3p2", "9.3p2"),
        ("checkpoint", "R81", "R81.00"),
        ("junos", "22.2R3-S2", "22.2R3-S2.8"),
    ],
)
def test_one_version_written_twice(order: str, one: str, same: str) -> None:
    assert parse(one, order) == parse(same, order)
    assert hash(parse(one, order)) == hash(parse(same, order))


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ("dotted", ""),
        ("dotted", "banana"),
        ("dotted", "7.4.٣"),
        ("dotted", "7.4.3 (stable) or so"),
        ("dotted", "1." * 80 + "1"),
        ("dotted", "9" * 13),
        ("panos", "10.2.9-x1"),
        ("netscaler", "13.1-49.13-55"),
        # A dotted build of Ivanti's does not tell its R number.
        ("ivanti", "9.1.8.8511"),
        ("asa", "9.16(4)85-smp"),
        ("checkpoint", "81.20"),
        ("openssh", "dropbear_2022.83"),
        ("exchange", "2019 CU14"),
        ("build", "7.0"),
        ("gregorian", "7.0"),
    ],
)
def test_what_cannot_be_read_is_not_guessed(order: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"version"):
        parse(text, order)
    assert stands(text, Flaw(cve="CVE-2024-1", affected=(">=1",)), order, 2) is Standing.OPEN


_PIECES = st.lists(
    st.sampled_from([*"0123456789.-_ ()RrhpSUuv+~,", "13", "rc", "beta", "Take ", "p1", "Debian-"]),
    max_size=12,
).map("".join)


@given(_PIECES | st.text(max_size=150), ANY_ORDER)
def test_reading_raises_value_error_alone(text: str, order: str) -> None:
    try:
        read = parse(text, order)
    except ValueError:
        return
    assert read == parse(read.text, order)
    assert branch_of(read, 2) in {(), branch_of(read, 3)[:2]}


@st.composite
def _written(draw: st.DrawFn, order: str) -> Version:
    number = st.integers(0, 30).map(str)
    a, b, c, d = (draw(number) for _ in range(4))
    shapes = {
        "dotted": [
            f"{a}.{b}.{c}",
            f"{a}.{b}",
            f"{a}.{b}.{c}-rc{d}",
            f"{a}.{b}_U{d}",
            f"{a}.{b}p{d}",
        ],
        "panos": [f"{a}.{b}.{c}", f"{a}.{b}.{c}-h{d}"],
        "netscaler": [f"{a}.{b}-{c}.{d}"],
        "ivanti": [f"{a}.{b}R{c}", f"{a}.{b}R{c}.{d}"],
        "asa": [f"{a}.{b}({c}){d}", f"{a}.{b}({c})"],
        "sonicos": [f"{a}.{b}.{c}-{d}n"],
        "junos": [f"{a}.{b}R{c}", f"{a}.{b}R{c}-S{d}"],
        "checkpoint": [f"R{a}.{b}", f"R{a}.{b} Take {d}"],
        "openssh": [f"{a}.{b}p{c}", f"{a}.{b} Debian-{c}+deb{d}u1"],
        "exchange": [f"15.{b}.{c}.{d}"],
        "build": [f"{a}{b}"],
    }
    return parse(draw(st.sampled_from(shapes[order])), order)


@given(st.data(), ANY_ORDER)
def test_is_a_total_order(data: st.DataObject, order: str) -> None:
    one, two, three = (data.draw(_written(order)) for _ in range(3))
    assert (one < two) + (one == two) + (one > two) == 1
    assert (one <= two) == (not two < one)
    if one <= two and two <= one:
        assert one == two
    if one <= two and two <= three:
        assert one <= three
    assert one.is_comparable(two) == two.is_comparable(one)


@given(st.data(), ANY_ORDER)
def test_ranges_agree_with_the_order(data: st.DataObject, order: str) -> None:
    low, high, seen = (data.draw(_written(order)) for _ in range(3))
    if not (seen.is_comparable(low) and seen.is_comparable(high)):
        return
    assert satisfies(seen, f">={low.text} <{high.text}") == (low <= seen < high)
    assert satisfies(seen, f">{low.text} <={high.text}") == (low < seen <= high)
    assert satisfies(seen, f"=={low.text}") == (low == seen)


def test_ranges() -> None:
    assert satisfies(parse("13.0-92.19", "netscaler"), "==13.0.*")
    assert satisfies(parse("12.1-3.4", "netscaler"), "12.1.*")
    assert not satisfies(parse("12.10-3.4", "netscaler"), "12.1.*")
    assert satisfies(parse("2024.5", "dotted"), "<2024.6 HF2")
    for fault in ("", "7.4.3", "~7", ">=7 or 8", "<7.*", "=="):
        with pytest.raises(ValueError, match=r"."):
            satisfies(parse("7", "dotted"), fault)
    # No vendor ranks a patch level against a build.
    with pytest.raises(ValueError, match="not ranked"):
        satisfies(parse("8.8.15_GA_3869", "dotted"), "<8.8.15p41")


def flaw(*affected: str, fixed: tuple[str, ...] = (), packages: tuple[str, ...] = ()) -> Flaw:
    return Flaw(cve="CVE-2024-3400", affected=affected, fixed=fixed, packages=packages)


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("11.2.4-h16", "affected"),
        ("11.2.4-h17", "fixed"),
        # A hotfix mends its own maintenance release; the next one is mended by the branch's.
        ("11.2.5", "affected"),
        ("11.2.12", "fixed"),
        ("11.2.12-h1", "fixed"),
        ("10.2.12", "affected"),
        ("10.2.12-h2", "fixed"),
        ("10.2.13", "fixed"),
        ("12.1.1", "fixed"),
        ("?", "open"),
    ],
)
def test_hotfixes_of_pan_os(version: str, wanted: str) -> None:
    known = flaw(
        ">=10.2 <10.2.12-h2", ">=11.2 <11.2.12", fixed=("10.2.12-h2", "11.2.4-h17", "11.2.12")
    )
    assert stands(version, known, "panos", 2) is Standing(wanted)


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("12.5.15", "fixed"),
        ("12.5.14", "affected"),
        ("12.3.1_U4", "fixed"),
        ("12.3.1_U3", "affected"),
        ("12.11.6", "fixed"),
        ("12.10", "affected"),
        ("2025.1.3", "affected"),
        ("2025.1.4", "fixed"),
    ],
)
def test_a_fixed_build_of_its_own_branch_wins(version: str, wanted: str) -> None:
    known = flaw(
        *(">=2025.1 <2025.1.4", ">=12.0 <12.11.6", ">=12.5 <12.5.15", ">=11.10.2 <=11.12.4_U1"),
        fixed=("2025.1.4", "12.11.6", "12.5.15", "12.3.1_U4"),
    )
    assert stands(version, known, "dotted", 2) is Standing(wanted)


def test_a_hotfix_below_the_next_branch_is_fixed() -> None:
    known = flaw("<2025.3.1", fixed=("2025.3.1", "2024.6 HF2"))
    assert stands("2024.6 HF2", known, "dotted", 2) is Standing.FIXED
    assert stands("2024.6 HF1", known, "dotted", 2) is Standing.AFFECTED
    assert stands("2025.1", known, "dotted", 2) is Standing.AFFECTED


def test_without_a_range_only_a_fixed_build_answers() -> None:
    known = flaw(fixed=("9.16.4.85", "9.18.4.67"))
    assert stands("9.16(4)85", known, "asa", 2) is Standing.FIXED
    assert stands("9.16(4)84", known, "asa", 2) is Standing.OPEN
    assert stands("9.20(1)", known, "asa", 2) is Standing.OPEN


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("9.2p1", "affected"),
        ("9.2p1 Debian-2", "affected"),
        ("9.2p1 Debian-2+deb12u2", "affected"),
        ("9.2p1 Debian-2+deb12u3", "fixed"),
        ("9.2p1 Debian-2+deb12u10", "fixed"),
        ("9.2p1 Debian-3", "open"),
        ("8.4p1 Debian-5+deb11u1", "open"),
        ("9.2p1 Raspbian-2+deb12u2", "open"),
        ("8.9p1 Ubuntu-3ubuntu0.9", "affected"),
        ("8.9p1 Ubuntu-3ubuntu0.10", "fixed"),
        ("8.2p1 Ubuntu-4ubuntu0.11", "open"),
        ("9.6p1 Ubuntu-3ubuntu13.5", "fixed"),
        ("for_Windows_8.1", "open"),
        ("9.3 FreeBSD-20230719", "open"),
    ],
)
def test_distributions_mend_without_a_new_number(version: str, wanted: str) -> None:
    known = flaw(
        "<9.3p2",
        fixed=("9.3p2",),
        packages=("9.2p1 Debian-2+deb12u3", "8.9p1 Ubuntu-3ubuntu0.10"),
    )
    assert stands(version, known, "openssh", 2) is Standing(wanted)


def test_a_distribution_speaks_for_other_servers_too() -> None:
    known = flaw("<8.0.40", fixed=("8.0.40",))
    assert stands("8.0.36-0ubuntu0.22.04.1", known, "dotted", 2) is Standing.OPEN
    assert stands("8.0.41-0ubuntu0.22.04.1", known, "dotted", 2) is Standing.FIXED
    assert stands("8.0.36", known, "dotted", 2) is Standing.AFFECTED


def test_three_parts_of_exchange_are_a_branch() -> None:
    known = flaw(">=15.2.1544 <15.2.1544.11", fixed=("15.2.1544.11",))
    assert stands("15.2.1544", known, "exchange", 3) is Standing.OPEN
    assert stands("15.2.1544.4", known, "exchange", 3) is Standing.AFFECTED


@pytest.mark.parametrize(
    ("order", "version", "wanted"),
    [
        ("dotted", "7.4.3", "7.4"),
        ("dotted", "7.10", "7"),
        ("dotted", "6.4.1", "6.0..6.6"),
        ("dotted", "6.7", None),
        ("dotted", "18.5.2", "18.x"),
        ("dotted", "iLO 4", "iLO 4"),
        ("checkpoint", "R81", "R81"),
        ("checkpoint", "R81.20 Take 41", "R81.20"),
        ("checkpoint", "R81.10", None),
        ("ivanti", "9.1R18.3", "9.1R"),
        ("dotted", "banana", None),
    ],
)
def test_support_is_told_by_the_most_precise_branch(
    order: str, version: str, wanted: str | None
) -> None:
    names = ("7", "7.4", "6.0..6.6", "18.x", "iLO 4", "R81", "R81.20", "9.1R")
    found = cycle_of(version, [Cycle(cycle=name) for name in names], order)
    assert (found.cycle if found else None) == wanted


# The data itself: one test per flaw and fixed build of every product


def _known() -> list[tuple[Product, Flaw]]:
    return [(product, flaw) for product in PRODUCTS for flaw in product.flaws]


def _name(value: object) -> str:
    return value.id if isinstance(value, Product) else value.cve if isinstance(value, Flaw) else ""


def test_a_fix_that_changes_no_number_leaves_the_question_open_where_it_matters_only() -> None:
    flaw = Flaw(cve="CVE-2019-0708", maybe=("<=6.1.7601",))
    assert stands("6.1.7601", flaw, "dotted", 2) is Standing.OPEN
    assert stands("10.0.17763", flaw, "dotted", 2) is Standing.FIXED


def test_no_fault_in_the_data() -> None:
    assert list(faults_of(load_knowledge())) == []


@pytest.mark.parametrize(("product", "flaw"), _known(), ids=_name)
def test_each_branch_of_each_product(product: Product, flaw: Flaw) -> None:
    order, parts = product.version_order, product.branch_parts
    for build in (*flaw.fixed, *flaw.packages):
        assert stands(build, flaw, order, parts) is Standing.FIXED, build
    fixed = [parse(build, order) for build in flaw.fixed]
    for comparisons in flaw.affected:
        (lower, has_lower), (upper, has_upper) = bounds(comparisons, order)
        for edge, is_in in ((lower, has_lower), (upper, has_upper)):
            if edge is not None and is_in:
                whole = _whole(edge)
                assert stands(whole, flaw, order, parts) is Standing.AFFECTED, comparisons
        if upper is None or has_upper or (below := _just_below(upper)) is None:
            continue
        if lower is not None and below < lower:
            continue
        own = [one for one in fixed if branch_of(one, parts) == branch_of(below, parts)]
        if all(below < one for one in own):
            assert stands(below.text, flaw, order, parts) is Standing.AFFECTED, below


def _whole(edge: Version) -> str:
    # Exchange's builds have four parts; with fewer the question stays open.
    missing = 4 - len(edge.numbers) if edge.order == "exchange" else 0
    return edge.text + ".0" * missing


def _just_below(upper: Version) -> Version | None:
    """Give the version with the last number one less; none where that number is nought."""
    for found in reversed(list(re.finditer(r"\d+", upper.text))):
        if int(found[0]) > 0:
            text = f"{upper.text[: found.start()]}{int(found[0]) - 1}{upper.text[found.end() :]}"
            below = parse(text, upper.order)
            return below if below < upper else None
    return None
