"""SMTP, IMAP and POP3 against Postfix and Dovecot, and against servers that lie."""

from collections.abc import Callable

import pytest

from core.model import Criticality, Flagged, Intensity, NotMeasured
from core.observations.base import Attempt
from core.observations.mail import MailService
from core.observations.tls import TlsService
from scanner.probes import imap, pop3, smtp
from scanner.visit import Measured, Probe
from tests.checks.judging import judge
from tests.scanner.visiting import measure
from tests.servers import admin
from tests.servers.scripted import Talk, scripted


def seen(found: Measured | None, protocol: str) -> MailService:
    assert found is not None
    assert found.service.protocol == protocol
    assert isinstance(found.seen[0], MailService)
    assert found.seen[0].protocol == protocol
    return found.seen[0]


def dialogue(greeting: str, *answers: str) -> Callable[[Talk], None]:
    def script(talk: Talk) -> None:
        talk.say(f"{greeting}\r\n".encode())
        for answer in answers:
            if not talk.hear():
                return
            talk.say(f"{answer}\r\n".encode())

    return script


def check_tls(found: Measured | None, protocol: str) -> None:
    assert found is not None
    tls = found.seen[1]
    assert isinstance(tls, TlsService)
    assert tls.starttls == protocol
    assert tls.leaf is not None
    assert "mx.chu.example" in tls.leaf.subject


@pytest.mark.real
@pytest.mark.parametrize("starttls", [True, False])
def test_postfix(starttls: bool) -> None:
    with admin.postfix(starttls=starttls) as port:
        found = measure(smtp.PROBE, port)
    one = seen(found, "smtp")
    assert one.starttls is starttls
    assert one.clear_logins == ()
    verdicts = judge("mail.starttls-missing", one)
    if starttls:
        assert verdicts == []
        check_tls(found, "smtp")
    else:
        assert isinstance(verdicts[0], Flagged)
        assert verdicts[0].criticality is Criticality.MEDIUM


@pytest.mark.real
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
@pytest.mark.parametrize("tls", [True, False])
def test_dovecot(protocol: str, tls: bool) -> None:
    probe: Probe = {"imap": imap.PROBE, "pop3": pop3.PROBE}[protocol]
    with admin.dovecot(protocol, tls=tls) as port:
        found = measure(probe, port)
    one = seen(found, protocol)
    assert one.starttls is tls
    assert one.clear_logins is not None
    assert "PLAIN" in one.clear_logins
    verdicts = judge("mail.starttls-missing", one)
    if tls:
        assert verdicts == []
        check_tls(found, protocol)
    else:
        assert isinstance(verdicts[0], Flagged)
        assert verdicts[0].criticality is Criticality.HIGH


@pytest.mark.real
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_dovecot_inside_tls_is_asked_for_no_starttls(protocol: str) -> None:
    probe: Probe = {"imap": imap.PROBE, "pop3": pop3.PROBE}[protocol]
    with admin.dovecot(protocol, tls=True, inside=True) as port:
        found = measure(probe, port, inside_tls=True)
    one = seen(found, protocol)
    assert found is not None
    assert found.service.tls
    assert one.starttls is None
    assert one.clear_logins is None
    assert one.why == {"starttls": "encrypted", "clear_logins": "encrypted"}
    assert judge("mail.starttls-missing", one) == []


def test_smtp_carries_the_operators_contact_and_offers_no_mail() -> None:
    with scripted(dialogue("220 x ESMTP", "250-x\r\n250-AUTH PLAIN login\r\n250 HELP")) as server:
        one = seen(measure(smtp.PROBE, server.port), "smtp")
    sent = b"".join(server.received)
    assert sent == b"EHLO vigie.securite.grades.example\r\nQUIT\r\n"
    assert one.clear_logins == ("PLAIN", "LOGIN")
    (verdict,) = judge("mail.starttls-missing", one)
    assert isinstance(verdict, Flagged)
    assert verdict.criticality is Criticality.HIGH


def test_smtp_waits_for_the_whole_greeting() -> None:
    def script(talk: Talk) -> None:
        talk.say(b"220-patience\r\n")
        assert talk.heard == b""
        talk.say(b"220 x ESMTP\r\n")
        talk.hear()
        talk.say(b"250 x\r\n")

    with scripted(script) as server:
        one = seen(measure(smtp.PROBE, server.port), "smtp")
    assert one.greeting == "220 patience x ESMTP"


