"""How a file server greets."""

from core.observations.base import Observation


class SmbService(Observation, frozen=True, kw_only=True, tag="smb"):
    """One SMB listener, as its negotiation shows it."""

    smb1: bool | None = None
    """Accepts « NT LM 0.12 »."""
    smb2: bool | None = None
    """Speaks SMB 2 or 3."""
    dialect: str | None = None
    """Highest of SMB 2 and 3 in common with us: 2.0.2, 2.1, 3.0, 3.0.2 or 3.1.1."""
    signing_required: bool | None = None
    native_os: str = ""
    """What an SMB1 server says it runs on; hostile text."""
