"""Certificates as facts, and where chains lead."""

import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from core.observations.tls import EXPLICIT_CURVE, KeyType, Trust
from scanner.tls import certificates
from scanner.tls.certificates import public_roots, read_certificate, read_chain
from tests.servers.real import need
from tests.servers.tls_certs import Issued, by_openssl, issue

NOW = datetime.now(UTC)


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Issued:
    """Give an authority that passes for public, among the real ones."""
    made = issue("Racine publique", ca=True, days=(-4000, 4000))
    roots = {**public_roots(), made.certificate.subject.public_bytes(): (made.certificate,)}
    monkeypatch.setattr(certificates, "public_roots", lambda: roots)
    return made


def test_the_public_roots_are_those_of_certifi() -> None:
    assert sum(len(roots) for roots in public_roots().values()) > 80


def test_facts_of_a_certificate() -> None:
    leaf = issue("portail.chu.example", names=("Portail.chu.example", "*.chu.example", "192.0.2.7"))
    facts = read_certificate(leaf.der)
    assert facts.subject == facts.issuer == "CN=portail.chu.example"
    assert facts.names == ("portail.chu.example", "*.chu.example", "192.0.2.7")
    assert facts.key_type is KeyType.EC
    assert facts.key_bits == 256
    assert facts.curve == "secp256r1"
    assert facts.signature_hash == "sha256"
    assert facts.self_signed is True
    assert facts.is_ca is False
    assert facts.not_after is not None
    assert facts.not_after.tzinfo is UTC
    assert not facts.is_rdp_default
    assert len(facts.sha256) == len(facts.spki_sha256) == 64


def test_the_same_key_has_the_same_hash_in_two_certificates(root: Issued) -> None:
    leaf = issue("a.example", by=root)
    assert read_certificate(leaf.der).spki_sha256 != read_certificate(root.der).spki_sha256


@pytest.mark.real
def test_what_is_weak_is_read_all_the_same(tmp_path: Path) -> None:
    chain, _ = by_openssl(tmp_path, "-newkey", "rsa:1024", "-sha1")
    facts = read_certificate(ssl.PEM_cert_to_DER_cert(chain.read_text()))
    assert facts.key_type is KeyType.RSA
    assert facts.key_bits == 1024
    assert facts.signature_hash == "sha1"
    assert facts.self_signed is True


@pytest.mark.real
@pytest.mark.parametrize(
    ("options", "bits", "curve"),
    [
        (("-name", "secp256k1"), 256, "secp256k1"),
        (("-name", "prime256v1", "-param_enc", "explicit"), 256, EXPLICIT_CURVE),
        (("-name", "secp224k1", "-param_enc", "explicit"), None, EXPLICIT_CURVE),
        (("-name", "secp224k1"), None, "1.3.132.0.32"),
    ],
)
def test_a_curve_that_clients_do_not_expect_is_told(
    tmp_path: Path, options: tuple[str, ...], bits: int | None, curve: str
) -> None:
    key = tmp_path / "ec.key"
    argv = [need("openssl"), "ecparam", *options, "-genkey", "-noout", "-out", str(key)]
    subprocess.run(argv, check=True, capture_output=True)
    chain = tmp_path / "ec.pem"
    argv = [need("openssl"), "req", "-x509", "-key", str(key), "-subj", "/CN=x", "-out", str(chain)]
    subprocess.run(argv, check=True, capture_output=True)
    facts = read_certificate(ssl.PEM_cert_to_DER_cert(chain.read_text()))
    assert (facts.key_type, facts.key_bits, facts.curve) == (KeyType.EC, bits, curve)


def test_windows_own_certificate_for_remote_desktop_is_known() -> None:
    made = issue("SRV-RDS.chu.local", days=(-1, 182), rsa_bits=2048, extended_usage=True)
    assert read_certificate(made.der).is_rdp_default
    long = issue("SRV-RDS.chu.local", days=(-1, 900), extended_usage=True)
    assert not read_certificate(long.der).is_rdp_default
    named = issue("srv", days=(-1, 182), extended_usage=True, names=("srv.example",))
    assert not read_certificate(named.der).is_rdp_default


