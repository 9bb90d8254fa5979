"""Tickets to send, and what every ticketing system is tried on."""

from datetime import UTC, datetime

from core.model import Confidence, Criticality, Language, State, Transport
from core.results import Asset, Finding
from reports.exports.tracker import Aim, Ticket

REFERENCE = "vigie-0123456789abcdef01234567"
OTHER = "vigie-fedcba987654321076543210"
MARK = "vigie:0123456789abcdef01234567:12"
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "a' OR 1=1 -- \" ) ; , ^NQactive=true ~ project = X",
    "{noformat}{code}{{7*7}}##ticket.content## [x|http://a.example] [code]<b>x</b>[/code] !x.png!",
    "é\u202eetirovaf \u200b 👩‍⚕️ \x00\x1b[31m\r\nX-Injected: 1",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;b&#62;",
    "[vigie-fedcba987654321076543210]",
    "é" * 300,
    "",
)
BROKEN = (
    b"",
    b"[",
    b'{"id": ',
    b"\xff\xfe\x00",
    b"null",
    b"<html>",
    b"[" * 100_000,
    b"[1, 2]",
    b"7",
)


def finding(title: str = "RDP exposé", **changes: object) -> Finding:
    """Give one finding."""
    fields: dict[str, object] = {
        "fingerprint": "f" * 64,
        "check": "rdp.exposed",
        "title": title,
        "criticality": Criticality.HIGH,
        "confidence": Confidence.CERTAIN,
        "asset": Asset(establishment="chu", ip="203.0.113.10", port=3389, transport=Transport.TCP),
        "evidence": (f"bannière : {title}",),
        "care": (),
        "references": ("CVE-2024-21762",),
        "remedy": "Fermer le port.",
        "state": State.OPEN,
        "first_seen": datetime(2026, 11, 1, tzinfo=UTC),
        "last_seen": datetime(2026, 11, 20, tzinfo=UTC),
        "risk": "Prise de contrôle.",
    }
    return Finding(**(fields | changes))  # type: ignore[arg-type]


def ticket(title: str = "RDP exposé", **changes: object) -> Ticket:
    """Give one ticket."""
    fields: dict[str, object] = {
        "reference": REFERENCE,
        "establishment": "chu",
        "establishment_name": "CHU d'Exemple",
        "title": title,
        "findings": (finding(title),),
        "criticality": Criticality.HIGH,
        "due_on": "2026-12-31",
        "language": Language.FR,
    }
    return Ticket(**(fields | changes))  # type: ignore[arg-type]


def aim(place: str, **changes: object) -> Aim:
    """Give where it goes."""
    return Aim(place=place, **changes)  # type: ignore[arg-type]
