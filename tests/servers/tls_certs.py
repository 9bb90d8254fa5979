"""Certificates good and bad, made for one test."""

import ipaddress
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    ExtensionOID,
    NameOID,
)

from tests.servers.real import need

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    def files(self, folder: Path, *others: "Issued") -> tuple[Path, Path]:
        """Write the chain and the key; give both paths."""
        serial = self.certificate.serial_number
        chain, key = folder / f"{serial:x}.pem", folder / f"{serial:x}.key"
        chain.write_bytes(b"".join(one.pem for one in (self, *others)))
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return chain, key


def issue(
    name: str,
    *,
    by: Issued | None = None,
    names: tuple[str, ...] = (),
    ca: bool = False,
    days: tuple[float, float] = (-1, 60),
    rsa_bits: int = 0,
    sct: bool = False,
    now: datetime | None = None,
    extended_usage: bool = False,
    ocsp: str = "",
    crl: str = "",
    signs_ocsp: bool = False,
    is_strict: bool = False,
) -> Issued:
    """Issue a certificate; without ``by``, self-signed. ``days`` are its bounds around now.

    ``is_strict``: with all that RFC 5280 asks for, as clients verify since Python 3.13.
    """
    now = now or datetime.now(UTC)
    key: Key = (
        rsa.generate_private_key(65_537, rsa_bits)
        if rsa_bits
        else ec.generate_private_key(ec.SECP256R1())
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    if is_strict:
        own, above = key.public_key(), (by.key if by else key).public_key()
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(own), False)
        told = x509.AuthorityKeyIdentifier.from_issuer_public_key(above)
        builder = builder.add_extension(told, False)
        if ca:
            builder = builder.add_extension(_SIGNS, True)
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general(one) for one in names]), False
        )
    if extended_usage:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(usage, False)
    if signs_ocsp:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        builder = builder.add_extension(usage, False)
    if ocsp:
        there = x509.UniformResourceIdentifier(ocsp)
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, there)
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), False)
    if crl:
        there = x509.UniformResourceIdentifier(crl)
        point = x509.DistributionPoint([there], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), False)
    if sct:
        # An empty list is enough: its presence is what tells a public authority.
        oid = ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS
        builder = builder.add_extension(
            x509.UnrecognizedExtension(oid, bytes.fromhex("04020000")), False
        )
    return Issued(certificate=builder.sign(by.key if by else key, hashes.SHA256()), key=key)


_SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def by_openssl(folder: Path, *options: str, name: str = "vieux.chu.example") -> tuple[Path, Path]:
    """Let the openssl command make what ``cryptography`` refuses to: SHA-1, MD5, RSA 1024."""
    chain, key = folder / "openssl.pem", folder / "openssl.key"
    made = ["req", "-x509", "-nodes", "-subj", f"/CN={name}", "-days", "90", *options]
    argv = [need("openssl"), *made, "-keyout", str(key), "-out", str(chain)]
    subprocess.run(argv, check=True, capture_output=True)
    return chain, key
