"""IPv6 all along: ranges nobody can walk, machines less filtered there, reports, resumes."""

import ipaddress
import json
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.netns import lab
from tests.servers.lure_places import RESOLVER
from tests.vigie.perimeter import SERVED, Field, Scanned, closed_window, head, mandate

pytestmark = [pytest.mark.netns, pytest.mark.slow]

_LARGE = "2001:db8:11::/64"
_EXCLUDED = "2001:db8:11::80"
_NAMED = "2001:db8:11:0:aaaa::77"
_BESIDE = "2001:db8:11:0:aaaa::7c"
"""A guess: it follows a named one."""
_WORD = "2001:db8:11::443"
_WRITTEN = "2001:db8:11:0:203:0:113:2"
"""An IPv4 address of the inventory, written group by group."""
_NEAR = "2001:db8:11::450"
"""Found because one that was guessed answers nearby."""
_HIDDEN = "2001:db8:11:0:1b2c:3d4e:5f60:7182"
"""Nobody guesses it."""
_HUNTED = "2001:db8:11:0:bbbb::99"
"""Of a name that the inventory does not write, and our word list does."""
_SMALL = "2001:db8:10::2"
_SPEC = "22,25,53,80,443,3389,8080,8443,9200,10443,U:123"
_ZONE = (
    "srv.chu.example. A 203.0.113.1",
    f"srv.chu.example. AAAA {_NAMED}",
    f"vpn.chu.example. AAAA {_HUNTED}",
    "www.chu.example. A 203.0.113.2",
    f"www.chu.example. AAAA {_SMALL}",
    "seul.chu.example. A 203.0.113.3",
    "seul.chu.example. AAAA 2001:db8:10::3",
)


def _inventory() -> str:
    names = "".join(
        f'[[expected]]\nasset = "{one}.chu.example"\nport = 443\n' for one in ("srv", "www", "seul")
    )
    limits = {
        "packets_per_second": 4_000,
        "packets_per_second_per_prefix24": 4_000,
        "packets_per_second_per_host": 400,
        "connections_per_host": 8,
    }
    return f"""{head(services=f'resolvers = ["{RESOLVER}"]', limits=limits)}
[[establishments]]
id = "chu"
name = "CHU"
ranges = ["203.0.113.0/29", "2001:db8:10::/125", "{_LARGE}"]
domains = ["chu.example"]
exclude = ["{_EXCLUDED}"]
{mandate("chu")}
{names}"""


