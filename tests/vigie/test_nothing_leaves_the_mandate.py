"""Servers do all they can to lead the scanner out; the kernel counts where its packets go."""

import ipaddress
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tests.netns import Packet, most_at_once, peak, peaks, prefix_of
from tests.servers.lure_places import (
    CANARY,
    CLOSED_RANGE,
    DICOM_PORTS,
    EVIL4,
    EXCLUDED,
    FRAGILE,
    HOSTED,
    LAB_LOCATIONS,
    LOCATIONS,
    MACHINE_RESOLVER,
    MEDICAL,
    NAMES,
    QUIET,
    QUIET_PORTS,
    RESOLVER,
    SEATS,
    SILENT,
    THIRD_PARTY,
    UNMANDATED_RANGE,
    WEB_PORTS,
    WEB_SEATS,
)
from tests.vigie.perimeter import (
    SERVED,
    SERVICES,
    SPEC,
    Field,
    Scanned,
    closed_window,
    field_of_lures,
    head,
    mandate,
    perimeter,
)

pytestmark = [pytest.mark.netns, pytest.mark.slow]

_CLOSED_TO_US = {EXCLUDED, THIRD_PARTY, FRAGILE, "2001:db8:10::5"}
_TARGETS = {
    *(str(one) for one in ipaddress.ip_network("203.0.113.0/28")),
    *(str(one) for one in ipaddress.ip_network("2001:db8:10::/125")),
    HOSTED,
} - _CLOSED_TO_US


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with field_of_lures(tmp_path_factory.mktemp("lures")) as made:
        made.lab.silence(SILENT)
        yield made


@pytest.fixture(scope="module")
def deep(at: Field) -> tuple[Scanned, dict[tuple[str, int], list[bytes]], dict[str, set[str]]]:
    """The strongest scan of the whole scene, what the servers heard, what resolvers were asked."""
    done = at.scan(perimeter(), "--no-wait", "--profile", "deep", "--ports", SPEC)
    return done, at.heard(), at.asked()


Deep = tuple[Scanned, dict[tuple[str, int], list[bytes]], dict[str, set[str]]]


def _counted(done: Scanned) -> list[Packet]:
    return [one for one in done.packets if one.is_counted and one.far not in SERVED]


def _within_limits(done: Scanned, *, whole: int, prefix: int, host: int) -> None:
    counted = _counted(done)
    assert peak(counted) <= 1.05 * whole
    for name, most in peaks(counted, prefix_of).items():
        assert most <= 1.05 * prefix, name
    for name, most in peaks(counted, str).items():
        assert most <= 1.05 * host, name


def test_the_trap_shuts(at: Field) -> None:
    """What the tests below would see, if anything went astray: both witnesses speak."""
    at.lab.forget()
    strays = [EVIL4, "10.9.8.7", "2001:db8:bad::9", "127.0.0.9", MACHINE_RESOLVER]
    program = (
        "import socket, sys\n"
        "for ip in sys.argv[1:]:\n"
        "    try: socket.create_connection((ip, 80), 1)\n"
        "    except OSError: pass\n"
        "try: socket.getaddrinfo('leurre.example', 80)\n"
        "except OSError: pass\n"
    )
    with at.lab.capture(at.folder / "stray") as capture:
        at.lab.start(at.lab.scanner, sys.executable, "-c", program, *strays).communicate()
        capture.stop()
    assert set(strays) <= set(at.lab.contacted())
    assert {one.far for one in capture.packets() if one.is_sent} >= set(strays) - {"127.0.0.9"}
    assert "leurre.example A" in at.asked()[MACHINE_RESOLVER]


def test_no_packet_leaves_the_mandate(deep: Deep) -> None:
    done, _, _ = deep
    assert done.leaks(*_TARGETS, *SERVED) == set()
    assert done.contacted.keys() >= _TARGETS, "the whole perimeter was scanned"
    assert {one.protocol for one in done.sent()} <= {"tcp", "udp"}
    assert {one.far for one in done.sent() if one.protocol == "udp"} <= {RESOLVER}


def test_every_lure_was_met(deep: Deep) -> None:
    done, heard, _ = deep
    assert len(WEB_SEATS) >= len(LOCATIONS)
    for place in WEB_SEATS:
        if not place[0].startswith("10."):
            assert any(b"GET / HTTP/1.1" in sent for sent in heard[place]), place
    served = {(row["ip"], row["port"]) for row in done.findings["services"]}
    for ip, ports in SEATS.items():
        for port in ports if ip in _TARGETS else ():
            assert (ip, port) in served, (ip, port)


def test_no_name_of_a_target_is_looked_up(deep: Deep) -> None:
    _, _, asked = deep
    assert asked.keys() == {RESOLVER}
    # It answers for a name that cannot exist: nothing more of domains is asked of such a resolver.
    names = {question.split()[0] for question in asked[RESOLVER]}
    assert {name for name in names if not name.endswith(".invalid")} <= NAMES.keys()
    assert {question.split()[1] for question in asked[RESOLVER]} == {"A", "AAAA", "SOA"}


