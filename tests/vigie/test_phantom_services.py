"""Ports that a middlebox opens are no services; what answered behind it is one."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Confidence, Judged, Language, Place, State, Status, Transport, fingerprint
from core.observations.base import Attempt, Observation
from core.observations.host import ControlsTried
from core.observations.service import Service
from core.results import Results
from core.store.store import FindingRow, Plan, Run
from tests.inventories.samples import inventory, mandate
from vigie.judging import fold_hosts, judge
from vigie.results import Sweep, build_results

_AT = datetime(2026, 6, 1, tzinfo=UTC)
_FACTS = Facts(today=date(2026, 6, 1), knowledge=load_knowledge())
_HOST = Place(establishment="a", ip="203.0.113.4")
_RUN = Run(
    id="r",
    kind="exposure",
    ght="g",
    profile="standard",
    started_at=_AT,
    finished_at=_AT,
    complete=True,
    vigie_version="0",
    plan=Plan(seed=0, tcp_ports=(22, 80, 443), establishments=(), profile=None),
    inventory=inventory(mandate()),
)


def _service(port: int, protocol: str = "unknown", *, banner: str = "") -> Service:
    place = Place(establishment="a", ip="203.0.113.4", port=port, transport=Transport.TCP)
    sure = Confidence.CERTAIN if protocol != "unknown" else Confidence.TENTATIVE
    quiet = port == 9_100
    return Service(
        place=place, at=_AT, protocol=protocol, confidence=sure, banner=banner, quiet=quiet
    )


def _bug(check: str, trace: str) -> None:
    raise AssertionError(f"{check}: {trace}")


def _row(one: Judged) -> FindingRow:
    return FindingRow(
        fingerprint=fingerprint(one.check, one.verdict.place),
        check=one.check,
        place=one.verdict.place,
        state=State.NEW,
        first_seen=_AT,
        last_seen=_AT,
        first_run="r",
        last_run="r",
    )


def _results(services: Iterable[Service], *controls: ControlsTried) -> Results:
    services = tuple(services)
    folded = tuple(fold_hosts(services, 3, _AT, controls))
    seen: tuple[Observation, ...] = (*services, *folded)
    judged: list[Judged] = [verdict for one in seen for verdict in judge(one, _FACTS, _bug)]
    kept = {row.fingerprint: row for row in map(_row, judged)}
    attempts = [
        Attempt(place=one.place, at=_AT, probe="tls", status=Status.TIMEOUT) for one in services
    ]
    return build_results(
        _RUN,
        observations=(*seen, *attempts),
        judged=judged,
        kept=kept,
        sweep=Sweep(addresses=1, statuses={}),
        facts=_FACTS,
        language=Language.FR,
    )


def _controls(*accepted: int) -> ControlsTried:
    return ControlsTried(place=_HOST, at=_AT, tried=(28_701, 28_811), accepted=accepted)


_MUTE = (_service(22), _service(80), _service(443), _service(9_100))


def _open_told(results: Results) -> list[str]:
    return sorted(row.why for row in results.not_measured if row.what == "identification")


def test_where_everything_accepts_only_what_answered_is_a_service() -> None:
    web = _service(8_443, "http")
    spoke = _service(8_080, banner="?")
    results = _results((*_MUTE, web, spoke), _controls(28_701, 28_811))
    assert [row.port for row in results.services] == [8_080, 8_443]
    assert [one.check for one in results.findings] == ["host.answers-everywhere"]
    (why,) = _open_told(results)
    assert "répond sur tous les ports" in why


def test_an_ordinary_host_keeps_all_its_ports() -> None:
    for controls in ((), (_controls(),), (_controls(28_701),)):
        results = _results(_MUTE, *controls)
        assert [row.port for row in results.services] == [22, 80, 443, 9_100]
        checks = [one.check for one in results.findings]
        assert "host.answers-everywhere" not in checks
        assert "printer.exposed" in checks
        assert len(_open_told(results)) == 4


def test_a_host_without_an_open_port_of_the_list_is_told_too() -> None:
    # A SYN proxy whose servers all refuse: each connection is made, and cut before it is looked at.
    results = _results((), _controls(28_701, 28_811))
    assert [one.check for one in results.findings] == ["host.answers-everywhere"]
    assert results.services == ()