def test_a_chain_to_a_public_root(root: Issued) -> None:
    middle = issue("Intermédiaire", by=root, ca=True)
    leaf = issue("a.example", by=middle, names=("a.example",))
    for sent in ([leaf, middle], [leaf, middle, root], [leaf, root, middle]):
        chain = read_chain([one.der for one in sent], NOW)
        assert chain.trust is Trust.PUBLIC
        assert chain.path == ("CN=a.example", "CN=Intermédiaire", "CN=Racine publique")
        assert chain.ordered is (sent[1] is middle)


def test_an_expired_certificate_is_not_untrusted(root: Issued) -> None:
    middle = issue("Intermédiaire", by=root, ca=True, days=(-900, -100))
    leaf = issue("a.example", by=middle, days=(-800, -200))
    assert read_chain([leaf.der, middle.der], NOW).trust is Trust.PUBLIC


def test_an_expired_intermediate_leads_nowhere(root: Issued) -> None:
    middle = issue("Intermédiaire", by=root, ca=True, days=(-900, -100))
    leaf = issue("a.example", by=middle, days=(-300, 100))
    assert read_chain([leaf.der, middle.der], NOW).trust is Trust.PRIVATE


def test_who_is_no_authority_issues_nothing(root: Issued) -> None:
    leaf = issue("a.example", by=root)
    forged = issue("banque.example", by=leaf)
    assert read_chain([forged.der, leaf.der], NOW).trust is Trust.PRIVATE


def test_a_missing_link_is_told_from_a_private_authority(root: Issued) -> None:
    middle = issue("Intermédiaire", by=root, ca=True)
    public, private = issue("a.example", by=middle, sct=True), issue("b.example", by=middle)
    chain = read_chain([public.der], NOW)
    assert (chain.trust, chain.missing_issuer) == (Trust.MISSING_LINK, "CN=Intermédiaire")
    chain = read_chain([private.der], NOW)
    assert (chain.trust, chain.missing_issuer) == (Trust.PRIVATE, "CN=Intermédiaire")


def test_a_private_authority_that_sends_its_root() -> None:
    ca = issue("AC interne", ca=True)
    leaf = issue("a.example", by=ca)
    chain = read_chain([leaf.der, ca.der], NOW)
    assert (chain.trust, chain.missing_issuer) == (Trust.PRIVATE, "")
    assert chain.path == ("CN=a.example", "CN=AC interne")
    assert read_chain([ca.der], NOW).trust is Trust.SELF_SIGNED


def test_a_name_that_only_looks_like_a_root_is_not_one(root: Issued) -> None:
    impostor = issue("Racine publique", ca=True)
    leaf = issue("a.example", by=impostor)
    assert read_chain([leaf.der, impostor.der], NOW).trust is Trust.PRIVATE


def test_a_labyrinth_ends() -> None:
    names = [issue("AC", ca=True) for _ in range(9)]
    crossed = [issue("AC", by=one, ca=True) for one in names]
    leaf = issue("a.example", by=crossed[0])
    chain = read_chain([leaf.der, *(one.der for one in crossed)], NOW)
    assert chain.trust is Trust.PRIVATE
    assert len(chain.path) <= 10


def test_no_certificate_says_nothing() -> None:
    chain = read_chain([], NOW)
    assert chain.certificates == ()
    assert chain.trust is None


@given(st.binary(max_size=400))
def test_any_bytes_keep_their_hash(data: bytes) -> None:
    facts = read_certificate(data)
    assert len(facts.sha256) == 64
    assert facts.error
    assert read_chain([data], NOW).trust is None


_DER = issue("a.example", names=("a.example",)).certificate.public_bytes(Encoding.DER)


@given(st.integers(0, len(_DER) - 1), st.integers(0, 255))
def test_one_changed_byte_is_never_a_fault_of_ours(at: int, byte: int) -> None:
    changed = _DER[:at] + bytes([byte]) + _DER[at + 1 :]
    read_certificate(changed)
    read_chain([changed, _DER], NOW)


def test_a_giant_is_not_parsed() -> None:
    assert "too long" in read_certificate(b"\x30" * 100_000).error


def test_dates_at_the_edge_do_not_matter() -> None:
    old = issue("a.example", days=(-20_000, -19_000))
    assert read_chain([old.der], NOW + timedelta(days=100_000)).trust is Trust.SELF_SIGNED
