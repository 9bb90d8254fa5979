"""Verdicts on real servers: each is right, within the connections allowed."""

import base64
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio

from core.errors import Unanswered
from core.model import Intensity, Place
from core.observations.tls import KeyType, TlsService, Trust
from scanner.tls.assess import assess, knock
from scanner.tls.handshake import shake
from tests.scanner.tls.asking import assessed, plain, versions
from tests.servers.tls_certs import by_openssl, issue
from tests.servers.tls_real import gnutls_server, nginx, openssl_server

pytestmark = pytest.mark.real
NAME = "portail.chu.example"
LEGACY = ("-cipher", "ALL:@SECLEVEL=0")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give a chain of two and its key."""
    ca = issue("AC interne", ca=True, rsa_bits=2048)
    leaf = issue(NAME, by=ca, names=(NAME,), rsa_bits=2048)
    return leaf.files(tmp_path_factory.mktemp("tls"), ca)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), (False, False, True, True)),
        (("-tls1_3",), (False, False, False, True)),
        (("-tls1_2",), (False, False, True, False)),
        (("-no_tls1_3", *LEGACY), (True, True, True, False)),
        (LEGACY, (True, True, True, True)),
        (("-no_tls1_2", "-no_tls1_1", *LEGACY), (True, False, False, True)),
        (("-tls1_1", *LEGACY), (False, True, False, False)),
        (("-tls1", *LEGACY), (True, False, False, False)),
    ],
    ids=lambda value: " ".join(map(str, value)) or "default",
)
def test_versions_of_openssl(
    files: tuple[Path, Path], options: tuple[str, ...], expected: tuple[bool, ...]
) -> None:
    with openssl_server(*files, *options) as port:
        seen = assessed(port)
    assert versions(seen) == expected
    assert seen.trust is Trust.PRIVATE
    assert seen.chain_ordered is True
    assert [one.error for one in seen.chain] == ["", ""]
    assert seen.leaf is not None
    assert seen.leaf.names == (NAME,)
    assert seen.forward_secrecy is True
    assert seen.secure_renegotiation is True
    assert seen.extended_master_secret is True
    assert seen.sslv2 is False
    assert seen.sslv3 is False
    assert seen.connections <= (45 if expected[0] or expected[1] else 14)


def test_static_rsa_has_no_forward_secrecy(files: tuple[Path, Path]) -> None:
    with openssl_server(*files, "-tls1_2", "-cipher", "kRSA") as port:
        seen = assessed(port)
    assert seen.forward_secrecy is False
    assert seen.dhe is False
    assert seen.suites == {"TLS1.2": "TLS_RSA_WITH_AES_256_GCM_SHA384"}


def test_dh_1024_hides_nothing(files: tuple[Path, Path], tmp_path: Path) -> None:
    # MODP 1024 of RFC 2409 §6.2, in DER: making parameters takes minutes.
    prime = (
        "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A0879"
        "8E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B"
        "0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"
    )
    parameters = tmp_path / "dh.pem"
    parameters.write_bytes(_pem(bytes.fromhex("308187028181" + "00" + prime + "020102")))
    options = ("-tls1_2", "-cipher", "kDHE:@SECLEVEL=0", "-dhparam", str(parameters))
    with openssl_server(*files, *options) as port:
        seen = assessed(port)
    assert (seen.dhe, seen.dh_bits) == (True, 1024)
    assert seen.leaf is not None
    assert seen.leaf.names == (NAME,)
    assert seen.tls1_2 is True


def _pem(der: bytes) -> bytes:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN DH PARAMETERS-----\n{body}-----END DH PARAMETERS-----\n".encode()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_wanted_client_certificate_hides_nothing(files: tuple[Path, Path], version: str) -> None:
    with openssl_server(*files, version, "-Verify", "1", "-verify_return_error") as port:
        seen = assessed(port)
    assert len(seen.chain) == 2
    assert seen.tls1_2 is (version == "-tls1_2")
    assert seen.tls1_3 is (version == "-tls1_3")
    assert seen.client_certificate is True
    assert "client_certificate" not in seen.why


def test_a_client_certificate_that_was_missed_inside_is_told(files: tuple[Path, Path]) -> None:
    async def run(port: int) -> TlsService:
        knocked = await knock(await plain(port), None)
        assert knocked.stream is not None
        with pytest.raises(Unanswered, match="TLS"):
            await knocked.stream.receive()
        await knocked.stream.aclose()
        return await assess(
            knocked,
            lambda: plain(port),
            place=Place(establishment="e"),
            names=(),
            intensity=Intensity.DISCREET,
            now=lambda: datetime.now(UTC),
        )

    with openssl_server(*files, "-tls1_3", "-Verify", "1", "-verify_return_error") as port:
        assert trio.run(run, port).client_certificate is True


@pytest.mark.parametrize("options", [("-sha1",), ("-md5",)])
def test_a_bad_certificate_is_seen(tmp_path: Path, options: tuple[str, ...]) -> None:
    made = by_openssl(tmp_path, "-newkey", "rsa:1024", *options)
    with openssl_server(*made, *LEGACY) as port:
        seen = assessed(port)
    assert seen.leaf is not None
    assert (seen.leaf.key_type, seen.leaf.key_bits) == (KeyType.RSA, 1024)
    assert seen.leaf.signature_hash == options[0][1:]
    assert seen.trust is Trust.SELF_SIGNED
    assert seen.tls1_2 is True


def test_discreet_takes_two_connections(files: tuple[Path, Path]) -> None:
    with openssl_server(*files, *LEGACY) as port:
        seen = assessed(port, intensity=Intensity.DISCREET, most=2)
    assert versions(seen) == (None, None, True, True)
    assert seen.why["tls1_0"] == seen.why["dh_bits"] == "intensity"
    assert seen.spared == "intensity"
    assert seen.leaf is not None
    with openssl_server(*files, "-tls1", *LEGACY) as port:
        seen = assessed(port, intensity=Intensity.DISCREET, most=2)
    assert versions(seen) == (True, False, False, False)


def test_nginx_with_tls_1_0(files: tuple[Path, Path], tmp_path: Path) -> None:
    chain, key = files
    server = (
        f"ssl_certificate {chain}; ssl_certificate_key {key};"
        " ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;"
    )
    with nginx(tmp_path, server) as port:
        seen = assessed(port)
    assert versions(seen) == (True, True, True, False)


def test_nginx_out_of_the_box(files: tuple[Path, Path], tmp_path: Path) -> None:
    # Debian's has TLS 1.0 in its list and OpenSSL at a level that forbids it: internal_error.
    chain, key = files
    server = f"ssl_certificate {chain}; ssl_certificate_key {key};"
    with nginx(tmp_path, server) as port:
        seen = assessed(port)
    assert versions(seen)[:3] == (False, False, True)
    assert seen.forward_secrecy is True


@pytest.mark.parametrize("names", [("autre.example", NAME), (NAME,)])
def test_a_server_that_wants_a_name_gets_one(
    files: tuple[Path, Path], tmp_path: Path, names: tuple[str, ...]
) -> None:
    chain, key = files
    server = f"server_name {NAME}; ssl_certificate {chain}; ssl_certificate_key {key};"
    refusing = "server { listen 127.0.0.1:PORT ssl default_server; ssl_reject_handshake on; }"
    with nginx(tmp_path, server, refusing) as port:
        seen = assessed(port, *names)
        assert seen.sni == NAME
        assert seen.tls1_2 is True
        assert seen.leaf is not None
        assert not seen.name_needed
        nameless = assessed(port)
        assert nameless.name_needed
        assert versions(nameless) == (None, None, None, None)
        assert nameless.why["tls1_2"] == "name-needed: unrecognized_name"
        assert nameless.why["chain"] == "name-needed"
        by_address = assessed(port, "127.0.0.1")
        assert by_address.name_needed


@pytest.mark.parametrize(
    ("priority", "expected"),
    [
        ("NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3", (False, False, True, True)),
        ("LEGACY:+VERS-TLS1.0:+VERS-TLS1.1", (True, True, True, True)),
        ("LEGACY:-VERS-ALL:+VERS-TLS1.0:%DISABLE_SAFE_RENEGOTIATION", (True, False, False, False)),
    ],
)
def test_versions_of_gnutls(
    files: tuple[Path, Path], priority: str, expected: tuple[bool, ...]
) -> None:
    with gnutls_server(*files, priority) as port:
        seen = assessed(port)
    assert versions(seen) == expected
    assert len(seen.chain) == 2
    if "DISABLE_SAFE" in priority:
        assert seen.secure_renegotiation is False


def test_a_connection_limit_makes_no_wrong_verdict(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    chain, key = files
    server = (
        f"ssl_certificate {chain}; ssl_certificate_key {key}; limit_conn one 1;"
        " ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;"
    )
    limits = "limit_conn_zone $binary_remote_addr zone=one:1m;"
    with nginx(tmp_path, server, limits) as port:
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        seen = assessed(port)
        for one in held:
            one.close()
    assert False not in versions(seen)[:3]
    assert seen.tls1_3 is not True


def test_the_tunnel_is_the_connection_that_knocked(files: tuple[Path, Path]) -> None:
    async def run(port: int) -> bytes:
        knocked = await knock(await plain(port), NAME)
        assert knocked.is_tls
        assert knocked.server_name == NAME
        assert knocked.stream is not None
        async with knocked.stream as stream:
            await stream.send(b"GET / HTTP/1.0\r\n\r\n")
            return await stream.receive_until(b"\r\n")

    with openssl_server(*files) as port:
        assert trio.run(run, port).startswith(b"HTTP/1.0 200")


def test_an_http_server_answers_our_hello_with_http(tmp_path: Path) -> None:
    with nginx(tmp_path, "", mode="") as port:

        async def run() -> None:
            stream = await plain(port)
            knocked = await knock(stream, None)
            assert not knocked.is_tls
            assert knocked.stream is None
            assert knocked.said.startswith(b"HTTP/1.1 400")
            assert stream.heard.startswith(b"HTTP/1.1 400")

        trio.run(run)


def test_records_cut_very_small_are_tls_all_the_same(files: tuple[Path, Path]) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def relay(upstream: int) -> None:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", upstream))
        with client, server, suppress(OSError):
            client.settimeout(5)
            server.settimeout(5)
            server.sendall(client.recv(4_096))
            head = server.recv(5, socket.MSG_WAITALL)
            body = server.recv(int.from_bytes(head[3:], "big"), socket.MSG_WAITALL)
            for at in range(0, len(body), 2):
                part = body[at : at + 2]
                client.sendall(head[:3] + len(part).to_bytes(2, "big") + part)
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            _pump(server, client)

    async def run() -> None:
        made = await shake(await plain(listener.getsockname()[1]), None)
        assert made.flight.is_tls
        assert made.flight.version == 0x0303
        assert made.chain

    with openssl_server(*files, "-tls1_2") as port, listener:
        thread = threading.Thread(target=relay, args=(port,), daemon=True)
        thread.start()
        trio.run(run)
        thread.join(5)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(4_096):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
