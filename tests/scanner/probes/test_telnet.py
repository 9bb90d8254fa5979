"""Telnet against GNU telnetd, and against whatever only looks like it."""

import msgspec
import pytest

from core.inventory import Expected
from core.model import Confidence, Criticality, Flagged
from scanner.probes.telnet import PROBE, negotiation, prompt
from tests.checks.judging import judge
from tests.scanner.visiting import measure
from tests.servers import admin
from tests.servers.scripted import scripted


@pytest.mark.real
def test_inetutils_telnetd() -> None:
    with admin.telnetd() as port:
        found = measure(PROBE, port)
    assert found is not None
    assert found.service.protocol == "telnet"
    assert found.service.confidence is Confidence.CERTAIN
    assert "DO TERMINAL-TYPE" in found.service.evidence[0]
    (verdict,) = judge("telnet.exposed", found.service)
    assert isinstance(verdict, Flagged)
    assert verdict.criticality is None


@pytest.mark.parametrize(
    ("greeting", "evidence", "confidence"),
    [
        (b"\xff\xfd\x18\xff\xfb\x01\r\nlogin: ", "options: DO TERMINAL", Confidence.CERTAIN),
        (b"Bloc 3\r\n\xff\xfb\x01\xff\xfb\x03\xff\xfd", "options: WILL ECHO", Confidence.CERTAIN),
        (b"\r\nUser Access Verification\r\n\r\nUsername: ", "prompt: User", Confidence.FIRM),
        (b"Automate CVC\r\nMot de passe : ", "prompt: Mot de passe", Confidence.FIRM),
        (b"\x1b[2J\x1b[1mlogin:", "prompt: login", Confidence.FIRM),
    ],
)
def test_not_one_byte_is_sent(greeting: bytes, evidence: str, confidence: Confidence) -> None:
    with scripted(lambda talk: talk.say(greeting)) as server:
        found = measure(PROBE, server.port)
    assert found is not None
    assert found.service.evidence[0].startswith(evidence)
    assert found.service.confidence is confidence
    assert b"".join(server.received) == b""


@pytest.mark.parametrize(
    "heard",
    [
        b"HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\n\r\nPassword: ",
        b"<html><body>login: ",
        b"SSH-2.0-OpenSSH_9.2\r\nlogin:",
        b"220 FTP server, user name: ",
        b"+OK POP3 password:",
        b"* OK IMAP login:",
        b"@RSYNCD: 31.0\npassword:",
        b"RFB 003.008\n",
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
        b"\xff\xfb",
        b"\x00\x01\x02\x03\xff\xfb\x01\xff\xfd\x18",
        b'{"error": "password: "',
        b"login",
        b"Welcome to the login page",
        b"",
    ],
)
def test_others_are_not_taken_for_telnet(heard: bytes) -> None:
    assert not PROBE.recognises(heard)


def test_sequences_are_read_apart_from_text() -> None:
    read = negotiation(b"\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0bonjour\xff\xf9\xff\xfb\x2a")
    assert read == (("DO TERMINAL-TYPE", "WILL 42"), b"bonjour")
    assert prompt(b"Nom d'utilisateur : ") == "utilisateur :"


def test_inside_tls_is_less_grave_and_says_why() -> None:
    with scripted(lambda talk: talk.say(b"\xff\xfd\x18login: ")) as server:
        found = measure(PROBE, server.port)
    assert found is not None
    inside = msgspec.structs.replace(found.service, tls=True)
    (verdict,) = judge("telnet.exposed", inside)
    assert isinstance(verdict, Flagged)
    assert verdict.criticality is Criticality.MEDIUM
    assert verdict.proofs[-1].id == "inside-tls"
    declared = (Expected(asset="127.0.0.1"),)
    (verdict,) = judge("telnet.exposed", inside, expected=declared)
    assert isinstance(verdict, Flagged)
    assert verdict.criticality is Criticality.INFO
