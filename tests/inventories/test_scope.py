"""Scope: what may be contacted, against a slow reference that is right by inspection."""

import itertools
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import OutOfScope, UsageError
from core.inventory import Consent, Establishment, Inventory, Mandate, Services, Window
from core.model import Intensity
from inventories.scope import DirectoryScope, NamedTarget, Scope, ServiceScope
from tests.inventories.samples import consent, establishment, inventory, mandate

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 6, 5, 10, 0, tzinfo=UTC)
"""A Friday, noon in Paris."""
NIGHTS = Window(days=(0, 1, 2, 3, 4), opens_min=1200, closes_min=1800)


def refusal(scope: Scope, ip: object, hostname: str | None = None, at: datetime = NOON) -> str:
    """Give the reason of the refusal; ``""`` when it is allowed."""
    try:
        scope.permit(ip, hostname=hostname, at=at)  # type: ignore[arg-type]
    except OutOfScope as refused:
        return refused.reason
    return ""


# --- the reference -------------------------------------------------------------------------------


def inside(ip: str, texts: tuple[str, ...]) -> bool:
    return any(
        ip_address(ip).version == ip_network(text).version and ip_address(ip) in ip_network(text)
        for text in texts
        if "/" in text
    )


def below(name: str | None, texts: tuple[str, ...]) -> bool:
    return name is not None and any(
        name == text or name.endswith("." + text) for text in texts if "/" not in text
    )


def wall_open(one: Mandate | Consent, at: datetime) -> bool:
    """Read the wall clock in Paris; the moments of the tests avoid the hours that happen twice."""
    wall = at.astimezone(PARIS)
    if not one.valid_from <= wall.date() <= one.valid_until:
        return False
    if isinstance(one, Consent) or not one.windows:
        return True
    minute = wall.hour * 60 + wall.minute
    return any(
        (wall.weekday() in each.days and each.opens_min <= minute < each.closes_min)
        or ((wall.weekday() - 1) % 7 in each.days and minute + 1440 < each.closes_min)
        for each in one.windows
    )


class World(NamedTuple):
    inventory: Inventory
    profile: Intensity | None
    chosen: tuple[str, ...] | None
    known: Mapping[str, tuple[str, ...]]
    held: tuple[str, ...]

    def scope(self) -> Scope:
        return Scope(
            self.inventory,
            profile=self.profile,
            establishments=self.chosen,
            known=self.known,
            held=self.held,
        )


def learnt(world: World, ip: str, texts: tuple[str, ...]) -> bool:
    return any(below(name, texts) for name, addresses in world.known.items() if ip in addresses)


def reference(world: World, ip: str, name: str | None, at: datetime) -> Intensity | str:
    """Give the intensity in force, or the reason of the refusal."""
    inv = world.inventory
    chosen = [e for e in inv.establishments if world.chosen is None or e.id in world.chosen]
    for each in inv.establishments:
        if inside(ip, each.exclude) or below(name, each.exclude) or learnt(world, ip, each.exclude):
            return "out-of-scope"
    address = ip_address(ip)
    if inside(ip, ("224.0.0.0/4", "ff00::/8", "0.0.0.0/8")):
        return "out-of-scope"
    if (address in ip_network("10.0.0.0/8") if address.version == 4 else False) and not inv.lab:
        return "out-of-scope"
    owner = next((each.id for each in chosen if inside(ip, each.ranges)), None)
    mandates: list[Mandate] = []
    in_covers = False
    for one in inv.mandates:
        by_range = owner is not None and (
            owner in one.establishments and (not one.covers or inside(ip, one.covers))
        )
        by_name = name in one.covers and attributed(inv, one, str(name)) in [e.id for e in chosen]
        in_covers = in_covers or by_name
        if by_range or by_name:
            mandates.append(one)
    if owner is None and not in_covers:
        return "out-of-scope"
    now = [one for one in mandates if wall_open(one, at)]
    if not now:
        today = at.astimezone(PARIS).date()
        later = [one.intensity for one in mandates if one.valid_until >= today]
        if not later:
            return "out-of-scope"
        is_passive = min(world.profile or Intensity.STANDARD, max(later)) is Intensity.PASSIVE
        return "intensity" if is_passive else "out-of-window"
    consents = [
        one
        for one in inv.consents
        if inside(ip, one.covers) or below(name, one.covers) or learnt(world, ip, one.covers)
    ]
    ceiling = [world.profile or Intensity.STANDARD]
    if consents or inside(ip, world.held):
        given = [one.intensity for one in consents if wall_open(one, at)]
        if not given:
            return "third-party"
        ceiling.append(max(given))
    for each in inv.establishments:
        if inside(ip, each.medical) or below(name, each.medical) or learnt(world, ip, each.medical):
            ceiling.append(Intensity.DISCREET)
    best = max(min(*ceiling, one.intensity, one.intensity) for one in now)
    return "intensity" if best is Intensity.PASSIVE else best


