"""What a mail server says of itself before any login."""

from core.observations.base import Observation


class MailService(Observation, frozen=True, kw_only=True, tag="mail"):
    """Capabilities of an SMTP, IMAP or POP3 server on the connection as it was opened."""

    protocol: str
    """smtp | imap | pop3."""
    greeting: str
    inside_tls: bool
    """TLS from the first byte."""
    starttls: bool | None
    """STARTTLS or STLS announced."""
    clear_logins: tuple[str, ...] | None
    """Ways to log in announced before any TLS: SASL mechanisms, LOGIN (IMAP), USER (POP3)."""
