"""What a Windows machine says of itself before anyone logs on."""

from datetime import datetime

from core.observations.base import Observation


class WindowsHost(Observation, frozen=True, kw_only=True, tag="windows-host"):
    """The NTLM challenge of one service ([MS-NLMP] 2.2.1.2): version and names, told to anyone.

    Names are what the machine claims, cut to 255 characters: hostile text until escaped.
    """

    source: str
    """Protocol that carried the challenge: rdp, smb, winrm."""
    nt_version: str | None = None
    """``10.0``."""
    build: int | None = None
    """17763. Not the monthly patch level."""
    imitation: str = ""
    """``samba``, ``freerdp``, ``other``: Windows did not write it, its version means nothing."""
    netbios_computer: str = ""
    netbios_domain: str = ""
    dns_computer: str = ""
    dns_domain: str = ""
    dns_forest: str = ""
    clock: datetime | None = None
    """UTC, of the machine."""