def attributed(inv: Inventory, one: Mandate, name: str) -> str:
    for each in inv.establishments:
        if each.id in one.establishments and below(name, each.domains):
            return each.id
    return one.establishments[0]


# --- random worlds -------------------------------------------------------------------------------

V4 = int(IPv4Address("203.0.113.0"))
V6 = int(IPv6Address("2001:db8::"))
NAMES = ("chu.example", "www.chu.example", "x.www.chu.example", "h.example", "p.h.example")


@st.composite
def cidrs(draw: st.DrawFn, half: int | None = None) -> str:
    """Draw a small network; ``half`` keeps it on one side, so that establishments never overlap."""
    base, width = draw(st.sampled_from([(V4, 32), (V6, 128), (int(IPv4Address("10.0.0.0")), 32)]))
    length = draw(st.integers(width - 3, width))
    offset = draw(st.integers(0, 7)) + 8 * (draw(st.integers(0, 1)) if half is None else half)
    address = (IPv4Address if width == 32 else IPv6Address)(base + offset)
    return str(ip_network(f"{address}/{length}", strict=False))


def some(strategy: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


THINGS = st.one_of(cidrs(), st.sampled_from(NAMES))
DAYS = st.dates(date(2026, 5, 25), date(2026, 6, 20))
INTENSITIES = st.sampled_from(list(Intensity))
WINDOWS = st.lists(
    st.builds(
        lambda days, opens, length: Window(
            days=tuple(sorted(days)), opens_min=opens, closes_min=opens + length
        ),
        st.sets(st.integers(0, 6), min_size=1),
        st.sampled_from([0, 480, 1200, 1439]),
        st.sampled_from([1, 300, 600, 1440]),
    ),
    max_size=2,
).map(tuple)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    establishments = tuple(
        Establishment(
            id=identifier,
            name=identifier,
            ranges=draw(some(cidrs(half))),
            domains=("chu.example",) if identifier == "a" else (),
            exclude=draw(some(THINGS, 1)),
            medical=draw(some(THINGS, 1)),
        )
        for half, identifier in enumerate("ab")
    )
    ids = st.sampled_from([("a",), ("b",), ("a", "b"), ("b", "a")])

    def dates() -> tuple[date, date]:
        first, last = sorted((draw(DAYS), draw(DAYS)))
        return first, last

    mandates = []
    for _ in range(draw(st.integers(0, 3))):
        first, last = dates()
        mandates.append(
            mandate(
                establishments=draw(ids),
                covers=draw(some(THINGS)),
                valid_from=first,
                valid_until=last,
                intensity=draw(INTENSITIES),
                windows=draw(WINDOWS),
            )
        )
    consents = []
    for _ in range(draw(st.integers(0, 2))):
        first, last = dates()
        covers = draw(some(THINGS))
        consents.append(
            consent(covers=covers, valid_from=first, valid_until=last, intensity=draw(INTENSITIES))
        )
    made = inventory(
        *mandates,
        establishments=establishments,
        consents=tuple(consents),
        lab=draw(st.booleans()),
    )
    known = draw(
        st.dictionaries(
            st.sampled_from(NAMES), st.lists(addresses(), max_size=2).map(tuple), max_size=2
        )
    )
    return World(
        made,
        draw(st.one_of(st.none(), INTENSITIES)),
        draw(st.sampled_from([None, ("a",), ("b",)])),
        known,
        draw(some(cidrs(), 1)),
    )


def addresses() -> st.SearchStrategy[str]:
    return st.one_of(
        st.integers(0, 17).map(lambda n: str(IPv4Address(V4 + n))),
        st.integers(0, 17).map(lambda n: str(IPv6Address(V6 + n))),
        st.integers(0, 17).map(lambda n: str(IPv4Address("10.0.0.0") + n)),
        st.sampled_from(["198.51.100.1", "224.0.0.1", "ff02::1", "0.0.0.1"]),
    )


MOMENTS = st.datetimes(datetime(2026, 5, 20), datetime(2026, 6, 25)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC, second=0, microsecond=0)
)
HOSTS = st.one_of(st.none(), st.sampled_from(NAMES), st.just("other.example"))


