"""FTP against ProFTPD with and without TLS, and against what greets like it."""

from collections.abc import Callable

import pytest

from core.errors import Unanswered
from core.model import Flagged, Intensity, NotMeasured, Status
from core.observations.ftp import FtpService
from core.observations.tls import TlsService
from scanner.probes.ftp import PROBE
from scanner.visit import Measured
from tests.checks.judging import judge
from tests.scanner.visiting import measure
from tests.servers import admin
from tests.servers.scripted import Talk, scripted


def seen(found: Measured | None) -> FtpService:
    assert found is not None
    assert found.service.protocol == "ftp"
    assert isinstance(found.seen[0], FtpService)
    return found.seen[0]


def answering(
    greeting: str, answers: dict[str, str], otherwise: str = "500 Unknown."
) -> Callable[[Talk], None]:
    def script(talk: Talk) -> None:
        talk.say(f"{greeting}\r\n".encode())
        while said := talk.hear():
            answer = answers.get(said.decode().strip(), otherwise)
            talk.say(f"{answer}\r\n".encode())

    return script


@pytest.mark.real
def test_proftpd_in_clear() -> None:
    with admin.proftpd(tls=False) as port:
        one = seen(measure(PROBE, port))
    assert one.auth_tls is False
    assert isinstance(judge("ftp.cleartext-login", one)[0], Flagged)


@pytest.mark.real
def test_proftpd_with_tls_shows_its_certificate() -> None:
    with admin.proftpd(tls=True) as port:
        found = measure(PROBE, port)
    one = seen(found)
    assert one.auth_tls is True
    assert [type(verdict) for verdict in judge("ftp.cleartext-login", one)] == [NotMeasured]
    assert found is not None
    tls = found.seen[1]
    assert isinstance(tls, TlsService)
    assert tls.starttls == "ftp"
    assert tls.leaf is not None
    assert "mx.chu.example" in tls.leaf.subject


def test_asks_two_questions_and_leaves() -> None:
    with scripted(answering("220-Bonjour\r\n 220 x\r\n220 FTP", {})) as server:
        one = seen(measure(PROBE, server.port))
    assert b"".join(server.received) == b"FEAT\r\nAUTH TLS\r\nQUIT\r\n"
    assert one.greeting == "220 Bonjour 220 x FTP"
    assert one.auth_tls is False


def test_discreet_asks_one_and_concludes_nothing_from_absence() -> None:
    script = answering("220 vsFTPd", {"FEAT": "211-Features:\r\n UTF8\r\n211 End"})
    with scripted(script) as server:
        one = seen(measure(PROBE, server.port, intensity=Intensity.DISCREET))
    assert b"".join(server.received) == b"FEAT\r\nQUIT\r\n"
    assert one.auth_tls is None
    assert one.why["auth_tls"] == "intensity"


@pytest.mark.parametrize(
    ("answer", "offered"),
    [("534 Policy requires SSL.", False), ("530 Please login with USER and PASS.", False)],
)
def test_refusals_of_auth_tls(answer: str, offered: bool) -> None:
    with scripted(answering("220 FTP", {"AUTH TLS": answer})) as server:
        assert seen(measure(PROBE, server.port)).auth_tls is offered


@pytest.mark.parametrize("answer", ["421 Too many connections", "431 Not now"])
def test_busy_is_no_answer(answer: str) -> None:
    with scripted(answering("220 FTP", {"AUTH TLS": answer})) as server:
        one = seen(measure(PROBE, server.port))
    assert one.auth_tls is None
    assert one.why["auth_tls"].startswith("rate-limited")


def test_a_full_server_is_told_as_such() -> None:
    with (
        scripted(answering("421 Too many FTP connections", {})) as server,
        pytest.raises(Unanswered) as told,
    ):
        measure(PROBE, server.port)
    assert told.value.status is Status.RATE_LIMITED


def test_a_greeting_that_names_nothing_is_known_by_feat() -> None:
    with scripted(answering("220 Depot", {"FEAT": "211 none"})) as server:
        assert seen(measure(PROBE, server.port)).auth_tls is False


def test_what_feat_made_known_stays_known() -> None:
    def script(talk: Talk) -> None:
        talk.say(b"220 Depot\r\n")
        talk.hear()
        talk.say(b"211 none\r\n")
        talk.leave()

    with scripted(script) as server:
        assert seen(measure(PROBE, server.port)).why["auth_tls"].startswith("reset")


def test_mail_is_left_to_mail() -> None:
    assert not PROBE.recognises(b"220 mx.chu.example ESMTP Postfix\r\n")
    assert PROBE.recognises(b"220 mail.chu.example FTP server\r\n")
    with scripted(answering("220 ftp.chu.example ESMTP", {}, "502 5.5.2 Error")) as server:
        assert measure(PROBE, server.port) is None
    with scripted(answering("220 Bonjour", {}, "502 5.5.2 Error")) as server:
        assert measure(PROBE, server.port) is None


@pytest.mark.parametrize("after", ["", "\x00" * 50, "211-" + "x" * 3_000])
def test_keeps_the_greeting_whatever_follows(after: str) -> None:
    def script(talk: Talk) -> None:
        talk.say(b"220 FTP\r\n")
        talk.hear()
        talk.say(f"{after}\r\n".encode())
        talk.leave()

    with scripted(script) as server:
        one = seen(measure(PROBE, server.port))
    assert one.auth_tls is None
    assert one.why["auth_tls"]


def test_passive_mode_is_never_asked_for() -> None:
    lure = "227 Entering Passive Mode (192,0,2,1,4,1)"
    with scripted(answering("220 FTP", {"FEAT": lure, "AUTH TLS": lure}, lure)) as server:
        measure(PROBE, server.port)
    assert b"PASV" not in b"".join(server.received)
