"""One thing to contact, decided."""

import msgspec


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An address really dialled, and the name for which it is, when hosted elsewhere."""

    establishment: str
    ip: str
    """Literal, canonical."""
    hostname: str | None = None
    medical: bool = False
