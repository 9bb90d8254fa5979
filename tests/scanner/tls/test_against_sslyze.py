"""Our verdicts and those of sslyze on the same servers: every difference is explained here.

sslyze is an oracle and nothing else: ``VIGIE_SSLYZE`` names its program; in CI the test installs it
in an environment of its own. Elsewhere it is skipped, aloud.
"""

import base64
from pathlib import Path
from typing import Any

import pytest

from benchmarks.tls import ours, peers
from core.observations.tls import TlsService
from tests.scanner.tls.oracles import installed
from tests.servers.real import need
from tests.servers.tls_lab import NAME, SERVERS, lab

pytestmark = [pytest.mark.real, pytest.mark.slow]

_FIELDS = {
    "SSLv3": "sslv3",
    "TLS1.0": "tls1_0",
    "TLS1.1": "tls1_1",
    "TLS1.2": "tls1_2",
    "TLS1.3": "tls1_3",
}
_EXPLAINED = {
    ("java-everything", "SSLv3"): "its own bug: it fails on a suite of this version",
}
"""(server, version) → why sslyze says otherwise, or nothing."""
_EXPLAINED_SUITES = {
    ("key-ed25519", "TLS1.2"): "its older OpenSSL offers no EdDSA: the server refuses those suites",
}
"""The same for lists of suites."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the program of sslyze."""
    folder = tmp_path_factory.mktemp("oracle")
    return installed(folder, "sslyze", "VIGIE_SSLYZE", "sslyze")


@pytest.fixture(scope="module")
def both(
    program: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[TlsService, dict[str, Any]]]:
    """Give what both saw of each server that answers at once."""
    need("javac")
    servers = [one for one in SERVERS if not (one.slow or one.truth.mute)]
    folder = tmp_path_factory.mktemp("lab")
    tlslite = installed(folder, "tlslite-ng", "VIGIE_TLSLITE", "python")
    with lab(folder, servers, tlslite_python=str(tlslite)) as places:
        mine = ours.measure(places, thorough=True)
        _, theirs = peers.sslyze_results(places, program)
    assert len(mine.seen) == len(places), mine.unanswered
    return {name: (seen, theirs[name]) for name, seen in mine.seen.items()}


def test_versions_agree(both: dict[str, tuple[TlsService, dict[str, Any]]]) -> None:
    unexplained: list[str] = []
    for name, (seen, result) in both.items():
        for field, version in peers.SSLYZE_FIELDS.items():
            attempt = result["scan_result"][field]
            if attempt["status"] != "COMPLETED":
                if (name, version) not in _EXPLAINED:
                    unexplained.append(f"{name} {version}: sslyze {attempt['error_reason']}")
                continue
            theirs = bool(attempt["result"]["accepted_cipher_suites"])
            mine = getattr(seen, _FIELDS[version])
            if mine is not theirs and (name, version) not in _EXPLAINED:
                unexplained.append(f"{name} {version}: ours {mine}, sslyze {theirs}")
    assert not unexplained


def test_suites_agree(both: dict[str, tuple[TlsService, dict[str, Any]]]) -> None:
    unexplained: list[str] = []
    for name, (seen, result) in both.items():
        for field, version in peers.SSLYZE_FIELDS.items():
            attempt = result["scan_result"][field]
            if attempt["status"] != "COMPLETED" or version not in seen.enumerated:
                continue
            accepted = _names(attempt["result"]["accepted_cipher_suites"])
            # It knows fewer suites than IANA's list: ours are compared on those that it asked for.
            asked = accepted | _names(attempt["result"]["rejected_cipher_suites"])
            mine = {suite.name for suite in seen.accepted.get(version, ())} & asked
            if mine != accepted and (name, version) not in _EXPLAINED_SUITES:
                unexplained.append(
                    f"{name} {version}: ours alone {sorted(mine - accepted)}, "
                    f"sslyze alone {sorted(accepted - mine)}"
                )
    assert not unexplained


def _names(suites: list[dict[str, Any]]) -> set[str]:
    return {str(one["cipher_suite"]["name"]) for one in suites}


def test_certificates_agree(both: dict[str, tuple[TlsService, dict[str, Any]]]) -> None:
    differences: list[str] = []
    for name, (seen, result) in both.items():
        info = result["scan_result"]["certificate_info"]
        if info["status"] != "COMPLETED":
            differences.append(f"{name}: sslyze {info['error_reason']}")
            continue
        leaves = {
            one["received_certificate_chain"][0]["fingerprint_sha256"]
            for one in info["result"]["certificate_deployments"]
        }
        mine = {one.chain[0].sha256 for one in seen.also_shown if one.chain}
        if seen.leaf is not None:
            mine.add(seen.leaf.sha256)
        encoded = {_hexadecimal(one) for one in leaves}
        if not mine & encoded:
            differences.append(f"{name}: ours {mine}, sslyze {encoded}")
    assert not differences


def _hexadecimal(fingerprint: object) -> str:
    """Give a digest as hexadecimal: sslyze writes base64."""
    return base64.b64decode(str(fingerprint)).hex()


def test_the_name_was_the_same_for_both(
    both: dict[str, tuple[TlsService, dict[str, Any]]],
) -> None:
    for seen, result in both.values():
        assert seen.sni == NAME
        assert result["server_location"]["hostname"] == NAME