def test_not_one_byte_goes_to_quiet_ports(deep: Deep) -> None:
    done, heard, _ = deep
    sent = [one for one in done.sent() if one.far_port in QUIET_PORTS and one.far != CANARY]
    assert {one.far_port for one in sent if one.far == QUIET} == set(QUIET_PORTS)
    assert [one for one in sent if one.payload_bytes] == []
    assert {bytes(b"".join(heard[QUIET, port])) for port in QUIET_PORTS} == {b""}


def test_dicom_ports_are_asked_for_one_association_and_nothing_else(deep: Deep) -> None:
    _, heard, _ = deep
    for port in DICOM_PORTS:
        said = bytes(b"".join(heard[QUIET, port]))
        if port == 2762:
            assert said.startswith(b"\x16\x03"), "one hello of TLS"
        else:
            assert said[:2] == b"\x01\x00"
            assert len(said) == 6 + int.from_bytes(said[2:6], "big"), "one message"
            assert b"1.2.840.10008.1.1" in said


def test_a_medical_address_is_spared(deep: Deep) -> None:
    done, heard, _ = deep
    assert most_at_once(done.packets, MEDICAL) == 1
    for port in SEATS[MEDICAL]:
        sent = heard[MEDICAL, port]
        assert b"".join(sent).count(b"GET /") <= 4, port
        assert len(sent) <= 4, "discovery, a greeting, one identification"
    assert b"NTLMSSP" not in b"".join(heard[MEDICAL, 3389])
    assert len([one for one in done.sent_to(MEDICAL) if one.is_syn]) <= 40 + 4 * len(SEATS[MEDICAL])


def test_hosts_bear_few_connections_at_once(deep: Deep) -> None:
    done, _, _ = deep
    # What a silent host was asked is given up without a packet that would tell when.
    for ip in _TARGETS - {SILENT}:
        assert most_at_once(done.packets, ip) <= 4, ip


def test_a_hosted_name_is_asked_under_that_name_alone(deep: Deep) -> None:
    done, heard, _ = deep
    requests = b"".join(heard[HOSTED, 80]) + b"".join(heard[HOSTED, 443])
    hosts = {line for line in requests.split(b"\r\n") if line.lower().startswith(b"host:")}
    assert hosts == {b"Host: portail.hebergeur.example"}
    assert requests.count(b"GET /") <= 8, "the consent is discreet"
    assert done.sent_to("198.51.100.92") == []


def test_rates_hold_in_every_second(deep: Deep) -> None:
    _within_limits(deep[0], whole=400, prefix=250, host=100)


def test_the_report_says_what_was_refused(deep: Deep) -> None:
    done, _, _ = deep
    assert done.code == 3, "a range was not scanned: its window is another day"
    findings = done.findings
    assert findings["run"]["complete"] is False
    refused = done.refused()
    assert (THIRD_PARTY, "hébergé par un tiers : son accord manque") in refused
    assert (UNMANDATED_RANGE, "hors mandat : rien n'a été envoyé") in refused
    assert ("ports", "hors de la fenêtre autorisée : rien n'a été envoyé") in refused
    unattributed = {
        row["asset"]["hostname"]: row["evidence"]
        for row in findings["findings"]
        if row["check"] == "asset.unattributed"
    }
    assert unattributed.keys() == {
        *("chu.example", "alias.chu.example", "imap.chu.example", "six.chu.example"),
        "leurre.hebergeur.example",
    }
    assert EVIL4 in unattributed["alias.chu.example"][0]
    page = (done.out / "report.html").read_text()
    for told in (EXCLUDED, "fragile.chu.example", THIRD_PARTY, UNMANDATED_RANGE, CLOSED_RANGE):
        assert told in page, told


def test_a_discreet_scan_asks_little(at: Field) -> None:
    done = at.scan(perimeter(), "--no-wait", "--profile", "discreet", "--ports", "21,80,443,3389")
    assert done.leaks(*_TARGETS, *SERVED) == set()
    assert done.code == 3
    lines = [json.loads(line) for line in (done.out / "run.log").read_text().splitlines()]
    told = sum(line["attempts"] for line in lines if line["event"] == "sent")
    assert told == len(_counted(done)), "the log counts as the kernel does"
    for place, sent in at.heard().items():
        if place[0] in _TARGETS:
            assert b"".join(sent).count(b"GET /") <= 4, place
    _within_limits(done, whole=400, prefix=250, host=100)


def test_a_passive_scan_sends_nothing_to_targets(at: Field) -> None:
    done = at.scan(perimeter(), "--profile", "passive", "--ports", SPEC)
    assert done.leaks(*SERVED) == set()
    assert at.asked().keys() == {RESOLVER}
    assert done.code == 0, done.stderr


def test_a_dry_run_sends_nothing_at_all(at: Field) -> None:
    done = at.scan(perimeter(), "--dry-run", "--ports", SPEC)
    assert done.code == 0
    assert done.sent() == []
    assert done.contacted == {}
    for told in (CLOSED_RANGE, "203.0.113.8", THIRD_PARTY, "portail.hebergeur.example", RESOLVER):
        assert told in done.stdout, told


