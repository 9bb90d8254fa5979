"""Certificates of the region, made anew at each start: a key on a curve costs next to nothing.

Nothing here is signed with SHA-1: the library no longer can.
"""

import base64
import functools
import ipaddress
import ssl
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_OAKLEY_2 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A0879"
    "8E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B"
    "0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)
"""The 1024-bit group of RFC 2409, which old appliances still offer."""

_FOR_RDP = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=True,
    data_encipherment=True,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """How a certificate departs from a good one: 90 days, its own name, the region's CA."""

    days_before: int = 30
    days_left: int = 60
    name: str = ""
    """Empty: the host's own."""
    own_issuer: bool = False
    """Signed by its own key."""
    for_rdp: bool = False
    """As Windows makes one for its remote desktop: own issuer, common name alone, six months."""
    shared_key: bool = False
    """The one key that several hosts have in common."""
    rsa_bits: int = 0
    """0: a P-256 key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tls:
    """How one service speaks TLS."""

    leaf: Leaf = Leaf()
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: str = "ECDHE+AESGCM:ECDHE+CHACHA20"
    named_only: bool = False
    """Answers its own name alone: any other hello, or none, gets the alert unrecognized_name."""
    client_certificate: bool = False
    small_dh: bool = False


class Authority:
    """The region's own CA, which nobody trusts, and what it signs; files under ``directory``."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._shared_key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("Autorité de démonstration")
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._certificate = self._built(self._name, self._key, Leaf(days_left=3650), authority=True)
        self.path = directory / "autorite.pem"
        self.path.write_bytes(_pem(self._certificate))

    def context(self, tls: Tls, hostname: str, ip: str, label: str) -> ssl.SSLContext:
        """Give the server side of a service; ``label`` names its files."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with warnings.catch_warnings():
            # To speak TLS 1.0 is the point of some of these servers.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = tls.oldest
            context.maximum_version = tls.newest
        context.set_ciphers(tls.ciphers)
        context.load_cert_chain(self._issue(tls.leaf, hostname, ip, label))
        if tls.small_dh:
            context.load_dh_params(str(self._small_dh()))
        if tls.client_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.path)
        if tls.named_only:
            context.sni_callback = functools.partial(_own_name_only, hostname)
        return context

    def add(self, context: ssl.SSLContext, names: Mapping[str, Leaf], ip: str) -> None:
        """Have a service show other certificates to whoever asks for these names."""
        others: dict[str | None, ssl.SSLContext] = {}
        for name, leaf in names.items():
            others[name] = self.context(Tls(leaf=leaf), name, ip, name)
        if others:
            context.sni_callback = functools.partial(_by_name, others)

    def _issue(self, leaf: Leaf, hostname: str, ip: str, label: str) -> Path:
        key: _Key
        if leaf.rsa_bits:
            key = rsa.generate_private_key(65_537, leaf.rsa_bits)
        elif leaf.shared_key:
            key = self._shared_key
        else:
            key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._built(
            _named(leaf.name or hostname), key, leaf, ip="" if leaf.name else ip
        )
        plain = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        chain = b"" if leaf.own_issuer else _pem(self._certificate)
        path = self._directory / f"{label}.pem"
        path.touch(mode=0o600)
        path.write_bytes(plain + _pem(certificate) + chain)
        return path

    def _built(
        self, subject: x509.Name, key: _Key, leaf: Leaf, *, ip: str = "", authority: bool = False
    ) -> x509.Certificate:
        itself = authority or leaf.own_issuer
        text = str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if itself else self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(days=leaf.days_before))
            .not_valid_after(self._now + timedelta(days=leaf.days_left))
        )
        if leaf.for_rdp:
            builder = builder.add_extension(_FOR_RDP, critical=False)
        else:
            limits = x509.BasicConstraints(ca=authority, path_length=None)
            builder = builder.add_extension(limits, critical=True)
        if not authority:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
            builder = builder.add_extension(usage, critical=False)
        if not authority and not leaf.for_rdp:
            names: list[x509.GeneralName] = [x509.DNSName(text)]
            if ip:
                names.append(x509.IPAddress(ipaddress.ip_address(ip)))
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(key if itself else self._key, hashes.SHA256())

    def _small_dh(self) -> Path:
        # PKCS #3 by hand: the library is about to lose finite-field groups.
        prime = b"\x02\x81\x81\x00" + _OAKLEY_2.to_bytes(128, "big")
        parameters = prime + b"\x02\x01\x02"
        text = base64.encodebytes(b"\x30\x81" + bytes([len(parameters)]) + parameters)
        path = self._directory / "dh1024.pem"
        path.write_bytes(
            b"-----BEGIN DH PARAMETERS-----\n" + text + b"-----END DH PARAMETERS-----\n"
        )
        return path


def _by_name(
    others: Mapping[str | None, ssl.SSLContext],
    tls: ssl.SSLObject,
    asked: str | None,
    _context: ssl.SSLContext,
) -> int | None:
    if asked in others:
        tls.context = others[asked]
    return None


def _own_name_only(
    own: str, _tls: ssl.SSLObject, asked: str | None, _context: ssl.SSLContext
) -> int | None:
    return None if asked == own else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
