"""What a directory says to a stranger."""

from core.observations.base import Observation


class LdapRoot(Observation, frozen=True, kw_only=True, tag="ldap-root"):
    """The rootDSE (RFC 4512 5.1), read without binding.

    Values are hostile text, bounded in number and length.
    """

    readable: bool
    """Whether the rootDSE was given without authentication."""
    result_code: int
    """Of searchResDone, RFC 4511 4.1.9."""
    naming_contexts: tuple[str, ...] = ()
    dns_host_name: str = ""
    vendor: str = ""
    """vendorName and vendorVersion."""
    sasl_mechanisms: tuple[str, ...] = ()
    starttls: bool | None = None
    """StartTLS (RFC 4511 4.14) is announced."""
    active_directory: bool = False
    domain_controller_level: int | None = None
    """domainControllerFunctionality: 7 is Windows Server 2016 or later, 10 is 2025."""
    forest_level: int | None = None