def _one(window: str, *, ranges: str = '["203.0.113.0/28"]', **limits: int) -> str:
    return f"""{head(services=SERVICES, limits=limits)}
[[establishments]]
id = "chu"
name = "CHU"
ranges = {ranges}
domains = ["chu.example"]
{mandate("chu", intensity="standard", windows=[window] if window else [])}
"""


def test_out_of_its_window_nothing_is_contacted(at: Field) -> None:
    done = at.scan(_one(closed_window()))
    assert done.code == 4
    assert done.contacted == {}
    assert done.sent() == []
    day = datetime.now(ZoneInfo("Europe/Paris")).date() + timedelta(days=3)
    assert f"{day} 10:00" in done.stderr, "the next opening"


def test_outside_any_mandate_nothing_is_contacted(at: Field) -> None:
    ended = _one("").replace("valid_until", "valid_until = 2020-12-31 #")
    done = at.scan(ended.replace("valid_from", "valid_from = 2020-01-01 #"))
    assert done.code == 4
    assert done.contacted == {}


def test_a_mandate_over_one_name_opens_that_name_alone(at: Field) -> None:
    inventory = f"""{head(services=SERVICES)}
[[establishments]]
id = "chu"
name = "CHU"
domains = ["chu.example"]
[[expected]]
asset = "www.chu.example"
{mandate("chu", intensity="standard", covers='["portail.hebergeur.example"]')}
"""
    done = at.scan(inventory, "--ports", "22,80")
    assert done.leaks(HOSTED, *SERVED) == set()
    assert done.sent_to(HOSTED) != []
    assert done.code == 0, done.stderr


def test_private_ranges_of_a_lab(at: Field) -> None:
    inventory = f"""{head(lab_ranges=True, services=SERVICES)}
[[establishments]]
id = "labo"
name = "Laboratoire"
ranges = ["10.66.0.0/29"]
domains = ["chu.example", "hebergeur.example"]
exclude = ["10.66.0.3"]
[[expected]]
asset = "leurre.hebergeur.example"
{mandate("labo", intensity="standard")}
"""
    done = at.scan(inventory, "--ports", f"{','.join(map(str, WEB_PORTS))},443,9100")
    allowed = {f"10.66.0.{last}" for last in range(8)} - {"10.66.0.3"}
    assert done.leaks(*allowed, *SERVED) == set()
    assert done.contacted.keys() >= allowed
    heard = at.heard()
    for port, _ in zip(WEB_PORTS, LAB_LOCATIONS, strict=True):
        assert any(b"GET / " in sent for sent in heard["10.66.0.1", port])
    assert heard["10.66.0.2", 9100] == [b""]
    assert done.code == 0, done.stderr


def test_private_ranges_are_refused_outside_a_lab(at: Field) -> None:
    done = at.scan(_one("", ranges='["10.66.0.0/29"]'))
    assert done.code == 2
    assert done.contacted == {}


def test_a_closing_window_ends_the_run_and_rates_hold_until_then(at: Field) -> None:
    """Half of the hosts are silent, so that every attempt there is made again."""
    at.lab.silence("198.51.100.32/29")
    zone, closing = _next_minute(at_least_s=12)
    text = _one(
        f"Mon-Sun 00:00-{closing.astimezone(zone):%H:%M}",
        ranges='["203.0.113.4/30", "198.51.100.32/29", "2001:db8:10::/126"]',
        packets_per_second=100,
        packets_per_second_per_prefix24=60,
        packets_per_second_per_host=20,
    ).replace('name = "GHT des Leurres"', f'name = "G"\ntimezone = "{zone.key}"')
    text = text.replace('domains = ["chu.example"]', f'exclude = ["{EXCLUDED}"]')
    done = at.scan(text, "--no-wait", "--ports", "1-1000,3388,3389,8443", timeout_s=100)
    assert done.code == 3
    assert done.findings["run"]["complete"] is False
    assert done.findings["coverage"]["statuses"]["out-of-window"] > 0
    counted = _counted(done)
    shut = closing.timestamp()
    assert max(one.at for one in counted) < shut + 0.1
    late = [one for one in done.sent() if one.at > shut + 0.5 and one.far not in SERVED]
    assert [one for one in late if one.payload_bytes] == []
    assert done.ended_at < shut + 20
    assert peak(counted) > 80, "the cap was reached"
    _within_limits(done, whole=100, prefix=60, host=20)
    retried = sum(
        (one.near_port, one.at) != (other.near_port, other.at)
        for one, other in pairwise(sorted(counted, key=lambda one: (one.far, one.far_port, one.at)))
        if (one.far, one.far_port) == (other.far, other.far_port)
    )
    assert retried > 0


def _next_minute(*, at_least_s: float) -> tuple[ZoneInfo, datetime]:
    """Give the next full minute that is not too near, and a time zone where no midnight is near."""
    closing = (datetime.now(UTC) + timedelta(seconds=at_least_s + 60)).replace(
        second=0, microsecond=0
    )
    zones = (ZoneInfo("Europe/Paris"), ZoneInfo("America/Cayenne"))
    return next(one for one in zones if 1 <= closing.astimezone(one).hour <= 22), closing
