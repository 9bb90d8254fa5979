"""NTP: chrony, and whatever else may answer on its port."""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unanswered
from core.model import Confidence, Status, Transport
from scanner.probes.ntp import PROBE, question, read_answer
from scanner.visit import Measured
from tests.scanner.visiting import measure_datagrams
from tests.servers.real import free_port, need
from tests.servers.udp import Answer, ntp_amplifier, ntp_server, udp_service

_COOKIE = b"\x01\x02\x03\x04\x05\x06\x07\x08"


@contextmanager
def chrony(folder: Path, *lines: str) -> Generator[int]:
    """Run chronyd as a server of loopback, without touching the clock; give its port."""
    port = free_port()
    told = (
        *(f"port {port}", "cmdport 0", "bindaddress 127.0.0.1", "allow 127.0.0.0/8"),
        *(f"pidfile {folder / 'pid'}", *lines),
    )
    (folder / "conf").write_text("\n".join(told) + "\n")
    argv = [need("chronyd"), "-d", "-x", "-U", "-u", "root", "-f", str(folder / "conf")]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            yield port
        finally:
            server.terminate()


def asked_until_up(port: int) -> Measured | None:
    for _ in range(100):
        try:
            return measure_datagrams(PROBE, port, patience_s=0.2)
        except Unanswered:
            continue
    raise AssertionError("chronyd did not come up")


@pytest.mark.real
def test_chrony_says_its_stratum(tmp_path: Path) -> None:
    with chrony(tmp_path, "local stratum 3") as port:
        measured = asked_until_up(port)
    assert measured is not None
    service = measured.service
    assert (service.protocol, service.tls, service.version) == ("ntp", False, None)
    assert service.place.transport is Transport.UDP
    assert service.confidence is Confidence.CERTAIN
    assert service.evidence == ("NTP version 4, stratum 3",)


@pytest.mark.real
def test_a_server_without_time_is_a_server(tmp_path: Path) -> None:
    with chrony(tmp_path) as port:
        measured = asked_until_up(port)
    assert measured is not None
    assert measured.service.protocol == "ntp"


def test_only_a_clients_question_is_asked() -> None:
    with udp_service(ntp_server) as (port, asked):
        measured = measure_datagrams(PROBE, port)
    assert measured is not None
    assert measured.service.evidence == ("NTP version 4, stratum 1, source GPS",)
    ((datagram, _),) = asked
    assert len(datagram) == 48
    assert datagram[0] & 7 == 3, "neither mode 6 nor mode 7"
    assert datagram[1:40] == bytes(39), "nothing of our own clock"


def _saying(answer: bytes) -> Answer:
    return lambda _question: [answer]


def test_what_is_not_ntp_is_not_taken_for_it() -> None:
    for answer in (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(48), b"\x24" + bytes(200)):
        with udp_service(_saying(answer)) as (port, _):
            assert measure_datagrams(PROBE, port) is None
    with udp_service(ntp_amplifier) as (port, asked):
        assert measure_datagrams(PROBE, port) is None
    assert len(asked) == 1


def test_our_own_question_sent_back_is_no_time() -> None:
    with udp_service(lambda asked: [asked]) as (port, _):
        with pytest.raises(Unanswered) as caught:
            measure_datagrams(PROBE, port)
        assert caught.value.status is Status.PROTOCOL_ERROR


def test_a_kiss_of_death_is_told() -> None:
    answer = bytes([0xE4, 0]) + bytes(10) + b"RATE" + bytes(8) + _COOKIE + bytes(16)
    assert read_answer(answer, _COOKIE) == "NTP version 4, kiss code RATE"


@given(st.binary(max_size=600), st.booleans())
def test_any_datagram_is_read(datagram: bytes, with_cookie: bool) -> None:
    if with_cookie and len(datagram) >= 32:
        datagram = datagram[:24] + _COOKIE + datagram[32:]
    told = read_answer(datagram, _COOKIE)
    assert told is None or told.isprintable()


def test_the_question_is_no_longer_than_an_answer() -> None:
    assert len(question(_COOKIE)) == 48
