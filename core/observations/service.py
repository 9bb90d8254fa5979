"""What stands behind an open port."""

from core.model import Confidence
from core.observations.base import Observation


class Service(Observation, frozen=True, kw_only=True, tag="service"):
    """One open port and what was recognised there; one per place.

    ``protocol`` is a word of the contract: rdp vnc ssh telnet ftp smtp imap pop3 http smb ldap
    postgresql mysql redis memcached mongodb x11 rsync winrm dns … or ``unknown``.
    Inside TLS from the first byte, ``tls`` is true and ``protocol`` is the inner one.
    """

    protocol: str
    tls: bool = False
    product: str | None = None
    """Id of a product, when recognised."""
    product_confidence: Confidence | None = None
    """Of the product alone: a greeting may prove a protocol and only hint at who wrote it."""
    version: str | None = None
    """Only when read, never guessed."""
    version_gives: str = "version"
    """As in :class:`core.knowledge.model.Reading`: a ``branch`` is only the first parts of it."""
    confidence: Confidence = Confidence.CERTAIN
    evidence: tuple[str, ...] = ()
    """Short technical facts, language neutral: ``banner: SSH-2.0-OpenSSH_9.2``."""
    inner_names: tuple[str, ...] = ()
    """Facts of the same kind that name machines or domains of the inside: stored, and shown only
    to who asks for them."""
    imitates: tuple[str, ...] = ()
    """Ids of products of so many makers, all shown at once, that it is none of them."""
    portal: bool = False
    """A remote-access portal (VPN, gateway, bastion) was recognised."""
    quiet: bool = False
    """A quiet port: listened to, nothing sent."""
    banner: str = ""
    """First bytes heard, at most 512, decoded as Latin-1."""
