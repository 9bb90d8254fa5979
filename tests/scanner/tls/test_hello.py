"""Hellos as a real stack reads them, in memory."""

import ssl
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.tls import hello
from scanner.tls.hello import Offer, client_hello, dtls_hello, first_record, sslv2_hello
from scanner.tls.registry import SSL3, TLS1_0, TLS1_2, TLS1_3, harmless, of_version, suites
from scanner.tls.wire import Reader
from tests.servers.tls_certs import issue
from tests.servers.tls_fake import read_hello


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Give a server's context with an EC certificate."""
    chain, key = issue("x.example").files(tmp_path_factory.mktemp("hello"))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(chain, key)
    made.set_alpn_protocols(["h2"])
    return made


def answered(context: ssl.SSLContext, data: bytes) -> Reader:
    """Give what OpenSSL answers to a hello."""
    heard, said = ssl.MemoryBIO(), ssl.MemoryBIO()
    inside = context.wrap_bio(heard, said, server_side=True)
    heard.write(data)
    with pytest.raises(ssl.SSLError):
        inside.do_handshake()
    reader = Reader()
    reader.feed(said.read())
    return reader


def test_tls_1_3_without_a_share_is_retried(context: ssl.SSLContext) -> None:
    offer = Offer(suites=tuple(of_version(TLS1_3)), server_name="x.example")
    flight = answered(context, first_record(offer)).flight
    assert (flight.version, flight.retry, flight.group) == (TLS1_3, True, hello.X25519)


def test_tls_1_2_is_answered_whole(context: ssl.SSLContext) -> None:
    offer = Offer(ceiling=TLS1_2, suites=harmless(TLS1_2), alpn=("h2",))
    flight = answered(context, first_record(offer)).flight
    assert flight.version == TLS1_2
    assert flight.hello_done
    assert flight.alpn == "h2"
    assert len(flight.certificates) == 1
    assert suites()[flight.suite or 0].signed_by == "ECDSA"
    assert flight.scheme == 0x0403
    assert flight.group == hello.X25519


@given(
    ceiling=st.sampled_from([SSL3, TLS1_0, TLS1_2, TLS1_3]),
    listed=st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=400),
    name=st.none() | st.from_regex(r"[a-z]{1,20}\.example", fullmatch=True),
    compression=st.booleans(),
    curious=st.booleans(),
)
def test_a_hello_says_what_was_meant(
    ceiling: int, listed: list[int], name: str | None, compression: bool, curious: bool
) -> None:
    offer = Offer(
        ceiling=ceiling,
        suites=tuple(listed),
        server_name=name,
        compression=compression,
        curious=curious,
    )
    data = first_record(offer)
    assert len(data) == 5 + int.from_bytes(data[3:5], "big")
    assert len(data) == 9 + int.from_bytes(data[6:9], "big")
    # Some load balancers fall silent at these sizes.
    assert not 255 < len(data) - 5 < 512 or ceiling == SSL3
    read = read_hello(data)
    assert read.suites[: len(listed)] == tuple(listed)
    if ceiling == SSL3:
        assert read.extensions == {}
        assert read.suites[-1] == 0x00FF
    else:
        assert read.versions[0] == ceiling
        assert read.name == (name or "")
    assert (15 in read.extensions) is (curious and SSL3 < ceiling < TLS1_3)


def test_no_two_hellos_share_their_random() -> None:
    offer = Offer(suites=(0x1301,))
    assert len({client_hello(offer)[6:38] for _ in range(20)}) == 20


def test_sslv2_lists_every_kind() -> None:
    data = sslv2_hello()
    assert struct.unpack(">H", data[:2])[0] & 0x7FFF == len(data) - 2
    kind, version, kinds, session, challenge = struct.unpack(">BHHHH", data[2:11])
    assert (kind, version, session, challenge) == (1, 2, 0, 16)
    assert len(data) == 11 + kinds + 16
    assert b"\x02\x00\x80" in data


@pytest.mark.parametrize("cookie", [b"", b"c" * 32])
def test_dtls_puts_the_cookie_behind_the_session(cookie: bytes) -> None:
    offer = Offer(ceiling=TLS1_2, suites=(0xC02B, 0xC02F))
    data = dtls_hello(offer, cookie=cookie, random=bytes(32), number=bool(cookie))
    kind, version, epoch, high, low, size = struct.unpack(">BHHHIH", data[:13])
    assert (kind, version, epoch, high) == (22, 0xFEFF, 0, 0)
    assert low == bool(cookie)
    assert size == len(data) - 13
    assert data[25:27] == b"\xfe\xfd"
    assert data[25 + 34 : 25 + 36 + len(cookie)] == b"\0" + bytes([len(cookie)]) + cookie
