"""Our verdicts and those of sslyze on the same servers: every difference is explained here.

sslyze is an oracle and nothing else: ``VIGIE_SSLYZE`` names its program, that
``scripts/install-oracles`` puts in an environment of its own. Elsewhere it is skipped, aloud.
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
_FEATURES = {
    "compression": ("tls_compression", "supports_compression"),
    "secure_renegotiation": ("session_renegotiation", "supports_secure_renegotiation"),
    "downgrade_protection": ("tls_fallback_scsv", "supports_fallback_scsv"),
    "early_data_bytes": ("tls_1_3_early_data", "supports_early_data"),
    "extended_master_secret": ("tls_extended_master_secret", "supports_ems_extension"),
}
"""Our field, its measure, and the answer in it."""
_ASKED = ("--compression", "--reneg", "--fallback", "--early_data", "--ems", "--elliptic_curves")
_BY_OLD = ("compression", "secure_renegotiation")
_EXPLAINED = {
    ("java-everything", "SSLv3"): "its own bug: it fails on a suite of this version",
}
"""(server, version) → why sslyze says otherwise, or nothing."""
_EXPLAINED_SUITES = {
    ("key-ed25519", "TLS1.2"): "its older OpenSSL offers no EdDSA: the server refuses those suites",
}
"""The same for lists of suites."""
_OLD_LIBRARY = "it asks this with an old OpenSSL, which has none of the server's suites"
_WANTS_A_CERTIFICATE = "it goes to the end of the handshake, where the server wants a certificate"
_BUG = "its own bug, by its own word"
_EXPLAINED_FEATURES = {
    **dict.fromkeys(
        ((name, field) for name in ("ccm8", "aria", "chacha", "camellia") for field in _BY_OLD),
        _OLD_LIBRARY,
    ),
    ("camellia", "extended_master_secret"): _OLD_LIBRARY,
    **dict.fromkeys(
        (
            *((name, "secure_renegotiation") for name in ("mtls-12", "mtls-old")),
            *((name, "extended_master_secret") for name in ("mtls-12", "mtls-old")),
            ("mtls-13", "early_data_bytes"),
        ),
        _WANTS_A_CERTIFICATE,
    ),
    **dict.fromkeys(
        (
            ("java-ssl3", "extended_master_secret"),
            *((name, "early_data_bytes") for name in ("early-data", "sslv2", "java-everything")),
        ),
        _BUG,
    ),
}
"""The same for properties."""
_EXPLAINED_CURVES = {
    "ccm8": "it offers one curve at a time: the server wants that of its key as well",
}
"""The same for curves."""


@pytest.fixture(scope="module")
def program() -> Path:
    """Give the program of sslyze."""
    return installed("sslyze", "VIGIE_SSLYZE")


@pytest.fixture(scope="module")
def both(
    program: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[TlsService, dict[str, Any]]]:
    """Give what both saw of each server that answers at once."""
    need("javac")
    servers = [one for one in SERVERS if not (one.slow or one.truth.mute)]
    folder = tmp_path_factory.mktemp("lab")
    tlslite = installed("tlslite-ng", "VIGIE_TLSLITE")
    with lab(folder, servers, tlslite_python=str(tlslite)) as places:
        mine = ours.measure(places, thorough=True)
        _, theirs = peers.sslyze_results(places, program, more=_ASKED)
    assert len(mine.seen) == len(places), mine.unanswered
    return {name: (seen, theirs[name]) for name, seen in mine.seen.items()}


def test_versions_agree(both: dict[str, tuple[TlsService, dict[str, Any]]]) -> None:
    differ: dict[tuple[str, str], str] = {}
    for name, (seen, result) in both.items():
        for field, version in peers.SSLYZE_FIELDS.items():
            attempt = result["scan_result"][field]
            mine, theirs = getattr(seen, _FIELDS[version]), attempt["error_reason"]
            if attempt["status"] == "COMPLETED":
                theirs = bool(attempt["result"]["accepted_cipher_suites"])
            if mine is not theirs:
                differ[name, version] = f"ours {mine}, sslyze {theirs}"
    # No difference without an explanation, and no explanation that is no longer needed.
    assert set(differ) == set(_EXPLAINED), differ


def test_suites_agree(both: dict[str, tuple[TlsService, dict[str, Any]]]) -> None:
    differ: dict[tuple[str, str], str] = {}
    for name, (seen, result) in both.items():
        for field, version in peers.SSLYZE_FIELDS.items():
            attempt = result["scan_result"][field]
            if attempt["status"] != "COMPLETED" or version not in seen.enumerated:
                continue
            accepted = _names(attempt["result"]["accepted_cipher_suites"])
            # It knows fewer suites than IANA's list: ours are compared on those that it asked for.
            asked = accepted | _names(attempt["result"]["rejected_cipher_suites"])
            mine = {suite.name for suite in seen.accepted.get(version, ())} & asked
            if mine != accepted:
                alone = sorted(mine - accepted), sorted(accepted - mine)
                differ[name, version] = f"ours alone {alone[0]}, sslyze alone {alone[1]}"
    assert set(differ) == set(_EXPLAINED_SUITES), differ


def test_properties_agree(both: dict[str, tuple[TlsService, dict[str, Any]]]) -> None:
    differ: set[tuple[str, str]] = set()
    for name, (seen, result) in both.items():
        for field, (measure, answer) in _FEATURES.items():
            attempt = result["scan_result"][measure]
            theirs = attempt["result"][answer] if attempt["status"] == "COMPLETED" else None
            mine = getattr(seen, field)
            # What one of both left out contradicts nothing; it is told when it is theirs.
            if theirs is None or (mine is not None and bool(mine) is not theirs):
                differ.add((name, field))
    assert differ == set(_EXPLAINED_FEATURES)


def test_curves_agree(both: dict[str, tuple[TlsService, dict[str, Any]]]) -> None:
    differ: set[str] = set()
    for name, (seen, result) in both.items():
        attempt = result["scan_result"]["elliptic_curves"]
        if attempt["status"] != "COMPLETED":
            differ.add(name)
            continue
        theirs = _curves(attempt["result"]["supported_curves"])
        # Finite fields and hybrids are none of its list.
        asked = theirs | _curves(attempt["result"]["rejected_curves"])
        mine = {group.lower() for listed in seen.groups.values() for group in listed} & asked
        whole = set(seen.groups) <= set(seen.groups_enumerated)
        if not (mine == theirs if whole else mine <= theirs):
            differ.add(name)
    assert differ == set(_EXPLAINED_CURVES)


def _curves(listed: list[dict[str, Any]] | None) -> set[str]:
    return {str(one["name"]).lower() for one in listed or ()}


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
