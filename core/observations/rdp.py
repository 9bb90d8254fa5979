"""How a remote desktop lets people in."""

import msgspec

from core.observations.base import Observation

RDP, TLS, HYBRID, HYBRID_EX = 0, 1, 2, 8
"""Security protocols of [MS-RDPBCGR] 2.2.1.1.1; ``HYBRID`` is CredSSP, also called NLA."""


class RdpAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to one X.224 connection request: exactly one field below ``requested`` is set."""

    requested: int
    """Security protocols offered, as the bit mask sent; 0 is standard RDP security alone."""
    selected: int | None = None
    """Protocol that the server chose. It may be one that was not offered."""
    failure: int | None = None
    """Code of [MS-RDPBCGR] 2.2.1.2.2; 5 says that NLA is required."""
    plain: bool = False
    """Confirmed without a word on security: a server older than negotiation (Windows XP, 2003)."""
    unanswered: str = ""
    """Reason id of :mod:`core.reasons`."""


class RdpService(Observation, frozen=True, kw_only=True, tag="rdp"):
    """One RDP listener, judged by the protocol it *selected*, not by having answered."""

    answers: tuple[RdpAnswer, ...]
    """In the order asked."""
    negotiates: bool
    """Whether it knows security negotiation at all."""
    standard_security: bool | None = None
    """Lets a client in under standard RDP security: no server authentication, RC4 or none."""
    tls: bool | None = None
    """Lets a client in under TLS alone: the logon screen is shown to anyone."""
    nla: bool | None = None
    """Offers CredSSP: the user is authenticated before a session is made."""
    nla_required: bool | None = None
    """Refuses everything but CredSSP."""
    build: int | None = None
    """Of Windows, as the NTLM challenge of CredSSP tells it; ``None`` without a ``why``: Windows
    did not write the challenge."""
    flags: int | None = None
    """Of RDP_NEG_RSP; 0x08 is Restricted Admin."""
