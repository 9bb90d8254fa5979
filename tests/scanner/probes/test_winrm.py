"""WinRM, by hand: no free server speaks as HTTP.sys does."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import Confidence, Intensity
from core.observations.windows import WindowsHost
from scanner.probes.winrm import PROBE, is_winrm, read_challenges, read_head, recognises
from tests.scanner.probes.asking import ask, refuses
from tests.servers.windows import answering, challenge, http

HTTPAPI = b"Server: Microsoft-HTTPAPI/2.0"


def test_windows_gives_its_challenge() -> None:
    token = base64.b64encode(challenge((10, 0, 20348)))
    answer = http(b"HTTP/1.1 401 ", b"WWW-Authenticate: Negotiate " + token, HTTPAPI)
    with answering(answer) as port:
        measured, connections = ask(PROBE, port, intensity=Intensity.DISCREET)
    assert connections == 1
    assert measured is not None
    assert measured.service.protocol == "winrm"
    assert measured.service.product == "winrm"
    assert "/wsman: 401" in measured.service.evidence
    (windows,) = measured.seen
    assert isinstance(windows, WindowsHost)
    assert (windows.build, windows.source) == (20348, "winrm")


@pytest.mark.parametrize(
    "answer",
    [
        (b"HTTP/1.1 405 ", b"Allow: POST", HTTPAPI),
        (b"HTTP/1.1 401 ", b"WWW-Authenticate: Negotiate", b"WWW-Authenticate: Kerberos", HTTPAPI),
        (b"HTTP/1.1 401 Unauthorized", b'WWW-Authenticate: Basic realm="WSMAN"'),
        (b"HTTP/1.1 401 ", b"WWW-Authenticate: Negotiate AAAA====", HTTPAPI),
    ],
)
def test_without_a_challenge_it_is_still_winrm(answer: tuple[bytes, ...]) -> None:
    with answering(http(*answer)) as port:
        measured, _ = ask(PROBE, port)
    assert measured is not None
    assert measured.service.confidence is Confidence.FIRM
    assert measured.service.product is None
    assert not measured.seen


@pytest.mark.parametrize(
    "answer",
    [
        (b"HTTP/1.1 404 Not Found", HTTPAPI),
        (b"HTTP/1.1 401 ", b"Server: Microsoft-IIS/10.0", b"WWW-Authenticate: Negotiate"),
        (b"HTTP/1.1 200 OK", b"Server: nginx"),
        (b"HTTP/1.1 401 ", b"X: " + b"a" * 20_000, HTTPAPI),
    ],
)
def test_other_http_is_not_winrm(answer: tuple[bytes, ...]) -> None:
    with answering(http(*answer)) as port:
        assert refuses(PROBE, port)


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: b"HTTP/1.1 401 " + tail))
def test_readers_are_total(data: bytes) -> None:
    recognises(data)
    head = read_head(data)
    if head is not None:
        is_winrm(head)
        read_challenges(head)


@given(st.text(max_size=100))
def test_any_token_is_read_or_refused(token: str) -> None:
    head = read_head(b"HTTP/1.1 401 \r\nWWW-Authenticate: Negotiate " + token.encode())
    assert head is not None
    read_challenges(head)