@given(worlds(), st.lists(st.tuples(addresses(), HOSTS, MOMENTS), min_size=1, max_size=8))
def test_it_says_what_the_reference_says(
    world: World, questions: list[tuple[str, str | None, datetime]]
) -> None:
    scope = world.scope()
    for ip, name, at in questions:
        expected = reference(world, ip, name, at)
        try:
            got: Intensity | str = scope.permit(ip, hostname=name, at=at).intensity
        except OutOfScope as refused:
            got = refused.reason
        assert got == expected, (ip, name, at)


@given(worlds(), addresses(), HOSTS, MOMENTS, st.lists(st.floats(0, 0.999), max_size=8))
def test_until_and_next_opening_hold(
    world: World, ip: str, name: str | None, at: datetime, parts: list[float]
) -> None:
    scope = world.scope()
    try:
        permit = scope.permit(ip, hostname=name, at=at)
    except OutOfScope as refused:
        ahead = refused.next_opening or datetime(2026, 6, 25, tzinfo=UTC)
        if refused.next_opening is not None:
            assert ahead > at
            assert isinstance(reference(world, ip, name, ahead), Intensity)
        for part in parts if ahead > at else ():
            between = (at + (ahead - at) * part).replace(second=0, microsecond=0)
            if between >= at:
                assert isinstance(reference(world, ip, name, between), str)
        return
    assert permit.until is None or permit.until > at
    end = permit.until or datetime(2026, 6, 25, tzinfo=UTC)
    for part in parts if end > at else ():
        assert reference(world, ip, name, at + (end - at) * part) == permit.intensity


@given(worlds(), MOMENTS)
def test_segments_are_the_permits_of_their_addresses(world: World, at: datetime) -> None:
    scope = world.scope()
    segments = scope.segments(at)
    order = [(one.version, one.first, one.last) for one in segments]
    assert order == sorted(order)
    assert all(a[0] != b[0] or a[2] < b[1] for a, b in itertools.pairwise(order))
    for base, version in ((V4, 4), (V6, 6), (int(IPv4Address("10.0.0.0")), 4)):
        for value in range(base, base + 18):
            index = scope.lookup(version, value)
            ip = str(IPv4Address(value) if version == 4 else IPv6Address(value))
            expected = reference(world, ip, None, at)
            if index < 0:
                assert expected == "out-of-scope"
                continue
            one = segments[index]
            assert one.first <= value <= one.last
            assert (one.intensity or one.refusal) == expected
            try:
                assert scope.segment_permit(index, at) == one.permit
            except OutOfScope as refused:
                assert refused.reason == one.refusal  # noqa: PT017


@given(worlds(), MOMENTS)
def test_the_next_opening_of_a_run_opens_something(world: World, at: datetime) -> None:
    scope = world.scope()
    opening = scope.next_opening(at)
    if opening is None:
        return
    assert opening > at
    before = {(one.version, one.first) for one in scope.segments(at) if one.permit}
    after = {(one.version, one.first) for one in scope.segments(opening) if one.permit}
    assert after - before or scope.named_targets()


@given(
    worlds(),
    addresses(),
    HOSTS,
    MOMENTS,
    st.dictionaries(st.sampled_from(NAMES), st.lists(addresses(), max_size=3).map(tuple)),
)
def test_learning_never_opens(
    world: World,
    ip: str,
    name: str | None,
    at: datetime,
    more: dict[str, tuple[str, ...]],
) -> None:
    before, after = world.scope(), world.scope().knowing(more)
    if after.allows(ip, hostname=name, at=at):
        permit = before.permit(ip, hostname=name, at=at)
        assert after.permit(ip, hostname=name, at=at).intensity <= permit.intensity


# --- rules, one by one ---------------------------------------------------------------------------


def test_no_mandate_no_packet() -> None:
    scope = Scope(inventory())
    assert refusal(scope, "203.0.113.5") == "out-of-scope"
    assert [one.refusal for one in scope.segments(NOON)] == ["out-of-scope"]


@pytest.mark.parametrize(
    "ip",
    [
        "3405803781", "0xcb007105", "0313.0.0161.5", "203.0.28933", "203.0.113.005", " 203.0.113.5",
        "203.0.113.5 ", "203.0.113.5/32", "203.0.113.5:443", "203.0.113.5%eth0", "fe80::1%1", "",
        "chu.example", "٢٠٣.0.113.5", "203.0.113.5\n", "::ffff:203.0.113.5%1", "[2001:db8::1]",
    ],
)  # fmt: skip
def test_odd_spellings_are_refused(ip: str) -> None:
    scope = Scope(inventory(mandate(), lab=True))
    assert refusal(scope, ip) == "out-of-scope"
    assert refusal(scope, ip, "chu.example") == "out-of-scope"


