"""The demo region, asked by small clients of their own: none of Vigie's probes is used here."""

import base64
import contextlib
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import tomllib
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import dns.message
import pytest
import trio
import trio.testing
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from core.knowledge.load import load_knowledge
from inventories.load import load_inventory
from tests.servers.real import need
from vigie.demo.inventory import inventory
from vigie.demo.layout import DEFAULT_HOSTS, Host, Region, lay_out
from vigie.demo.region import KINDS, Seat
from vigie.demo.servers import hostile
from vigie.demo.servers.base import Gone, Guest, Ledger, Room
from vigie.demo.servers.datagrams import telephony
from vigie.demo.truth import ground_truth

NETWORK = "127.21"
ROOT = Path(__file__).parents[2]
_SERVE = (sys.executable, "-m", "vigie.demo", "serve")
LOW = frozenset(range(1, 1024))


class Running:
    """A region in a process of its own."""

    def __init__(self, directory: Path, hosts: int, *before: str, network: str = NETWORK) -> None:
        self.started = time.monotonic()
        serve = [*_SERVE, "--dir", str(directory), "--hosts", str(hosts), "--network", network]
        self.process = subprocess.Popen(
            [*before, *serve],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.ready_s = time.monotonic() - self.started
        assert line, self.process.stderr and self.process.stderr.read().decode()
        self.papers = json.loads(line)
        self.truth = json.loads(Path(self.papers["truth"]).read_text(encoding="utf-8"))
        moved = {int(port): other for port, other in self.papers["ports_shifted"].items()}
        unusable = frozenset(load_knowledge().default_tcp()) & moved.keys()
        over_udp = filter(None, self.papers["udp_ports"].split(","))
        listed_udp = tuple(int(port.removeprefix("U:")) for port in over_udp)
        self.region = lay_out(hosts, load_knowledge(), unusable, network, listed_udp)

    def host(self, name: str) -> Host:
        return next(host for host in self.region.hosts if host.kind.name == name)

    def place(self, name: str, index: int = 0) -> tuple[str, int]:
        host = self.host(name)
        return host.ip, host.seats[index][0]

    def violations(self) -> list[dict[str, object]]:
        text = Path(self.papers["violations"]).read_text(encoding="utf-8")
        found: list[dict[str, object]] = json.loads(text)["violations"]
        return found

    def new_violations(self, wanted: int, before: int) -> list[dict[str, object]]:
        """Wait for trespasses to be written, then give those since ``before``."""
        deadline = time.monotonic() + 5
        while len(self.violations()) < before + wanted and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.violations()[before:]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        code = self.process.wait(10)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        return code


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("region"), DEFAULT_HOSTS)
    try:
        yield running
        assert running.process.poll() is None, "a client brought the region down"
    finally:
        if running.process.poll() is None:
            running.stop()


def connect(place: tuple[str, int]) -> socket.socket:
    return socket.create_connection(place, timeout=5)


def ask(place: tuple[str, int], *said: bytes, first: bool = True) -> list[bytes]:
    """Give what comes after each thing said; ``first``: the server speaks before us."""
    with connect(place) as link:
        heard = [link.recv(65_536)] if first else []
        for words in said:
            link.sendall(words)
            heard.append(link.recv(65_536))
    return heard