@pytest.mark.parametrize(
    ("greeting", "answer", "starttls", "why"),
    [
        ("220 x ESMTP", "500 what?", False, ""),
        ("220 x ESMTP", "550 5.7.1 listed", None, "refused"),
        ("220 x ESMTP", "421 busy", None, "rate-limited"),
        ("554 No SMTP service here", "221 bye", None, "refused"),
        ("220 x ESMTP", "garbage", None, "protocol-error"),
    ],
)
def test_smtp_refusals(greeting: str, answer: str, starttls: bool | None, why: str) -> None:
    with scripted(dialogue(greeting, answer)) as server:
        one = seen(measure(smtp.PROBE, server.port), "smtp")
    assert one.starttls is starttls
    assert one.why.get("starttls", "").startswith(why)
    expected = NotMeasured if starttls is None else Flagged
    assert [type(verdict) for verdict in judge("mail.starttls-missing", one)] == [expected]


def test_starttls_announced_and_refused_is_not_silent() -> None:
    def script(talk: Talk) -> None:
        talk.say(b"220 x ESMTP\r\n")
        while said := talk.hear():
            talk.say(b"250-x\r\n250 STARTTLS\r\n" if said[:4] == b"EHLO" else b"454 no\r\n")

    with scripted(script) as server:
        found = measure(smtp.PROBE, server.port)
    assert seen(found, "smtp").starttls is True
    assert found is not None
    assert isinstance(found.seen[1], Attempt)
    assert found.seen[1].probe == "smtp-starttls"


def test_ftp_is_not_taken_for_mail() -> None:
    assert not smtp.PROBE.recognises(b"220 ProFTPD Server\r\n")
    assert smtp.PROBE.recognises(b"220 ftp.chu.example ESMTP\r\n")
    with scripted(dialogue("220 Bonjour", "500 EHLO not understood")) as server:
        assert measure(smtp.PROBE, server.port) is None
    with scripted(dialogue("220 Bonjour", "250 x")) as server:
        assert seen(measure(smtp.PROBE, server.port), "smtp").starttls is False


def test_imap_asks_only_when_the_greeting_is_short() -> None:
    greeting = "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=GSSAPI] x"
    with scripted(dialogue(greeting)) as server:
        one = seen(measure(imap.PROBE, server.port), "imap")
    assert b"".join(server.received) == b"v2 LOGOUT\r\n"
    assert one.clear_logins == ("GSSAPI",)
    capable = "* CAPABILITY IMAP4rev1\r\nv1 OK done"
    with scripted(dialogue("* OK x", capable)) as server:
        one = seen(measure(imap.PROBE, server.port), "imap")
    assert b"".join(server.received) == b"v1 CAPABILITY\r\nv2 LOGOUT\r\n"
    assert one.starttls is False
    assert one.clear_logins == ("LOGIN",)


@pytest.mark.parametrize("after", ["v1 BAD no", "* CAPABILITY", "* x\r\n" * 200])
def test_imap_keeps_the_greeting_whatever_follows(after: str) -> None:
    with scripted(dialogue("* OK x", after)) as server:
        one = seen(measure(imap.PROBE, server.port, timeout_s=0.5), "imap")
    assert one.starttls is None
    assert one.why["starttls"]


def test_imap_bye_is_a_refusal() -> None:
    with scripted(dialogue("* BYE too many connections")) as server:
        one = seen(measure(imap.PROBE, server.port), "imap")
    assert one.why["starttls"].startswith("refused")


@pytest.mark.parametrize(
    ("intensity", "sent", "starttls"),
    [
        (Intensity.STANDARD, b"CAPA\r\nSTLS\r\nQUIT\r\n", False),
        (Intensity.DISCREET, b"CAPA\r\nQUIT\r\n", None),
    ],
)
def test_pop3_without_capa(intensity: Intensity, sent: bytes, starttls: bool | None) -> None:
    with scripted(dialogue("+OK x", "-ERR what?", "-ERR what?")) as server:
        one = seen(measure(pop3.PROBE, server.port, intensity=intensity), "pop3")
    assert b"".join(server.received) == sent
    assert one.starttls is starttls
    assert one.clear_logins is None


def test_pop3_only_looks_like_it() -> None:
    with scripted(dialogue("+OK x", "$5 hello")) as server:
        assert measure(pop3.PROBE, server.port) is None
    assert not pop3.PROBE.recognises(b"+OKAY")
