"""Every product against answers recorded from its documentation, and against its lookalikes."""

import functools
import math

import msgspec
import pytest
import trio

from core.knowledge.load import load_knowledge
from core.model import Confidence, Intensity
from core.observations.http import HttpService
from core.observations.product import ProductSeen
from scanner.probes.http import PROBE
from scanner.products import Match, index_of
from scanner.visit import Measured
from tests.scanner.visiting import visit
from tests.servers.recorded import Recorded, RecordedPage, recordings, serving

PRODUCTS = load_knowledge().products
INDEX = index_of(PRODUCTS)
RECORDED = recordings()
CAP = {Intensity.STANDARD: 12, Intensity.DISCREET: 4}


def _cases(which: str) -> list[tuple[str, Recorded]]:
    return [
        (id_, one)
        for id_, recording in RECORDED.items()
        for one in (recording.imitations if which == "imitations" else recording.lookalikes)
    ]


IMITATIONS = _cases("imitations")
LOOKALIKES = _cases("lookalikes")


def _name(value: object) -> str:
    return value if isinstance(value, str) else value.name if isinstance(value, Recorded) else ""


def test_every_product_has_a_recording_and_a_lookalike() -> None:
    known = {product.id for product in PRODUCTS}
    assert sorted(known - set(RECORDED)) == [], "without a recording"
    assert sorted(set(RECORDED) - known) == [], "recordings of no product"
    bare = [
        id_
        for id_, one in RECORDED.items()
        if not (one.imitations and one.lookalikes and one.sources)
    ]
    assert bare == [], "without a source, an imitation or a lookalike"


def test_every_reading_is_shown_to_work() -> None:
    shown = {id_ for id_, one in IMITATIONS if one.version is not None}
    readable = {product.id for product in PRODUCTS if product.readings}
    assert sorted(readable - shown) == [], "no recording shows the version that they read"


def _match(id_: str, recorded: Recorded) -> Match | None:
    matches = INDEX.match(recorded.clues)
    return next((one for one in matches if one.product.id == id_ and one.confidence), None)


@pytest.mark.parametrize(("id_", "recorded"), IMITATIONS, ids=_name)
def test_is_recognised_by_all_it_shows(id_: str, recorded: Recorded) -> None:
    match = _match(id_, recorded)
    assert match is not None
    assert match.confidence is not None
    assert match.confidence >= Confidence(recorded.expect)
    assert (match.shows_portal, match.shows_admin) == (recorded.portal, recorded.admin)
    read = INDEX.read(match, recorded.clues)
    assert (read.version if read else None) == recorded.version
    others = [
        one.product.id
        for one in INDEX.match(recorded.clues)
        if one.confidence and one.product.vendor != match.product.vendor
    ]
    assert others == []


@pytest.mark.parametrize(("id_", "recorded"), LOOKALIKES, ids=_name)
def test_a_lookalike_is_not_it(id_: str, recorded: Recorded) -> None:
    assert _match(id_, recorded) is None


# The same through the real web probe, over loopback, counted where it is served