def lenient(newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """Give a client that takes anything, up to one version."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    return context


def shake(
    place: tuple[str, int], name: str | None = None, context: ssl.SSLContext | None = None
) -> tuple[str, x509.Certificate, tuple[str, str, int] | None]:
    """Give the version, the certificate and the suite that a stock client gets."""
    with (
        connect(place) as link,
        (context or lenient()).wrap_socket(link, server_hostname=name) as inside,
    ):
        der = inside.getpeercert(binary_form=True)
        assert der
        return inside.version() or "", x509.load_der_x509_certificate(der), inside.cipher()


def get(place: tuple[str, int], path: str = "/", *, tls: bool = True, more: str = "") -> bytes:
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode()
    with contextlib.ExitStack() as links:
        link = links.enter_context(connect(place))
        if tls:
            link = links.enter_context(lenient().wrap_socket(link))
        link.sendall(request)
        heard = b""
        while data := link.recv(65_536):
            heard += data
    return heard


def rdp(place: tuple[str, int], requested: int | None) -> bytes:
    negotiation = b"" if requested is None else struct.pack("<BBHI", 1, 0, 8, requested)
    cookie = b"Cookie: mstshash=vigie\r\n"
    body = bytes([6 + len(cookie) + len(negotiation), 0xE0, 0, 0, 0, 0, 0]) + cookie + negotiation
    return ask(place, struct.pack(">BBH", 3, 0, 4 + len(body)) + body, first=False)[0]


# --- the plan -----------------------------------------------------------------------------------


def test_forty_kinds_and_more_than_thirty_five_kinds_of_service() -> None:
    assert len(KINDS) == DEFAULT_HOSTS == 40
    assert len({kind.name for kind in KINDS}) == 40
    assert sum(len(kind.seats) for kind in KINDS) > 55
    protocols = {seat.protocol for kind in KINDS for seat in kind.seats}
    assert len(protocols) >= 18


@pytest.mark.parametrize("hosts", [1, 7, 40, 41, 254])
def test_plan_is_deterministic_and_within_bounds(hosts: int) -> None:
    knowledge = load_knowledge()
    once, twice = lay_out(hosts, knowledge), lay_out(hosts, knowledge)
    assert once == twice
    assert len(once.hosts) == hosts
    assert len({host.ip for host in once.hosts}) == hosts
    assert len({host.hostname for host in once.hosts}) == hosts
    assert once.excluded not in {host.ip for host in once.hosts}
    assert max(Counter(host.kind.name for host in once.hosts).values()) <= max(1, hosts // 20)


def test_larger_regions_begin_with_the_smaller_one() -> None:
    knowledge = load_knowledge()
    small, large = lay_out(40, knowledge), lay_out(254, knowledge)
    assert [host.kind.name for host in large.hosts[:40]] == [host.kind.name for host in small.hosts]


def _stays_quiet(seat: Seat) -> bool:
    # A PACS sits on a quiet port too: it may be asked for an association and nothing else.
    return seat.quiet or seat.protocol == "dicom"


def test_every_port_is_in_the_default_list_and_only_devices_sit_on_quiet_ones() -> None:
    knowledge = load_knowledge()
    for host in lay_out(40, knowledge).hosts:
        for port, seat in host.seats:
            assert port in knowledge.default_tcp(), (host.hostname, port)
            assert knowledge.is_quiet(port) == _stays_quiet(seat), (host.hostname, port)


def test_shifted_ports_stay_clear_of_quiet_ones_and_devices_stay_quiet() -> None:
    knowledge = load_knowledge()
    shifted = lay_out(40, knowledge, LOW & frozenset(knowledge.default_tcp()))
    seats = [(port, seat) for host in shifted.hosts for port, seat in host.seats]
    assert min(port for port, _ in seats) >= 1024
    assert all(knowledge.is_quiet(port) == _stays_quiet(seat) for port, seat in seats)
    assert shifted.moved[443] == 20_443
    assert shifted.moved[22] == 20_022
    assert shifted.moved[502] not in LOW
    assert all(len({port for port, _ in host.seats}) == len(host.seats) for host in shifted.hosts)
    assert shifted.lure[1] == 20_080
    assert min(shifted.listed) >= 1024


def test_a_port_held_by_the_machine_moves_too() -> None:
    knowledge = load_knowledge()
    moved = lay_out(40, knowledge, frozenset({5432, 50_000, 44_818, 4001}))
    database = next(host for host in moved.hosts if host.kind.name == "entrepot")
    assert database.seats[0][0] == 25_432
    assert 50_000 not in moved.moved
    assert not {5432, 50_000} & set(moved.listed)
    assert knowledge.is_quiet(moved.moved[4001])


@pytest.mark.parametrize("unusable", [frozenset[int](), LOW])
@pytest.mark.parametrize("hosts", [1, 40, 254])
def test_inventory_is_read_without_a_fault(
    tmp_path: Path, hosts: int, unusable: frozenset[int]
) -> None:
    knowledge = load_knowledge()
    plan = lay_out(hosts, knowledge, unusable & frozenset(knowledge.default_tcp()))
    path = tmp_path / "region.toml"
    today = datetime.now(UTC).date()
    path.write_text(inventory(plan, today), encoding="utf-8")
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    assert raw["lab"] is True
    assert raw["mandates"][0]["valid_from"] < today < raw["mandates"][0]["valid_until"]
    assert ("ports" in raw) == bool(unusable)
    loaded = load_inventory(path)
    assert loaded.lab
    assert (
        sum(2 ** (32 - int(cidr.split("/")[1])) for e in loaded.establishments for cidr in e.ranges)
        == hosts + 1
    )
    if hosts == 40:
        assert {entry.mfa for entry in loaded.expected} == {"yes", "no"}
        assert any(establishment.medical for establishment in loaded.establishments)
        ports = {entry.port for entry in loaded.expected}
        assert ports == ({20_443, 20_022} if unusable else {443, 22})


def test_ground_truth_holds_together() -> None:
    plan = lay_out(254, load_knowledge())
    truth = ground_truth(plan)
    places = {(row["ip"], row["port"]) for row in _rows(truth, "services")}
    findings = [(row["check"], row["ip"], row.get("port")) for row in _rows(truth, "findings")]
    assert len(set(findings)) == len(findings)
    zones = {(ip, 53) for ip in plan.authorities()}
    assert all((ip, port) in places | zones or port is None for _, ip, port in findings)
    for name in ("must_not", "may"):
        told = {(row["check"], row["ip"], row["port"]) for row in _rows(truth, name)}
        assert not told & set(findings)
    assert truth["never_contacted"] == [plan.excluded, plan.lure[0]]
    undeclared = {
        row["ip"] for row in _rows(truth, "findings") if row["check"] == "exposure.undeclared"
    }
    assert sum(row["check"] == "cert.shared-key" for row in _rows(truth, "findings")) > 2
    alone = ground_truth(lay_out(1, load_knowledge()))
    assert all(row["check"] != "cert.shared-key" for row in _rows(alone, "findings"))
    first_vpn = next(host for host in plan.hosts if host.kind.name == "vpn")
    assert first_vpn.ip not in undeclared
    assert any(host.kind.name == "vpn" and host.ip in undeclared for host in plan.hosts)


def _rows(truth: Mapping[str, object], name: str) -> list[dict[str, object]]:
    rows = truth[name]
    assert isinstance(rows, list)
    return rows


# --- the region at work -------------------------------------------------------------------------


def test_ready_quickly_and_says_where(region: Running) -> None:
    # A loose bound: it says « does not hang », speed is for the benchmarks.
    assert region.ready_s < 30
    assert region.papers["hosts"] == 40
    assert Path(region.papers["inventory"]).is_file()
    assert region.truth == json.loads(json.dumps(ground_truth(region.region)))


def test_every_service_listens(region: Running) -> None:
    for row in region.truth["services"]:
        connect((row["ip"], row["port"])).close()


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        # What comes of a hello that goes up to TLS 1.0, 1.1, 1.2, 1.3; None: an alert.
        ("www", (None, None, "TLSv1.2", "TLSv1.3")),
        ("extranet", ("TLSv1",) * 4),
        ("intranet", ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")),
    ],
)
def test_tls_versions(region: Running, name: str, spoken: tuple[str | None, ...]) -> None:
    ceilings = (ssl.TLSVersion(0x0301 + step) for step in range(4))
    for newest, expected in zip(ceilings, spoken, strict=True):
        if expected is None:
            # The alert itself must arrive, not a bare close.
            with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
                shake(region.place(name), context=lenient(newest))
        else:
            assert shake(region.place(name), context=lenient(newest))[0] == expected


def test_certificates(region: Running) -> None:
    now = datetime.now(UTC)
    _, good, _ = shake(region.place("www"))
    names = good.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [region.host("www").hostname]
    assert good.issuer != good.subject
    assert shake(region.place("resultats"))[1].not_valid_after_utc < now
    assert shake(region.place("resultats", 1))[1].public_key().key_size == 1024  # type: ignore[union-attr]
    own = shake(region.place("gtc"))[1]
    assert own.issuer == own.subject
    long = shake(region.place("gtc", 1))[1]
    assert (long.not_valid_after_utc - long.not_valid_before_utc).days > 1_000
    other = shake(region.place("agenda"))[1]
    assert "ancien.example" in other.subject.rfc4514_string()
    soon = shake(region.place("agenda", 1))[1]
    assert 10 < (soon.not_valid_after_utc - now).days < 30
    keys = {
        shake(region.place(name))[1]
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for name in ("www", "vpn", "applis")
    }
    assert len(keys) == 2


def test_small_dh_is_served(region: Running) -> None:
    version, _, suite = shake(region.place("intranet", 1))
    assert version == "TLSv1.2"
    assert suite is not None
    assert suite[0].startswith("DHE-RSA")
    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    strict.check_hostname, strict.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(ssl.SSLError, match=r"(?i)dh.key.too.small"):
        shake(region.place("intranet", 1), context=strict)


def test_sni_only_sends_its_alert(region: Running) -> None:
    host = region.host("mutualise")
    for name in (None, "autre.example"):
        with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
            shake(region.place("mutualise"), name)
    assert shake(region.place("mutualise"), host.hostname)[0] == "TLSv1.3"


def test_client_certificate_is_wanted(region: Running) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        assert get(region.place("echanges")) == b"never"
    assert shake(region.place("echanges"))[0] == "TLSv1.3"


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        # requested None, 0, 1, 2, 3: plain confirm "", selected "+n", failure "-n".
        ("poste-xp", ("", "", "", "", "")),
        ("impressions", ("", "+0", "+0", "+0", "+0")),
        ("radiologie", ("-1", "-1", "+1", "-1", "+1")),
        ("fichiers", ("-5", "-5", "-5", "+2", "+2")),
        ("annuaire", ("-5", "-5", "-5", "+2", "+2")),
        ("paie", ("-1", "-1", "+1", "+2", "+2")),
        ("rebond", ("-5", "-5", "-5", "+2", "+2")),
    ],
)
def test_rdp_layers(region: Running, name: str, answers: tuple[str, ...]) -> None:
    def told(data: bytes) -> str:
        if len(data) == 11:
            return ""
        assert len(data) == 19
        return ("+" if data[11] == 2 else "-") + str(int.from_bytes(data[15:19], "little"))

    place = region.place(name)
    assert tuple(told(rdp(place, requested)) for requested in (None, 0, 1, 2, 3)) == answers


@pytest.mark.parametrize(
    ("name", "build"), [("fichiers", 20348), ("annuaire", 9600), ("paie", 17763)]
)
def test_credssp_gives_a_challenge_and_a_log_on_is_a_trespass(
    region: Running, name: str, build: int
) -> None:
    host, before = region.host(name), len(region.violations())
    hello = b"NTLMSSP\x00" + struct.pack("<II", 1, 0xE2088297) + bytes(16) + bytes(8)
    request = b"\x30" + bytes([len(hello) + 15]) + b"\xa0\x03\x02\x01\x06\xa1"
    request += bytes([len(hello) + 8]) + b"\x30" + bytes([len(hello) + 6]) + b"\x30"
    request += bytes([len(hello) + 4]) + b"\xa0" + bytes([len(hello) + 2]) + b"\x04"
    request += bytes([len(hello)]) + hello
    request = request[:1] + bytes([len(request) - 2]) + request[2:]
    with connect(region.place(name)) as link:
        body = bytes([14, 0xE0, 0, 0, 0, 0, 0]) + struct.pack("<BBHI", 1, 0, 8, 3)
        link.sendall(struct.pack(">BBH", 3, 0, 4 + len(body)) + body)
        assert link.recv(64)[15] == 2
        with lenient().wrap_socket(link) as inside:
            inside.sendall(request)
            answer = inside.recv(65_536)
            at = answer.index(b"NTLMSSP\x00\x02\x00\x00\x00")
            assert struct.unpack_from("<H", answer, at + 50)[0] == build
            assert host.hostname.encode("utf-16-le") in answer
            assert len(region.violations()) == before
            inside.sendall(b"\x30\x10NTLMSSP\x00\x03\x00\x00\x00abcd")
    assert region.new_violations(1, before)[0]["detail"] == "NTLM"


def test_vnc(region: Running) -> None:
    version = b"RFB 003.008\n"
    assert ask(region.place("console"), version) == [version, b"\x01\x01"]
    assert ask(region.place("echographe"), version) == [version, b"\x01\x02"]
    old = b"RFB 003.003\n"
    assert ask(region.place("echographe", 1), old)[1].startswith(b"\x00\x00\x00\x02")
    before = len(region.violations())
    with connect(region.place("console")) as link:
        for words in (version, b"\x01", b"\x01"):
            link.recv(64)
            link.sendall(words)
        assert region.new_violations(1, before)[0]["what"] == "session opened"


def test_x11_opens(region: Running) -> None:
    heard = ask(region.place("console", 1), b"l\x00\x0b\x00" + bytes(8), first=False)[0]
    assert heard[0] == 1
    assert len(heard) == 8 + 4 * int.from_bytes(heard[6:8], "little")
    assert b"The X.Org Foundation" in heard


@pytest.mark.parametrize(
    ("name", "index", "banner", "inside"),
    [
        ("bastion", 0, b"SSH-2.0-OpenSSH_9.6p1", b"curve25519-sha256"),
        ("bastion", 1, b"SSH-2.0-dropbear", b"hmac-sha1"),
        ("sauvegarde", 0, b"SSH-2.0-OpenSSH_5.3", b"diffie-hellman-group1-sha1"),
        ("switch-bloc", 1, b"SSH-1.99-", b"chacha20-poly1305"),
    ],
)
def test_ssh(region: Running, name: str, index: int, banner: bytes, inside: bytes) -> None:
    with connect(region.place(name, index)) as link:
        heard = b""
        while heard.find(b"\n") < 0 or len(heard) < heard.find(b"\n") + 200:
            heard += link.recv(65_536)
    line, _, packet = heard.partition(b"\r\n")
    assert line.startswith(banner)
    size, padding = struct.unpack(">IB", packet[:5])
    assert (size + 4) % 8 == 0
    assert padding >= 4
    assert packet[5] == 20
    assert inside in packet


def test_telnet_and_its_trespass(region: Running) -> None:
    before = len(region.violations())
    with connect(region.place("switch-bloc")) as link:
        assert link.recv(64).startswith(b"\xff\xfd")
        link.sendall(b"\xff\xfc\x18")
        time.sleep(0.1)
        assert len(region.violations()) == before
        link.sendall(b"admin\r\n")
        assert region.new_violations(1, before)[0]["detail"] == "telnet"


def test_ftp(region: Running) -> None:
    assert ask(region.place("depot"), b"AUTH TLS\r\n")[1].startswith(b"530")
    assert b"AUTH TLS" not in ask(region.place("depot"), b"FEAT\r\n")[1]
    assert b"AUTH TLS" in ask(region.place("transferts"), b"FEAT\r\n")[1]
    assert _starttls(region.place("transferts"), b"AUTH TLS\r\n").startswith(b"234")


def test_mail(region: Running) -> None:
    assert b"STARTTLS" not in ask(region.place("depot", 1), b"EHLO x\r\n")[1]
    assert b"STARTTLS" in ask(region.place("courrier"), b"EHLO x\r\n")[1]
    assert _starttls(region.place("courrier"), b"STARTTLS\r\n").startswith(b"220")
    greeting, tagged = ask(region.place("courrier", 1), b"a1 CAPABILITY\r\n")
    assert greeting.startswith(b"* OK [CAPABILITY")
    assert tagged.startswith(b"* CAPABILITY")
    assert tagged.endswith(b"a1 OK Done.\r\n")
    assert _starttls(region.place("courrier", 1), b"a2 STARTTLS\r\n").startswith(b"a2 OK")
    assert b"STLS" in ask(region.place("courrier", 2), b"CAPA\r\n")[1]
    assert _starttls(region.place("courrier", 2), b"STLS\r\n").startswith(b"+OK")


def _starttls(place: tuple[str, int], words: bytes, *, greets: bool = True) -> bytes:
    with connect(place) as link:
        if greets:
            link.recv(4_096)
        link.sendall(words)
        heard = link.recv(4_096)
        with lenient().wrap_socket(link) as inside:
            assert inside.version() == "TLSv1.3"
    return heard


def test_passwords_are_trespasses(region: Running) -> None:
    before = len(region.violations())
    ask(region.place("depot"), b"USER anonymous\r\n")
    ask(region.place("courrier", 1), b"a LOGIN x y\r\n")
    ask(region.place("courrier", 2), b"USER x\r\n")
    ask(region.place("recherche"), b"AUTH x\r\n", first=False)
    ask(region.place("entrepot"), struct.pack(">II", 14, 196_608) + b"user\0\0", first=False)
    get(region.place("vpn"), more="Authorization: Basic eDp4\r\n")
    found = region.new_violations(6, before)
    assert [row["what"] for row in found] == ["credentials offered"] * 6


def test_databases(region: Running) -> None:
    asked = struct.pack(">II", 8, 80_877_103)
    assert _starttls(region.place("entrepot"), asked, greets=False) == b"S"
    with connect(region.place("entrepot", 1)) as link:
        greeting = link.recv(4_096)
    assert len(greeting) == 4 + int.from_bytes(greeting[:3], "little")
    assert greeting[4:].startswith(b"\x0a8.0.36\x00")
    assert ask(region.place("cache"), b"PING\r\n", first=False) == [b"+PONG\r\n"]
    assert ask(region.place("cache"), b"*1\r\n$4\r\nPING\r\n", first=False) == [b"+PONG\r\n"]
    assert ask(region.place("recherche"), b"PING\r\n", first=False)[0].startswith(b"-NOAUTH")
    assert ask(region.place("cache", 1), b"version\r\n", first=False) == [b"VERSION 1.6.18\r\n"]
    hello = b"\x10hello\x00\x01\x00\x00\x00\x02$db\x00\x06\x00\x00\x00admin\x00"
    document = struct.pack("<i", len(hello) + 5) + hello + b"\x00"
    message = struct.pack("<IB", 0, 0) + document
    packet = struct.pack("<iiii", 16 + len(message), 7, 0, 2013) + message
    heard = ask(region.place("recherche", 1), packet, first=False)[0]
    size, _, answered, code = struct.unpack("<iiii", heard[:16])
    assert (size, answered, code) == (len(heard), 7, 2013)
    assert b"isWritablePrimary" in heard
    assert struct.unpack_from("<i", heard, 21)[0] == size - 21


def test_sql_server_and_rpc(region: Running) -> None:
    options = struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF) + bytes(7)
    hello = struct.pack(">BBHHBB", 0x12, 1, 8 + len(options), 0, 1, 0) + options
    heard = ask(region.place("entrepot", 2), hello, first=False)[0]
    assert heard[0] == 4
    assert int.from_bytes(heard[2:4], "big") == len(heard)
    assert heard[8 + 11] == 15
    bind = struct.pack("<BBBBIHHI", 5, 0, 11, 3, 0x10, 16, 0, 9)
    heard = ask(region.place("fichiers", 2), bind, first=False)[0]
    assert heard[2] == 12
    assert struct.unpack_from("<H", heard, 8)[0] == len(heard)
    assert struct.unpack_from("<I", heard, 12)[0] == 9


def test_consoles(region: Running) -> None:
    assert b"Proxmox Virtual Environment</title>" in get(region.place("cache", 3))
    leaf = shake(region.place("sauvegarde", 1))[1]
    assert leaf.subject.rfc4514_string() == "CN=Veeam Backup Server Certificate"


def test_windows_gives_its_build_and_takes_no_password(region: Running) -> None:
    place, before = region.place("annuaire", 3), len(region.violations())
    hello = base64.b64encode(b"NTLMSSP\x00\x01\x00\x00\x00" + bytes(24)).decode()
    head = get(place, "/wsman", tls=False, more=f"Authorization: Negotiate {hello}\r\n")
    told = head.partition(b"Negotiate ")[2].partition(b"\r\n")[0]
    assert struct.unpack_from("<BBH", base64.b64decode(told), 48) == (6, 3, 9600)
    assert len(region.violations()) == before
    reply = base64.b64encode(b"NTLMSSP\x00\x03\x00\x00\x00" + bytes(24)).decode()
    get(place, "/wsman", tls=False, more=f"Authorization: Negotiate {reply}\r\n")
    assert region.new_violations(1, before)[0]["detail"] == "WinRM"


def test_what_is_not_http_is_told_so_at_once(region: Running) -> None:
    heard = ask(region.place("rebond", 1), b"\x03\x00\x00\x0b\x06\xe0\x00\x00", first=False)[0]
    assert heard.startswith(b"HTTP/1.1 400 ")


def test_docker_and_winrm(region: Running) -> None:
    assert b'"ApiVersion":"1.43"' in get(region.place("cache", 2), "/version", tls=False)
    assert b"401 Unauthorized" in get(region.place("annuaire", 3), "/wsman", tls=False)


def test_smb(region: Running) -> None:
    def negotiate(*names: bytes) -> bytes:
        listed = b"".join(b"\x02" + name + b"\x00" for name in names)
        message = b"\xffSMB\x72" + bytes(27) + b"\x00" + struct.pack("<H", len(listed)) + listed
        return struct.pack(">I", len(message)) + message

    old, new = region.place("annuaire", 1), region.place("fichiers", 1)
    heard = ask(old, negotiate(b"PC NETWORK PROGRAM 1.0", b"NT LM 0.12"), first=False)[0]
    assert heard[4:9] == b"\xffSMB\x72"
    assert heard[36:39] == b"\x11\x01\x00"
    assert ask(new, negotiate(b"NT LM 0.12"), first=False)[0][36:39] == b"\x01\xff\xff"
    assert ask(new, negotiate(b"NT LM 0.12", b"SMB 2.???"), first=False)[0][4:8] == b"\xfeSMB"
    head = b"\xfeSMB" + struct.pack("<HHIHHIIQ", 64, 0, 0, 0, 1, 0, 0, 5) + bytes(32)
    body = (
        struct.pack("<HHHHI", 36, 2, 1, 0, 0)
        + bytes(16)
        + bytes(8)
        + struct.pack("<HH", 0x0202, 0x0302)
    )
    message = head + body
    heard = ask(new, struct.pack(">I", len(message)) + message, first=False)[0]
    assert int.from_bytes(heard[72:74], "little") == 0x0302
    assert int.from_bytes(heard[28:36], "little") == 5


def test_ldap(region: Running) -> None:
    search = bytes.fromhex(
        "30250201016320040 00a01000a0100020100020100010100870b6f626a656374436c6173733000".replace(
            " ", ""
        )
    )
    heard = ask(region.place("annuaire", 2), search, first=False)[0]
    assert b"defaultNamingContext" in heard
    assert b"\x65\x07\x0a\x01\x00" in heard


def test_rsync_and_dns(region: Running) -> None:
    greeting, listed = ask(region.place("transferts", 1), b"@RSYNCD: 31.0\n\n")
    assert greeting.startswith(b"@RSYNCD: 31.0")
    assert b"sauvegardes" in listed
    query = dns.message.make_query("example.", "A").to_wire()
    heard = ask(region.place("courrier", 3), struct.pack(">H", len(query)) + query, first=False)[0]
    assert dns.message.from_wire(heard[2:]).rcode() == 5


@pytest.mark.parametrize(
    ("name", "path", "marks"),
    [
        ("vpn", "/remote/login", (b"Server: xxxxxxxx-xxxxx", b"SVPNCOOKIE", b"/remote/fgt_lang")),
        ("astreinte", "/+CSCOE+/logon.html", (b"webvpn", b"/+CSCOU+/portal.css")),
        (
            "teletravail",
            "/dana-na/auth/url_default/welcome.cgi",
            (b"DSSignInURL=", b"welcome.cgi?p=logo"),
        ),
        ("applis", "/vpn/index.html", (b"NSC_TASS=", b"/vpn/js/rdx/")),
        (
            "partenaires",
            "/global-protect/prelogin.esp",
            (b"PanWeb Server/", b"<prelogin-response>"),
        ),
    ],
)
def test_portals(region: Running, name: str, path: str, marks: tuple[bytes, ...]) -> None:
    first = get(region.place(name))
    assert b"302 Found" in first
    page = get(region.place(name), path)
    assert b"200 OK" in page
    assert all(mark in page for mark in marks)


def test_lookalike_has_the_names_and_none_of_the_marks(region: Running) -> None:
    page = get(region.place("guide"), "/remote/login")
    assert b"FortiGate" in page
    for mark in (b"fgt_lang", b"/sslvpn/", b"SVPNCOOKIE", b"NSC_", b"DSSignIn", b"rdx", b"CSCO"):
        assert mark not in page


def test_lure_and_hostile_title(region: Running) -> None:
    lure = region.truth["never_contacted"][1]
    assert f"Location: http://{lure}".encode() in get(region.place("piege"), tls=False)
    page = get(region.place("piege", 1), tls=False)
    assert "\u202e".encode() in page
    assert b"&lt;script&gt;" in page
    assert b"HTTP/1.1 200" in get(region.place("rebond", 1), tls=False)


def test_devices_record_one_byte_and_bear_silence(region: Running) -> None:
    before = len(region.violations())
    seats = [(host, port, seat) for host in region.region.hosts for port, seat in host.seats]
    devices = [(host.ip, port) for host, port, seat in seats if seat.quiet]
    assert len(devices) == 4
    for place in devices:
        with connect(place) as link:
            link.settimeout(0.05)
            with pytest.raises(TimeoutError):
                link.recv(1)
    assert len(region.violations()) == before
    for place in devices:
        with connect(place) as link:
            link.sendall(b"\r")
            assert region.new_violations(1, before)[0]["what"] == "byte sent to a fragile device"
        before += 1


def test_medical_devices_bear_one_connection(region: Running) -> None:
    before, place = len(region.violations()), region.place("interface-hl7")
    for _ in range(3):
        connect(place).close()
    time.sleep(0.3)
    assert len(region.violations()) == before
    with connect(place), connect(place):
        assert region.new_violations(1, before)[0]["what"] == "two connections at once"
    # All the ports of a device count together.
    before = len(region.violations())
    with connect(region.place("echographe")), connect(region.place("echographe", 1)):
        assert region.new_violations(1, before)[0]["what"] == "two connections at once"


def test_excluded_address_and_lure_record_any_contact(region: Running) -> None:
    for ip in region.truth["never_contacted"]:
        before = len(region.violations())
        connect((ip, region.region.moved.get(80, 80))).close()
        found = region.new_violations(1, before)
        assert (found[0]["what"], found[0]["ip"]) == ("contact with an excluded address", ip)


def test_datagrams_are_answered_on_their_port_and_recorded_where_none_may_come(
    region: Running,
) -> None:
    (row,) = region.truth["datagrams"]
    question = b"OPTIONS sip:x SIP/2.0\r\nCall-ID: 7\r\nSubject: no\r\n\r\n"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(5)
        asker.sendto(question, (row["ip"], row["port"]))
        answer = asker.recv(2_000)
        assert answer.startswith(b"SIP/2.0 200 OK\r\nCall-ID: 7\r\n")
        assert b"Subject" not in answer
        before = len(region.violations())
        asker.sendto(b"?", (region.region.excluded, row["port"]))
    found = region.new_violations(1, before)
    assert found[0]["what"] == "contact with an excluded address"


@given(st.binary(max_size=400))
def test_any_datagram_is_answered_or_not(datagram: bytes) -> None:
    telephony(datagram)
    answer = telephony(b"OPTIONS sip:x SIP/2.0\r\n" + datagram)
    assert answer is not None
    assert len(answer) <= len(datagram) + 200


def test_hostile_servers(region: Running) -> None:
    with connect(region.place("lent")) as link:
        assert link.recv(64) == b"2"
    for index in (0, 1):
        with connect(region.place("coupe", index)) as link, pytest.raises(ConnectionResetError):
            assert link.recv(1) == b"never"
    with connect(region.place("bruit")) as link:
        assert len(link.recv(8_192)) > 1_000
    with connect(region.place("bruit", 1)) as link:
        heard = 0
        while heard < 2_000_000:
            heard += len(link.recv(65_536))
    everywhere = region.truth["everywhere"][0]
    for port in region.region.listed[::20]:
        connect((everywhere, port)).close()


def test_resolver_knows_both_ways(region: Running) -> None:
    host = region.host("mutualise")

    def resolve(name: str, kind: str) -> dns.message.Message:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(5)
            asking.sendto(b"noise", region.region.resolver)
            asking.sendto(dns.message.make_query(name, kind).to_wire(), region.region.resolver)
            return dns.message.from_wire(asking.recv(4_096))

    assert host.ip in resolve(f"{host.hostname}.", "A").to_text()
    assert not resolve(f"{host.hostname}.", "AAAA").answer
    reverse = ".".join(reversed(host.ip.split("."))) + ".in-addr.arpa."
    assert host.hostname in resolve(reverse, "PTR").to_text()
    assert resolve("absent.example.", "A").rcode() == 3
    assert not resolve(f"{host.hospital.id}.example.", "A").answer


_RUDE = (
    b"\x00" * 64,
    b"\xff" * 300,
    b"GET / HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03",
    b"\x03\x00\x00\x04",
    b"\x03\x00\x00\x0b\x06\xe0\x00\x00\x00\x00\x00",
    b"\x30\x84\xff\xff\xff\xff",
    b"\x00\x00\x00\x20\xffSMB\x72" + bytes(27),
    b"\x00\x00\x00\x64\xfeSMB" + bytes(96),
    b"*99999\r\n",
    b"*1\r\n$-1\r\n",
    b"RFB 003.00\n\n\x09",
    b"A" * 30_000,
    b"\r\n\r\n\r\n",
)


def test_no_client_brings_a_service_down(region: Running) -> None:
    fragile = {(row["ip"], row["port"]) for row in region.truth["services"] if row["quiet"]}
    for row in region.truth["services"]:
        place = (row["ip"], row["port"])
        if place in fragile:
            continue
        for words in _RUDE:
            with connect(place) as link:
                link.settimeout(5)
                try:
                    link.sendall(words)
                    link.shutdown(socket.SHUT_WR)
                except (ConnectionError, OSError):
                    continue
    time.sleep(0.2)
    for row in region.truth["services"]:
        connect((row["ip"], row["port"])).close()
    assert region.process.poll() is None


class _Forgetful(Ledger):
    def write(self) -> None:
        """Write nothing."""


_SEATS = {
    f"{kind.name}-{seat.port}": seat
    for kind in KINDS
    for seat in kind.seats
    if seat.serve not in {hostile.tarpit, hostile.endless, hostile.reset}
}


@settings(max_examples=300)
@given(
    name=st.sampled_from(sorted(_SEATS)),
    start=st.sampled_from((*_RUDE[:12], b"\x30\x0c\x02\x01\x01\x60", b"a1 STARTTLS\r\n", b"")),
    rest=st.lists(st.binary(max_size=80), max_size=4),
)
def test_whatever_is_said_a_service_ends_in_order(
    name: str, start: bytes, rest: list[bytes]
) -> None:
    """Nothing but ``Gone`` comes out of a handler, whatever it is told."""
    seat = _SEATS[name]

    async def talk() -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        ledger = _Forgetful(path=Path("unused"))
        room = Room(ip="127.21.0.1", port=seat.port, hostname="x.example", ledger=ledger)
        guest = Guest(theirs, room)  # type: ignore[arg-type]
        for words in (start, *rest):
            await ours.send_all(words)
        await ours.send_eof()
        with contextlib.suppress(Gone):
            await seat.serve(guest)

    trio.run(talk)


# --- the process --------------------------------------------------------------------------------


def test_second_region_is_refused_in_one_line(region: Running, tmp_path: Path) -> None:
    done = subprocess.run(
        [*_SERVE, "--dir", str(tmp_path), "--network", NETWORK],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=20,
    )
    assert done.returncode == 2
    assert "another demo region" in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_privilege_low_ports_move(tmp_path: Path) -> None:
    drop: tuple[str, ...] = ()
    if os.geteuid() == 0:
        kept = ("--bounding-set", "-net_bind_service", "--inh-caps", "-net_bind_service")
        drop = (need("setpriv"), *kept)
    running = Running(tmp_path, 30, *drop, network="127.22")
    try:
        assert running.papers["ports_shifted"]["443"] == 20_443
        assert running.truth == json.loads(json.dumps(ground_truth(running.region)))
        for row in running.truth["services"]:
            assert row["port"] >= 1024
            connect((row["ip"], row["port"])).close()
        away = [row["protocol"] for row in running.truth["services"] if row.get("may_be_unknown")]
        assert sorted(away) == ["dns", "dns", "ldap", "msrpc", "smb", "smb"]
        listed = {int(port) for port in running.papers["ports"].split(",")}
        assert {row["port"] for row in running.truth["services"]} <= listed
    finally:
        assert running.stop() == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_ends_with_zero_and_an_empty_ledger(tmp_path: Path, how: signal.Signals) -> None:
    running = Running(tmp_path, 3, network="127.22")
    with connect(running.place("www")):
        assert running.stop(how) == 0
    assert running.violations() == []


@pytest.mark.parametrize("hosts", ["0", "255", "-1"])
def test_number_of_hosts_is_bounded(tmp_path: Path, hosts: str) -> None:
    done = subprocess.run(
        [*_SERVE, "--dir", str(tmp_path), "--hosts", hosts],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=20,
    )
    assert done.returncode == 2
    assert "1 to 254" in done.stderr


def test_mandate_dates_follow_the_clock() -> None:
    plan: Region = lay_out(3, load_knowledge())
    raw = tomllib.loads(inventory(plan, date(2031, 3, 1)))
    assert raw["mandates"][0]["valid_from"] == date(2030, 3, 1)
    assert raw["mandates"][0]["valid_until"] == date(2032, 2, 29)
    seat: Seat = plan.hosts[0].seats[0][1]
    assert seat.protocol == "http"
