"""The roots that an inventory adds, read once a run."""

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.errors import UsageError


def read_roots(files: Sequence[str]) -> tuple[bytes, ...]:
    """Give the certificates of PEM files as DER; raises ``UsageError`` naming the file."""
    found: list[bytes] = []
    for name in files:
        try:
            read = x509.load_pem_x509_certificates(Path(name).read_bytes())
        except (OSError, ValueError) as error:
            raise UsageError(f"{name}: {error}") from error
        found += [one.public_bytes(Encoding.DER) for one in read]
    return tuple(dict.fromkeys(found))