class Visited(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    recorded: Recorded
    intensity: Intensity
    measured: Measured
    asked: dict[str, int]

    @property
    def where(self) -> str:
        return f"{self.id} « {self.recorded.name} » {self.intensity.value}"

    @property
    def seen(self) -> ProductSeen | None:
        found = (one for one in self.measured.seen if isinstance(one, ProductSeen))
        return next((one for one in found if one.product == self.id), None)


async def _visit(id_: str, recorded: Recorded, intensity: Intensity) -> Visited:
    async with serving(recorded) as served:
        made = visit(served.port, intensity=intensity, timeout_s=30)
        made.requests_left = CAP[intensity]
        made.tls_subject, made.tls_issuer = recorded.tls_subject, recorded.tls_issuer
        measured = await PROBE.measure(made)
        assert measured is not None, recorded.name
        return Visited(
            id=id_,
            recorded=recorded,
            intensity=intensity,
            measured=measured,
            asked=dict(served.asked),
        )


@functools.cache
def _laboratory() -> tuple[Visited, ...]:
    """Serve and visit every recorded web service once in each profile."""
    visited: list[Visited] = []
    limiter = trio.CapacityLimiter(8)

    async def one(id_: str, recorded: Recorded, intensity: Intensity) -> None:
        async with limiter:
            visited.append(await _visit(id_, recorded, intensity))

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            for id_, recorded in (*IMITATIONS, *LOOKALIKES):
                if recorded.kind == "http":
                    for intensity in CAP:
                        nursery.start_soon(one, id_, recorded, intensity)

    trio.run(run)
    return tuple(visited)


def test_the_probe_recognises_each_within_its_requests() -> None:
    faults: list[str] = []
    for one in _laboratory():
        wanted, seen = one.recorded, one.seen
        if not wanted.expect:
            continue
        if seen is None:
            faults.append(f"{one.where}: not recognised, asked {list(one.asked)}")
        # Four requests name it; its version and its other side may take more.
        if seen is None or one.intensity is Intensity.DISCREET:
            continue
        # An icon is only told by its digest, which nobody can serve.
        told = not (wanted.favicon_md5 or wanted.favicon_mmh3)
        if told and seen.confidence < Confidence(wanted.expect):
            faults.append(f"{one.where}: {seen.confidence.value}, {seen.contradicted_by}")
        if seen.version != wanted.version:
            faults.append(f"{one.where}: version {seen.version}, not {wanted.version}")
        if one.measured.service.product != one.id:
            faults.append(f"{one.where}: service told as {one.measured.service.product}")
        if told and (seen.portal, seen.admin) != (wanted.portal, wanted.admin):
            faults.append(f"{one.where}: portal {seen.portal}, admin {seen.admin}")
    assert not faults, "\n".join(["", *faults])


def test_the_probe_takes_no_lookalike_for_it_and_invents_no_version() -> None:
    faults: list[str] = []
    for one in _laboratory():
        if not one.recorded.expect and one.seen is not None:
            faults.append(f"{one.where}: taken for it by {one.seen.shown}")
        read = one.seen.version if one.seen is not None else None
        # Where nothing may be posted, the first parts of it may be all that is told.
        if read is not None and not (one.recorded.version or "").startswith(read):
            faults.append(f"{one.where}: version {read}")
    assert not faults, "\n".join(["", *faults])


def test_requests_stay_within_the_caps_where_they_are_served() -> None:
    visited = _laboratory()
    for intensity, cap in CAP.items():
        counts = [sum(one.asked.values()) for one in visited if one.intensity is intensity]
        assert max(counts) <= cap
    for one in visited:
        http = next(seen for seen in one.measured.seen if isinstance(seen, HttpService))
        assert sum(one.asked.values()) == http.requests, one.where
        # One request per distinct question, shared by all products.
        assert set(one.asked.values()) == {1}, one.where
        if one.intensity is Intensity.DISCREET:
            assert not [asked for asked in one.asked if asked.startswith("POST")], one.where


def test_nothing_is_posted_to_a_medical_host() -> None:
    posted = [one for one in _laboratory() if any(asked.startswith("POST") for asked in one.asked)]
    assert posted, "some version is told by a posted question"

    async def again(one: Visited) -> list[str]:
        async with serving(one.recorded) as served:
            made = visit(served.port)
            made.medical = True
            await PROBE.measure(made)
            return list(served.asked)

    for asked in (trio.run(again, one) for one in posted):
        assert all(line.startswith("GET ") for line in asked)


def test_a_honeypot_of_five_makes_is_of_none() -> None:
    makes = ("fortinet_fortios", "citrix_netscaler", "cisco_asa_ftd", "paloalto_globalprotect")
    recorded = [RECORDED[id_].imitations[0] for id_ in (*makes, "ivanti_connect_secure")]
    pages: dict[str, RecordedPage] = {}
    for page in (page for one in recorded for page in one.pages):
        kept = pages.get(page.path)
        pages[page.path] = (
            page
            if kept is None
            else RecordedPage(
                path=page.path,
                headers=tuple(
                    line
                    for line in (*kept.headers, *page.headers)
                    if not line.lower().startswith("location")
                ),
                body=kept.body + page.body,
            )
        )
    decoy = Recorded(name="honeypot", kind="http", pages=tuple(pages.values()))
    pure = [one for one in INDEX.match(decoy.clues) if one.confidence]
    assert len({one.product.vendor for one in pure}) >= 5
    assert {one.confidence for one in pure} == {Confidence.TENTATIVE}
    assert all(one.is_decoy for one in pure)
    for intensity in CAP:
        visited = trio.run(_visit, "", decoy, intensity)
        seen = [one for one in visited.measured.seen if isinstance(one, ProductSeen)]
        assert all(one.confidence is Confidence.TENTATIVE for one in seen)
        assert visited.measured.service.version is None


def test_requests_needed(capsys: pytest.CaptureFixture[str]) -> None:
    """Print what recognising costs; the caps are asserted above."""
    counts = sorted(
        sum(one.asked.values())
        for one in _laboratory()
        if one.recorded.expect and one.intensity is Intensity.STANDARD
    )
    assert counts
    middle = counts[len(counts) // 2]
    discreet = [
        one for one in _laboratory() if one.recorded.expect and one.intensity is Intensity.DISCREET
    ]
    named = sum(one.seen is not None for one in discreet)
    with capsys.disabled():
        most = counts[math.ceil(len(counts) * 0.95) - 1]
        print(f"\nrequests per imitation: median {middle}, 95 % ≤ {most}, most {counts[-1]}")
        print(f"recognised in discreet (4 requests): {named} of {len(discreet)}")
