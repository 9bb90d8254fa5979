"""Every check can close what it flagged; nothing closes that was not measured again."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from checks.registry import Check, all_checks
from core.directory.forest import Directory
from core.facts import Facts
from core.inventory import Establishment, Ght, Inventory, Mandate
from core.knowledge.load import load_knowledge
from core.model import (
    Confidence,
    Flagged,
    Intensity,
    Judged,
    NotMeasured,
    Place,
    State,
    Status,
    Transport,
    fingerprint,
)
from core.observations.base import Attempt, Observation
from core.observations.directory import DirectoryAudited, PointSeen
from core.observations.domain import DomainSeen, NameServer
from core.observations.egress import EgressSeen
from core.observations.http import HttpService
from core.observations.name import NameSeen
from core.observations.run import RunSeen
from core.observations.service import Service
from core.observations.site import SiteShown, SitesSeen
from core.observations.zone_server import ZoneServer
from core.store.store import Opened, Plan, Run, Store, SweepBlock
from core.store.tables import OBSERVATIONS
from scanner.space import BLOCK_PAIRS, code_of
from tests.core.test_store import AT
from vigie import settling
from vigie.coverage import main_space, scope_of
from vigie.judging import judge

FACTS = Facts(
    today=date(2026, 1, 15),
    knowledge=load_knowledge(),
    establishments=(
        Establishment(
            id="chu-exemple", name="CHU", ranges=("203.0.113.0/24",), domains=("chu.example",)
        ),
    ),
)
WHERE = Place(establishment="chu-exemple", ip="203.0.113.10", port=22, transport=Transport.TCP)
PORTS = (22, 443, 445)
MOST = 6
"""Runs after which anything that is gone is fixed."""


def inventory() -> Inventory:
    return Inventory(
        path="x",
        ght=Ght(id="ght", name="GHT"),
        establishments=FACTS.establishments,
        mandates=(
            Mandate(
                establishments=("chu-exemple",),
                signed_by="DG",
                document="m.pdf",
                valid_from=date(2026, 1, 1),
                valid_until=date(2026, 12, 31),
                intensity=Intensity.STANDARD,
            ),
        ),
    )


def a_run(number: int, *, kind: str = "exposure", retest: Sequence[str] = ()) -> Run:
    return Run(
        id=f"run-{number}",
        kind=kind,
        ght="ght",
        profile="standard",
        started_at=AT + timedelta(days=number),
        finished_at=None,
        complete=False,
        vigie_version="0",
        plan=Plan(
            seed=1,
            tcp_ports=() if retest else PORTS,
            establishments=(),
            profile=None,
            retest=tuple(retest),
        ),
        inventory=inventory(),
    )


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "vigie.db"
    Store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def store(empty: Path, tmp_path: Path) -> Iterator[Store]:
    # Migrated once for all: hundreds of tests begin with an empty store.
    path = shutil.copy(empty, tmp_path / "vigie.db")
    with closing(Store(f"sqlite:///{path}")) as opened:
        yield opened


def no_bug(check: str, trace: str) -> None:
    raise AssertionError(f"{check}: {trace}")


def measure(
    store: Store,
    run: Run,
    seen: Sequence[Observation],
    *,
    complete: bool = True,
    codes: dict[tuple[str, int], Status] | None = None,
) -> None:
    """Do a run that sees this, and whose sweep left these statuses."""
    store.start_run(run)
    at = run.started_at + timedelta(minutes=1)
    told = [msgspec.structs.replace(one, at=at) for one in seen]
    store.keep(
        run,
        observations=told,
        judged=[verdict for one in told for verdict in judge(one, FACTS, no_bug)],
    )
    if codes:
        sweep(store, run, at, codes)
    settling.end(store, run, at=at + timedelta(minutes=1), complete=complete)


def sweep(store: Store, run: Run, at: datetime, codes: dict[tuple[str, int], Status]) -> None:
    space = main_space(run, scope_of(run))
    statuses = bytearray(min(space.size, BLOCK_PAIRS))
    opened: list[Opened] = []
    for (ip, port), status in codes.items():
        statuses[space.index_of(4, int(ip_address(ip)), port)] = code_of(status)
        if status is Status.OPEN:
            place = Place(establishment="chu-exemple", ip=ip, port=port, transport=Transport.TCP)
            opened.append(Opened(place=place, at=at))
    block = SweepBlock(space=0, block=0, finished=True, statuses=bytes(statuses))
    store.save_sweep(run.id, [block], opened)


def flag(
    store: Store, check: str, place: Place, confidence: Confidence = Confidence.CERTAIN
) -> str:
    """Do a first run that flags this."""
    run = a_run(0)
    store.start_run(run)
    verdict = Flagged(place, confidence, ())
    store.keep(run, judged=[Judged(check=check, verdict=verdict, at=run.started_at)])
    settling.end(store, run, at=run.started_at + timedelta(minutes=1), complete=True)
    return fingerprint(check, place)


def state(store: Store, identity: str) -> State:
    return store.findings(fingerprints=[identity])[identity].state


# every check


def _sound(check: Check[Any], seen: Observation, place: Place) -> list[Observation]:
    """Give what a run sees when what was flagged is put right: the clean example, there."""
    clean = [
        msgspec.structs.replace(one, place=seen.place)
        for one in check.clean
        if type(one) is type(seen)
    ]
    port = msgspec.structs.replace(place, hostname=None)
    http: list[Observation] = [
        Service(place=port, at=AT, protocol="http", product="nginx"),
        HttpService(place=port, at=AT, status=200, title=None),
    ]
    match seen:
        case ZoneServer():
            told = [one for one in clean if isinstance(one, ZoneServer)]
            held = (
                [
                    msgspec.structs.replace(
                        told[0],
                        delegations=tuple(
                            msgspec.structs.replace(
                                each, resolved=each.servers, resolved_glue=each.glue
                            )
                            for each in seen.delegations
                        ),
                    )
                ]
                if seen.delegations
                else told[:1]
            )
            return list(held)
        case SitesSeen():
            name = place.hostname or ""
            return [SitesSeen(place=port, at=AT, tls=True, sites=(SiteShown(names=(name,)),))]
        case _ if type(seen).__name__ == "HostSeen" and place.port is not None:
            return http
        case _ if type(seen).__name__ == "RunSeen":
            tls = next(one for one in all_checks() if one.id == "cert.self-signed").clean[0]
            return [msgspec.structs.replace(tls, place=each) for each in _places(seen)]
        case NameSeen():
            return clean[:1]
        case Service() if all(getattr(one, "protocol", "") == "unknown" for one in clean):
            # Nothing recognised is no proof of absence; something else is.
            return http
        case _:
            told_here = [one for one in clean if not getattr(one, "told_at", "")]
            return list(told_here[:1]) or http


def _places(seen: Any) -> list[Place]:
    return list(
        dict.fromkeys(
            [place for key in seen.shared_keys for place in key.places]
            + [place for key in seen.borrowed_keys for place in (*key.sslv2, *key.others)]
        )
    )


@pytest.mark.parametrize(
    "check",
    [check for check in all_checks() if check.reads is not Directory],
    ids=lambda check: check.id,
)
def test_every_check_closes_what_it_flagged(check: Check[Any], store: Store) -> None:
    seen = check.flagged[0]
    measure(store, a_run(0), [seen])
    mine = [row for row in store.findings().values() if row.check == check.id]
    assert mine
    for row in mine:
        for number in range(1, MOST):
            run = msgspec.structs.replace(a_run(number), id=f"{row.fingerprint[:4]}-{number}")
            measure(store, run, _sound(check, seen, row.place))
        assert state(store, row.fingerprint) is State.FIXED, row.place


def test_a_key_of_which_nobody_knows_any_more_who_shared_it_stays(store: Store) -> None:
    check = next(one for one in all_checks() if one.reads is RunSeen)
    measure(store, a_run(0), [check.flagged[0]])
    row = next(one for one in store.findings().values() if one.check == check.id)
    with store.writing() as db:
        # As a purge of old runs leaves it.
        db.execute(sa.delete(OBSERVATIONS))
    for number in range(1, MOST):
        measure(store, a_run(number), _sound(check, check.flagged[0], row.place))
    assert state(store, row.fingerprint) is State.NEW


@pytest.mark.parametrize(
    ("status", "why", "expected"),
    [
        ("passed", "", State.FIXED),
        ("failed", "", State.FIXED),
        ("failed", "hidden", State.NEW),
        ("not_evaluated", "hidden", State.NEW),
    ],
)
def test_every_point_closes_when_it_passes_and_not_when_it_was_not_evaluated(
    status: str, why: str, expected: State, store: Store
) -> None:
    place = Place(establishment="chu-exemple", forest="chu.example", domain="chu.example")
    checks = [check.id for check in all_checks() if check.reads is Directory]
    run = a_run(0)
    store.start_run(run)
    verdict = Flagged(place, Confidence.CERTAIN, ())
    store.keep(
        run, judged=[Judged(check=one, verdict=verdict, at=run.started_at) for one in checks]
    )
    audited = DirectoryAudited(
        place=Place(establishment="chu-exemple", forest="chu.example"),
        at=AT,
        forest="chu.example",
        domains=("chu.example",),
        role="production",
        level=3,
        level_is="exact",
        list_edition="",
        points=tuple(
            PointSeen(id="x", check=one, status=status, why=why, condition="published")
            for one in checks
        ),
        privileged=(),
        snapshots=(),
    )
    measure(store, a_run(1, kind="directory"), [audited])
    assert {row.state for row in store.findings().values()} == {expected}


# what proves nothing, and what the sweep proves

OTHER = "203.0.113.20"
"""Answers, so that its prefix is known to."""
SMB = msgspec.structs.replace(WHERE, port=445)
"""Of the ports that providers filter."""


def _seen(status: Status, place: Place = WHERE) -> dict[tuple[str, int], Status]:
    return {(f"{place.ip}", place.port or 0): status, (OTHER, 443): Status.OPEN}


def _canary(**changes: Any) -> EgressSeen:
    seen = EgressSeen(place=Place(establishment="chu-exemple"), at=AT, has_canary=True)
    return msgspec.structs.replace(seen, **changes)


@pytest.mark.parametrize(
    ("status", "needed"), [(Status.REFUSED, 1), (Status.TIMEOUT, 3), (Status.FILTERED, 3)]
)
def test_a_port_that_closes_closes_its_findings(status: Status, needed: int, store: Store) -> None:
    identity = flag(store, "ssh.exposed", WHERE)
    for number in range(1, needed):
        measure(store, a_run(number), [], codes=_seen(status))
        assert state(store, identity) is State.TO_CONFIRM
    measure(store, a_run(needed), [], codes=_seen(status))
    assert state(store, identity) is State.FIXED


@pytest.mark.parametrize(
    "status",
    [
        Status.OPEN,
        Status.RESET,
        Status.GAVE_UP,
        Status.RATE_LIMITED,
        Status.BANNED,
        Status.EGRESS_FILTERED,
        Status.OUT_OF_SCOPE,
        Status.OUT_OF_WINDOW,
        Status.UNDETERMINED,
        Status.PROTOCOL_ERROR,
    ],
)
def test_no_other_status_closes_anything(status: Status, store: Store) -> None:
    identity = flag(store, "ssh.exposed", WHERE)
    for number in range(1, MOST):
        measure(store, a_run(number), [], codes=_seen(status))
    assert state(store, identity) is State.NEW


def test_silence_needs_a_prefix_that_answers(store: Store) -> None:
    identity = flag(store, "ssh.exposed", WHERE)
    for number in range(1, MOST):
        measure(store, a_run(number), [], codes={(f"{WHERE.ip}", 22): Status.TIMEOUT})
    assert state(store, identity) is State.NEW


@pytest.mark.parametrize(
    ("egress", "expected"),
    [
        (None, State.NEW),
        (_canary(has_canary=False), State.NEW),
        (_canary(filtered=(445,)), State.NEW),
        (_canary(reached=(445,)), State.FIXED),
    ],
)
def test_silence_on_a_port_that_providers_filter_needs_the_canary(
    egress: EgressSeen | None, expected: State, store: Store
) -> None:
    identity = flag(store, "smb.exposed", SMB)
    for number in range(1, MOST):
        seen = [egress] if egress else []
        measure(store, a_run(number), seen, codes=_seen(Status.TIMEOUT, SMB))
    assert state(store, identity) is expected


def test_an_incomplete_run_closes_nothing_and_still_adds(store: Store) -> None:
    identity = flag(store, "ssh.exposed", WHERE)
    for number in range(1, MOST):
        measure(store, a_run(number), [], codes=_seen(Status.REFUSED), complete=False)
    assert state(store, identity) is State.NEW
    seen = Service(place=WHERE, at=AT, protocol="ssh")
    measure(store, a_run(MOST), [seen], complete=False)
    assert state(store, identity) is State.OPEN


def test_what_could_not_be_told_is_not_absent(store: Store) -> None:
    identity = flag(store, "ssh.weak-algorithms", WHERE)
    unsure: tuple[Observation, ...] = (
        Service(place=WHERE, at=AT, protocol="ssh"),
        Service(place=WHERE, at=AT, protocol="unknown"),
        Service(place=WHERE, at=AT, protocol="http", confidence=Confidence.TENTATIVE),
        Attempt(place=WHERE, at=AT, probe="identify", status=Status.TIMEOUT),
    )
    for number, seen in enumerate(unsure, start=1):
        measure(store, a_run(number), [seen], codes=_seen(Status.OPEN))
        assert state(store, identity) is State.NEW, seen
    run = a_run(8)
    store.start_run(run)
    verdict = NotMeasured(WHERE, "timeout")
    judged = Judged(check="ssh.weak-algorithms", verdict=verdict, at=run.started_at)
    store.keep(run, judged=[judged])
    sweep(store, run, run.started_at, _seen(Status.REFUSED))
    settling.end(store, run, at=run.started_at, complete=True)
    assert state(store, identity) is State.NEW


def test_a_retest_speaks_for_its_own_findings_alone(store: Store) -> None:
    mine = flag(store, "ssh.exposed", WHERE)
    other = fingerprint("telnet.exposed", WHERE)
    run = a_run(1)
    store.start_run(run)
    verdict = Flagged(WHERE, Confidence.CERTAIN, ())
    store.keep(run, judged=[Judged(check="telnet.exposed", verdict=verdict, at=run.started_at)])
    refused = Attempt(place=WHERE, at=AT, probe="identify", status=Status.REFUSED)
    measure(store, a_run(2, retest=[mine]), [refused])
    assert (state(store, mine), state(store, other)) == (State.FIXED, State.NEW)


@pytest.mark.parametrize(
    ("error", "addresses", "expected"),
    [
        ("NXDOMAIN", (), State.FIXED),
        ("", ("203.0.113.99",), State.FIXED),
        ("", (f"{WHERE.ip}",), State.NEW),
        ("SERVFAIL", (), State.NEW),
        ("timeout", (), State.NEW),
    ],
)
def test_a_name_that_is_gone_closes_what_was_told_of_it(
    error: str, addresses: tuple[str, ...], expected: State, store: Store
) -> None:
    named = msgspec.structs.replace(WHERE, port=443, hostname="www.chu.example")
    identity = flag(store, "cert.name-mismatch", named)
    seen = NameSeen(
        place=Place(establishment="chu-exemple", hostname="www.chu.example"),
        at=AT,
        name="www.chu.example",
        addresses=addresses,
        error=error,
    )
    for number in (1, 2):
        measure(store, a_run(number), [seen])
    assert state(store, identity) is expected


@pytest.mark.parametrize(
    ("check", "error", "after"),
    [
        ("mail.spf-missing", "no address", State.NEW),
        ("mail.spf-missing", "NXDOMAIN", State.FIXED),
        ("dns.no-caa", "no address", State.NEW),
        ("dns.domain-expires-soon", "no address", State.NEW),
        ("dns.domain-expired", "NXDOMAIN", State.NEW),
        ("asset.unattributed", "no address", State.FIXED),
    ],
)
def test_a_domain_is_not_gone_for_want_of_an_address_nor_a_registration_of_a_name(
    check: str, error: str, after: State, store: Store
) -> None:
    place = Place(establishment="chu-exemple", hostname="chu.example")
    identity = flag(store, check, place)
    gone = NameSeen(place=place, at=AT, name="chu.example", error=error)
    for number in range(1, MOST):
        measure(store, a_run(number), [gone])
    assert state(store, identity) is after


def test_a_server_that_left_the_zone_is_gone(store: Store) -> None:
    place = Place(
        establishment="chu-exemple",
        ip="203.0.113.5",
        port=53,
        transport=Transport.UDP,
        hostname="chu.example",
    )
    identity = flag(store, "dns.lame-delegation", place)
    for number, address in enumerate(("203.0.113.5", "203.0.113.6", "203.0.113.6"), start=1):
        zone = DomainSeen(
            place=Place(establishment="chu-exemple", hostname="chu.example"),
            at=AT,
            domain="chu.example",
            name_servers=(NameServer(host="ns.chu.example", addresses=(address,)),),
            is_signed=None,
            is_bogus=None,
            caa=None,
            dangling=None,
        )
        measure(store, a_run(number), [zone])
    assert state(store, identity) is State.FIXED


def test_a_site_told_under_another_name_is_the_same_site(store: Store) -> None:
    named = msgspec.structs.replace(WHERE, port=443, hostname="a.chu.example")
    identity = flag(store, "tls.rc4", named)
    check = next(one for one in all_checks() if one.id == "tls.rc4")
    site = SiteShown(names=("a.chu.example", "b.chu.example"), assessed_as="b.chu.example")
    port = msgspec.structs.replace(named, hostname=None)
    sites = SitesSeen(place=port, at=AT, tls=True, sites=(site,))
    there = msgspec.structs.replace(named, hostname="b.chu.example")
    for number, (seen, expected) in enumerate(
        ((check.flagged[0], State.NEW), (check.clean[0], State.FIXED)), start=1
    ):
        measure(store, a_run(number), [sites, msgspec.structs.replace(seen, place=there)])
        assert state(store, identity) is expected


def test_a_check_that_was_removed_closes_nothing(store: Store) -> None:
    identity = flag(store, "gone.from-the-catalogue", WHERE)
    for number in range(1, MOST):
        measure(store, a_run(number), [], codes=_seen(Status.REFUSED))
    assert state(store, identity) is State.NEW


def test_a_product_that_no_longer_shows_itself_is_gone_after_a_while(store: Store) -> None:
    web = msgspec.structs.replace(WHERE, port=443)
    identity = flag(store, "product.end-of-life", web)
    for number in (1, 2, 3):
        assert state(store, identity) is not State.FIXED
        measure(store, a_run(number), [Service(place=web, at=AT, protocol="http")])
    assert state(store, identity) is State.FIXED
