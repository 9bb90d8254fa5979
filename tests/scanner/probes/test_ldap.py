"""LDAP: against slapd, and an Active Directory by hand."""

import socket
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unanswered
from core.model import Intensity
from core.observations.ldap import LdapRoot
from core.observations.tls import TlsService
from scanner import ber
from scanner.probes.ldap import PROBE, read_entry, read_message, read_result, recognises
from scanner.visit import Measured
from tests.scanner.probes.asking import ask
from tests.servers.real import free_port, need, serving
from tests.servers.windows import answering


def root(measured: Measured | None) -> LdapRoot:
    assert measured is not None
    assert measured.service.protocol == "ldap"
    seen = measured.seen[0]
    assert isinstance(seen, LdapRoot)
    return seen


def slapd(folder: Path, port: int, *more: str) -> AbstractContextManager[object]:
    """Run slapd over an empty directory; with a debug level, it stays in the foreground."""
    conf = folder / "slapd.conf"
    (folder / "db").mkdir()
    conf.write_text(
        "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
        + "".join(f"{line}\n" for line in more)
        + f'database mdb\nsuffix "dc=chu,dc=example"\ndirectory {folder}/db\n'
    )
    argv = [need("slapd"), "-d", "0", "-h", f"ldap://127.0.0.1:{port}", "-f", str(conf)]
    return serving(argv, port)


@pytest.mark.real
def test_slapd(tmp_path: Path) -> None:
    port = free_port()
    with slapd(tmp_path, port):
        measured, connections = ask(PROBE, port, intensity=Intensity.DISCREET)
    seen = root(measured)
    assert connections == 1
    assert (seen.readable, seen.result_code, seen.starttls) == (True, 0, False)
    assert seen.naming_contexts == ("dc=chu,dc=example",)
    assert not seen.active_directory


@pytest.mark.real
def test_slapd_with_starttls(tmp_path: Path) -> None:
    port, certificate = free_port(), trustme.CA().issue_cert("annuaire.chu.example")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    files = (f"TLSCertificateFile {chain}", f"TLSCertificateKeyFile {key}")
    with slapd(tmp_path, port, *files):
        measured, _ = ask(PROBE, port)
    assert root(measured).starttls is True
    assert measured is not None
    (tls,) = (one for one in measured.seen if isinstance(one, TlsService))
    assert (tls.starttls, tls.tls1_2) == ("ldap", True)


def message(tag: int, *contents: bytes) -> bytes:
    return ber.encode(ber.SEQUENCE, ber.integer(1), ber.encode(tag, *contents))


def attribute(name: str, *values: str) -> bytes:
    told = ber.encode(0x31, *(ber.encode(ber.OCTET_STRING, value.encode()) for value in values))
    return ber.encode(ber.SEQUENCE, ber.encode(ber.OCTET_STRING, name.encode()), told)


def done(code: int) -> bytes:
    empty = ber.encode(ber.OCTET_STRING)
    return message(0x65, ber.integer(code, ber.ENUMERATED), empty, empty)


def gives(*messages: bytes) -> bytes:
    return b"".join(messages)


def measured_of(answer: bytes) -> Measured | None:
    def handle(connection: socket.socket) -> None:
        connection.recv(4_096)
        connection.sendall(answer)
        # The unbind, and nothing else: no bind ever comes.
        assert connection.recv(4_096) in (b"", bytes.fromhex("30050201024200"))

    with answering(handle) as port:
        return ask(PROBE, port, timeout_s=1)[0]


def test_active_directory() -> None:
    entry = message(
        0x64,
        ber.encode(ber.OCTET_STRING),
        ber.encode(
            ber.SEQUENCE,
            attribute("dnsHostName", "dc1.chu.example"),
            attribute("supportedCapabilities", "1.2.840.113556.1.4.800", "1.2.3"),
            attribute("domainControllerFunctionality", "7"),
            attribute("forestFunctionality", "x"),
            attribute("supportedExtension", "1.3.6.1.4.1.1466.20037"),
            attribute("namingContexts", "DC=chu,DC=example", "CN=Configuration,DC=chu,DC=example"),
        ),
    )
    measured = measured_of(gives(entry, done(0)))
    seen = root(measured)
    assert seen.active_directory
    assert (seen.dns_host_name, seen.starttls) == ("dc1.chu.example", True)
    assert (seen.domain_controller_level, seen.forest_level) == (7, None)
    assert len(seen.naming_contexts) == 2
    assert measured is not None
    assert measured.service.evidence == (
        "rootDSE resultCode: 0",
        "Active Directory",
    )
    assert measured.service.inner_names == (
        "dnsHostName: dc1.chu.example",
        "namingContexts: DC=chu,DC=example",
    )


def test_a_directory_that_refuses_strangers_is_still_a_directory() -> None:
    seen = root(measured_of(done(50)))
    assert (seen.readable, seen.result_code, seen.starttls) == (False, 50, None)
    assert seen.why == {"starttls": "not-offered"}


def test_values_are_bounded() -> None:
    entry = message(
        0x64,
        ber.encode(ber.OCTET_STRING),
        ber.encode(ber.SEQUENCE, attribute("namingContexts", *["x" * 1_000] * 150)),
    )
    seen = root(measured_of(gives(entry, done(0))))
    assert len(seen.naming_contexts) == 100
    assert {len(name) for name in seen.naming_contexts} == {512}


def test_entries_without_end_are_given_up() -> None:
    entry = message(0x64, ber.encode(ber.OCTET_STRING), ber.encode(ber.SEQUENCE))

    def handle(connection: socket.socket) -> None:
        connection.recv(4_096)
        connection.sendall(entry * 50)
        connection.recv(1)

    with answering(handle) as port, pytest.raises(Unanswered, match="gave-up"):
        ask(PROBE, port)


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda data: message(0x64, data)))
def test_readers_are_total(data: bytes) -> None:
    recognises(data)
    for read in (read_message, read_entry, read_result):
        with suppress(Unanswered):
            read(data)


def test_recognises() -> None:
    assert recognises(done(0))
    assert recognises(bytes.fromhex("3084000000100201016484000000070400308400000000"))
    assert not recognises(b"0 zeros and more")
