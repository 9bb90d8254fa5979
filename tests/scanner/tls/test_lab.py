"""Servers of many kinds, from their hellos to the findings: what is true is told, and nothing else.

The whole lab is for the benchmark; a part of it, quick to start, is held here on every run.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.tls import ours, verdicts
from checks._shared.grade import Letter, grade
from checks.registry import reading
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Flagged, Judged
from core.observations.tls import TlsService
from tests.scanner.tls.oracles import installed
from tests.servers.real import need
from tests.servers.tls_lab import SERVERS, Place, Server, Truth, lab, named

pytestmark = pytest.mark.real

QUICK = (
    *("modern-13", "modern", "all-versions", "tls10-only", "dh1024", "null", "anonymous"),
    *("static-rsa", "cbc-no-etm", "small-curve", "early-data", "mtls-12", "key-rsa1024"),
    *("key-ed25519", "key-sha1", "key-expired", "gnutls", "nginx", "nginx-sni", "sslv2", "not-tls"),
    *("apache", "apache-old", "nss", "nss-old", "nss-null"),
)
_FACTS = Facts(today=datetime.now(UTC).date(), knowledge=load_knowledge())
_BY_TRUTH: dict[str, Callable[[Truth], bool]] = {
    "tls.sslv2": lambda truth: truth.sslv2,
    "tls.sslv3": lambda truth: "SSLv3" in truth.versions,
    "tls.tls1-0": lambda truth: "TLS1.0" in truth.versions,
    "tls.tls1-1": lambda truth: "TLS1.1" in truth.versions,
    "tls.no-tls1-2": lambda truth: not truth.versions & {"TLS1.2", "TLS1.3"},
    "tls.rc4": lambda truth: truth.rc4,
    "tls.3des": lambda truth: truth.triple_des,
    "tls.des": lambda truth: truth.des,
    "tls.export-suites": lambda truth: truth.export_suites,
    "tls.null-suites": lambda truth: truth.null_suites,
    "tls.anonymous-suites": lambda truth: truth.anonymous_suites,
    "tls.weak-dh": lambda truth: (truth.dh_bits or 2048) < 2048,
    "cert.weak-key": lambda truth: truth.key == ("rsa", 1024),
    "tls.compression": lambda _truth: False,
    "tls.insecure-renegotiation": lambda _truth: False,
    "tls.heartbeat": lambda _truth: False,
    "cert.roca": lambda _truth: False,
}
"""Checks whose verdict follows from the truth of a server alone."""
_OF_ONE = {
    "early-data": {"tls.early-data"},
    "small-curve": {"tls.weak-curve"},
    "cbc-no-etm": {"tls.cbc-without-encrypt-then-mac"},
    "static-rsa": {"tls.static-rsa", "tls.no-forward-secrecy"},
    "key-expired": {"cert.expired"},
    "modern": {"cert.self-signed"},
}


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Place]]:
    with lab(tmp_path_factory.mktemp("lab"), named(*QUICK)) as places:
        yield places


@pytest.fixture(scope="module")
def seen(quick: list[Place]) -> ours.Run:
    return ours.measure(quick, thorough=True)


def _answers(run: ours.Run, servers: list[Server]) -> verdicts.Score:
    given = {one.name: verdicts.ours(run.seen.get(one.name)) for one in servers}
    return verdicts.score(given, servers, whole=True)


def test_every_verdict_is_right(quick: list[Place], seen: ours.Run) -> None:
    found = _answers(seen, [place.server for place in quick])
    assert found.wrong == []
    assert found.unsaid == []
    assert found.right == len(quick)


def test_few_connections(quick: list[Place], seen: ours.Run) -> None:
    assert max(seen.connections.values()) <= 45
    assert max(seen.at_once.values()) <= 4
    usual = ours.measure(quick)
    assert _answers(usual, [place.server for place in quick]).wrong == []
    for name in ("modern-13", "modern", "nginx", "gnutls", "mtls-12", "nginx-sni"):
        assert usual.connections[name] <= 14, name


def test_findings_follow_from_the_truth(quick: list[Place], seen: ours.Run) -> None:
    for place in quick:
        name, truth = place.server.name, place.server.truth
        if truth.mute:
            assert name not in seen.seen
            continue
        flagged = {one.check for one in _judged(seen.seen[name]) if _is_flagged(one)}
        for check, holds in _BY_TRUTH.items():
            assert (check in flagged) is bool(holds(truth)), (name, check)
        assert _OF_ONE.get(name, set()) <= flagged, name


def test_grades(seen: ours.Run) -> None:
    letters = {name: grade(_judged(one)).letter for name, one in seen.seen.items()}
    # Every certificate of the lab signs itself.
    assert set(letters.values()) == {Letter.D}


def _judged(one: TlsService) -> list[Judged]:
    return [
        Judged(check=check.id, verdict=verdict, at=one.at)
        for check in reading(TlsService)
        for verdict in check.judge(one, _FACTS)
    ]


def _is_flagged(one: Judged) -> bool:
    return isinstance(one.verdict, Flagged)


@pytest.mark.slow
def test_servers_on_tlslite(tmp_path: Path) -> None:
    python = installed("tlslite-ng", "VIGIE_TLSLITE")
    servers = [one for one in SERVERS if one.kind == "tlslite"]
    with lab(tmp_path, servers, tlslite_python=str(python)) as places:
        run = ours.measure(places, thorough=True)
    found = _answers(run, [place.server for place in places])
    assert found.right == len(places) == len(servers), (found.wrong, found.unsaid)


@pytest.mark.slow
def test_the_whole_lab_is_right(tmp_path: Path) -> None:
    need("javac")
    servers = [one for one in SERVERS if one.kind != "tlslite"]
    with lab(tmp_path, servers) as places:
        run = ours.measure(places, thorough=True)
    found = _answers(run, [place.server for place in places])
    assert len(servers) >= 50
    assert found.wrong == []
    assert found.unsaid == []