@contextmanager
def _scene(folder: Path) -> Generator[Field]:
    alive = ", ".join((_NAMED, _BESIDE, _WORD, _WRITTEN, _NEAR, _HUNTED, _HIDDEN, _EXCLUDED))
    with lab(far_addresses=(f"{RESOLVER}/32", f"{_NAMED}/128")) as made:
        made.nft(
            made.internet,
            f"""table inet wall {{ chain in {{ type filter hook prerouting priority 0;
            ip daddr 203.0.113.1 tcp dport {{ 22, 8080 }} drop
            ip daddr 203.0.113.3 tcp dport != 80 drop
            ip6 daddr {_LARGE} ip6 daddr != {{ {alive} }} drop
            }}
            }}""",
        )
        servers = made.start(
            made.internet,
            *(sys.executable, "-m", "tests.servers.dual_stack", RESOLVER, _NAMED),
            *("80,8080", "22", *_ZONE),
            env={"VIGIE_TEST_NETNS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        )
        try:
            assert servers.stdout is not None
            assert servers.stdout.readline() == "serving\n", servers.communicate()
            (folder / "lures.jsonl").touch()
            yield Field(made, servers, folder)
            assert servers.poll() is None, servers.communicate()
        finally:
            servers.kill()
            servers.communicate()


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with _scene(tmp_path_factory.mktemp("dual")) as made:
        yield made


@pytest.fixture(scope="module")
def done(at: Field) -> Scanned:
    found = at.scan(_inventory(), "--no-wait", "--ports", _SPEC)
    assert found.code == 0, found.stderr
    return found


def _served(done: Scanned) -> set[tuple[str, int]]:
    return {(one["ip"], one["port"]) for one in done.findings["services"]}


def test_what_is_known_there_is_asked_over_udp_too(done: Scanned) -> None:
    udp = {
        (one["ip"], one["protocol"])
        for one in done.findings["services"]
        if one["transport"] == "udp"
    }
    assert udp == {(_NAMED, "ntp")}
    asked = {one.far for one in done.sent() if one.protocol == "udp" and one.far not in SERVED}
    assert {_NAMED, _WORD, _NEAR, _HUNTED} <= asked
    assert (
        len([ip for ip in asked if ipaddress.ip_address(ip) in ipaddress.ip_network(_LARGE)]) == 6
    )


def test_what_can_be_guessed_is_found_on_all_its_ports(done: Scanned) -> None:
    served = _served(done)
    for ip in (_NAMED, _BESIDE, _WORD, _WRITTEN, _NEAR, _HUNTED):
        assert {port for at, port in served if at == ip} >= {22, 80, 8080}, ip
    assert not any(ip == _HIDDEN for ip, _ in served)
    assert {port for at, port in served if at == _SMALL} == {22, 80, 8080}


def test_nothing_leaves_the_mandate(done: Scanned) -> None:
    inside = ("203.0.113.0/29", "2001:db8:10::/125", _LARGE, *SERVED)
    assert done.leaks(*inside) == set()
    assert not done.sent_to(_EXCLUDED, _HIDDEN)
    large = ipaddress.ip_network(_LARGE)
    tried = {one.far for one in done.sent() if ipaddress.ip_address(one.far) in large}
    assert 300 < len(tried) < 1_500


def test_the_range_is_told_as_not_swept_and_how_far_it_was_tried(done: Scanned) -> None:
    (row,) = [one for one in done.findings["not_measured"] if one["what"].startswith(f"{_LARGE} :")]
    assert row["what"].endswith("adresses candidates essayées, 6 ont répondu")
    assert row["why"].startswith("plage IPv6 trop vaste")


def test_what_ipv4_filters_and_ipv6_opens_is_a_finding(done: Scanned) -> None:
    found = [one for one in done.findings["findings"] if one["check"] == "host.ipv6-less-filtered"]
    by_name = {one["asset"]["hostname"]: one for one in found}
    # www has the same ports open in both.
    assert by_name.keys() == {"srv.chu.example", "seul.chu.example"}
    srv = by_name["srv.chu.example"]
    assert srv["asset"]["ip"] == _NAMED
    assert srv["criticality"] == "high", "ssh"
    assert srv["confidence"] == "firm"
    assert "TCP 22 (ssh), 8080 (http)" in srv["evidence"][0]
    assert "203.0.113.1" in srv["evidence"][0]


def test_exports_and_the_report_write_ipv6_as_people_do(done: Scanned) -> None:
    page = (done.out / "report.html").read_text()
    assert f"[{_NAMED}]:22" in page
    lines = (done.out / "findings.csv").read_text("utf-8-sig").splitlines()
    assert any(f'"{_NAMED}";"22"' in line for line in lines)
    ips = [one["ip"] for one in done.findings["services"]]
    numbers = [(ipaddress.ip_address(one).version, int(ipaddress.ip_address(one))) for one in ips]
    assert numbers == sorted(numbers)


def test_interrupted_and_resumed_it_comes_to_the_same(at: Field, done: Scanned) -> None:
    inventory = _inventory()
    with at.scanning(inventory, "--no-wait", "--ports", _SPEC) as going:
        going.wait_for(3_000, timeout_s=60)
    left = at.scan(inventory, "--resume", "--no-wait", "--ports", _SPEC)
    assert left.code == 0, left.stderr
    assert _served(left) == _served(done)
    assert left.findings["coverage"] == done.findings["coverage"]
    chosen = [
        one
        for one in map(json.loads, (left.out / "observations.jsonl").read_text().splitlines())
        if one["kind"] == "ipv6-chosen"
    ]
    assert [one["wave"] for one in chosen] == ["named", "drawn", "guessed", "near", "answered"]


def test_a_finding_in_such_a_range_is_measured_again(at: Field, done: Scanned) -> None:
    found = next(
        one
        for one in done.findings["findings"]
        if one["check"] == "ssh.exposed" and one["asset"]["ip"] == _NEAR
    )
    again = at.vigie("retest", found["fingerprint"], "--out", str(at.folder / "retest"))
    assert "toujours présent" in again.stdout, again.stderr
    assert again.returncode == 0


def test_nothing_goes_to_a_range_whose_window_is_closed(at: Field) -> None:
    closed = "2001:db8:12::/64"
    inventory = f"""{head()}
[[establishments]]
id = "chu"
name = "CHU"
ranges = ["203.0.113.2/32"]

[[establishments]]
id = "ferme"
name = "Hors fenêtre"
ranges = ["{closed}"]
{mandate("chu")}
{mandate("ferme", windows=[closed_window()])}"""
    left = at.scan(inventory, "--no-wait", "--ports", "80")
    assert left.code == 3
    assert left.leaks("203.0.113.2") == set()
    whats = {row["what"] for row in left.findings["not_measured"]}
    assert f"{closed} : 0 adresse candidate essayée, 0 a répondu" in whats


def test_a_machine_without_ipv6_says_so(at: Field) -> None:
    route = ["ip", "-6", "-n", at.lab.scanner, "route"]
    subprocess.run([*route, "del", "default"], check=True)
    try:
        left = at.scan(_inventory(), "--no-wait", "--ports", _SPEC)
    finally:
        subprocess.run([*route, "add", "default", "via", "2001:db8:feed::1"], check=True)
    assert not any(":" in one.far for one in left.sent())
    rows = {row["what"]: row["why"] for row in left.findings["not_measured"]}
    assert "aucune route" in rows["ports"]
    assert f"{_LARGE} : 0 adresse candidate essayée, 0 a répondu" in rows
    assert left.findings["coverage"]["statuses"].get("filtered", 0) == 0
