"""Answers made to exhaust: each ends in a status, within its deadline and its bounds."""

import socket
import struct
import time
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unanswered
from core.observations.tls import Certificate
from scanner.tls.certificates import read_certificate, read_chain
from scanner.tls.revocation import pairs_of
from tests.scanner.tls.asking import assessed
from tests.servers.tls_certs import Issued, issue
from tests.servers.tls_hostile import answering, certificates, record, server_hello
from tests.servers.tls_real import openssl_server

_ENDLESS = 2 << 30
_TAKEN_AT_MOST = 16 << 20
"""By one connection, what the kernel buffers on both sides included."""


@pytest.mark.parametrize(
    "piece",
    [
        record(22, b"\x0b\x00\xff\xff" + bytes(16_000)),
        record(22, bytes(16_000)),
        record(23, bytes(16_000)),
        b"\x16\x03\x03\x40\x00" + bytes(0x4000),
        bytes(16_384),
        b"HTTP/1.1 200 OK\r\n" * 1_000,
    ],
    ids=["messages", "zeros", "data", "records", "garbage", "http"],
)
@pytest.mark.parametrize("hello", [True, False])
def test_two_gigabytes_are_not_taken(piece: bytes, hello: bool) -> None:
    taken: list[int] = []

    def script(connection: socket.socket, _rank: int, _hello: bytes) -> None:
        sent = 0
        with suppress(OSError):
            if hello:
                connection.sendall(record(22, server_hello()))
            while sent < _ENDLESS:
                sent += connection.send(piece)
        taken.append(sent)

    tracemalloc.start()
    try:
        with answering(script) as port, suppress(Unanswered):
            seen = assessed(port, timeout_s=2)
            assert seen.leaf is None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    for _ in range(200):
        # The thread that sent learns of the end a little later.
        if taken:
            break
        time.sleep(0.05)
    assert taken
    assert max(taken) < _TAKEN_AT_MOST
    assert peak < 2 * _TAKEN_AT_MOST


@pytest.mark.real
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_certificate_of_ten_megabytes(tmp_path: Path, version: str) -> None:
    giant = _with_extension(bytes(10 << 20))
    chain, key = giant.files(tmp_path)
    with openssl_server(chain, key, version) as port:
        seen = assessed(port, timeout_s=3)
    # The hello came before it: the version is known, the certificate is not.
    assert (seen.tls1_2, seen.tls1_3) == (version == "-tls1_2", version == "-tls1_3")
    assert seen.leaf is None
    assert seen.why["trust"]


@pytest.mark.real
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_long_chain_by_a_real_server(tmp_path: Path, version: str) -> None:
    authority = issue("AC", ca=True)
    leaf = issue("portail.chu.example", by=authority)
    chain, key = leaf.files(tmp_path, *[authority] * 100)
    with openssl_server(chain, key, version) as port:
        seen = assessed(port, timeout_s=3)
    assert seen.leaf is not None
    assert len(seen.chain) == 10


def _with_extension(body: bytes, oid: str = "1.2.3.4.5") -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    made = issue("géant")
    builder = (
        x509.CertificateBuilder()
        .subject_name(made.certificate.subject)
        .issuer_name(made.certificate.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(made.certificate.not_valid_before_utc)
        .not_valid_after(made.certificate.not_valid_after_utc)
        .add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), body), False)
    )
    return Issued(certificate=builder.sign(key, hashes.SHA256()), key=key)


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size, "big") + body


def _nested(depth: int, tag: int = 0x30) -> bytes:
    made = b""
    for _ in range(depth):
        made = _der(tag, made)
    return made


_NAME = _der(0x30)
_VALIDITY = _der(0x30, _der(0x17, b"240101000000Z"), _der(0x17, b"340101000000Z"))
_SHA256_RSA = _der(0x30, bytes.fromhex("06092a864886f70d01010b"), b"\x05\x00")
_SHA256_ECDSA = _der(0x30, bytes.fromhex("06082a8648ce3d040302"))


def _forged(
    spki: bytes, *, name: bytes = _NAME, more: bytes = b"", serial: bytes = b"\x01"
) -> bytes:
    """Give a certificate that only its outside makes one, signed by nobody."""
    algorithm = _SHA256_RSA
    tbs = _der(
        0x30,
        _der(0xA0, b"\x02\x01\x02"),
        _der(0x02, serial),
        algorithm,
        name,
        _VALIDITY,
        name,
        spki,
        more,
    )
    return _der(0x30, tbs, algorithm, _der(0x03, b"\x00" + bytes(256)))


def _rsa(modulus_bytes: int, exponent: bytes = b"\x01\x00\x01") -> bytes:
    number = _der(0x30, _der(0x02, b"\x7f" + b"\xff" * modulus_bytes), _der(0x02, exponent))
    kind = _der(0x30, bytes.fromhex("06092a864886f70d010101"), b"\x05\x00")
    return _der(0x30, kind, _der(0x03, b"\x00" + number))


