"""The roots that an inventory adds, read once a run."""

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.errors import UsageError


def read_roots(files: Sequence[str]) -> tuple[bytes, ...]:
    """Give the certificates of files as DER; raises ``UsageError`` naming the file.

    A file holds PEM certificates, or one in DER, as authorities publish them (``.cer``, ``.crt``).
    """
    found: list[bytes] = []
    for name in files:
        try:
            text = Path(name).read_bytes()
            read = (
                x509.load_pem_x509_certificates(text)
                if b"-----BEGIN" in text
                else [x509.load_der_x509_certificate(text)]
            )
        except (OSError, ValueError) as error:
            raise UsageError(f"{name}: {error}") from error
        found += [one.public_bytes(Encoding.DER) for one in read]
    return tuple(dict.fromkeys(found))
