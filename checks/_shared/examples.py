"""Observations for the examples that every check carries."""

from datetime import UTC, datetime

from core.model import Place, Transport

AT = datetime(2026, 1, 15, 21, 0, tzinfo=UTC)


def place(port: int = 443, *, ip: str = "203.0.113.10", hostname: str | None = None) -> Place:
    """Give a TCP place of the example hospital."""
    return Place(
        establishment="chu-exemple", ip=ip, port=port, transport=Transport.TCP, hostname=hostname
    )
