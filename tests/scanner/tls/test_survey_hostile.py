"""Servers under load, banning, intolerant or lying: fewer verdicts, never another one."""

import random
import socket
import struct
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Unanswered
from core.model import Intensity, Status
from core.observations.tls import Intolerance, TlsService
from scanner.tls import talk
from tests.scanner.tls.asking import assessed, versions
from tests.servers.tls_certs import issue
from tests.servers.tls_fake import Fake, Hello, faking, read_hello
from tests.servers.tls_hostile import cut, record, server_hello

DER = issue("serveur.example").der
OLD = (0x0303, 0x0302, 0x0301)
WEAK = (0xC02F, 0xC013, 0x002F, 0x0005, 0x000A)
FACTS = (
    *("sslv2", "sslv3", "tls1_0", "tls1_1", "tls1_2", "tls1_3", "rc4", "triple_des", "des"),
    *("null_suites", "anonymous_suites", "export_suites", "weak_curve", "forward_secrecy"),
    *("server_order", "downgrade_protection", "compression", "heartbeat", "dhe"),
)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less between hellos: the servers here do not recover by waiting."""
    monkeypatch.setattr(talk, "_PAUSES_S", (0.01, 0.02, 0.03))
    monkeypatch.setattr(talk, "_SLOW_S", 0.005)


def facts(seen: TlsService) -> dict[str, object]:
    return {name: getattr(seen, name) for name in FACTS}


def close(connection: socket.socket, _why: int = 0) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def plain(**changes: object) -> Fake:
    return Fake(der=DER, **changes)  # type: ignore[arg-type]


def test_a_plain_server_takes_few_connections() -> None:
    with faking(plain()) as port:
        seen = assessed(port, knocked=False, most=14)
    assert versions(seen) == (False, False, True, False)
    assert (seen.sslv2, seen.sslv3) == (False, False)
    assert [one.name for one in seen.accepted["TLS1.2"]] == [
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
    ]
    assert seen.enumerated == ("TLS1.2",)
    assert seen.server_order is True
    assert seen.encrypt_then_mac is True
    assert seen.heartbeat is False


def test_ssl_2_with_export_by_a_fake_of_ours() -> None:
    # No system packages an SSLv2 server any more: this one is written by hand.
    with faking(plain(sslv2=(0x010080, 0x020080))) as port:
        seen = assessed(port, knocked=False)
    assert seen.sslv2 is True
    assert [one.name for one in seen.accepted["SSLv2"]] == [
        "SSL_CK_RC4_128_WITH_MD5",
        "SSL_CK_RC4_128_EXPORT40_WITH_MD5",
    ]
    assert seen.rc4 is True
    assert seen.export_suites is True
    assert seen.leaf is not None


def test_ssl_2_alone() -> None:
    with faking(plain(versions=(), sslv2=(0x0700C0,))) as port:
        seen = assessed(port, knocked=False)
    assert versions(seen) == (False, False, False, False)
    assert seen.sslv2 is True
    assert seen.triple_des is True
    assert seen.leaf is not None


@pytest.mark.parametrize("name", ["heartbeat", "compression", "weak_group"])
def test_what_only_our_own_hellos_ask_for(name: str) -> None:
    with faking(plain(**{name: True})) as port:
        seen = assessed(port, knocked=False)
    field = {"weak_group": "weak_curve"}.get(name, name)
    assert getattr(seen, field) is True
    others = {"heartbeat", "compression", "weak_curve"} - {field}
    assert [getattr(seen, other) for other in others] == [False, False]


def test_a_reused_public_value_is_told() -> None:
    with faking(plain(public=b"\x04" + b"k" * 64)) as port:
        assert assessed(port, knocked=False).ec_public_reused is True
    with faking(plain()) as port:
        assert assessed(port, knocked=False).ec_public_reused is False


def test_cbc_without_encrypt_then_mac() -> None:
    with faking(plain(encrypt_then_mac=False)) as port:
        seen = assessed(port, knocked=False)
    assert (seen.cbc_without_encrypt_then_mac, seen.encrypt_then_mac) == (True, False)


@pytest.mark.parametrize(
    ("minds", "expected"),
    [
        (lambda hello: 43 in hello.extensions, Intolerance.TLS1_3_HELLO),
        (lambda hello: bool(hello.extensions), Intolerance.EXTENSIONS),
        (lambda hello: len(hello.suites) > 60, Intolerance.LONG_HELLO),
        (lambda hello: hello.name != "portail.example", Intolerance.UNKNOWN_NAME),
    ],
)
def test_intolerance_is_worked_around_and_told(minds: object, expected: Intolerance) -> None:
    fake = plain(minds=minds, versions=OLD)
    if expected is Intolerance.UNKNOWN_NAME:
        fake.mind = lambda connection: connection.sendall(bytes.fromhex("15030300020228"))
    names = ("portail.example",) if expected is Intolerance.UNKNOWN_NAME else ()
    with faking(fake) as port:
        seen = assessed(port, *(("autre.example", *names) if names else ()), knocked=False)
    found = {seen.tls1_0, seen.tls1_1, seen.tls1_2}
    if expected is Intolerance.UNKNOWN_NAME:
        assert seen.sni == "portail.example"
        assert found == {True}
        return
    assert expected in seen.intolerances
    assert True in found
    if expected is not Intolerance.EXTENSIONS:
        assert found == {True}


@pytest.mark.parametrize("how", [cut, close])
def test_a_server_that_cuts_instead_of_refusing(how: object) -> None:
    fake = plain(refuse=lambda connection, _why: how(connection))  # type: ignore[operator]
    with faking(fake) as port:
        seen = assessed(port, knocked=False, most=14)
    assert versions(seen) == (False, False, True, False)
    assert seen.rc4 in (False, None)
    assert seen.null_suites in (False, None)
    assert seen.enumerated in ((), ("TLS1.2",))


def truth(**changes: object) -> dict[str, object]:
    with faking(plain(**changes)) as port:
        return facts(assessed(port, knocked=False))


def never_another(seen: TlsService, right: dict[str, object]) -> None:
    for name, value in facts(seen).items():
        assert value is None or value == right[name], name
        if value is None:
            assert seen.why[name]


@pytest.mark.parametrize("trouble", ["reset", "close", "silent"])
@pytest.mark.parametrize("rank", [1, 3, 6])
def test_one_lost_connection_changes_nothing(trouble: str, rank: int) -> None:
    right = truth(versions=OLD, suites=WEAK)
    fake = plain(versions=OLD, suites=WEAK, troubles=lambda at: trouble if at == rank else "")
    with faking(fake) as port:
        seen = assessed(port, knocked=False, timeout_s=0.4)
    never_another(seen, right)
    assert seen.rc4 is True
    assert seen.tls1_0 is True


@pytest.mark.parametrize("allowed", [2, 5, 9, 13])
@pytest.mark.parametrize("trouble", ["reset", "silent"])
def test_a_ban_after_some_connections(allowed: int, trouble: str) -> None:
    right = truth(versions=OLD, suites=WEAK)
    fake = plain(versions=OLD, suites=WEAK, troubles=lambda at: trouble if at >= allowed else "")
    with faking(fake) as port:
        began = time.monotonic()
        seen = assessed(port, knocked=False, timeout_s=0.3)
        assert time.monotonic() - began < 8
    never_another(seen, right)
    # It is not hammered: what fell silent or cuts everything is left alone soon.
    assert fake.opened <= allowed + 7


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.sampled_from([0.1, 0.3, 0.5]))
def test_random_cuts_make_no_verdict(seed: int, share: float) -> None:
    dice = random.Random(seed)
    fates = [dice.random() < share for _ in range(80)]
    fake = plain(versions=OLD, suites=WEAK, troubles=lambda at: "reset" if fates[at] else "")
    right = truth(versions=OLD, suites=WEAK)
    with faking(fake) as port:
        try:
            seen = assessed(port, knocked=False, timeout_s=0.4)
        except Unanswered:
            return
    never_another(seen, right)


def test_few_connections_at_a_time() -> None:
    fake = plain()
    with faking(fake) as port:
        assessed(port, knocked=False)
    # Its threads may notice late that some ended; a dozen hellos at once would still show.
    assert fake.most_at_once <= 5


def test_hellos_go_from_harmless_to_alarming() -> None:
    fake = plain()
    with faking(fake) as port:
        assessed(port, knocked=False)
    alarming = {0x0003, 0x0001, 0x0018, 0x0034, 0x0000}
    kinds = [
        2 if data[0] & 0x80 or alarming & set(read_hello(data).suites) else 1 for data in fake.ranks
    ]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize("subject", ["HP LaserJet 4250", "iLO-CZ12345", "AXIS Q1604"])
def test_a_small_device_is_asked_little(subject: str) -> None:
    fake = Fake(der=issue(subject).der, versions=OLD, suites=WEAK)
    with faking(fake) as port:
        seen = assessed(port, knocked=False, most=6)
    assert seen.spared == "embedded"
    assert seen.stack in {"printer", "bmc", "camera"}
    assert seen.rc4 is True or seen.triple_des is True


def test_discreet_is_two_hellos_without_anything_alarming() -> None:
    fake = plain(versions=OLD)
    with faking(fake) as port:
        seen = assessed(port, knocked=False, intensity=Intensity.DISCREET, most=2)
    assert fake.opened == 2
    assert seen.rc4 is None
    assert seen.why["rc4"] == "intensity"


# Bounds.


def flood(piece: bytes) -> object:
    def mind(connection: socket.socket) -> None:
        connection.sendall(record(22, server_hello()))
        for _ in range(4_000):
            connection.sendall(piece)

    return mind


BIG = record(22, b"\x0b" + (10_000_000).to_bytes(3, "big") + bytes(16_000))


@pytest.mark.parametrize(
    "piece",
    [
        BIG,
        record(22, bytes(16_000)),
        record(21, b"\x01\x00") * 500,
        record(22, b"\x0b") * 2_000,
        record(23, bytes(16_000)),
        record(20, b"\x01") * 1_000,
        b"\x16\x03\x03\x40\x00" + bytes(0x4000),
    ],
    ids=["10 MB certificate", "zeros", "warnings", "one byte records", "data", "ccs", "full"],
)
def test_endless_flights_are_bounded_in_time_and_bytes(piece: bytes) -> None:
    fake = plain(minds=lambda _hello: True, mind=flood(piece))
    with faking(fake) as port:
        began = time.monotonic()
        seen = assessed(port, knocked=False, timeout_s=1)
        assert time.monotonic() - began < 10
    # The ServerHello came before all that.
    assert seen.tls1_2 is True
    assert seen.leaf is None


def test_a_chain_of_ten_thousand() -> None:
    small = b"\x30\x00"
    listed = b"".join(struct.pack(">I", len(small))[1:] + small for _ in range(10_000))
    body = struct.pack(">I", len(listed))[1:] + listed

    def mind(connection: socket.socket) -> None:
        data = server_hello() + b"\x0b" + struct.pack(">I", len(body))[1:] + body
        for at in range(0, len(data), 16_000):
            connection.sendall(record(22, data[at : at + 16_000]))

    with faking(plain(minds=lambda _hello: True, mind=mind)) as port:
        seen = assessed(port, knocked=False, timeout_s=1)
    assert len(seen.chain) == 10
    assert all(one.error for one in seen.chain)


def test_a_byte_now_and_then_ends_with_the_deadline() -> None:
    with faking(plain(troubles=lambda _rank: "drip")) as port:
        began = time.monotonic()
        with pytest.raises(Unanswered) as caught:
            assessed(port, knocked=False, timeout_s=0.5)
        assert caught.value.status is Status.TIMEOUT
        assert time.monotonic() - began < 2


def test_a_slow_server_is_asked_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "_LONGEST_S", 0.6)
    right = truth()

    def slowly(_hello: Hello) -> bool:
        time.sleep(0.25)
        return False

    fake = plain(minds=slowly)
    with faking(fake) as port:
        began = time.monotonic()
        seen = assessed(port, knocked=False)
        assert time.monotonic() - began < 2
    assert fake.opened <= 4
    assert seen.tls1_2 is True
    assert seen.why["sslv2"] == "gave-up"
    never_another(seen, right)
