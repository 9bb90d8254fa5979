"""What the mail servers of a domain and its MTA-STS policy show, where the mandate lets us look."""

import msgspec

from core.observations.base import Observation
from core.observations.mail_policy import Tlsa


class MxCertificate(msgspec.Struct, frozen=True):
    """What DANE compares of one certificate: SHA-256, lower-case hexadecimal."""

    sha256: str
    spki_sha256: str


class MxSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One address of one MX, on port 25, asked under its name."""

    host: str
    address: str = ""
    """Empty: the name leads nowhere, or was not told."""
    why: str = ""
    """Reason id where it was not looked at, or did not answer; the rest is then unknown."""
    is_elsewhere: bool = False
    """Outside the mandate: nothing was sent."""
    starttls: bool | None = None
    certificates: tuple[MxCertificate, ...] = ()
    """Shown to this name behind STARTTLS, the server's own first."""
    covers: bool | None = None
    """Its own certificate is made out to the name."""
    tlsa: tuple[Tlsa, ...] = ()
    """Those of the name that senders who use DANE go by: validated, of usage 2 or 3."""


class MtaSts(msgspec.Struct, frozen=True, kw_only=True):
    """The policy file of RFC 8461, 3.2, as its own host gave it."""

    fault: str = ""
    """no-host, no-tls, certificate, redirect, absent, unread; empty: senders can use it."""
    detail: str = ""
    mode: str = ""
    """enforce, testing, none."""
    mx: tuple[str, ...] = ()
    max_age_s: int | None = None


class MailHostsSeen(Observation, frozen=True, kw_only=True, tag="mail-hosts"):
    """The mail servers of one domain; one per domain that has any."""

    domain: str
    servers: tuple[MxSeen, ...]
    is_sts_announced: bool | None
    """By the TXT of ``_mta-sts``."""
    policy: MtaSts | None
    """``None``: none is announced, or its host was not asked."""