def _explicit_ec(field_bytes: int) -> bytes:
    prime = _der(0x30, bytes.fromhex("06072a8648ce3d0101"), _der(0x02, b"\x7f" * field_bytes))
    curve = _der(0x30, _der(0x04, b"\x01" * field_bytes), _der(0x04, b"\x02" * field_bytes))
    numbers = (_der(0x04, b"\x04" + b"\x03" * (2 * field_bytes)), _der(0x02, b"\x7f" * field_bytes))
    parameters = _der(0x30, b"\x02\x01\x01", prime, curve, *numbers, b"\x02\x01\x01")
    kind = _der(0x30, bytes.fromhex("06072a8648ce3d0201"), parameters)
    return _der(0x30, kind, _der(0x03, b"\x00\x04" + b"\x03" * (2 * field_bytes)))


def _names(count: int) -> bytes:
    one = _der(0x31, _der(0x30, bytes.fromhex("0603550403"), _der(0x0C, b"x")))
    return _der(0x30, one * count)


def _extension(oid: str, body: bytes) -> bytes:
    return _der(0x30, bytes.fromhex(oid), _der(0x04, body))


def _extensions(*listed: bytes) -> bytes:
    return _der(0xA3, _der(0x30, *listed))


_SAN, _AIA, _CDP = "0603551d11", "06082b06010505070101", "0603551d1f"
_BOMBS = {
    "nested": _forged(_rsa(256), more=_extensions(_extension(_SAN, _nested(9_000)))),
    "nested name": _forged(_rsa(256), name=_nested(9_000)),
    "nested key": _forged(_der(0x30, _der(0x30, _nested(9_000)), _der(0x03, b"\x00"))),
    "nested explicit": _forged(_rsa(256), more=_nested(5_000, 0xA3)),
    "giant modulus": _forged(_rsa(60_000)),
    "giant exponent": _forged(_rsa(1_900, b"\x7f" + b"\xff" * 1_900)),
    "even modulus": _forged(_rsa(0, b"\x00")),
    "explicit curve": _forged(_explicit_ec(32)),
    "giant curve": _forged(_explicit_ec(8_000)),
    "many attributes": _forged(_rsa(256), name=_names(2_000)),
    "many names": _forged(
        _rsa(256),
        more=_extensions(_extension(_SAN, _der(0x30, *[_der(0x82, b"a.example")] * 5_000))),
    ),
    "many extensions": _forged(
        _rsa(256), more=_extensions(*[_extension(_SAN, _der(0x30))] * 4_000)
    ),
    "many points": _forged(
        _rsa(256),
        more=_extensions(
            _extension(_CDP, _der(0x30, *[_der(0x30)] * 20_000)),
            _extension(_AIA, _der(0x30, *[_der(0x30)] * 5_000)),
        ),
    ),
    "giant serial": _forged(_rsa(256), serial=b"\x7f" * 60_000),
    "too short": b"\x30\x84\xff\xff\xff\xff",
    "indefinite": b"\x30\x80" * 5_000,
}


@pytest.mark.parametrize("bomb", _BOMBS.values(), ids=_BOMBS)
def test_an_asn1_bomb_is_read_or_left(bomb: bytes) -> None:
    facts = read_certificate(bomb)
    assert isinstance(facts, Certificate)
    assert len(facts.names) <= 200
    assert len(facts.subject) <= 1_024
    assert len(facts.serial) <= 1_024
    now = issue("x").certificate.not_valid_before_utc
    read_chain([bomb, bomb, *[issue("y").der] * 3], now)
    assert isinstance(pairs_of([bomb, bomb]), tuple)


@pytest.mark.parametrize("bomb", _BOMBS.values(), ids=_BOMBS)
def test_a_server_that_shows_one_is_measured(bomb: bytes) -> None:
    def script(connection: socket.socket, _rank: int, _hello: bytes) -> None:
        said = server_hello() + certificates(bomb) + struct.pack(">I", 14 << 24)
        for at in range(0, len(said), 16_000):
            connection.sendall(record(22, said[at : at + 16_000]))

    with answering(script) as port:
        seen = assessed(port, timeout_s=3)
    assert seen.tls1_2 is True
    assert len(seen.chain) == 1
    assert seen.revocations == ()


@given(st.sampled_from(sorted(_BOMBS)), st.integers(0, 3_000), st.integers(0, 255))
def test_bombs_with_a_byte_changed(name: str, at: int, byte: int) -> None:
    _any_is_read(_BOMBS[name], at, byte)


@given(st.integers(0, 3_000), st.integers(0, 255))
def test_certificates_with_a_byte_changed(at: int, byte: int) -> None:
    for whole in (_SOUND, _AUTHORITY):
        _any_is_read(whole.der, at, byte)


_AUTHORITY = issue("AC", ca=True)
_SOUND = issue("x", by=_AUTHORITY, names=("a.example",), ocsp="http://a/", crl="http://b/")


def _any_is_read(whole: bytes, at: int, byte: int) -> None:
    data = bytearray(whole)
    data[at % len(data)] = byte
    chain = [bytes(data), _AUTHORITY.der]
    assert isinstance(read_certificate(chain[0]), Certificate)
    read_chain(chain, datetime.now(UTC), roots=[chain[0]])
    pairs_of(chain, roots=[chain[0]])
