"""What an FTP server says of itself."""

from core.observations.base import Observation


class FtpService(Observation, frozen=True, kw_only=True, tag="ftp"):
    """Greeting and features, before any login (RFC 959, RFC 2389, RFC 4217)."""

    greeting: str
    inside_tls: bool
    """TLS from the first byte."""
    auth_tls: bool | None
    """``AUTH TLS`` offered. Whether a login without it is refused is told only to a login."""
