"""DTLS as a probe: found and assessed, and never taken for what it is not."""

import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unanswered
from core.model import Status, Transport
from core.observations.tls import TlsService
from scanner.probes.dtls import PROBE, is_dtls, is_flight
from tests.scanner.visiting import datagram_visit, measure_datagrams
from tests.servers.real import free_port, need
from tests.servers.tls_certs import issue
from tests.servers.udp import mute, udp_service

NAME = "vpn.chu.example"


@contextmanager
def openssl(folder: Path, *options: str) -> Generator[int]:
    """Run ``openssl s_server`` over UDP; give its port."""
    ca = issue("AC interne", ca=True, rsa_bits=2048)
    chain, key = issue(NAME, by=ca, names=(NAME,), rsa_bits=2048).files(folder)
    port = free_port()
    argv = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-quiet"]
    argv += ["-cert", str(chain), "-key", str(key), *options]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait_bound(port)
            yield port
        finally:
            server.kill()


def _wait_bound(port: int) -> None:
    deadline = time.monotonic() + 20
    mark = f":{port:04X} "
    while mark not in Path("/proc/net/udp").read_text():
        assert time.monotonic() < deadline, "not listening"
        time.sleep(0.02)


@pytest.mark.real
@pytest.mark.parametrize("options", [("-dtls1_2", "-listen"), ("-dtls1_2",)])
def test_openssl_is_found_and_assessed(tmp_path: Path, options: tuple[str, ...]) -> None:
    with openssl(tmp_path, *options, "-mtu", "600") as port:
        measured = measure_datagrams(PROBE, port, names=(NAME,))
    assert measured is not None
    service = measured.service
    assert (service.protocol, service.tls) == ("dtls", True)
    assert service.place.transport is Transport.UDP
    (seen,) = measured.seen
    assert isinstance(seen, TlsService)
    assert seen.place == service.place
    assert seen.datagram
    assert seen.tls1_2 is True
    # s_server knows one client at a time: its first flight, sent again, is no proof of DTLS 1.0.
    assert seen.tls1_1 is not True
    assert seen.leaf is not None
    assert seen.leaf.names == (NAME,)
    assert (seen.sslv2, seen.sslv3, seen.tls1_0) == (False, False, False)


@pytest.mark.real
def test_an_old_gateway_is_told(tmp_path: Path) -> None:
    options = ("-dtls1", "-cipher", "ALL:@SECLEVEL=0")
    with openssl(tmp_path, *options) as port:
        measured = measure_datagrams(PROBE, port)
    assert measured is not None
    (seen,) = measured.seen
    assert isinstance(seen, TlsService)
    assert seen.tls1_1 is True


@pytest.mark.real
def test_ocserv_keeps_silent_to_strangers_and_nothing_is_concluded(tmp_path: Path) -> None:
    """It takes up DTLS only for a session that began over TCP: 443/udp stays undetermined."""
    ocserv = need("ocserv")
    certificate = issue("ocserv", names=("ocserv",), rsa_bits=2048)
    chain, key = certificate.files(tmp_path)
    port = free_port()
    (tmp_path / "passwd").write_text("")
    (tmp_path / "conf").write_text(
        f"""auth = "plain[passwd={tmp_path / "passwd"}]"
listen-host = 127.0.0.1
tcp-port = {port}
udp-port = {port}
server-cert = {chain}
server-key = {key}
socket-file = {tmp_path / "s"}
pid-file = {tmp_path / "pid"}
run-as-user = nobody
run-as-group = nogroup
isolate-workers = false
max-clients = 4
device = vpns
ipv4-network = 192.0.2.0/24
"""
    )
    argv = [ocserv, "-f", "-d", "1", "-c", str(tmp_path / "conf")]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_bound(port)
            with pytest.raises(Unanswered) as caught:
                measure_datagrams(PROBE, port, patience_s=0.5)
        finally:
            server.terminate()
    assert caught.value.status is Status.UNDETERMINED


def test_a_server_that_asks_for_a_cookie_and_falls_silent_is_dtls_all_the_same() -> None:
    verify = bytes([3, 0, 0, 23, 0, 0, 0, 0, 0, 0, 0, 23, 0xFE, 0xFF, 20]) + bytes(20)
    record = b"\x16\xfe\xff" + bytes(8) + len(verify).to_bytes(2, "big") + verify
    seen_once: list[bytes] = []

    def once(question: bytes) -> Sequence[bytes]:
        seen_once.append(question)
        return [record] if len(seen_once) == 1 else []

    with udp_service(once) as (port, asked):
        measured = measure_datagrams(PROBE, port, patience_s=1.5)
    assert measured is not None
    assert measured.service.protocol == "dtls"
    (seen,) = measured.seen
    assert isinstance(seen, TlsService)
    assert seen.tls1_2 is None
    assert seen.why["tls1_2"] == "undetermined"
    assert len(asked) == 3


@pytest.mark.parametrize(
    "answer",
    [b"", b"\x16", b"SIP/2.0 400 Bad Request\r\n\r\n", b"\x16\x03\x03\0\2\2\x28", bytes(65_507)],
)
def test_what_is_not_dtls_is_not_taken_for_it(answer: bytes) -> None:
    with udp_service(lambda _: [answer]) as (port, asked):
        assert measure_datagrams(PROBE, port) is None
    assert len(asked) == 1


def test_every_hello_is_small_and_few_are_sent() -> None:
    with udp_service(mute) as (port, asked):
        visit = datagram_visit(port, patience_s=0.2)
        with pytest.raises(Unanswered) as caught:
            measure_datagrams(PROBE, port, patience_s=0.2, names=("a" * 60 + "." + "b" * 60,))
    assert caught.value.status is Status.UNDETERMINED
    assert len(asked) == 2
    assert max(map(len, asked.datagrams())) <= 1_200
    assert visit.datagrams_left == 24


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_any_answers_are_read(answers: list[bytes]) -> None:
    is_flight(answers)
    is_dtls(b"".join(answers))