def test_mapped_addresses_are_judged_as_the_ipv4_they_are() -> None:
    hospital = establishment(exclude=("203.0.113.7/32",))
    scope = Scope(inventory(mandate(), establishments=(hospital,)))
    assert refusal(scope, "::ffff:203.0.113.5") == ""
    assert refusal(scope, IPv6Address("::ffff:203.0.113.7")) == "out-of-scope"
    assert refusal(scope, "::ffff:198.51.100.1") == "out-of-scope"
    assert scope.lookup(6, (0xFFFF << 32) | (V4 + 5)) == -1
    assert scope.is_excluded("::ffff:203.0.113.7")


def test_addresses_come_in_every_form() -> None:
    scope = Scope(inventory(mandate()))
    for ip in ("203.0.113.5", IPv4Address("203.0.113.5"), (4, V4 + 5)):
        assert scope.permit(ip, at=NOON).establishment == "a"


@pytest.mark.parametrize(
    "ip",
    ["127.0.0.1", "10.1.2.3", "169.254.1.1", "100.64.0.1", "fd00::1", "::1", "192.168.0.1",
     "fe80::1"],
)  # fmt: skip
def test_lab_alone_admits_private_addresses(ip: str) -> None:
    network = str(ip_network(ip))
    here = establishment(ranges=(network,))
    named = mandate(covers=("portail.h.example",))
    for lab in (False, True):
        scope = Scope(inventory(mandate(), establishments=(here,), lab=lab))
        assert refusal(scope, ip) == ("" if lab else "out-of-scope")
        by_name = Scope(inventory(named, lab=lab))
        assert refusal(by_name, ip, "portail.h.example") == ("" if lab else "out-of-scope")


@pytest.mark.parametrize(
    "ip",
    [
        "0.0.0.0", "255.255.255.255", "224.0.0.251", "240.0.0.1", "::", "ff02::1", "64:ff9b::a00:1",
        "2002:a00:1::1", "2001::1", "::10.0.0.1",
    ],
)  # fmt: skip
def test_never(ip: str) -> None:
    wide = establishment(ranges=("0.0.0.0/0", "::/0"))
    scope = Scope(
        inventory(
            mandate(covers=()), mandate(covers=("n.example",)), establishments=(wide,), lab=True
        )
    )
    assert refusal(scope, ip) == "out-of-scope"
    assert refusal(scope, ip, "n.example") == "out-of-scope"


def test_a_slash_8_is_instant() -> None:
    wide = establishment(ranges=("11.0.0.0/8", "2001:db8::/32"), exclude=("11.1.2.3/32",))
    started = time.perf_counter()
    scope = Scope(inventory(mandate(), establishments=(wide,)))
    segments = scope.segments(NOON)
    assert time.perf_counter() - started < 0.5
    assert [one.size for one in segments[:2]] == [0x10203, 2**24 - 0x10204]
    assert [one.sweepable for one in segments] == [True, True, False]
    assert segments[2].text == "2001:db8::/32"
    assert segments[0].text == "11.0.0.0-11.1.2.2"


def test_a_small_ipv6_range_is_swept() -> None:
    two = establishment(ranges=("2001:db8::/112", "2001:db8:1::/111"))
    scope = Scope(inventory(mandate(), establishments=(two,)))
    assert [one.sweepable for one in scope.segments(NOON)] == [True, False]


def test_a_named_host_is_open_for_its_exact_name_only() -> None:
    named = mandate(covers=("portail.h.example",))
    scope = Scope(inventory(named))
    assert refusal(scope, "198.51.100.9", "portail.h.example") == ""
    assert refusal(scope, "198.51.100.9", "PORTAIL.h.example.") == ""
    for other in (
        None,
        "h.example",
        "x.portail.h.example",
        "portail.h.example.evil.example",
        "198.51.100.9",
    ):
        assert refusal(scope, "198.51.100.9", other) == "out-of-scope"
    assert scope.named_targets() == (NamedTarget("portail.h.example", "a"),)
    assert refusal(scope, "203.0.113.5") == "out-of-scope"  # « covers » bounds the mandate


def test_a_domain_opens_no_address() -> None:
    scope = Scope(inventory(mandate()))
    assert scope.may_resolve("www.chu.example")
    assert refusal(scope, "198.51.100.9", "www.chu.example") == "out-of-scope"
    assert refusal(scope, "203.0.113.9", "www.chu.example") == ""


