"""UDP services answer from where nobody asked; the kernel counts where the scanner's packets go."""

import ipaddress
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.netns import Packet, peak, peaks, prefix_of
from tests.servers.lure_places import (
    EVIL4,
    EVIL6,
    EXCLUDED,
    FRAGILE,
    HOSTED,
    MEDICAL,
    RESOLVER,
    THIRD_PARTY,
)
from tests.vigie.perimeter import SERVED, Field, Scanned, field_of_lures, perimeter

pytestmark = [pytest.mark.netns, pytest.mark.slow]

_ASKED = (123, 443, 4433, 8443, 10443)
_QUIET = (502, 3671, 47_808)
_UNKNOWN = (50_000,)
_SPEC = "443," + ",".join(f"U:{port}" for port in (*_ASKED, *_QUIET, *_UNKNOWN))
_CLOSED_TO_US = {EXCLUDED, THIRD_PARTY, FRAGILE, "2001:db8:10::5"}
_TARGETS = {
    *(str(one) for one in ipaddress.ip_network("203.0.113.0/28")),
    *(str(one) for one in ipaddress.ip_network("2001:db8:10::/125")),
    HOSTED,
} - _CLOSED_TO_US


class Lures:
    """The scene, with UDP on every address of the far side."""

    def __init__(self, field: Field, log: Path) -> None:
        self.field = field
        self._log = log

    def asked(self) -> list[dict[str, Any]]:
        """Give what came over UDP, in order."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lures]:
    folder = tmp_path_factory.mktemp("udp")
    with field_of_lures(folder) as field:
        # Datagrams are answered from addresses that are their own only.
        own = [*_TARGETS, *_CLOSED_TO_US, EVIL4, EVIL6]
        for ip in own:
            subprocess.run(
                ["ip", "-n", field.lab.internet, "address", "add", ip, "dev", "lo"],
                check=True,
                capture_output=True,
            )
        log = folder / "udp.jsonl"
        log.touch()
        ports = ",".join(map(str, (*_ASKED, *_QUIET, *_UNKNOWN)))
        program = (sys.executable, "-m", "tests.servers.udp_lures", str(log), ports)
        servers = field.lab.start(
            field.lab.internet, *program, env={"VIGIE_TEST_NETNS": "1"}, stderr=None
        )
        try:
            assert servers.stdout is not None
            assert servers.stdout.readline() == "serving\n"
            yield Lures(field, log)
            assert servers.poll() is None
        finally:
            servers.kill()
            servers.communicate()


@pytest.fixture(scope="module")
def done(at: Lures) -> Scanned:
    return at.field.scan(perimeter(), "--no-wait", "--ports", _SPEC)


def _datagrams(done: Scanned) -> list[Packet]:
    return [one for one in done.sent() if one.protocol == "udp" and one.far not in SERVED]


def test_no_datagram_leaves_the_mandate(done: Scanned) -> None:
    assert {one.far for one in _datagrams(done)} == _TARGETS
    # What strangers send is refused by the kernel, as on any machine: ICMP, and to them alone.
    refusals = [one for one in done.sent() if one.protocol in {"1", "58"}]
    assert {one.far for one in refusals} == {EVIL4, EVIL6, EXCLUDED}
    assert {one.protocol for one in done.sent()} == {"tcp", "udp", *(r.protocol for r in refusals)}
    spoken = {one.far for one in done.sent() if one.protocol in {"tcp", "udp"}}
    assert spoken <= _TARGETS | SERVED
    assert done.leaks(*_TARGETS, *SERVED) == {EVIL4, EVIL6, EXCLUDED}, "by both witnesses"


def test_only_known_ports_are_asked_and_quiet_ones_never(done: Scanned, at: Lures) -> None:
    sent = Counter(one.far_port for one in _datagrams(done))
    assert sent.keys() == set(_ASKED)
    assert {one["port"] for one in at.asked()} == set(_ASKED)
    assert max(one.payload_bytes for one in _datagrams(done)) <= 1_200


def test_every_datagram_is_counted_and_the_rates_hold_with_tcp_beside(done: Scanned) -> None:
    lines = [json.loads(line) for line in (done.out / "run.log").read_text().splitlines()]
    told = [line for line in lines if line["event"] == "sent"]
    assert sum(line["datagrams"] for line in told) == len(_datagrams(done))
    counted = [one for one in done.packets if one.is_counted and one.far not in SERVED]
    assert peak(counted) <= 1.05 * 400
    for name, most in peaks(counted, prefix_of).items():
        assert most <= 1.05 * 250, name
    for name, most in peaks(counted, str).items():
        assert most <= 1.05 * 100, name


def test_a_medical_address_gets_few_datagrams_one_port_at_a_time(done: Scanned) -> None:
    sent = [one for one in _datagrams(done) if one.far == MEDICAL]
    assert max(Counter(one.far_port for one in sent).values()) <= 8
    ports = [one.far_port for one in sorted(sent, key=lambda one: one.at)]
    changes = sum(before != after for before, after in pairwise(ports))
    assert changes == len(set(ports)) - 1, "one port after the other"


def test_a_name_hosted_elsewhere_is_asked_too(done: Scanned) -> None:
    assert {one.far_port for one in _datagrams(done) if one.far == HOSTED} == set(_ASKED)


def test_what_strangers_said_is_believed_of_nobody(done: Scanned) -> None:
    served = {(one["ip"], one["port"]) for one in done.findings["services"]}
    udp = [one for one in done.findings["services"] if one["transport"] == "udp"]
    assert {one["ip"] for one in udp} == _TARGETS
    assert not any(ip in _CLOSED_TO_US for ip, _ in served)
    # What each said itself, from the right place: an alert. On NTP's port it is no NTP.
    assert {one["protocol"] for one in udp if one["port"] == 123} == {"unknown"}
    rows = {row["what"]: row["why"] for row in done.findings["not_measured"]}
    assert "rien n’y est jamais envoyé" in rows["ports UDP 502, 3671, 47808"]
    assert "aucune sonde" in rows["ports UDP 50000"]


def test_a_passive_run_and_a_dry_one_send_no_datagram_to_targets(at: Lures) -> None:
    for options in (("--profile", "passive"), ("--dry-run",)):
        done = at.field.scan(perimeter(), *options, "--ports", _SPEC)
        assert _datagrams(done) == []
        assert {one.far for one in done.sent()} <= {RESOLVER, *SERVED}


def test_udp_alone_reaches_the_whole_perimeter_and_no_connection_is_made(at: Lures) -> None:
    done = at.field.scan(perimeter(), "--no-wait", "--ports", "U:123")
    assert {one.far for one in _datagrams(done)} == _TARGETS
    assert [one for one in done.sent() if one.is_syn and one.far not in SERVED] == []
    assert done.findings["coverage"]["statuses"]["open"] == len(_TARGETS)
