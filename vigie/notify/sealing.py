"""Encrypts what only its recipient may read; what cannot be encrypted is not sent."""

import re
import shutil
import tempfile
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import trio
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options

from core.operations import Recipient
from vigie.notify.outcome import Undelivered

_PROGRAM_S = 60
_LEAST_RSA_BITS = 2048


async def sealed(
    recipient: Recipient,
    inside: EmailMessage,
    report: bytes,
    name: str,
    folder: Path,
    now: datetime,
) -> EmailMessage:
    """Give the message, without its headers of transport, so that only the recipient reads it.

    S/MIME and OpenPGP hold the whole message, its words too, as mail programs expect it (RFC 8551,
    RFC 3156); for age, which none knows, the report alone is encrypted, beside ``inside``.
    ``folder``: where ``gpg`` may keep what it needs, for this message alone. Raises
    ``Undelivered`` for good when the key cannot be used: nothing is sent in clear instead.
    """
    if recipient.age:
        message = _holding(inside)
        secret = await _age(recipient.age, report)
        message.add_attachment(
            secret, maintype="application", subtype="octet-stream", filename=f"{name}.age"
        )
        return message
    whole = _holding(inside)
    whole.add_attachment(report, maintype="text", subtype="html", filename=name)
    del whole["MIME-Version"]
    content = whole.as_bytes(policy=SMTP)
    if recipient.smime:
        return _smime(recipient.smime, content, now)
    return await _openpgp(recipient, content, folder)


def _holding(inside: EmailMessage) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message.make_mixed()
    message.attach(inside)
    return message


def _smime(file: str, content: bytes, now: datetime) -> EmailMessage:
    certificate = _certificate(file, now)
    builder = PKCS7EnvelopeBuilder().set_data(content).add_recipient(certificate)
    envelope = builder.set_content_encryption_algorithm(AES256).encrypt(
        Encoding.DER, [PKCS7Options.Binary]
    )
    message = EmailMessage(policy=SMTP)
    message.set_content(
        envelope,
        maintype="application",
        subtype="pkcs7-mime",
        disposition="attachment",
        filename="smime.p7m",
        params={"smime-type": "enveloped-data", "name": "smime.p7m"},
    )
    return message


def _certificate(file: str, now: datetime) -> x509.Certificate:
    try:
        content = Path(file).read_bytes()
        found = (
            x509.load_pem_x509_certificate(content)
            if b"-----BEGIN" in content
            else x509.load_der_x509_certificate(content)
        )
        key = found.public_key()
    except (OSError, ValueError) as error:
        raise Undelivered(f"smime: {error}", for_good=True) from error
    if not found.not_valid_before_utc <= now.astimezone(UTC) <= found.not_valid_after_utc:
        raise Undelivered(
            f"smime: certificate valid from {found.not_valid_before_utc:%Y-%m-%d} to "
            f"{found.not_valid_after_utc:%Y-%m-%d}",
            for_good=True,
        )
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _LEAST_RSA_BITS:
        raise Undelivered("smime: only RSA keys of 2048 bits or more", for_good=True)
    try:
        usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return found
    except ValueError as error:
        raise Undelivered(f"smime: {error}", for_good=True) from error
    if not usage.key_encipherment:
        raise Undelivered("smime: this certificate is not for encryption", for_good=True)
    return found


async def _openpgp(recipient: Recipient, content: bytes, folder: Path) -> EmailMessage:
    fingerprint = recipient.fingerprint
    with tempfile.TemporaryDirectory(prefix="gpg-", dir=folder) as home:
        # Nothing of the keyrings, agents or options of whoever runs Vigie.
        gpg = ["gpg", "--homedir", home, "--batch", "--no-tty", "--no-options", "--no-autostart"]
        gpg += ["--quiet", "--no-auto-key-locate", "--trust-model", "always"]
        try:
            key = await trio.Path(recipient.openpgp).read_bytes()
        except OSError as error:
            raise Undelivered(f"openpgp: {error}", for_good=True) from error
        await _run([*gpg, "--import"], key)
        listed = await _run([*gpg, "--with-colons", "--list-keys", fingerprint], b"")
        primary = re.search(rb"^pub:[^\n]*\n(?:[^\n]*\n)*?fpr:+([0-9A-F]+):", listed, re.MULTILINE)
        if primary is None or primary[1].decode() != fingerprint:
            raise Undelivered("openpgp: the file does not hold the key told", for_good=True)
        armour = ["--armor", "--recipient", fingerprint, "--output", "-", "--encrypt"]
        secret = await _run([*gpg, *armour], content)
    message = EmailMessage(policy=SMTP)
    message["Content-Type"] = 'multipart/encrypted; protocol="application/pgp-encrypted"'
    message.attach(_part("application/pgp-encrypted", b"Version: 1\r\n"))
    message.attach(_part("application/octet-stream", secret))
    return message


def _part(kind: str, content: bytes) -> EmailMessage:
    maintype, _, subtype = kind.partition("/")
    part = EmailMessage(policy=SMTP)
    part.set_content(content, maintype=maintype, subtype=subtype, cte="7bit")
    del part["MIME-Version"]
    return part


async def _age(key: str, content: bytes) -> bytes:
    return await _run(["age", "--encrypt", "--recipient", key], content)


async def _run(argv: list[str], given: bytes) -> bytes:
    """Give what a program makes of its input."""
    if shutil.which(argv[0]) is None:
        raise Undelivered(f"{argv[0]} is not installed", for_good=True)
    with trio.move_on_after(_PROGRAM_S):
        ended = await trio.run_process(
            argv, stdin=given, capture_stdout=True, capture_stderr=True, check=False
        )
        if ended.returncode:
            said = ended.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise Undelivered(f"{argv[0]}: {said or ended.returncode}", for_good=True)
        return bytes(ended.stdout)
    raise Undelivered(f"{argv[0]}: timeout")