def test_any_name_may_be_asked_of_a_mandated_address() -> None:
    assert refusal(Scope(inventory(mandate())), "203.0.113.9", "vpn.other.example") == ""


@pytest.mark.parametrize(
    "name", ["", ".", "a..b", "a b.example", "x" * 64 + ".example", "10.0.0.1", "[::1]"]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    assert refusal(Scope(inventory(mandate())), "203.0.113.9", name) == "out-of-scope"


def test_the_literal_itself_may_stand_as_host() -> None:
    assert refusal(Scope(inventory(mandate())), "203.0.113.9", "203.0.113.9") == ""


def test_idn_names_are_compared_in_ascii() -> None:
    scope = Scope(inventory(mandate(covers=("xn--hpital-ixa.example",))))
    assert refusal(scope, "198.51.100.9", "Hôpital.example") == ""


def test_an_excluded_name_closes_itself_those_below_and_its_learnt_address() -> None:
    hospital = establishment(exclude=("fragile.chu.example",))
    named = mandate(covers=("203.0.113.0/24", "fragile.chu.example", "x.fragile.chu.example"))
    scope = Scope(inventory(named, establishments=(hospital,)))
    for name in ("fragile.chu.example", "x.fragile.chu.example", "FRAGILE.chu.example."):
        assert refusal(scope, "203.0.113.9", name) == "out-of-scope"
        assert refusal(scope, "198.51.100.9", name) == "out-of-scope"
    assert scope.named_targets() == ()
    assert refusal(scope, "203.0.113.9") == ""
    assert scope.names_to_learn() == {"fragile.chu.example"}
    assert scope.may_resolve("fragile.chu.example")
    wiser = scope.knowing({"fragile.chu.example": ["203.0.113.9", "2001:db8::9"]})
    assert refusal(wiser, "203.0.113.9") == "out-of-scope"
    assert refusal(wiser, "203.0.113.9", "www.chu.example") == "out-of-scope"
    assert wiser.is_excluded("203.0.113.9")
    assert refusal(wiser, "203.0.113.10") == ""


def test_exclusions_bind_every_establishment() -> None:
    other = Establishment(id="b", name="B", exclude=("203.0.113.9/32",))
    scope = Scope(
        inventory(mandate(), establishments=(establishment(), other)), establishments=["a"]
    )
    assert refusal(scope, "203.0.113.9") == "out-of-scope"


def test_a_bare_address_in_a_hand_made_inventory_still_excludes() -> None:
    hospital = establishment(exclude=("203.0.113.9",))
    assert (
        refusal(Scope(inventory(mandate(), establishments=(hospital,))), "203.0.113.9")
        == "out-of-scope"
    )


def test_medical_is_discreet() -> None:
    hospital = establishment(medical=("203.0.113.64/28", "echo.chu.example"))
    deep = mandate(intensity=Intensity.DEEP)
    scope = Scope(inventory(deep, establishments=(hospital,)), profile=Intensity.DEEP)
    permit = scope.permit("203.0.113.70", at=NOON)
    assert (permit.medical, permit.intensity) == (True, Intensity.DISCREET)
    assert scope.permit("203.0.113.5", at=NOON).intensity is Intensity.DEEP
    assert scope.permit("203.0.113.5", hostname="echo.chu.example", at=NOON).medical
    wiser = scope.knowing({"echo.chu.example": ["203.0.113.5"]})
    assert wiser.permit("203.0.113.5", at=NOON).medical


@pytest.mark.parametrize(
    ("profile", "signed", "effective"),
    [
        (None, Intensity.DEEP, "standard"),
        (None, Intensity.DISCREET, "discreet"),
        (Intensity.DEEP, Intensity.DEEP, "deep"),
        (Intensity.DEEP, Intensity.STANDARD, "standard"),
        (Intensity.DISCREET, Intensity.DEEP, "discreet"),
        (Intensity.PASSIVE, Intensity.DEEP, "intensity"),
        (Intensity.DEEP, Intensity.PASSIVE, "intensity"),
    ],
)
def test_profile_and_mandate(profile: Intensity | None, signed: Intensity, effective: str) -> None:
    scope = Scope(inventory(mandate(intensity=signed)), profile=profile)
    try:
        assert scope.permit("203.0.113.5", at=NOON).intensity.value == effective
    except OutOfScope as refused:
        assert refused.reason == effective  # noqa: PT017
        assert refused.next_opening is None  # noqa: PT017


def test_the_most_permissive_open_mandate_wins() -> None:
    nightly = mandate(windows=(NIGHTS,), intensity=Intensity.STANDARD, document="night.pdf")
    daily = mandate(intensity=Intensity.DISCREET, document="day.pdf")
    scope = Scope(inventory(daily, nightly))
    by_day = scope.permit("203.0.113.5", at=NOON)
    assert (by_day.mandate, by_day.intensity) == ("day.pdf", Intensity.DISCREET)
    assert by_day.until == datetime(2026, 6, 5, 18, 0, tzinfo=UTC)
    by_night = scope.permit("203.0.113.5", at=by_day.until)
    assert (by_night.mandate, by_night.intensity) == ("night.pdf", Intensity.STANDARD)


def test_a_closed_window_tells_when_it_opens() -> None:
    scope = Scope(inventory(mandate(windows=(NIGHTS,))))
    with pytest.raises(OutOfScope) as refused:
        scope.permit("203.0.113.5", at=NOON)
    assert refused.value.reason == "out-of-window"
    assert refused.value.next_opening == datetime(2026, 6, 5, 18, 0, tzinfo=UTC)
    assert scope.next_opening(NOON) == refused.value.next_opening
    assert scope.next_opening(refused.value.next_opening) is None


def test_dates() -> None:
    scope = Scope(inventory(mandate()))
    assert scope.permit("203.0.113.5", at=NOON).until == datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
    with pytest.raises(OutOfScope) as early:
        scope.permit("203.0.113.5", at=datetime(2025, 12, 31, 22, 59, tzinfo=UTC))
    assert early.value.reason == "out-of-window"
    assert early.value.next_opening == datetime(2025, 12, 31, 23, 0, tzinfo=UTC)
    with pytest.raises(OutOfScope) as late:
        scope.permit("203.0.113.5", at=datetime(2026, 12, 31, 23, 0, tzinfo=UTC))
    assert (late.value.reason, late.value.next_opening) == ("out-of-scope", None)


def test_third_parties() -> None:
    soon = consent(valid_from=date(2026, 7, 1))
    scope = Scope(inventory(mandate(), consents=(soon,)))
    with pytest.raises(OutOfScope) as refused:
        scope.permit("203.0.113.33", at=NOON)
    assert refused.value.reason == "third-party"
    assert refused.value.next_opening == datetime(2026, 6, 30, 22, 0, tzinfo=UTC)
    assert (
        scope.permit("203.0.113.33", at=refused.value.next_opening).intensity is Intensity.DISCREET
    )
    assert scope.permit("203.0.113.5", at=NOON).until == datetime(2026, 12, 31, 23, 0, tzinfo=UTC)


def test_a_hosted_name_under_a_consent() -> None:
    agreed = consent(covers=("portail.h.example",), valid_until=date(2026, 6, 5))
    scope = Scope(inventory(mandate(covers=("portail.h.example",)), consents=(agreed,)))
    permit = scope.permit("198.51.100.9", hostname="portail.h.example", at=NOON)
    assert permit.intensity is Intensity.DISCREET
    assert permit.until == datetime(2026, 6, 5, 22, 0, tzinfo=UTC)
    assert refusal(scope, "198.51.100.9", "portail.h.example", permit.until) == "third-party"


def test_a_holder_learnt_elsewhere_needs_a_consent() -> None:
    scope = Scope(inventory(mandate(), consents=(consent(),)))
    wiser = scope.knowing({}, held=["203.0.113.0/25"])
    assert refusal(wiser, "203.0.113.5") == "third-party"
    assert refusal(wiser, "203.0.113.33") == ""
    assert refusal(wiser, "203.0.113.200") == ""


def test_an_exclusion_wins_over_a_named_host() -> None:
    hospital = establishment(exclude=("198.51.100.7/32", "203.0.113.7/32"))
    scope = Scope(inventory(mandate(covers=("p.h.example",)), establishments=(hospital,)))
    for ip in ("198.51.100.7", "203.0.113.7"):
        assert refusal(scope, ip, "p.h.example") == "out-of-scope"
    assert refusal(scope, "198.51.100.8", "p.h.example") == ""
    assert refusal(scope, "203.0.113.8", "p.h.example") == ""


def test_a_holder_learnt_elsewhere_binds_names_too() -> None:
    named = mandate(covers=("203.0.113.0/24", "p.h.example"))
    scope = Scope(inventory(named)).knowing({}, held=["203.0.113.0/25", "198.51.100.0/24"])
    for ip in ("203.0.113.5", "198.51.100.5"):
        assert refusal(scope, ip, "p.h.example") == "third-party"
    assert refusal(scope, "203.0.113.5", "www.chu.example") == "third-party"
    assert refusal(scope, "192.0.2.5", "p.h.example") == ""


def test_a_consent_that_ends_before_the_window_opens_is_no_opening() -> None:
    brief = consent(valid_until=date(2026, 6, 4))
    scope = Scope(inventory(mandate(windows=(NIGHTS,)), consents=(brief,)))
    with pytest.raises(OutOfScope) as refused:
        scope.permit("203.0.113.33", at=datetime(2026, 6, 7, 10, 0, tzinfo=UTC))
    assert refused.value.reason == "out-of-window"
    assert refused.value.next_opening is None


def test_a_permit_ends_with_its_window() -> None:
    scope = Scope(inventory(mandate(windows=(NIGHTS,))))
    night = datetime(2026, 6, 5, 20, 0, tzinfo=UTC)
    assert scope.permit("203.0.113.5", at=night).until == datetime(2026, 6, 6, 4, 0, tzinfo=UTC)


def test_a_mandate_covers_nothing_of_another_establishment() -> None:
    other = Establishment(id="b", name="B", ranges=("198.51.100.0/24",))
    stray = mandate(establishments=("b",), covers=("203.0.113.0/24",))
    scope = Scope(inventory(stray, establishments=(establishment(), other)))
    assert refusal(scope, "203.0.113.5") == "out-of-scope"


def test_establishments_are_chosen() -> None:
    other = Establishment(id="b", name="B", ranges=("198.51.100.0/24",), domains=("b.example",))
    both = inventory(mandate(establishments=("a", "b")), establishments=(establishment(), other))
    scope = Scope(both, establishments=["b"])
    assert refusal(scope, "203.0.113.5") == "out-of-scope"
    assert refusal(scope, "198.51.100.5") == ""
    assert scope.domains() == (("b.example", "b"),)
    assert not scope.may_resolve("www.chu.example")
    with pytest.raises(UsageError, match="zz"):
        Scope(both, establishments=["zz"])


def test_named_hosts_belong_to_someone() -> None:
    other = Establishment(id="b", name="B", ranges=("198.51.100.0/24",), domains=("b.example",))
    for one, owner in (
        (mandate(establishments=(), covers=("www.b.example",)), "b"),
        (mandate(establishments=(), covers=("198.51.100.0/25", "h.example")), "b"),
        (mandate(establishments=("b",), covers=("h.example",)), "b"),
        (mandate(establishments=(), covers=("www.b.example", "h.example")), "b"),
        (mandate(establishments=(), covers=("h.example",)), "a"),
    ):
        scope = Scope(inventory(one, establishments=(establishment(), other)))
        assert {each.establishment for each in scope.named_targets()} == {owner}


def test_names() -> None:
    hospital = establishment(exclude=("no.chu.example",), medical=("echo.chu.example",))
    scope = Scope(
        inventory(mandate(covers=("p.h.example", "no.chu.example")), establishments=(hospital,))
    )
    assert scope.names_under("chu.example") == ("chu.example", "echo.chu.example")
    assert scope.names_under("H.example.") == ("p.h.example",)
    assert scope.may_resolve("p.h.example")
    assert not scope.may_resolve("h.example")
    assert not scope.may_resolve("chu.example.evil.example")
    assert not scope.may_resolve("evilchu.example")
    assert not scope.may_resolve("10.0.0.1")


def test_named_segments() -> None:
    hospital = establishment(exclude=("198.51.100.7/32",), medical=("198.51.100.8/32",))
    scope = Scope(inventory(mandate(covers=("p.h.example",)), establishments=(hospital,)))
    answers = [
        "198.51.100.9",
        "198.51.100.8",
        "198.51.100.7",
        "10.0.0.1",
        "203.0.113.5",
        "2001:db8::1",
        "nonsense",
    ]
    found = scope.named_segments("P.h.example", answers)
    assert [(one.text, one.medical, one.hostname) for one in found] == [
        ("198.51.100.8", True, "p.h.example"),
        ("198.51.100.9", False, "p.h.example"),
        ("2001:db8::1", False, "p.h.example"),
    ]
    assert scope.named_segments("www.chu.example", ["198.51.100.9"]) == ()


@given(st.text(max_size=40), st.one_of(st.none(), st.text(max_size=40)))
def test_any_text_is_refused_or_allowed(ip: str, name: str | None) -> None:
    scope = Scope(inventory(mandate(covers=("p.h.example",))))
    refusal(scope, ip, name)
    refusal(scope, "198.51.100.1", name)
    scope.may_resolve(name or "")
    scope.is_excluded(ip)


def test_answers_are_kept() -> None:
    scope = Scope(inventory(mandate(windows=(NIGHTS,))))
    night = datetime(2026, 6, 5, 20, 0, tzinfo=UTC)
    assert scope.permit((4, V4), at=night) is scope.permit(
        (4, V4 + 1), at=night + timedelta(hours=1)
    )
    assert refusal(scope, (4, V4), None, NOON) == "out-of-window"  # and time may go back
    assert refusal(scope, (4, V4), None, night) == ""


# --- services and directories --------------------------------------------------------------------


def services(**keys: object) -> ServiceScope:
    made = Services(**keys)  # type: ignore[arg-type]
    empty = inventory()
    return ServiceScope(
        Inventory(path="", ght=empty.ght, establishments=empty.establishments, services=made)
    )


@pytest.mark.parametrize(
    ("kind", "host", "port", "allowed"),
    [
        ("resolvers", "192.0.2.53", 53, True),
        ("resolvers", "192.0.2.53", 853, False),
        ("resolvers", "127.0.0.1", 5353, True),
        ("resolvers", "2001:db8::53", 53, True),
        ("resolvers", "2001:DB8:0::53", 53, True),
        ("resolvers", "192.0.2.54", 53, False),
        ("canary", "canary.grades.example", 445, True),
        ("canary", "192.0.2.53", 53, False),
        ("shodan", "api.shodan.example", 443, True),
        ("shodan", "api.shodan.example", 80, False),
        ("ct", "crt.example", 443, True),
        ("ct", "api.shodan.example", 443, False),
        ("mail", "smtp.chu.example", 587, True),
        ("mail", "smtp.chu.example", 25, False),
        ("feeds", "one.example", 443, True),
        ("feeds", "two.example", 8443, True),
        ("flag", "true", 443, False),
        ("rdap", "rdap.example", 443, False),
        ("ct", "crt.example", 0, False),
    ],
)
def test_services_are_those_named(kind: str, host: str, port: int, allowed: bool) -> None:
    gate = services(
        resolvers=("192.0.2.53", "127.0.0.1:5353", "[2001:db8::53]:53"),
        canary="canary.grades.example",
        shodan="https://api.shodan.example",
        ct=("https://crt.example",),
        others={
            "mail": "smtp.chu.example:587",
            "feeds": "https://one.example https://two.example:8443/x",
            "flag": "true",
        },
    )
    if allowed:
        gate.permit_service(kind, host, port)
    else:
        with pytest.raises(OutOfScope):
            gate.permit_service(kind, host, port)


def test_nothing_is_configured_by_default() -> None:
    assert services().kinds() == frozenset()


def test_a_directory_is_opened_by_naming_it() -> None:
    gate = DirectoryScope("ldaps://DC1.chu.example")
    for port in (88, 389, 636, 3268, 3269):
        gate.permit_directory("dc1.chu.example", port, ip="10.0.0.5")
    gate.permit_directory("ldap://dc1.chu.example:3268", 3268)
    for server, port, ip in (
        ("dc1.chu.example", 445, None),
        ("dc2.chu.example", 636, None),
        ("10.0.0.5", 636, None),
        ("dc1.chu.example", 636, "224.0.0.1"),
        ("dc1.chu.example", 636, "0x0a000005"),
    ):
        with pytest.raises(OutOfScope):
            gate.permit_directory(server, port, ip=ip)
    assert gate.add_controllers(["DC2.chu.example.", "not a name"]) == ("dc2.chu.example",)
    gate.permit_directory("dc2.chu.example", 636)


def test_an_excluded_directory_stays_closed() -> None:
    hospital = establishment(exclude=("10.0.0.5/32", "dc2.chu.example"))
    scope = Scope(inventory(establishments=(hospital,)))
    gate = DirectoryScope("ldap://127.0.0.1", scope=scope)
    gate.permit_directory("127.0.0.1", 389)
    gate.add_controllers(["dc2.chu.example", "dc3.chu.example"])
    with pytest.raises(OutOfScope):
        gate.permit_directory("dc2.chu.example", 389)
    with pytest.raises(OutOfScope):
        gate.permit_directory("dc3.chu.example", 389, ip="10.0.0.5")
    gate.permit_directory("dc3.chu.example", 389, ip="10.0.0.6")


@pytest.mark.parametrize(
    "url", ["", "dc1", "http://dc1", "ldap://", "ldap://u:p@dc1.example", "ldap://dc1.example/x"]
)
def test_a_directory_needs_an_ldap_url(url: str) -> None:
    with pytest.raises(UsageError):
        DirectoryScope(url)
