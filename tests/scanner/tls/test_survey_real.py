"""Suites, groups, tickets and what else a handshake tells, on real stacks."""

import base64
import re
import struct
import subprocess
from datetime import date
from pathlib import Path

import pytest

from checks.tls import outside_policy
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Flagged
from core.observations.tls import KeyType
from tests.scanner.tls.asking import assessed, versions
from tests.servers.real import need
from tests.servers.tls_certs import by_openssl, issue
from tests.servers.tls_real import gnutls_server, jsse, nginx, openssl_server

pytestmark = pytest.mark.real
NAME = "portail.chu.example"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give a chain of two and its key."""
    ca = issue("AC interne", ca=True, rsa_bits=2048)
    leaf = issue(NAME, by=ca, names=(NAME,), rsa_bits=2048)
    return leaf.files(tmp_path_factory.mktemp("tls"), ca)


def names_of(ciphers: str) -> set[str]:
    """Give IANA names of an OpenSSL cipher string, TLS 1.3 aside."""
    argv = [need("openssl"), "ciphers", "-stdname", "-s", "-tls1_2", ciphers]
    lines = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split()[0] for line in lines if line.startswith("TLS_")}


@pytest.mark.parametrize(
    "ciphers",
    [
        "ECDHE+AESGCM",
        "ECDHE+AESGCM:ECDHE+AES:!ECDSA",
        "kRSA+AES",
        "DHE+AES",
        "ALL:!kPSK:!SRP:!ARIA:!CAMELLIA:!AESCCM:!AESCCM8:@SECLEVEL=0",
    ],
)
def test_every_suite_of_openssl_is_listed(files: tuple[Path, Path], ciphers: str) -> None:
    options = ("-tls1_2", "-cipher", ciphers, "-serverpref")
    with openssl_server(*files, *options) as port:
        seen = assessed(port, thorough=True)
    found = {one.name for one in seen.accepted["TLS1.2"]}
    usable = {one for one in names_of(ciphers) if not re.search("ECDSA|PSK|DSS", one)}
    assert found == usable
    assert "TLS1.2" in seen.enumerated
    assert seen.server_order is True


def test_suites_and_groups_of_tls_1_3(files: tuple[Path, Path]) -> None:
    options = ("-tls1_3", "-groups", "P-521:X448:P-256", "-serverpref")
    with openssl_server(*files, *options) as port:
        seen = assessed(port, thorough=True)
    assert {one.name for one in seen.accepted["TLS1.3"]} == {
        "TLS_AES_256_GCM_SHA384",
        "TLS_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256",
    }
    assert set(seen.groups["TLS1.3"]) == {"secp521r1", "x448", "secp256r1"}
    assert seen.enumerated == seen.groups_enumerated == ("TLS1.3",)
    assert seen.hello_retry is True
    assert seen.hybrid_groups is False


def test_groups_below_tls_1_3(files: tuple[Path, Path]) -> None:
    options = ("-tls1_2", "-groups", "P-384:secp224r1:P-256", "-cipher", "ECDHE:@SECLEVEL=0")
    with openssl_server(*files, *options) as port:
        seen = assessed(port, thorough=True)
    assert set(seen.groups["TLS1.2"]) >= {"secp384r1", "secp256r1", "secp224r1"}
    assert seen.weak_curve is True


@pytest.mark.parametrize(
    "suite",
    [
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_CCM_SHA256",
        "TLS_AES_128_CCM_8_SHA256",
    ],
)
@pytest.mark.parametrize("group", ["X25519", "P-256", "P-384", "P-521", "X448"])
def test_what_tls_1_3_encrypts_is_read(files: tuple[Path, Path], suite: str, group: str) -> None:
    options = ("-tls1_3", "-ciphersuites", suite, "-groups", group, "-alpn", "http/1.1")
    with openssl_server(*files, *options) as port:
        seen = assessed(port, knocked=False)
    assert len(seen.chain) == 2
    assert seen.alpn == ("http/1.1",)
    assert seen.client_certificate is False
    assert seen.ticket_lifetime_s == 7200
    assert seen.early_data_bytes == 0
    assert seen.signature_schemes["TLS1.3"] == ("rsa_pss_rsae_sha256",)


def test_nginx_early_data_and_protocols(files: tuple[Path, Path], tmp_path: Path) -> None:
    chain, key = files
    server = (
        f"ssl_certificate {chain}; ssl_certificate_key {key}; ssl_early_data on;"
        " ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM; ssl_prefer_server_ciphers on;"
    )
    with nginx(tmp_path, server, mode="ssl http2") as port:
        seen = assessed(port, NAME, most=14)
    assert seen.early_data_bytes == 16_384
    assert seen.alpn == ("h2", "http/1.1")
    assert (seen.downgrade_protection, seen.server_order) == (True, True)
    assert seen.weak_curve is seen.weak_signature is seen.heartbeat is seen.compression is False
    assert {
        name: value
        for name, value in seen.why.items()
        if name not in {"accepted", "groups", "encrypt_then_mac", "dh_bits"}
    } == {"dh_public_reused": "not-offered"}


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3", "-no_tls1_1"])
def test_two_kinds_of_keys_are_two_chains(
    files: tuple[Path, Path], tmp_path: Path, version: str
) -> None:
    authority = issue("AC", ca=True, rsa_bits=2048)
    chain, key = issue(NAME, names=(NAME,), by=authority).files(tmp_path)
    options = ("-dcert", str(chain), "-dkey", str(key))
    with openssl_server(*files, *options, version) as port:
        seen = assessed(port, most=14)
    kinds = {one.chain[0].key_type for one in seen.also_shown} | {seen.chain[0].key_type}
    assert kinds == {KeyType.RSA, KeyType.EC}


def test_another_name_may_have_another_certificate(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    chain, key = issue("autre.example", names=("autre.example",)).files(tmp_path)
    options = ("-servername", "autre.example", "-cert2", str(chain), "-key2", str(key))
    with openssl_server(*files, *options) as port:
        seen = assessed(port, NAME, "autre.example")
    assert seen.chain[0].names == (NAME,)
    assert [(one.sni, one.chain[0].names) for one in seen.also_shown] == [
        ("autre.example", ("autre.example",))
    ]


def test_a_sound_curve_outside_the_reference_is_told(files: tuple[Path, Path]) -> None:
    ciphers = ("-tls1_2", "-cipher", "ECDHE+AESGCM")
    with openssl_server(*files, *ciphers, "-groups", "secp256k1:X25519") as port:
        seen = assessed(port, thorough=True)
    assert set(seen.groups["TLS1.2"]) == {"secp256k1", "x25519"}
    assert seen.weak_curve is False
    facts = Facts(today=date(2026, 1, 1), knowledge=load_knowledge())
    (outside,) = outside_policy.judge(seen, facts)
    assert isinstance(outside, Flagged)
    assert [proof.values["groups"] for proof in outside.proofs] == ["secp256k1"]


@pytest.mark.parametrize("curve", ["prime256v1", "secp384r1"])
@pytest.mark.parametrize("options", [(), ("-serverpref",)])
def test_the_curve_of_the_key_hides_no_other(
    tmp_path: Path, curve: str, options: tuple[str, ...]
) -> None:
    key, chain = tmp_path / "ec.key", tmp_path / "ec.pem"
    argv = [need("openssl"), "req", "-x509", "-nodes", "-subj", "/CN=x", "-newkey", "ec"]
    argv += ["-pkeyopt", f"ec_paramgen_curve:{curve}", "-keyout", str(key), "-out", str(chain)]
    subprocess.run(argv, check=True, capture_output=True)
    ciphers = ("-tls1_2", "-cipher", "ECDHE+AESGCM:@SECLEVEL=0", *options)
    with openssl_server(chain, key, *ciphers, "-groups", "P-256:P-384:P-521:P-224") as port:
        seen = assessed(port, thorough=True)
    # By the server's order its own curve comes first: no client gets a later one.
    assert seen.weak_curve is (not options)
    everything = {"secp256r1", "secp384r1", "secp521r1", "secp224r1"}
    if options:
        assert set(seen.groups["TLS1.2"]) <= everything
    else:
        assert set(seen.groups["TLS1.2"]) == everything
        assert "TLS1.2" in seen.groups_enumerated
    with openssl_server(chain, key, *ciphers, "-groups", "P-256:P-384:P-521") as port:
        seen = assessed(port)
    assert seen.weak_curve is False


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("knocked", [True, False])
def test_a_refused_protocol_refuses_nothing_else(
    files: tuple[Path, Path], tmp_path: Path, version: str, knocked: bool
) -> None:
    chain, key = files
    # Without HTTP/2 this nginx refuses who offers nothing but it (RFC 7301 3.2).
    tls = f"ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols {version};"
    with nginx(tmp_path, f"{tls} ssl_ciphers ECDHE+AESGCM; return 204;") as port:
        seen = assessed(port, knocked=knocked, most=14)
    assert seen.alpn == ("http/1.1",)
    name = version.replace("v", "")
    assert name in seen.enumerated
    assert len(seen.accepted[name]) == (2 if version == "TLSv1.2" else 3)


def test_a_service_of_another_protocol_is_listed_all_the_same(files: tuple[Path, Path]) -> None:
    for version in ("-tls1_2", "-tls1_3"):
        options = ("-alpn", "imap", version, "-cipher", "ECDHE+AESGCM")
        with openssl_server(*files, *options) as port:
            seen = assessed(port, most=16)
        assert seen.alpn == ()
        (name,) = seen.accepted
        assert name in seen.enumerated
        assert len(seen.accepted[name]) > 1


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_proofs_of_transparency_may_come_in_the_handshake(
    files: tuple[Path, Path], tmp_path: Path, version: str
) -> None:
    # Where it goes (RFC 8446 4.2: a hello, a ServerHello below, a certificate), then itself.
    extension = struct.pack(">IHH", 0x1180, 18, 4) + b"\0\2\0\0"
    text = base64.b64encode(extension).decode()
    info = tmp_path / "info.pem"
    kind = "SERVERINFOV2 FOR SCT"
    info.write_text(f"-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")
    with openssl_server(*files, version, "-serverinfo", str(info)) as port:
        assert assessed(port).transparency is True
    with openssl_server(*files, version) as port:
        assert assessed(port).transparency is False


def test_every_name_is_asked_for(files: tuple[Path, Path], tmp_path: Path) -> None:
    names = [f"site-{at}.example" for at in range(11)]
    blocks: list[str] = []
    for name in names:
        chain, key = issue(name, names=(name,)).files(tmp_path)
        block = f"ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;"
        blocks.append(f"server_name {name}; {block} return 204;")
    others = "".join(f"server {{ listen 127.0.0.1:PORT ssl; {one} }}\n" for one in blocks[1:])
    with nginx(tmp_path, blocks[0], others) as port:
        seen = assessed(port, *names, most=14 + 8)
    assert seen.sni == names[0]
    assert seen.chain[0].names == (names[0],)
    assert [(one.sni, one.chain[0].names) for one in seen.also_shown] == [
        (name, (name,)) for name in names[1:9]
    ]
    assert seen.why["also_shown"] == "request-limit"


def test_other_names_take_nothing_from_the_rest(files: tuple[Path, Path]) -> None:
    options = ("-cipher", "ECDHE+AESGCM", "-tls1_2")
    names = [f"site-{at}.example" for at in range(4)]
    with openssl_server(*files, *options) as port:
        alone, several = assessed(port, NAME), assessed(port, NAME, *names)
    assert several.connections == alone.connections + len(names)
    assert several.accepted == alone.accepted
    assert several.enumerated == alone.enumerated == ("TLS1.2",)


def test_all_that_java_still_has(files: tuple[Path, Path]) -> None:
    with jsse(*files, "SSLv3,TLSv1,TLSv1.1,TLSv1.2,TLSv1.3") as port:
        seen = assessed(port)
    assert versions(seen) == (True, True, True, True)
    assert (seen.sslv2, seen.sslv3) == (False, True)
    for name in ("null_suites", "anonymous_suites", "export_suites", "rc4", "des", "triple_des"):
        assert getattr(seen, name) is True, name
    assert seen.dh_bits == 1024
    assert [(one.name, one.common) for one in seen.dh_primes if one.bits == 1024] == [
        ("rfc2409-1024", True)
    ]
    assert seen.cbc_without_encrypt_then_mac is True
    assert seen.downgrade_protection is False
    assert seen.weak_signature is True


@pytest.mark.parametrize(
    ("protocols", "suites", "expected"),
    [
        ("SSLv3", "SSL_RSA_WITH_RC4_128_SHA", {"sslv3", "rc4"}),
        ("SSLv3", "SSL_RSA_EXPORT_WITH_DES40_CBC_SHA", {"sslv3", "export_suites", "des"}),
        ("TLSv1", "SSL_RSA_WITH_DES_CBC_SHA", {"tls1_0", "des"}),
        ("TLSv1", "TLS_ECDH_anon_WITH_NULL_SHA", {"tls1_0", "anonymous_suites", "null_suites"}),
        ("TLSv1.2", "SSL_RSA_WITH_NULL_MD5", {"tls1_2", "null_suites"}),
        ("TLSv1.1", "SSL_RSA_WITH_3DES_EDE_CBC_SHA", {"tls1_1", "triple_des"}),
    ],
)
def test_one_weak_thing_alone(
    tmp_path: Path, protocols: str, suites: str, expected: set[str]
) -> None:
    made = by_openssl(tmp_path, "-newkey", "rsa:1024", "-sha1")
    with jsse(*made, protocols, suites) as port:
        seen = assessed(port)
    fields = (
        *("sslv2", "sslv3", "tls1_0", "tls1_1", "tls1_2", "tls1_3", "null_suites", "rc4"),
        *("anonymous_suites", "export_suites", "des", "triple_des"),
    )
    found = {name: getattr(seen, name) for name in fields}
    assert {name for name, value in found.items() if value} == expected
    assert None not in found.values(), seen.why
    if "anon" not in suites:
        assert seen.leaf is not None
        assert seen.leaf.key_bits == 1024


@pytest.mark.parametrize(
    ("priority", "expected"),
    [
        ("NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3", set()),
        ("LEGACY:+VERS-TLS1.0:+ARCFOUR-128", {"rc4"}),
        ("LEGACY:+VERS-TLS1.0:+3DES-CBC:+ANON-ECDH", {"triple_des", "anonymous_suites"}),
        ("NORMAL:-VERS-ALL:+VERS-TLS1.2:+NULL", {"null_suites"}),
    ],
)
def test_families_of_gnutls(files: tuple[Path, Path], priority: str, expected: set[str]) -> None:
    with gnutls_server(*files, priority) as port:
        seen = assessed(port)
    fields = ("null_suites", "rc4", "anonymous_suites", "export_suites", "des", "triple_des")
    assert {name for name in fields if getattr(seen, name)} == expected
    assert [name for name in fields if getattr(seen, name) is None] == []
