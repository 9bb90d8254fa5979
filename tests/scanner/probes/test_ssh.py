"""SSH against OpenSSH, Dropbear, and servers that lie."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.registry import by_id
from core.errors import Unanswered
from core.model import Criticality, Flagged, Status
from core.observations.ssh import SshService
from scanner.probes.ssh import PROBE, parse_kexinit
from tests.checks.judging import judge
from tests.scanner.visiting import measure
from tests.servers import admin
from tests.servers.scripted import Talk, scripted


def kexinit(*lists: str) -> bytes:
    """Give the payload of a KEXINIT; lists left out are empty."""
    payload = bytes([20]) + bytes(16)
    for names in (*lists, *[""] * (10 - len(lists))):
        payload += struct.pack(">I", len(names)) + names.encode()
    return payload + bytes(5)


def packet(payload: bytes) -> bytes:
    """Wrap a payload as RFC 4253 §6 wants."""
    padding = 16 - (len(payload) + 5) % 8
    return struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)


def seen(port: int) -> SshService:
    found = measure(PROBE, port)
    assert found is not None
    assert found.service.protocol == "ssh"
    assert isinstance(found.seen[0], SshService)
    return found.seen[0]


@pytest.mark.real
def test_openssh_at_its_defaults_has_nothing_but_hmac_sha1() -> None:
    with admin.sshd() as port:
        one = seen(port)
    assert one.software.startswith("OpenSSH_")
    assert one.protocol_2
    assert not one.protocol_1
    assert one.key_exchanges is not None
    assert "curve25519-sha256" in one.key_exchanges
    assert judge("ssh.weak-algorithms", one) == []
    assert judge("ssh.protocol-1", one) == []
    # Distributions carried the answer to Terrapin back to every version that they maintain.
    assert one.strict_key_exchange is True
    assert judge("ssh.terrapin", one) == []
    assert isinstance(judge("ssh.legacy-mac", one)[0], Flagged)


@pytest.mark.real
def test_openssh_hardened_is_clean() -> None:
    with admin.sshd("MACs hmac-sha2-256-etm@openssh.com", "Ciphers aes256-gcm@openssh.com") as port:
        one = seen(port)
    assert one.macs == ("hmac-sha2-256-etm@openssh.com",)
    assert judge("ssh.legacy-mac", one) == judge("ssh.weak-algorithms", one) == []


@pytest.mark.real
def test_openssh_weakened_is_told_family_by_family() -> None:
    weak = (
        "KexAlgorithms diffie-hellman-group1-sha1",
        "Ciphers 3des-cbc",
        "MACs hmac-md5",
        "HostKeyAlgorithms ssh-rsa",
    )
    with admin.sshd(*weak, key="rsa") as port:
        (verdict,) = judge("ssh.weak-algorithms", seen(port))
    assert isinstance(verdict, Flagged)
    assert verdict.criticality is Criticality.HIGH
    families = {proof.id for proof in verdict.proofs}
    assert families == {"sha1-exchange", "group1", "cbc", "3des", "md5", "ssh-rsa-only"}


@pytest.mark.real
def test_dropbear() -> None:
    with admin.dropbear() as port:
        one = seen(port)
    assert one.software.startswith("dropbear")
    (verdict,) = judge("ssh.weak-algorithms", one)
    assert isinstance(verdict, Flagged)
    assert verdict.criticality is Criticality.MEDIUM
    assert judge("ssh.legacy-mac", one)


def test_lines_may_come_before_the_identification() -> None:
    def script(talk: Talk) -> None:
        talk.say(b"Acces reserve\r\nToute intrusion est punie\r\nSSH-2.0-Exemple_1 bonjour\r\n")
        talk.hear()
        talk.say(packet(b"\x02\x00\x00\x00\x00") + packet(kexinit("a-sha256", "ssh-ed25519", "b")))

    with scripted(script) as server:
        one = seen(server.port)
    assert one.identification == "SSH-2.0-Exemple_1 bonjour"
    assert one.software == "Exemple_1"
    assert one.key_exchanges == ("a-sha256",)
    assert one.ciphers == ("b",)


def test_says_who_asks_and_nothing_more() -> None:
    def script(talk: Talk) -> None:
        talk.say(b"SSH-2.0-x\r\n")
        talk.hear()
        talk.say(packet(kexinit("a")))

    with scripted(script) as server:
        seen(server.port)
    assert b"".join(server.received) == b"SSH-2.0-Vigie securite@grades.example\r\n"


def test_version_1_alone_is_sent_nothing() -> None:
    with scripted(lambda talk: talk.say(b"SSH-1.5-Cisco-1.25\n")) as server:
        one = seen(server.port)
    assert b"".join(server.received) == b""
    assert one.protocol_1
    assert not one.protocol_2
    assert one.key_exchanges is None
    assert by_id()["ssh.protocol-1"].criticality is Criticality.HIGH
    assert isinstance(judge("ssh.protocol-1", one)[0], Flagged)


def test_1_99_promises_both() -> None:
    def script(talk: Talk) -> None:
        talk.say(b"SSH-1.99-Cisco-1.25\n")
        talk.hear()
        talk.say(packet(kexinit("diffie-hellman-group1-sha1", "ssh-rsa", "3des-cbc")))

    with scripted(script) as server:
        one = seen(server.port)
    assert one.protocol_1
    assert one.protocol_2
    assert one.host_keys == ("ssh-rsa",)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(struct.pack(">IB", 0xFFFFFFFF, 4), id="lying-packet-length"),
        pytest.param(struct.pack(">IB", 12, 200) + bytes(11), id="padding-longer-than-packet"),
        pytest.param(packet(kexinit("a")[:40]), id="cut-kexinit"),
        pytest.param(packet(b"\x14" + bytes(16) + b"\xff\xff\xff\xff"), id="lying-list"),
        pytest.param(packet(kexinit("a," * 400)), id="endless-list"),
        pytest.param(packet(b"\x01" + bytes(4) + b"\0\0\0\x03bye\0\0\0\0"), id="disconnect"),
        pytest.param(packet(b"\x02\0\0\0\0") * 6, id="only-ignore"),
        pytest.param(b"Protocol mismatch.\n", id="text"),
    ],
)
def test_keeps_the_identification_whatever_follows(after: bytes) -> None:
    def script(talk: Talk) -> None:
        talk.say(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        talk.hear()
        talk.say(after)
        talk.leave()

    with scripted(script) as server:
        one = seen(server.port)
    assert one.protocol_2
    assert one.key_exchanges is one.macs is one.ciphers is None
    assert set(one.why) >= {"key_exchanges", "ciphers", "macs", "host_keys"}


def test_a_server_that_sheds_load_is_told_as_such() -> None:
    with (
        scripted(lambda talk: talk.say(b"Exceeded MaxStartups\r\n")) as server,
        pytest.raises(Unanswered) as told,
    ):
        measure(PROBE, server.port)
    assert told.value.status is Status.RATE_LIMITED


def test_an_endless_banner_is_given_up() -> None:
    def script(talk: Talk) -> None:
        for _ in range(2_000):
            talk.say(b"bienvenue\r\n")

    with scripted(script) as server:
        assert measure(PROBE, server.port) is None


@given(st.binary(max_size=400))
def test_kexinit_parser_is_total(data: bytes) -> None:
    for payload in (data, b"\x14" + bytes(16) + data):
        with suppress(Unanswered):
            assert len(parse_kexinit(payload)) == 10
